"""Consultations at the practice, each with a short note."""

from datetime import date
from typing import Any

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import CARE, STATUS
from gpportal.demonstration.dates import at
from gpportal.demonstration.places import RIVERSIDE, organisation, staff
from gpportal.demonstration.shapes import coding, concept, narrative

# For a problem: reason and note of a visit about it.
_ABOUT = {
    "hypertension": [
        ("Blood pressure review", "Home readings mostly in the 130s. No dizziness. Continue, bloods in a year."),
        ("Blood pressure review", "Clinic reading up. Takes tablets most days. Home readings for a week, then ring."),
    ],
    "t2dm": [
        ("Diabetes review", "Walks daily, portions smaller. Feet: pulses and sensation normal. Eye screening booked."),
        ("Diabetes review", "HbA1c drifting up. Talked through adding a second tablet; would rather try diet first."),
    ],
    "asthma": [("Asthma review", "Sleeps well, inhaler twice a week. Technique checked. Plan updated.")],
    "copd": [
        ("COPD review", "Stops for breath on the hill. Two courses of steroids this winter. Pulmonary rehab offered."),
        ("Chest infection", "Green sputum four days, no fever. Rescue pack started. Review if no better by Friday."),
    ],
    "depression": [
        ("Low mood", "Sleeping better, back at work two days. No thoughts of harm. Continue, see in six weeks."),
        ("Low mood", "Flat since the spring. Talked about talking therapy; self-referral leaflet given."),
    ],
    "mixed": [("Anxiety", "Panic in shops. Breathing exercises help. Agreed to go on with tablets three more months.")],
    "osteoarthritis_knee": [
        ("Knee pain", "Stiff in the morning, eases in ten minutes. Exercises shown. Physiotherapy if no better.")
    ],
    "back_pain": [("Back pain", "No leg weakness, bladder and bowel fine. Keep moving. Advice on lifting at work.")],
    "hfref": [("Breathlessness", "Ankles a little swollen by evening, one pillow. Weight steady. Bloods today.")],
    "heart_failure": [("Heart failure review", "Manages the stairs. Weight book kept. Fluid advice repeated.")],
    "af": [("Palpitations", "Pulse irregular, 84. No chest pain. Anticoagulant taken as agreed.")],
    "migraine": [("Headache", "Two attacks a month, left sided with zigzags. Diary to be kept.")],
    "gord": [("Indigestion", "Worse lying down. No weight loss, no trouble swallowing. Step down at two months.")],
    "eczema": [("Eczema", "Creases of elbows dry and cracked. Ointment often, soap never.")],
    "recurrent_falls": [
        ("Fall", "Tripped on the rug, no blackout. Lying and standing blood pressure taken. Falls team asked to visit.")
    ],
    "alzheimers": [("Memory review", "Daughter came. Getting lost on the usual walk. Carer's assessment suggested.")],
    "insomnia": [("Poor sleep", "Awake at three. Screens off at nine agreed. Tablets for occasional nights only.")],
    "gout": [("Painful toe", "Second attack this year. Bloods in a month, then think of a daily tablet.")],
}

_ANYONE = [
    ("Cough", "A week, clear phlegm. Chest clear. Should settle within three weeks; return if breathless."),
    ("Sore throat", "No fever, no rash. Simple painkillers and fluids."),
    ("Medication review", "All repeats still needed. Taking them as directed. No side effects mentioned."),
    ("Skin lesion", "Brown patch on the back, unchanged for years, regular edge. Photograph kept. No referral needed."),
    ("Shoulder pain", "Painful arc, full power. Exercises sent by text."),
    ("Telephone advice", "Rang about a missed dose. Advised to carry on as usual tomorrow."),
    ("Earache", "Drum pink, not bulging. Watch for two days."),
]

_OF_WORKING_AGE = [
    ("Tiredness", "Busy at home, sleeps six hours. Bloods taken."),
    ("Fit note", "Two weeks more after the operation. Back on light duties after that."),
    ("Travel advice", "Off to see family abroad next month. Vaccinations checked."),
]

_CHILD = [
    ("Fever", "Drinking, playing between spikes. Ears and chest clear. Mother knows what to look for."),
    ("Rash", "Spots fade on pressing, well in himself or herself. Viral, should go within the week."),
    ("Cough", "Worse at night for ten days. No wheeze. Reassured."),
    ("Eczema", "Flare behind the knees. Ointment more often, cotton at night."),
    ("Tummy ache", "Comes on school mornings. Soft, no tenderness. Worries at school talked about."),
]


def add_consultation(chart: Chart, day: date, by: str, reason: str, note: str, **more: Any) -> str:
    """FHIR Encounter: the reason as text, the note as narrative."""
    telephone = reason.startswith("Telephone")
    hour, minute = 8 + (len(note) % 9), 10 * (len(reason) % 6)
    person = staff(by)
    return chart.add(
        "Encounter",
        text=narrative(note),
        status="finished",
        class_=coding(STATUS["class.VR" if telephone else "class.AMB"]),
        type=[concept(CARE["telephone" if telephone else "consultation"])],
        participant=[{"individual": person}],
        period={"start": at(day, hour, minute), "end": at(day, hour, minute + 9)},
        reasonCode=[{"text": reason}],
        serviceProvider=organisation(RIVERSIDE),
        **more,
    )


def add_consultations(chart: Chart, problems: list[str]) -> None:
    """The visits of the last few years: more of them for those with more problems."""
    random = chart.random("consultations")
    anyone = _ANYONE + (_OF_WORKING_AGE if 16 <= chart.age < 67 else [])
    notes = [note for name in problems for note in _ABOUT.get(name, [])] + random.sample(anyone, 3)
    if chart.age < 16:
        notes = random.sample(_CHILD, 3)
    wanted = min(2 + len(problems), 9)
    for turn in range(wanted):
        reason, note = notes[turn % len(notes)]
        by = chart.person.gp if random.random() < 0.75 else random.choice(["khan", "silva", "hughes"])
        add_consultation(chart, chart.ago(random.randrange(8, 120) + turn * 130), by, reason, note)
