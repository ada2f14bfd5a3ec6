"""The codes the demonstration practice uses, by a short name: SNOMED CT, dm+d, LOINC, UCUM, and the FHIR status codes.

Every line here is also in docs/demo-codes.csv with the public file in which the code was found. A name that is not here
is written as text only: nothing is coded from memory. Displays are in British spelling where the code has one.
"""

from typing import NamedTuple

SNOMED = "http://snomed.info/sct"
DMD = "https://dmd.nhs.uk"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
HL7 = "http://terminology.hl7.org/CodeSystem/"
UKCORE = "https://fhir.hl7.org.uk/CodeSystem/UKCore-"
BARS = "https://fhir.nhs.uk/CodeSystem/"


class Code(NamedTuple):
    """One code of one code system (FHIR Coding)."""

    system: str
    code: str
    display: str


def _table(system: str, lines: str) -> dict[str, Code]:
    rows = (line.split("|") for line in lines.strip().splitlines())
    return {name: Code(system, code, display) for name, code, display in rows}


PROBLEMS = _table(
    SNOMED,
    """
hypertension|59621000|Essential hypertension
t2dm|44054006|Type 2 diabetes mellitus
t1dm|46635009|Type 1 diabetes mellitus
prediabetes|700449008|Non-diabetic hyperglycaemia
ckd|709044004|Chronic kidney disease
ckd3a|700378005|Chronic kidney disease stage 3A
ckd3b|700379002|Chronic kidney disease stage 3B
hfref|703272007|Heart failure with reduced ejection fraction
heart_failure|84114007|Heart failure
af|49436004|Atrial fibrillation
depression|35489007|Depressive disorder
mixed|231504006|Mixed anxiety and depressive disorder
anxiety|197480006|Anxiety disorder
hypothyroidism|40930008|Hypothyroidism
copd|13645005|Chronic obstructive pulmonary disease
asthma|195967001|Asthma
ihd|414545008|Ischaemic heart disease
mi|22298006|Myocardial infarction
tia|266257000|Transient ischaemic attack
stroke|230690007|Cerebrovascular accident
alzheimers|26929004|Alzheimer's disease
vascular_dementia|429998004|Vascular dementia
epilepsy|84757009|Epilepsy
psoriasis|9014002|Psoriasis
rheumatoid|69896004|Rheumatoid arthritis
osteoporosis|64859006|Osteoporosis
migraine|37796009|Migraine
eczema|43116000|Eczema
gout|90560007|Gout
gord|235595009|Gastro-oesophageal reflux disease
hyperlipidaemia|55822004|Hyperlipidaemia
breast_cancer|254837009|Malignant neoplasm of breast
prostate_cancer|399068003|Malignant tumour of prostate
colon_cancer|363406005|Malignant neoplasm of colon
anaemia|271737000|Anaemia
bipolar|13746004|Bipolar disorder
schizophrenia|58214004|Schizophrenia
autism|408856003|Autistic disorder
adhd|406506008|Attention deficit hyperactivity disorder
parkinsons|49049000|Parkinson's disease
multiple_sclerosis|24700007|Multiple sclerosis
coeliac|396331005|Coeliac disease
ulcerative_colitis|64766004|Ulcerative colitis
ibs|10743008|Irritable bowel syndrome
sciatica|23056005|Sciatica
back_pain|134407002|Chronic back pain
insomnia|193462001|Insomnia
sleep_apnoea|73430006|Sleep apnoea
endometriosis|129103003|Endometriosis
pcos|69878008|Polycystic ovaries
glaucoma|23986001|Glaucoma
uti|68566005|Urinary tract infectious disease
pneumonia|233604007|Pneumonia
lrti|50417007|Lower respiratory tract infection
otitis|65363002|Otitis media
tonsillitis|90176007|Tonsillitis
sinusitis|36971009|Sinusitis
hay_fever|367498001|Seasonal allergic rhinitis
gallstones|235919008|Cholelithiasis
appendicitis|74400008|Appendicitis
fall|217082002|Accidental fall
fibromyalgia|203082005|Fibromyalgia
embolism|59282003|Pulmonary embolism
covid|1240751000000100|COVID-19
croup|71186008|Croup
ankle_sprain|44465007|Sprain of ankle
pre_eclampsia|398254007|Pre-eclampsia
chest_pain|29857009|Chest pain
""",
)

