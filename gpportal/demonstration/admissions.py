"""Why people come to the hospital: admissions and clinic visits in the hospital's words."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Admission:
    """A stay in hospital: what for, what was found, what is to be done, and what it changed."""

    reason: str
    specialty: str
    author: str
    nights: int
    story: str
    actions: list[str]
    diagnosis: str | None = None
    added: list[str] = field(default_factory=list)
    planned: bool = False
    procedure: str | None = None


# Problem that leads to it -> the stay; the first problem someone has decides.
ADMISSIONS = {
    "hfref": Admission(
        "Breathlessness",
        "cardiology",
        "fenn",
        4,
        "Came in breathless with swollen legs. Echocardiogram: ejection fraction 34%. Diuretic into the vein for two "
        "days, 3 kg lighter on leaving.",
        ["Repeat U&E in one week", "Weigh weekly"],
        "hfref",
        ["furosemide40"],
    ),
    "heart_failure": Admission(
        "Breathlessness",
        "cardiology",
        "fenn",
        5,
        "Fluid on the lungs after a chest infection. Settled with diuretics; walked unaided before going home.",
        ["Repeat U&E in one week"],
        "heart_failure",
        ["furosemide40"],
    ),
    "copd": Admission(
        "Worsening breathlessness and cough",
        "respiratory medicine",
        "banerjee",
        3,
        "Flare of long-standing lung disease. Nebulisers, steroids and antibiotics; oxygen not needed after day two.",
        ["Check inhaler technique", "Stop-smoking support if still smoking"],
        "lrti",
        ["doxycycline", "prednisolone"],
    ),
    "af": Admission(
        "Fast irregular heartbeat",
        "cardiology",
        "fenn",
        2,
        "Heart rate 140 on arrival, settled to 80 with a higher dose of beta blocker. No clot seen, no heart attack.",
        ["Check pulse and blood pressure in two weeks"],
        "af",
    ),
    "stroke": Admission(
        "Weakness of the left arm",
        "stroke unit",
        "banerjee",
        6,
        "Sudden weakness, better within the day. Scan showed an old small stroke and no bleed. Physiotherapy seen.",
        ["Blood pressure below 130/80", "Driving: told not to for a month"],
        "stroke",
    ),
    "recurrent_falls": Admission(
        "Fall at home",
        "care of the elderly",
        "banerjee",
        7,
        "Found on the kitchen floor after four hours. No fracture. Blood pressure fell on standing; tablets reviewed.",
        ["Lying and standing blood pressure in two weeks", "Falls clinic booked by us"],
        "fall",
    ),
    "osteoarthritis_knee": Admission(
        "Planned knee replacement",
        "orthopaedics",
        "osgood",
        3,
        "Knee replaced without complication. Walking with two sticks, stairs done. Wound clean and dry.",
        ["Remove clips at fourteen days", "Anticoagulant stops after two weeks"],
        None,
        ["cocodamol30"],
        planned=True,
        procedure="knee_replacement",
    ),
    "osteoarthritis_hip": Admission(
        "Planned hip replacement",
        "orthopaedics",
        "osgood",
        4,
        "Hip replaced. First day out of bed dizzy, better after fluids. Home with a frame and a raised seat.",
        ["Remove clips at fourteen days"],
        None,
        ["codeine"],
        planned=True,
        procedure="hip_replacement",
    ),
    "t2dm": Admission(
        "Chest pain",
        "acute medicine",
        "banerjee",
        1,
        "Pain on the left, worse on moving. Two blood tests for heart damage negative, ECG unchanged.",
        ["HbA1c at the next review"],
        "chest_pain",
    ),
}

ANY_ADMISSION = [
    Admission(
        "Pneumonia",
        "acute medicine",
        "banerjee",
        4,
        "Fever and a painful cough for five days. X-ray showed a patch at the right base. Antibiotics, then tablets.",
        ["Chest X-ray in six weeks"],
        "pneumonia",
        ["amoxicillin"],
    ),
    Admission(
        "Abdominal pain",
        "general surgery",
        "osgood",
        2,
        "Pain under the right ribs. Ultrasound: gallstones, no blockage. Better on its own; surgery to be discussed.",
        ["Low-fat diet advice", "Refer back if yellow or feverish"],
        "gallstones",
    ),
]

# Problem -> title of the clinic, author, what was said, what the GP is asked.
CLINICS: dict[str, tuple[str, str, str, list[str]]] = {
    "rheumatoid": (
        "Rheumatology clinic",
        "banerjee",
        "Two swollen knuckles, stiff for half an hour. Blood tests safe. Continue the weekly tablets.",
        ["Blood tests every three months"],
    ),
    "ckd3b": (
        "Kidney clinic",
        "banerjee",
        "Slow decline over five years. Blood pressure the main thing. No need for dialysis talk yet.",
        ["U&E every four months", "Avoid anti-inflammatory tablets"],
    ),
    "prostate_cancer": (
        "Urology clinic",
        "osgood",
        "PSA falling since treatment. Getting up once at night. No bone pain.",
        ["PSA every six months"],
    ),
    "ihd": (
        "Cardiology clinic",
        "fenn",
        "Angina on the second hill only. Stress scan showed a small area; tablets before stents.",
        ["Blood pressure in a month"],
    ),
    "epilepsy": ("Neurology clinic", "banerjee", "No seizure for two years. Driving again. No change.", []),
    "ulcerative_colitis": (
        "Gastroenterology clinic",
        "banerjee",
        "One flare this year, settled on a higher dose. Colonoscopy next spring.",
        ["Full blood count in six months"],
    ),
    "parkinsons": (
        "Movement disorder clinic",
        "banerjee",
        "Slower in the afternoons. Dose before lunch moved earlier. Speech therapy asked.",
        ["Review constipation"],
    ),
    "migraine": ("Headache clinic", "banerjee", "Diary shows six days a month. Preventive tablet discussed.", []),
    "glaucoma": ("Eye clinic", "osgood", "Pressures 16 in both eyes on one drop. Fields unchanged.", []),
}

ANY_CLINIC: tuple[str, str, str, list[str]] = (
    "Outpatient clinic",
    "banerjee",
    "Seen once about the symptoms described. Examination and tests normal. Discharged from clinic.",
    [],
)

# What the hospital changes: practice's medicine -> the hospital's strength of the same.
OTHER_DOSE = {
    "bisoprolol1": "bisoprolol2",
    "bisoprolol2": "bisoprolol5",
    "ramipril2": "ramipril5",
    "ramipril5": "ramipril10",
    "amlodipine5": "amlodipine10",
    "furosemide20": "furosemide40",
    "apixaban5": "apixaban2",
    "naproxen500": "naproxen250",
}

# What the hospital stops, and why. Anti-inflammatories always, the others in some.
ALWAYS_STOPPED = {
    "naproxen250": "Anti-inflammatory: kidneys and heart",
    "naproxen500": "Anti-inflammatory: kidneys and heart",
    "ibuprofen": "Anti-inflammatory: kidneys and heart",
}
SOMETIMES_STOPPED = {
    "amlodipine5": "Ankle swelling",
    "bendroflumethiazide": "Low sodium",
    "gliclazide": "Low blood sugar on the ward",
    "zopiclone": "Falls risk",
    "amitriptyline": "Falls risk",
    "metformin": "Held after a scan with contrast",
    "losartan": "Low blood pressure",
}
