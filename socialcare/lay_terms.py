"""Lay words for coded problems and medicines: a small table, one line each, for the codes in use.

What is not here is shown under its clinical name alone: nothing is guessed. The words were written for this project and
are to be reviewed by a clinician and by people who receive care before they are used with real records.
"""

from typing import Final

from exchange.fhir.systems import System

_CONDITIONS: Final = """
59621000 high blood pressure
44054006 type 2 diabetes (too much sugar in the blood)
46635009 type 1 diabetes (needs insulin)
700449008 blood sugar higher than it should be
709044004 kidneys not working as well as they should
700378005 kidneys not working as well as they should
700379002 kidneys not working as well as they should
703272007 heart not pumping strongly (heart failure)
84114007 heart not pumping strongly (heart failure)
49436004 irregular heartbeat
35489007 depression
231504006 anxiety and depression
197480006 anxiety
40930008 underactive thyroid
13645005 long-term lung disease (COPD)
195967001 asthma
414545008 heart disease (narrowed arteries)
194828000 angina (chest pain from the heart)
22298006 heart attack
266257000 mini-stroke
230690007 stroke
26929004 Alzheimer's disease (dementia)
429998004 vascular dementia
84757009 epilepsy (seizures)
9014002 psoriasis (a skin condition)
69896004 rheumatoid arthritis (painful, swollen joints)
64859006 thin bones that break easily (osteoporosis)
37796009 migraine
43116000 eczema (dry, itchy skin)
90560007 gout (sudden painful joints)
235595009 acid reflux
55822004 high cholesterol
254837009 breast cancer
399068003 prostate cancer
363406005 bowel cancer
271737000 anaemia (low iron or blood count)
13746004 bipolar disorder
58214004 schizophrenia
408856003 autism
406506008 ADHD
49049000 Parkinson's disease
24700007 multiple sclerosis
396331005 coeliac disease (no gluten)
64766004 ulcerative colitis (inflamed bowel)
10743008 irritable bowel
23056005 sciatica (pain down the leg)
134407002 long-lasting back pain
193462001 trouble sleeping
73430006 sleep apnoea (stops breathing in sleep)
23986001 glaucoma (pressure in the eye)
68566005 urine infection
233604007 pneumonia (chest infection)
50417007 chest infection
217082002 falls
203082005 fibromyalgia (widespread pain)
59282003 blood clot in the lung
1240751000000100 COVID-19
29857009 chest pain
"""

_MEDICINES: Final = """
318604001 318605000 318590006 318353009: heart
325278007 325242002 424345005 703680009 25290511000001101 400877001: diabetes
318901006 318902004 318906001 318859000 318956006 318979007: blood pressure, heart and kidneys
319283006 319284000 319287007 317919004 318783003: blood pressure
317972000 317971007 318056008: water tablet
320030001 320000009 408037007: cholesterol
319773006 319799004: thins the blood
703908001 703907006 19842211000001107 29903411000001101 319733000: thins the blood
317291008 317310006 317309001: stomach acid
329806007 329807003 329653008 322341003 322307006 322503009: pain
39704111000001102 321987003 321949006 375193003: mood
321745007 323014008 415167006: nerve pain
39113611000001102 35908111000001105 9478911000001107 38896811000001103: breathing
325427002: steroid
39732411000001106 41948311000001104 41946511000001109: infection
39108511000001108 41956211000001109 39692211000001107: infection
41792011000001100: joints, taken once a week
321175006: sleep
321614001 321589009: mental health
"""


def _conditions() -> dict[str, str]:
    lines = (line.partition(" ") for line in _CONDITIONS.strip().splitlines())
    return {code: words for code, _, words in lines}


def _medicines() -> dict[str, str]:
    lines = (line.split(": ", 1) for line in _MEDICINES.strip().splitlines())
    return {code: words for codes, words in lines for code in codes.split()}


CONDITIONS: Final = _conditions()
MEDICINES: Final = _medicines()
_SYSTEMS: Final = (System.SNOMED, System.DMD)  # dm+d codes are SNOMED CT codes and are published under both


def condition(system: str, code: str) -> str:
    """The lay words of a coded problem; "" where there are none."""
    return CONDITIONS.get(code, "") if system in _SYSTEMS else ""


def medicine(system: str, code: str) -> str:
    """What a coded medicine is for, in lay words; "" where there are none."""
    return MEDICINES.get(code, "") if system in _SYSTEMS else ""
