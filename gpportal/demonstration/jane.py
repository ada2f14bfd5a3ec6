"""Jane Smith as Riverside Surgery knows her: the patient of the design pictures."""

from datetime import date
from typing import Any

from gpportal.demonstration.allergies import add_allergy
from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import CARE, STATUS, TESTS
from gpportal.demonstration.consultations import add_consultation
from gpportal.demonstration.dates import Calendar
from gpportal.demonstration.flags import add_flag
from gpportal.demonstration.formulary import CATALOGUE, Medicine
from gpportal.demonstration.immunisations import add_immunisation
from gpportal.demonstration.jane_history import CONSULTATIONS, LETTERS, PAST_MEDICINES, PAST_PROBLEMS, SERIES
from gpportal.demonstration.letters import Letter, add_letter, eye_screening
from gpportal.demonstration.measurements import add_blood_pressure, add_measurement, add_smoking
from gpportal.demonstration.medicines import add_medicine
from gpportal.demonstration.patients import next_of_kin
from gpportal.demonstration.people import Person
from gpportal.demonstration.places import INFIRMARY, RIVERSIDE, organisation, staff
from gpportal.demonstration.practice import open_chart
from gpportal.demonstration.problems import Problem, add_problem
from gpportal.demonstration.results import add_panel, add_result

# Days before today of what happened lately; the hospital's and social care's accounts use the same days.
CONSULTED, ADMITTED, DISCHARGED, LAST_ISSUE, FELL, RESPECT = 11, 9, 5, 21, 100, 256

_CURRENT = [
    Problem("t2dm", "Type 2 diabetes mellitus", date(2014, 6, 9)),
    Problem("hypertension", "Essential hypertension", date(2009, 3, 17)),
    Problem("ckd3a", "Chronic kidney disease stage 3A", date(2024, 4, 22)),
    Problem("knee", "Osteoarthritis of knee, right", date(2018, 10, 2)),
]

# Medicine -> the problem it is for; naproxen is still on repeat although the hospital has stopped it.
_REPEATS = {
    "bisoprolol2": "hypertension",
    "metformin": "t2dm",
    "ramipril5": "hypertension",
    "atorvastatin20": "t2dm",
    "naproxen250": "knee",
    "paracetamol": "knee",
}


def _add_problems(chart: Chart) -> dict[str, Problem]:
    khan = staff("khan")
    known = {}
    for problem in _CURRENT:
        known[problem.name] = add_problem(chart, problem, khan, *(["ckd"] if problem.name == "ckd3a" else []))
    for name, text, began, ended in PAST_PROBLEMS:
        past = Problem(name, text, date.fromisoformat(began), date.fromisoformat(ended))
        add_problem(chart, past, khan)
    return known


def _add_medicines(chart: Chart, known: dict[str, Problem]) -> None:
    khan = staff("khan")
    issued = chart.ago(LAST_ISSUE)
    for name, problem in _REPEATS.items():
        add_medicine(chart, CATALOGUE[name], issued=issued, by=khan, problem=known[problem])
    for name, text, day, status in PAST_MEDICINES:
        medicine = CATALOGUE.get(name) or Medicine(name, "As directed", "1", "dose", 1, "1 pack", text)
        course = "acute" if status == "completed" else "continuous"
        more: dict[str, Any] = {"statusReason": {"text": "Changed to another medicine"}} if status == "stopped" else {}
        add_medicine(chart, medicine, issued=date.fromisoformat(day), by=khan, status=status, course=course, **more)


def _add_results(chart: Chart) -> None:
    practice, nurse = organisation(RIVERSIDE), staff("hughes")
    for days, panel, values in SERIES:
        day = chart.ago(days)
        if panel == "bp":
            add_blood_pressure(chart, int(values["systolic"]), int(values["diastolic"]), day, nurse)
        elif panel in ("weight", "height", "bmi"):
            add_measurement(chart, panel, values[panel], day, nurse)
        elif len(values) == 1:
            add_result(chart, panel, values[panel], day, practice)
        else:
            add_panel(chart, panel, values, day, practice)
    add_smoking(chart, TESTS["ex_smoker"], "Ex-smoker", chart.ago(188), nurse)
    add_result(chart, "nt_probnp", "1840", chart.ago(CONSULTED), practice)


def _add_letters(chart: Chart) -> None:
    day = chart.ago(81)
    add_letter(chart, eye_screening(day), day, "banerjee", ods=INFIRMARY)
    for written, title, author, words, actions in LETTERS:
        letter = Letter(title, "outpatient_letter", {"Clinical summary": words}, actions)
        add_letter(chart, letter, date.fromisoformat(written), author, ods=INFIRMARY)


def practice_chart(person: Person, calendar: Calendar) -> Chart:
    """Everything the practice holds about Jane."""
    chart = open_chart(person, calendar)
    khan = staff("khan")
    next_of_kin(chart, "daughter", "Ruth", "Smith", "01632 960402")
    known = _add_problems(chart)
    add_allergy(
        chart,
        "penicillin",
        "Penicillin allergy",
        by=khan,
        recorded="1998-07-14",
        onset="1998",
        reaction="anaphylaxis",
        kind="medication",
        high_risk=True,
    )
    _add_medicines(chart, known)
    _add_results(chart)
    for winter in range(5):
        add_immunisation(chart, "flu", chart.ago(45 + 365 * winter), staff("hughes"))
    add_immunisation(chart, "covid", date(2021, 2, 27), staff("hughes"))
    add_immunisation(chart, "pneumococcal", date(2015, 10, 6), staff("hughes"))
    for days, by, reason, note in CONSULTATIONS:
        add_consultation(chart, chart.ago(days), by, reason, note)
    since = chart.ago(RESPECT).isoformat()
    add_flag(chart, "adjustment", "Large print", chart.ago(600).isoformat(), STATUS["adjust.large_print"])
    add_flag(chart, "respect", "ReSPECT form", since, CARE["respect"])
    _add_letters(chart)
    return chart