ALLERGIES = _table(
    SNOMED,
    """
penicillin|91936005|Allergy to penicillin
nka|716186003|No known allergy
nkda|409137002|No known drug allergy
nut|91934008|Allergy to nut
latex|300916003|Latex allergy
shellfish|300913006|Shellfish allergy
bee|424213003|Allergy to bee venom
house_dust|232350006|House dust mite allergy
amoxicillin|372687004|Amoxicillin
anaphylaxis|39579001|Anaphylactic reaction
rash|271807003|Eruption
urticaria|247472004|Urticarial rash
vomiting|422400008|Vomiting
wheeze|56018004|Wheezing
""",
)

MEDICINES = _table(
    DMD,
    """
bisoprolol1|318604001|Bisoprolol 1.25mg tablets
bisoprolol2|318605000|Bisoprolol 2.5mg tablets
bisoprolol5|318590006|Bisoprolol 5mg tablets
metformin|325278007|Metformin 500mg tablets
gliclazide|325242002|Gliclazide 80mg tablets
sitagliptin|424345005|Sitagliptin 100mg tablets
dapagliflozin|703680009|Dapagliflozin 10mg tablets
empagliflozin|25290511000001101|Empagliflozin 10mg tablets
ramipril2|318901006|Ramipril 2.5mg capsules
ramipril5|318902004|Ramipril 5mg capsules
ramipril10|318906001|Ramipril 10mg capsules
lisinopril|318859000|Lisinopril 10mg tablets
losartan|318956006|Losartan 50mg tablets
candesartan|318979007|Candesartan 8mg tablets
amlodipine5|319283006|Amlodipine 5mg tablets
amlodipine10|319284000|Amlodipine 10mg tablets
bendroflumethiazide|317919004|Bendroflumethiazide 2.5mg tablets
furosemide40|317972000|Furosemide 40mg tablets
furosemide20|317971007|Furosemide 20mg tablets
spironolactone|318056008|Spironolactone 25mg tablets
atorvastatin20|320030001|Atorvastatin 20mg tablets
simvastatin|320000009|Simvastatin 40mg tablets
rosuvastatin|408037007|Rosuvastatin 20mg tablets
aspirin|319773006|Aspirin 75mg dispersible tablets
clopidogrel|319799004|Clopidogrel 75mg tablets
apixaban5|703908001|Apixaban 5mg tablets
apixaban2|703907006|Apixaban 2.5mg tablets
rivaroxaban|19842211000001107|Rivaroxaban 20mg tablets
edoxaban|29903411000001101|Edoxaban 60mg tablets
warfarin|319733000|Warfarin 1mg tablets
omeprazole|317291008|Omeprazole 20mg gastro-resistant capsules
lansoprazole15|317310006|Lansoprazole 15mg gastro-resistant capsules
lansoprazole30|317309001|Lansoprazole 30mg gastro-resistant capsules
naproxen250|329806007|Naproxen 250mg tablets
naproxen500|329807003|Naproxen 500mg tablets
ibuprofen|329653008|Ibuprofen 400mg tablets
cocodamol30|322341003|Co-codamol 30mg/500mg tablets
cocodamol8|322307006|Co-codamol 8mg/500mg tablets
codeine|322503009|Codeine 30mg tablets
sertraline|39704111000001102|Sertraline 50mg tablets
citalopram|321987003|Citalopram 20mg tablets
fluoxetine|321949006|Fluoxetine 20mg capsules
mirtazapine|375193003|Mirtazapine 15mg tablets
amitriptyline|321745007|Amitriptyline 10mg tablets
salbutamol|39113611000001102|Salbutamol 100micrograms/dose inhaler CFC free
beclometasone|35908111000001105|Beclometasone 100micrograms/dose inhaler CFC free
tiotropium|9478911000001107|Tiotropium bromide 18microgram inhalation powder capsules
budesonide_formoterol|38896811000001103|Budesonide 200micrograms/dose / Formoterol 6micrograms/dose dry powder inhaler
prednisolone|325427002|Prednisolone 5mg tablets
amoxicillin|39732411000001106|Amoxicillin 500mg capsules
doxycycline|41948311000001104|Doxycycline 100mg capsules
clarithromycin|41946511000001109|Clarithromycin 500mg tablets
nitrofurantoin|39108511000001108|Nitrofurantoin 100mg modified-release capsules
trimethoprim|41956211000001109|Trimethoprim 200mg tablets
flucloxacillin|39692211000001107|Flucloxacillin 500mg capsules
methotrexate|41792011000001100|Methotrexate 2.5mg tablets
propranolol|318353009|Propranolol 40mg tablets
gabapentin|323014008|Gabapentin 300mg capsules
pregabalin|415167006|Pregabalin 75mg capsules
zopiclone|321175006|Zopiclone 7.5mg tablets
insulin_glargine|400877001|Insulin glargine 100units/ml solution for injection 3ml pre-filled disposable devices
olanzapine|321614001|Olanzapine 10mg tablets
risperidone|321589009|Risperidone 1mg tablets
""",
)

