"""Riverside Surgery's own record of one of its patients."""

from collections.abc import Iterator

from gpportal.demonstration.allergies import add_allergies
from gpportal.demonstration.charts import Chart
from gpportal.demonstration.consultations import add_consultations
from gpportal.demonstration.dates import Calendar
from gpportal.demonstration.immunisations import add_immunisations
from gpportal.demonstration.measurements import add_measurements
from gpportal.demonstration.medicines import CATALOGUE, Medicine, add_medicine, medicines_for
from gpportal.demonstration.patients import add_next_of_kin, patient_to_fhir
from gpportal.demonstration.people import Person, everyone
from gpportal.demonstration.places import RIVERSIDE, organisation, place_to_fhir, staff
from gpportal.demonstration.problems import (
    Problem,
    add_problem,
    broader,
    current_problems,
    past_problems,
)
from gpportal.demonstration.results import add_laboratory
from gpportal.demonstration.shapes import Json


def open_chart(person: Person, calendar: Calendar) -> Chart:
    """The practice's chart, with the Patient in it."""
    chart = Chart(RIVERSIDE, person, person.patient_id, calendar)
    chart.resources.append(patient_to_fhir(chart, f"{person.number:05}"))
    return chart


def regular_medicines(chart: Chart, problems: list[Problem], allergy: str | None) -> list[tuple[Medicine, Problem]]:
    """The repeat medicines of someone, without what they are allergic to."""
    chosen = medicines_for(chart.random("medicines"), problems)
    return [(medicine, problem) for medicine, problem in chosen if medicine.name != allergy]


def _add_medicines(chart: Chart, problems: list[Problem], past: list[Problem], allergy: str | None) -> None:
    random = chart.random("issues")
    by = staff(chart.person.gp)
    for medicine, problem in regular_medicines(chart, problems, allergy):
        add_medicine(chart, medicine, issued=chart.ago(random.randrange(2, 34)), by=by, problem=problem)
    banned = {"amoxicillin"} if allergy in ("penicillin", "amoxicillin") else {allergy}
    for medicine, problem in medicines_for(random, past[-3:]):
        if medicine.name not in banned:
            add_medicine(
                chart, medicine, issued=problem.onset, by=by, problem=problem, status="completed", course="acute"
            )
    if len(problems) >= 3 and random.random() < 0.6:
        stopped = CATALOGUE[random.choice(["ibuprofen", "bendroflumethiazide", "cocodamol8", "simvastatin"])]
        reason = {"text": random.choice(["Side effects", "No longer needed", "Changed to another medicine"])}
        issued = chart.ago(random.randrange(420, 1500))
        add_medicine(chart, stopped, issued=issued, by=by, status="stopped", statusReason=reason)


def ordinary_chart(person: Person, calendar: Calendar) -> Chart:
    """The record of someone about whom there is nothing special."""
    chart = open_chart(person, calendar)
    nurse, gp, practice = staff("hughes"), staff(person.gp), organisation(RIVERSIDE)
    add_next_of_kin(chart)
    problems = [add_problem(chart, problem, gp, *broader(problem.name)) for problem in current_problems(chart)]
    past = [add_problem(chart, problem, gp) for problem in past_problems(chart)]
    allergy = add_allergies(chart, gp)
    _add_medicines(chart, problems, past, allergy)
    names = {problem.name for problem in problems}
    add_laboratory(chart, names, practice)
    add_measurements(chart, names, nurse)
    add_immunisations(chart, names, nurse)
    add_consultations(chart, [problem.name for problem in problems])
    return chart


def practice_resources(calendar: Calendar) -> Iterator[Json]:
    """Everything Riverside Surgery holds: the practice and its staff, then patient by patient."""
    yield from place_to_fhir(RIVERSIDE)
    for person in everyone():
        yield from ordinary_chart(person, calendar).resources
