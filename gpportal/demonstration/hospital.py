"""What Northern Infirmary holds about the practice's patients, here and there in disagreement with the practice."""

from datetime import date, timedelta
from typing import Any

from gpportal.demonstration.admissions import (
    ADMISSIONS,
    ALWAYS_STOPPED,
    ANY_ADMISSION,
    ANY_CLINIC,
    CLINICS,
    OTHER_DOSE,
    SOMETIMES_STOPPED,
    Admission,
)
from gpportal.demonstration.allergies import add_allergy
from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import ALLERGIES, CARE, STATUS
from gpportal.demonstration.dates import Calendar, at
from gpportal.demonstration.formulary import CATALOGUE
from gpportal.demonstration.laboratory import panel_values
from gpportal.demonstration.letters import Letter, add_letter
from gpportal.demonstration.measurements import add_blood_pressure
from gpportal.demonstration.medicines import add_medicine
from gpportal.demonstration.patients import patient_to_fhir
from gpportal.demonstration.people import Person
from gpportal.demonstration.places import INFIRMARY, organisation, staff
from gpportal.demonstration.practice import Story, ordinary_chart
from gpportal.demonstration.problems import Problem, add_problem, broader, text_of
from gpportal.demonstration.results import add_panel, add_result
from gpportal.demonstration.shapes import coding, concept, extension, narrative, reference
from gpportal.demonstration.shared_care import difference


def open_chart(place: int, person: Person, calendar: Calendar) -> Chart:
    """The hospital's chart, with its own Patient and hospital number."""
    number = 204_100 + place * 7
    chart = Chart(INFIRMARY, person, f"ni-{number}", calendar)
    chart.resources.append(patient_to_fhir(chart, f"H{number}", difference(place)))
    return chart


def add_stay(
    chart: Chart, reason: str, start: date, end: date, by: str, words: str, *, planned: bool = False, **more: Any
) -> str:
    """FHIR Encounter of an admission with discharge home."""
    method = STATUS["admission.planned" if planned else "admission.emergency"]
    return chart.add(
        "Encounter",
        text=narrative(words),
        status="finished",
        class_=coding(STATUS["class.IMP"]),
        type=[concept(CARE["inpatient"])],
        participant=[{"individual": staff(by)}],
        period={"start": at(start, 14, 25), "end": at(end, 15, 40)},
        reasonCode=[{"text": reason}],
        hospitalization={
            "extension": [extension("AdmissionMethod", valueCodeableConcept=concept(method))],
            "dischargeDisposition": concept(STATUS["discharge.home"], text="Home"),
        },
        serviceProvider=organisation(INFIRMARY),
        **more,
    )


def add_procedure(chart: Chart, name: str, text: str, day: date, encounter: str) -> str:
    """FHIR Procedure done on a day of a stay or visit."""
    return chart.add(
        "Procedure",
        status="completed",
        code=concept(CARE[name], text=text),
        performedDateTime=day.isoformat(),
        encounter=reference(encounter),
    )


def _add_conditions(chart: Chart, place: int, story: Story) -> None:
    # Kidney disease first: it is where the two most often differ.
    for problem in sorted(story.problems, key=lambda problem: not problem.name.startswith("ckd"))[:4]:
        name = problem.name
        if name == "ckd3a" and place % 2 == 0:
            name = "ckd3b"
        theirs = Problem(name, text_of(name), problem.onset if name == problem.name else chart.ago(40))
        add_problem(chart, theirs, staff("banerjee"), *broader(name))


def _add_allergy(chart: Chart, place: int, story: Story) -> None:
    recorded = chart.ago(50 + place).isoformat()
    by = staff("banerjee")
    known = story.allergy if story.allergy in ALLERGIES else None
    if known and place % 3 == 1:
        note = [{"text": "Took it on the ward without harm; the label can go."}]
        words = ALLERGIES[known].display
        add_allergy(chart, known, words, by=by, recorded=recorded, verification="refuted", note=note)
    elif known and place % 3 == 0:
        add_allergy(chart, known, ALLERGIES[known].display, by=by, recorded=recorded, kind="medication")
    elif not known and place % 9 == 2:
        words, seen = "Trimethoprim", "rash"
        add_allergy(chart, "trimethoprim", words, by=by, recorded=recorded, reaction=seen, kind="medication")
    elif not known and place % 2:
        add_allergy(chart, "nkda", "No known drug allergies", by=by, recorded=recorded)


def _add_medicines(chart: Chart, place: int, story: Story, stay: Admission, day: date) -> list[str]:
    """Medicines on discharge; returns the changes in words."""
    by, told = staff(stay.author), []
    for medicine, problem in story.medicines:
        why = Problem(problem.name, problem.text, problem.onset)
        stopped = ALWAYS_STOPPED.get(medicine.name) or (
            SOMETIMES_STOPPED.get(medicine.name) if place % 3 == 1 else None
        )
        changed = OTHER_DOSE.get(medicine.name) if place % 3 != 1 else None
        more: dict[str, Any] = {"status": "stopped", "statusReason": {"text": stopped}} if stopped else {}
        theirs = CATALOGUE[changed] if changed and not stopped else medicine
        add_medicine(chart, theirs, issued=day, by=by, problem=why, setting="discharge", **more)
        if stopped:
            told.append(f"Stopped: {medicine.product} ({stopped.lower()})")
        elif changed:
            told.append(f"Changed: {medicine.product} to {theirs.product}")
    taken = {medicine.name for medicine, _problem in story.medicines}
    for name in stay.added:
        if name not in taken:
            add_medicine(chart, CATALOGUE[name], issued=day, by=by, setting="discharge", course="acute")
            told.append(f"Started: {CATALOGUE[name].product}")
    return told