TESTS = _table(
    SNOMED,
    """
hba1c|999791000000106|Haemoglobin A1c level - International Federation of Clinical Chemistry \
and Laboratory Medicine standardised
egfr|1011481000000105|Estimated glomerular filtration rate using creatinine \
Chronic Kidney Disease Epidemiology Collaboration equation per 1.73 square metres
creatinine|1000731000000107|Serum creatinine level
potassium|1000651000000109|Serum potassium level
sodium|1000661000000107|Serum sodium level
urea|1000951000000103|Serum urea level
cholesterol|1005671000000105|Serum cholesterol level
hdl|1005681000000107|Serum high density lipoprotein cholesterol level
ldl|1022191000000100|Serum low density lipoprotein cholesterol level
triglycerides|1005691000000109|Serum triglycerides level
haemoglobin|1022431000000105|Haemoglobin estimation
wcc|1022541000000102|Total white cell count
platelets|1022651000000100|Platelet count
mcv|1022491000000106|Mean corpuscular volume
tsh|1022791000000101|Serum thyroid stimulating hormone level
ft4|1022841000000104|Plasma free T4 level
alt|1018251000000107|Serum alanine aminotransferase level
alp|1000621000000104|Serum alkaline phosphatase level
bilirubin|999691000000104|Serum bilirubin level
albumin|1000821000000103|Serum albumin level
crp|1001371000000100|Serum C reactive protein level
psa|1000381000000105|Serum prostate specific antigen level
inr|165581004|International normalised ratio
weight|27113001|Body weight
height|50373000|Body height measure
bmi|60621009|Body mass index
pulse|364075005|Heart rate
peak_flow|18491006|Peak expiratory flow rate
bp|75367002|Blood pressure
systolic|72313002|Systolic arterial pressure
diastolic|1091811000000102|Diastolic arterial pressure
smoking|266918002|Tobacco smoking consumption
alcohol|1082641000000106|Alcohol units consumed per week
never_smoked|266919005|Never smoked tobacco
ex_smoker|8517006|Ex-smoker
smoker|77176002|Smoker
u_and_e|1000971000000107|Urea and electrolytes level
fbc|1022441000000101|Full blood count
lft|997531000000108|Liver function test
lipids|1005661000000103|Serum lipids level
""",
)

LOINC_TESTS = _table(
    LOINC,
    """
creatinine|14682-9|Creatinine [Moles/volume] in Serum or Plasma
potassium|2823-3|Potassium [Moles/volume] in Serum or Plasma
sodium|2951-2|Sodium [Moles/volume] in Serum or Plasma
cholesterol|14647-2|Cholesterol [Moles/volume] in Serum or Plasma
haemoglobin|718-7|Hemoglobin [Mass/volume] in Blood
wcc|6690-2|Leukocytes [#/volume] in Blood by Automated count
platelets|777-3|Platelets [#/volume] in Blood by Automated count
mcv|787-2|MCV [Entitic volume] by Automated count
alt|1742-6|Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma
nt_probnp|33762-6|NT-proBNP
weight|29463-7|Body weight
height|8302-2|Body height
bmi|39156-5|Body mass index (BMI) [Ratio]
pulse|8867-4|Heart rate
bp|85354-9|Blood pressure panel with all children optional
systolic|8480-6|Systolic blood pressure
diastolic|8462-4|Diastolic blood pressure
""",
)

