"""The formulary: products with the directions a British prescription carries, and what is taken for which problem."""

from dataclasses import dataclass

from gpportal.demonstration.clinical_codes import MEDICINES


@dataclass(frozen=True)
class Medicine:
    """A product with its directions: dose each time with its unit, how often a day, quantity for 28 days."""

    name: str
    directions: str
    dose: str
    unit: str
    times: int
    supply: str
    text: str = ""

    @property
    def product(self) -> str:
        """Name of the product as prescribed."""
        return MEDICINES[self.name].display if self.name in MEDICINES else self.text


def _medicine(line: str) -> tuple[str, Medicine]:
    name, directions, dose, unit, times, supply, text = line.split("|")
    return name, Medicine(name, directions, dose, unit, int(times), supply, text)


# name | directions | dose each time | unit | times a day (0: when needed) | quantity | product where it stays uncoded
CATALOGUE = dict(
    map(
        _medicine,
        """
bisoprolol1|Take one each morning|1.25|mg|1|28 tablet|
bisoprolol2|Take one each morning|2.5|mg|1|28 tablet|
bisoprolol5|Take one each morning|5|mg|1|28 tablet|
metformin|Take two twice a day with meals|1000|mg|2|112 tablet|
gliclazide|Take one twice a day|80|mg|2|56 tablet|
sitagliptin|Take one daily|100|mg|1|28 tablet|
dapagliflozin|Take one each morning|10|mg|1|28 tablet|
empagliflozin|Take one each morning|10|mg|1|28 tablet|
ramipril2|Take one daily|2.5|mg|1|28 capsule|
ramipril5|Take one at night|5|mg|1|28 capsule|
ramipril10|Take one daily|10|mg|1|28 capsule|
lisinopril|Take one daily|10|mg|1|28 tablet|
losartan|Take one daily|50|mg|1|28 tablet|
candesartan|Take one daily|8|mg|1|28 tablet|
amlodipine5|Take one daily|5|mg|1|28 tablet|
amlodipine10|Take one daily|10|mg|1|28 tablet|
bendroflumethiazide|Take one each morning|2.5|mg|1|28 tablet|
furosemide40|Take one each morning|40|mg|1|28 tablet|
furosemide20|Take one each morning|20|mg|1|28 tablet|
spironolactone|Take one daily|25|mg|1|28 tablet|
atorvastatin20|Take one at night|20|mg|1|28 tablet|
simvastatin|Take one at night|40|mg|1|28 tablet|
rosuvastatin|Take one daily|20|mg|1|28 tablet|
aspirin|Take one daily, dissolved in water|75|mg|1|28 tablet|
clopidogrel|Take one daily|75|mg|1|28 tablet|
apixaban5|Take one twice a day|5|mg|2|56 tablet|
apixaban2|Take one twice a day|2.5|mg|2|56 tablet|
rivaroxaban|Take one daily with food|20|mg|1|28 tablet|
edoxaban|Take one daily|60|mg|1|28 tablet|
warfarin|Take as directed in the yellow book|1|mg|1|56 tablet|
omeprazole|Take one daily before food|20|mg|1|28 capsule|
lansoprazole15|Take one daily before food|15|mg|1|28 capsule|
lansoprazole30|Take one daily before food|30|mg|1|28 capsule|
naproxen250|Take one twice a day with food|250|mg|2|56 tablet|
naproxen500|Take one twice a day with food|500|mg|2|56 tablet|
ibuprofen|Take one three times a day with food when needed|400|mg|0|84 tablet|
cocodamol30|Take one or two up to four times a day when needed|1|tablet|0|100 tablet|
cocodamol8|Take one or two up to four times a day when needed|1|tablet|0|100 tablet|
codeine|Take one up to four times a day when needed|30|mg|0|28 tablet|
sertraline|Take one daily|50|mg|1|28 tablet|
citalopram|Take one daily|20|mg|1|28 tablet|
fluoxetine|Take one daily|20|mg|1|30 capsule|
mirtazapine|Take one at night|15|mg|1|28 tablet|
amitriptyline|Take one at night|10|mg|1|28 tablet|
salbutamol|Inhale one or two puffs when needed|2|puff|0|200 dose|
beclometasone|Inhale two puffs twice a day|2|puff|2|200 dose|
tiotropium|Inhale the contents of one capsule daily|1|capsule|1|30 capsule|
budesonide_formoterol|Inhale one dose twice a day|1|dose|2|120 dose|
prednisolone|Take six each morning for five days|30|mg|1|30 tablet|
amoxicillin|Take one three times a day for seven days|500|mg|3|21 capsule|
doxycycline|Take two on the first day, then one daily|100|mg|1|8 capsule|
clarithromycin|Take one twice a day for seven days|500|mg|2|14 tablet|
nitrofurantoin|Take one twice a day for three days|100|mg|2|6 capsule|
trimethoprim|Take one twice a day for three days|200|mg|2|6 tablet|
flucloxacillin|Take one four times a day for seven days|500|mg|4|28 capsule|
methotrexate|Take six once a week, always on the same day|15|mg|1|24 tablet|
propranolol|Take one twice a day|40|mg|2|56 tablet|
gabapentin|Take one three times a day|300|mg|3|84 capsule|
pregabalin|Take one twice a day|75|mg|2|56 capsule|
zopiclone|Take one at night when needed, not every night|7.5|mg|0|7 tablet|
insulin_glargine|Inject 18 units at bedtime|18|unit|1|5 pen|
olanzapine|Take one at night|10|mg|1|28 tablet|
risperidone|Take one twice a day|1|mg|2|56 tablet|
paracetamol|Take one or two up to four times a day when needed|1|tablet|0|100 tablet|Paracetamol 500mg tablets
levothyroxine|Take one each morning before breakfast|50|ug|1|28 tablet|Levothyroxine sodium 50microgram tablets
allopurinol|Take one daily|100|mg|1|28 tablet|Allopurinol 100mg tablets
tamsulosin|Take one daily after food|400|ug|1|30 capsule|Tamsulosin 400microgram modified-release capsules
alendronic|Take one once a week, thirty minutes before breakfast, upright|70|mg|1|4 tablet|Alendronic acid 70mg tablets
calcium_d|Take one twice a day|1|tablet|2|56 tablet|Calcium carbonate 1.5g / Colecalciferol 400unit tablets
folic|Take one daily|5|mg|1|28 tablet|Folic acid 5mg tablets
ferrous|Take one daily|1|tablet|1|28 tablet|Ferrous fumarate 322mg tablets
sumatriptan|Take one at the start of a migraine|50|mg|0|6 tablet|Sumatriptan 50mg tablets
levetiracetam|Take one twice a day|500|mg|2|60 tablet|Levetiracetam 500mg tablets
donepezil|Take one at night|10|mg|1|28 tablet|Donepezil 10mg tablets
cobeneldopa|Take one three times a day|1|capsule|3|84 capsule|Co-beneldopa 12.5mg/50mg capsules
latanoprost|Put one drop into both eyes at night|1|drop|1|1 bottle|Latanoprost 50micrograms/ml eye drops
cetirizine|Take one daily when needed|10|mg|0|30 tablet|Cetirizine 10mg tablets
emollient|Use instead of soap and apply often|1|application|0|500 g|Emulsifying ointment
macrogol|Take one sachet daily in water|1|sachet|1|30 sachet|Macrogol compound oral powder sachets
gtn|One or two puffs under the tongue for chest pain|1|puff|0|180 dose|Glyceryl trinitrate 400micrograms/dose spray
mesalazine|Take two daily|2.4|g|1|56 tablet|Mesalazine 1.2g gastro-resistant tablets
desogestrel|Take one daily|75|ug|1|84 tablet|Desogestrel 75microgram tablets
""".strip().splitlines(),
    )
)