def _add_admission(chart: Chart, place: int, story: Story, stay: Admission) -> None:
    random = chart.random("admission")
    left = random.randrange(3, 80) if place % 3 else random.randrange(80, 900)
    end = chart.ago(left)
    start = end - timedelta(days=stay.nights)
    words = f"Admitted with {stay.reason[0].lower()}{stay.reason[1:]}. {stay.story}"
    encounter = add_stay(chart, stay.reason, start, end, stay.author, words, planned=stay.planned)
    if stay.diagnosis and stay.diagnosis not in {problem.name for problem in story.problems}:
        add_problem(chart, Problem(stay.diagnosis, text_of(stay.diagnosis), start), staff(stay.author))
    names = {problem.name for problem in story.problems}
    laboratory = organisation(INFIRMARY)
    for panel in ("u_and_e", "fbc"):
        values = panel_values(random, panel, names, 0, chart.age, chart.person.gender)
        add_panel(chart, panel, values, start, laboratory)
    add_result(chart, "crp", str(random.randrange(4, 160)), start, laboratory)
    add_blood_pressure(chart, random.randrange(108, 150), random.randrange(60, 86), end, staff(stay.author))
    add_procedure(chart, "ecg", "12 lead ECG", start, encounter)
    if stay.procedure:
        add_procedure(chart, stay.procedure, stay.reason, start, encounter)
    told = _add_medicines(chart, place, story, stay, end)
    letter = Letter(
        f"Discharge summary, {stay.specialty}",
        "discharge_summary",
        {
            "Reason for admission": stay.reason,
            "Clinical summary": stay.story,
            "Changes to medicines": told or "None",
            "Information given to patient": "The plan above was gone through before going home.",
        },
        stay.actions + [line for line in told if line.startswith("Stopped")],
    )
    add_letter(chart, letter, end, stay.author, encounter=encounter)


def add_clinic_visit(chart: Chart, day: date, author: str, title: str, words: str, actions: list[str]) -> str:
    """FHIR Encounter of an outpatient visit, and its letter."""
    encounter = chart.add(
        "Encounter",
        text=narrative(words),
        status="finished",
        class_=coding(STATUS["class.AMB"]),
        type=[concept(CARE["consultation"], text=title)],
        participant=[{"individual": staff(author)}],
        period={"start": at(day, 10, 10), "end": at(day, 10, 35)},
        reasonCode=[{"text": title}],
        serviceProvider=organisation(INFIRMARY),
    )
    letter = Letter(title, "outpatient_letter", {"Clinical summary": words}, actions)
    add_letter(chart, letter, day + timedelta(days=3), author, encounter=encounter)
    return encounter


def _add_emergency_visit(chart: Chart, day: date) -> None:
    """FHIR Encounter of a visit to the emergency department, home the same day."""
    words = "Twisted ankle on a kerb. X-ray clear. Walking boot and painkillers, home after two hours."
    chart.add(
        "Encounter",
        text=narrative(words),
        status="finished",
        class_=coding(STATUS["class.EMER"]),
        type=[concept(CARE["emergency"])],
        participant=[{"individual": staff("banerjee")}],
        period={"start": at(day, 19, 5), "end": at(day, 21, 10)},
        reasonCode=[{"text": "Ankle injury"}],
        serviceProvider=organisation(INFIRMARY),
    )
    letter = Letter("Emergency department letter", "outpatient_letter", {"Clinical summary": words})
    add_letter(chart, letter, day, "banerjee")


def hospital_chart(place: int, person: Person, calendar: Calendar) -> Chart:
    """What the hospital knows of someone: problems, an allergy or its absence, a stay, a clinic visit."""
    chart = open_chart(place, person, calendar)
    story = ordinary_chart(person, calendar)[1]
    random = chart.random("visits")
    _add_conditions(chart, place, story)
    _add_allergy(chart, place, story)
    names = [problem.name for problem in story.problems]
    known = [ADMISSIONS[name] for name in ADMISSIONS if name in names]
    if known or place % 3 == 0:
        _add_admission(chart, place, story, known[0] if known else random.choice(ANY_ADMISSION))
    elif place % 5 == 1:
        _add_emergency_visit(chart, chart.ago(random.randrange(15, 500)))
    clinics = [CLINICS[name] for name in names if name in CLINICS] or [ANY_CLINIC]
    title, author, words, actions = clinics[0]
    add_clinic_visit(chart, chart.ago(random.randrange(20, 700)), author, title, words, actions)
    return chart