# UCUM code -> the unit as a British clinician reads it.
UNITS = {
    "mmol/mol": "mmol/mol",
    "mmol/L": "mmol/L",
    "umol/L": "µmol/L",
    "mL/min/{1.73_m2}": "mL/min",
    "g/L": "g/L",
    "10*9/L": "10^9/L",
    "fL": "fL",
    "m[IU]/L": "mU/L",
    "pmol/L": "pmol/L",
    "U/L": "U/L",
    "mg/L": "mg/L",
    "ng/L": "ng/L",
    "ug/L": "µg/L",
    "kg": "kg",
    "cm": "cm",
    "kg/m2": "kg/m²",
    "/min": "/min",
    "mm[Hg]": "mmHg",
    "mg": "mg",
    "ug": "microgram",
    "d": "days",
}

VACCINES = _table(
    SNOMED,
    """
flu|822851000000102|Seasonal influenza vaccination
covid|1240491000000103|SARS-CoV-2 (severe acute respiratory syndrome coronavirus 2) vaccination
shingles|859641000000109|Herpes zoster vaccination
pneumococcal|12866006|Administration of pneumococcal vaccine
six_in_one|1082441000000108|First diphtheria, tetanus and acellular pertussis, inactivated polio, \
Haemophilus influenzae type b and hepatitis B vaccination
men_b|720539004|Administration of first dose of meningitis B vaccine
mmr|38598009|Administration of measles and mumps and rubella vaccine
hpv|761841000|Administration of human papilloma virus vaccine
""",
)

PRODUCTS = _table(
    DMD,
    """
covid|39115611000001103|Comirnaty COVID-19 mRNA Vaccine 30micrograms/0.3ml dose concentrate for dispersion \
for injection multidose vials (Pfizer Ltd)
flu|11278411000001109|Influenza vaccine (split virion, inactivated) suspension for injection \
0.5ml pre-filled syringes (Pfizer Ltd)
pneumococcal|10245211000001108|Pneumococcal polysaccharide conjugated vaccine (adsorbed) suspension for injection \
0.5ml pre-filled syringes
""",
)

CARE = _table(
    SNOMED,
    """
consultation|11429006|Consultation
telephone|386472008|Telephone consultation
inpatient|183452005|Encounter Inpatient
emergency|4525004|Emergency department patient visit
discharge_summary|373942005|Discharge summary
outpatient_letter|823681000000100|Outpatient letter
colonoscopy|73761001|Colonoscopy
echocardiogram|433236007|Transthoracic echocardiography
ecg|268400002|12 lead ECG
chest_xray|399208008|Plain chest X-ray
appendicectomy|80146002|Appendicectomy
cholecystectomy|45595009|Laparoscopic cholecystectomy
knee_replacement|265170009|Total prosthetic replacement of knee joint using cement
hip_replacement|265157000|Total prosthetic replacement of hip joint using cement
spirometry|127783003|Spirometry
foot_check|401191002|Diabetic foot examination
retinal_screening|134395001|Diabetic retinopathy screening
hf_self_management|735984001|Heart failure self management plan
respect|1107891000000106|Has Recommended Summary Plan for Emergency Care and Treatment
general_practitioner|62247001|General practitioner
oral|26643006|Oral
cardiology|394579002|Cardiology
""",
)

