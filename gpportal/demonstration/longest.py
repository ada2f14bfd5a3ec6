"""The longest record of the practice: exactly five thousand resources, so that pages are tried on it."""

from itertools import cycle

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.consultations import add_consultation
from gpportal.demonstration.dates import Calendar
from gpportal.demonstration.formulary import CATALOGUE
from gpportal.demonstration.laboratory import LABORATORY, panel_values
from gpportal.demonstration.letters import Letter, add_letter
from gpportal.demonstration.measurements import add_blood_pressure, add_measurement
from gpportal.demonstration.medicines import add_medicine
from gpportal.demonstration.people import Person
from gpportal.demonstration.places import INFIRMARY, RIVERSIDE, organisation, staff
from gpportal.demonstration.practice import ordinary_chart
from gpportal.demonstration.results import add_panel, add_result

LENGTH = 5_000

_VISITS = [
    ("Leg ulcer dressing", "Left shin, 2 cm, clean base. Compression renewed. Next on Thursday."),
    ("Anticoagulation clinic", "No bleeding, no missed doses. Dose unchanged."),
    ("Blood pressure check", "Sitting and standing readings taken. No dizziness today."),
    ("Ear syringing", "Wax cleared on the right, hears the radio again."),
    ("Telephone advice", "Asked about grapefruit and tablets. Advised to leave it out."),
    ("Heart failure review", "Two pillows, ankles dry. Weight book brought along."),
    ("Foot check", "Pulses felt, nails trimmed, no broken skin."),
]


def _add_blood_tests(chart: Chart, problems: set[str]) -> None:
    random = chart.random("many blood tests")
    laboratory = organisation(RIVERSIDE)
    for week in range(580):
        value = LABORATORY["inr"].written(max(1.1, random.gauss(2.5, 0.4)))
        add_result(chart, "inr", value, chart.ago(10 + week * 7), laboratory)
    for month in range(140):
        for panel in ("u_and_e", "fbc") if month % 3 == 0 else ("u_and_e",):
            days = 20 + month * 30
            values = panel_values(random, panel, problems, days, chart.age, chart.person.gender)
            add_panel(chart, panel, values, chart.ago(days), laboratory)


def _add_visits(chart: Chart) -> None:
    for turn, (reason, note) in zip(range(420), cycle(_VISITS), strict=False):
        by = ("hughes", "hughes", "khan", "silva")[turn % 4]
        add_consultation(chart, chart.ago(6 + turn * 13), by, reason, note)
    for turn in range(90):
        letter = Letter(
            "Anticoagulation clinic" if turn % 2 else "Leg ulcer clinic",
            "outpatient_letter",
            {"Clinical summary": "Seen as planned. Nothing new. Dose and dressing as written in the book."},
            ["No action needed"] if turn % 3 else ["Repeat bloods in four weeks"],
        )
        add_letter(chart, letter, chart.ago(30 + turn * 60), "banerjee", ods=INFIRMARY)
    for turn in range(60):
        name = ("doxycycline", "flucloxacillin", "amoxicillin", "prednisolone")[turn % 4]
        issued = chart.ago(75 + turn * 88)
        add_medicine(chart, CATALOGUE[name], issued=issued, by=staff("khan"), status="completed", course="acute")


def longest_chart(person: Person, calendar: Calendar) -> Chart:
    """An ordinary record of an old man, followed by twelve years of close watching."""
    chart, story = ordinary_chart(person, calendar)
    _add_blood_tests(chart, {problem.name for problem in story.problems})
    _add_visits(chart)
    random = chart.random("readings at home")
    nurse = staff("hughes")
    day = 3
    while len(chart.resources) < LENGTH:
        if day % 2:
            add_measurement(chart, "weight", f"{random.gauss(81.5, 0.7):.1f}", chart.ago(day), nurse)
        else:
            upper, lower = round(random.gauss(136, 9)), round(random.gauss(74, 5))
            add_blood_pressure(chart, upper, lower, chart.ago(day), nurse)
        day += 2 if day % 3 == 0 else 1
    return chart