# For each problem: groups of alternatives with their chance in a hundred; one of a group is taken.
FOR_PROBLEM: dict[str, list[tuple[int, list[str]]]] = {
    "hypertension": [
        (45, ["amlodipine5", "amlodipine10"]),
        (70, ["ramipril5", "losartan", "lisinopril", "candesartan"]),
    ],
    "t2dm": [(85, ["metformin"]), (35, ["gliclazide", "sitagliptin", "dapagliflozin", "empagliflozin"])],
    "t1dm": [(100, ["insulin_glargine"])],
    "hyperlipidaemia": [(85, ["atorvastatin20", "simvastatin", "rosuvastatin"])],
    "heart_failure": [(90, ["furosemide40", "furosemide20"]), (70, ["bisoprolol2", "bisoprolol1"])],
    "hfref": [(95, ["bisoprolol2"]), (85, ["ramipril5"]), (80, ["furosemide40"]), (50, ["spironolactone"])],
    "af": [(90, ["apixaban5", "apixaban2", "edoxaban", "rivaroxaban", "warfarin"]), (75, ["bisoprolol2"])],
    "ihd": [(85, ["aspirin", "clopidogrel"]), (75, ["bisoprolol2"]), (60, ["gtn"])],
    "stroke": [(90, ["clopidogrel"])],
    "tia": [(90, ["clopidogrel"])],
    "asthma": [(95, ["salbutamol"]), (75, ["beclometasone", "budesonide_formoterol"])],
    "copd": [(95, ["salbutamol"]), (80, ["tiotropium"]), (40, ["budesonide_formoterol"])],
    "depression": [(75, ["sertraline", "citalopram", "fluoxetine", "mirtazapine"])],
    "mixed": [(65, ["sertraline", "citalopram", "fluoxetine"])],
    "anxiety": [(50, ["sertraline", "propranolol"])],
    "hypothyroidism": [(98, ["levothyroxine"])],
    "osteoarthritis_knee": [(45, ["paracetamol", "cocodamol8"]), (30, ["naproxen250", "naproxen500", "ibuprofen"])],
    "osteoarthritis_hip": [(50, ["paracetamol", "cocodamol30", "codeine"])],
    "osteoporosis": [(80, ["alendronic"]), (70, ["calcium_d"])],
    "rheumatoid": [(80, ["methotrexate"]), (80, ["folic"])],
    "gout": [(70, ["allopurinol"])],
    "gord": [(85, ["omeprazole", "lansoprazole15", "lansoprazole30"])],
    "migraine": [(60, ["sumatriptan"]), (25, ["propranolol", "amitriptyline"])],
    "eczema": [(85, ["emollient"])],
    "psoriasis": [(60, ["emollient"])],
    "hay_fever": [(60, ["cetirizine"])],
    "back_pain": [(45, ["cocodamol8", "naproxen250", "amitriptyline"])],
    "sciatica": [(40, ["amitriptyline", "gabapentin", "pregabalin"])],
    "insomnia": [(30, ["zopiclone"])],
    "epilepsy": [(90, ["levetiracetam"])],
    "parkinsons": [(90, ["cobeneldopa"])],
    "alzheimers": [(60, ["donepezil"])],
    "prostate_enlargement": [(70, ["tamsulosin"])],
    "glaucoma": [(90, ["latanoprost"])],
    "iron_deficiency": [(75, ["ferrous"])],
    "bipolar": [(80, ["olanzapine"])],
    "schizophrenia": [(85, ["olanzapine", "risperidone"])],
    "ulcerative_colitis": [(80, ["mesalazine"])],
    "fibromyalgia": [(60, ["amitriptyline", "pregabalin"])],
    "ckd3b": [(40, ["dapagliflozin"])],
    "lrti": [(80, ["amoxicillin", "doxycycline"])],
    "uti": [(85, ["nitrofurantoin", "trimethoprim"])],
    "otitis": [(50, ["amoxicillin"])],
    "tonsillitis": [(50, ["amoxicillin", "clarithromycin"])],
    "sinusitis": [(50, ["doxycycline"])],
}

# At most one of each of these groups at a time.
GROUPS = [
    {"amlodipine5", "amlodipine10"},
    {"ramipril2", "ramipril5", "ramipril10", "losartan", "lisinopril", "candesartan"},
    {"bisoprolol1", "bisoprolol2", "bisoprolol5", "propranolol"},
    {"aspirin", "clopidogrel", "apixaban5", "apixaban2", "edoxaban", "rivaroxaban", "warfarin"},
    {"naproxen250", "naproxen500", "ibuprofen"},
    {"sertraline", "citalopram", "fluoxetine"},
    {"paracetamol", "cocodamol8", "cocodamol30", "codeine"},
    {"salbutamol"},
    {"atorvastatin20", "simvastatin", "rosuvastatin"},
]