STATUS = (
    _table(
        HL7 + "condition-clinical",
        """
condition.active|active|Active
condition.resolved|resolved|Resolved
""",
    )
    | _table(HL7 + "condition-ver-status", "condition.confirmed|confirmed|Confirmed")
    | _table(HL7 + "condition-category", "condition.problem|problem-list-item|Problem List Item")
    | _table(HL7 + "allergyintolerance-clinical", "allergy.active|active|Active")
    | _table(
        HL7 + "allergyintolerance-verification",
        """
allergy.confirmed|confirmed|Confirmed
allergy.unconfirmed|unconfirmed|Unconfirmed
allergy.refuted|refuted|Refuted
allergy.entered-in-error|entered-in-error|Entered in Error
""",
    )
    | _table(
        HL7 + "observation-category",
        """
observation.laboratory|laboratory|Laboratory
observation.vital-signs|vital-signs|Vital Signs
observation.social-history|social-history|Social History
observation.survey|survey|Survey
""",
    )
    | _table(
        HL7 + "v3-ObservationInterpretation",
        """
interpretation.H|H|High
interpretation.L|L|Low
interpretation.N|N|Normal
""",
    )
    | _table(HL7 + "v2-0074", "report.laboratory|LAB|Laboratory")
    | _table(HL7 + "v3-Confidentiality", "restricted|R|restricted")
    | _table(
        HL7 + "v3-ActCode",
        """
class.AMB|AMB|ambulatory
class.IMP|IMP|inpatient encounter
class.EMER|EMER|emergency
class.VR|VR|virtual
""",
    )
    | _table(
        HL7 + "medicationrequest-category",
        """
medicine.community|community|Community
medicine.discharge|discharge|Discharge
""",
    )
    | _table(
        HL7 + "medicationrequest-course-of-therapy",
        """
course.continuous|continuous|Continuous long term therapy
course.acute|acute|Short course (acute) therapy
""",
    )
    | _table(HL7 + "organization-type", "organisation.provider|prov|Healthcare Provider")
    | _table(HL7 + "v2-0276", "appointment.routine|ROUTINE|Routine appointment - default if not valued")
    | _table(
        HL7 + "v3-RoleCode",
        """
relation.daughter|DAUC|daughter
relation.son|SONC|son
relation.mother|MTH|mother
relation.father|FTH|father
relation.sister|SIS|sister
relation.brother|BRO|brother
relation.neighbour|NBOR|neighbour
relation.friend|FRND|unrelated friend
""",
    )
    | _table(HL7 + "v2-0131", "relation.next_of_kin|N|Next-of-Kin")
    | _table(
        UKCORE + "NHSNumberVerificationStatusEngland",
        """
nhs.verified|01|Number present and verified
nhs.untraced|02|Number present but not traced
nhs.conflict|05|Trace needs to be resolved - (NHS number or patient detail conflict)
""",
    )
    | _table(
        UKCORE + "AdmissionMethodEngland",
        """
admission.emergency|21|Emergency Admission: Emergency Care Department or dental casualty department of \
the Health Care Provider
admission.planned|13|Elective Admission: Planned
""",
    )
    | _table(
        UKCORE + "DischargeDestinationEngland",
        """
discharge.home|19|Usual place of residence unless listed below, for example, a private dwelling whether owner occupied \
or owned by Local Authority, housing association or other landlord. This includes wardened accommodation but not \
residential accommodation where health care is provided. It also includes patients with no fixed abode.
""",
    )
    | _table(
        BARS + "flag-categories-bars",
        """
flag.adjustment|RA|Reasonable Adjustment
flag.respect|RT|ReSPECT
flag.information|API|Additional Patient Information
""",
    )
    | _table(
        BARS + "reasonable-adjustment-codes-bars",
        """
adjust.large_print|requireswritteninformationinatleast20pointsansseriffont|\
Requires written information in at least 20 point sans serif font
adjust.hearing|adjustcommunicationforhearingsensoryimpairment|Adjust communication for hearing / sensory impairment
adjust.easy_read|requiresinformationineasyread|Requires information in Easyread
adjust.longer|providelongerappointment|Provide longer appointment
""",
    )
)

ETHNIC_CATEGORIES = {
    row.split("|")[0]: Code(UKCORE + "EthnicCategoryEngland", *row.split("|"))
    for row in """A|White - British
B|White - Irish
C|White - Any other White background
H|Asian or Asian British - Indian
J|Asian or Asian British - Pakistani
K|Asian or Asian British - Bangladeshi
M|Black or Black British - Caribbean
N|Black or Black British - African
R|Other Ethnic Groups - Chinese""".splitlines()
}
