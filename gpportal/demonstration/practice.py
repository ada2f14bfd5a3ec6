"""Riverside Surgery's own record of one of its patients."""

from dataclasses import dataclass

from gpportal.demonstration.allergies import add_allergies
from gpportal.demonstration.cast import MEDICINES_OF
from gpportal.demonstration.charts import Chart
from gpportal.demonstration.consultations import add_consultations
from gpportal.demonstration.dates import Calendar
from gpportal.demonstration.flags import add_flags
from gpportal.demonstration.formulary import CATALOGUE, Medicine
from gpportal.demonstration.immunisations import add_immunisations
from gpportal.demonstration.letters import add_letters_received
from gpportal.demonstration.measurements import add_measurements
from gpportal.demonstration.medicines import add_medicine, medicines_for
from gpportal.demonstration.patients import add_next_of_kin, patient_to_fhir
from gpportal.demonstration.people import Person
from gpportal.demonstration.places import RIVERSIDE, organisation, staff
from gpportal.demonstration.problems import (
    Problem,
    add_problem,
    broader,
    current_problems,
    past_problems,
)
from gpportal.demonstration.procedures import add_procedures
from gpportal.demonstration.results import add_laboratory


def open_chart(person: Person, calendar: Calendar) -> Chart:
    """The practice's chart, with the Patient in it."""
    chart = Chart(RIVERSIDE, person, person.patient_id, calendar)
    chart.resources.append(patient_to_fhir(chart, f"{person.number:05}"))
    return chart


@dataclass(frozen=True)
class Story:
    """What the practice knows of someone, for the other sources to agree or disagree with."""

    problems: list[Problem]
    medicines: list[tuple[Medicine, Problem]]
    allergy: str | None


def _add_medicines(chart: Chart, story: Story, past: list[Problem]) -> None:
    random = chart.random("issues")
    by = staff(chart.person.gp)
    for medicine, problem in story.medicines:
        add_medicine(chart, medicine, issued=chart.ago(random.randrange(2, 34)), by=by, problem=problem)
    banned = {"amoxicillin"} if story.allergy in ("penicillin", "amoxicillin") else {story.allergy}
    for medicine, problem in medicines_for(random, past[-3:]):
        if medicine.name not in banned:
            day = problem.onset
            add_medicine(chart, medicine, issued=day, by=by, problem=problem, status="completed", course="acute")
    if len(story.problems) >= 3 and random.random() < 0.6:
        stopped = CATALOGUE[random.choice(["ibuprofen", "bendroflumethiazide", "cocodamol8", "simvastatin"])]
        reason = {"text": random.choice(["Side effects", "No longer needed", "Changed to another medicine"])}
        issued = chart.ago(random.randrange(420, 1500))
        add_medicine(chart, stopped, issued=issued, by=by, status="stopped", statusReason=reason)


def ordinary_chart(person: Person, calendar: Calendar) -> tuple[Chart, Story]:
    """The record of someone about whom there is nothing special, and what it says in short."""
    chart = open_chart(person, calendar)
    nurse, gp, practice = staff("hughes"), staff(person.gp), organisation(RIVERSIDE)
    add_next_of_kin(chart)
    problems = [add_problem(chart, problem, gp, *broader(problem.name)) for problem in current_problems(chart)]
    past = [add_problem(chart, problem, gp) for problem in past_problems(chart)]
    allergy = add_allergies(chart, gp)
    chosen = medicines_for(chart.random("medicines"), problems, MEDICINES_OF.get(person.number, frozenset()))
    story = Story(problems, [(medicine, problem) for medicine, problem in chosen if medicine.name != allergy], allergy)
    _add_medicines(chart, story, past)
    names = {problem.name for problem in problems}
    add_laboratory(chart, names, practice)
    add_measurements(chart, names, nurse)
    add_immunisations(chart, names, nurse)
    add_consultations(chart, [problem.name for problem in problems])
    add_procedures(chart, problems + past)
    add_flags(chart, names)
    add_letters_received(chart, names)
    return chart, story
