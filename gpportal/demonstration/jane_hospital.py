"""Jane Smith as Northern Infirmary knows her: four days in cardiology, and what changed there."""

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import CARE, STATUS
from gpportal.demonstration.dates import Calendar, at
from gpportal.demonstration.formulary import CATALOGUE
from gpportal.demonstration.hospital import add_procedure, add_stay, open_chart
from gpportal.demonstration.jane import ADMITTED, CONSULTED, DISCHARGED
from gpportal.demonstration.letters import Letter, add_letter
from gpportal.demonstration.measurements import add_blood_pressure, add_measurement
from gpportal.demonstration.medicines import add_medicine
from gpportal.demonstration.people import Person
from gpportal.demonstration.places import INFIRMARY, PRACTITIONERS, organisation, staff
from gpportal.demonstration.problems import Problem, add_problem, text_of
from gpportal.demonstration.results import add_panel, add_result
from gpportal.demonstration.shapes import concept, phone, reference

_WATCH = (
    "Swollen ankles, more breathless, or 2 kg heavier in 3 days: ring the heart failure nurse the same day, "
    "01632 960331, Monday to Friday, 9 to 5."
)

# What each is for, in the words of the discharge letter.
_DISCHARGE = {
    "bisoprolol5": "hfref",
    "furosemide40": "hfref",
    "ramipril5": "hfref",
    "metformin": "t2dm",
    "atorvastatin20": "t2dm",
}


def _add_problems(chart: Chart) -> dict[str, Problem]:
    fenn = staff("fenn")
    found = chart.ago(ADMITTED - 3)
    new = Problem("hfref", text_of("hfref"), found)
    kidneys = Problem("ckd3b", text_of("ckd3b"), found)
    diabetes = Problem("t2dm", text_of("t2dm"), chart.calendar.ago(4549))
    return {
        "hfref": add_problem(chart, new, fenn),
        "t2dm": add_problem(chart, diabetes, fenn),
        "ckd3b": add_problem(chart, kidneys, fenn, "ckd"),
    }


def _add_results(chart: Chart) -> None:
    laboratory, day = organisation(INFIRMARY), chart.ago(ADMITTED)
    kidneys = {"sodium": "137", "potassium": "4.7", "urea": "10.2", "creatinine": "119", "egfr": "44"}
    add_panel(chart, "u_and_e", kidneys, day, laboratory)
    add_result(chart, "hba1c", "58", day, laboratory)
    add_blood_pressure(chart, 146, 86, day, staff("fenn"), hour=15)
    add_blood_pressure(chart, 132, 78, chart.ago(DISCHARGED), staff("fenn"))
    add_measurement(chart, "weight", "89.1", day, staff("mbeki"))
    add_measurement(chart, "weight", "85.3", chart.ago(DISCHARGED), staff("mbeki"))
    add_measurement(chart, "pulse", "92", day, staff("fenn"))
    add_measurement(chart, "pulse", "68", chart.ago(DISCHARGED), staff("fenn"))


def _add_medicines(chart: Chart, known: dict[str, Problem]) -> None:
    day, fenn = chart.ago(DISCHARGED), staff("fenn")
    for name, problem in _DISCHARGE.items():
        add_medicine(chart, CATALOGUE[name], issued=day, by=fenn, problem=known[problem], setting="discharge")
    reason = {"text": "Heart failure"}
    add_medicine(
        chart,
        CATALOGUE["naproxen250"],
        issued=day,
        by=fenn,
        setting="discharge",
        status="stopped",
        statusReason=reason,
    )


def _discharge_letter() -> Letter:
    return Letter(
        "Discharge summary, cardiology",
        "discharge_summary",
        {
            "Diagnoses": ["Heart failure with reduced ejection fraction (new)", "Chronic kidney disease stage 3B"],
            "Clinical summary": "Breathless for a week, legs swollen to the knee. Echocardiogram: ejection fraction "
            "35%. Furosemide into the vein for two days, then tablets; 3.8 kg lighter on leaving.",
            "Changes to medicines": [
                "Bisoprolol raised from 2.5 mg to 5 mg each morning",
                "Furosemide 40 mg each morning started",
                "Naproxen stopped: heart failure and kidneys",
            ],
            "Information given to patient": _WATCH,
        },
        ["repeat U&E in 1 week", "stop naproxen"],
    )


def _add_follow_up(chart: Chart) -> None:
    nurse = PRACTITIONERS["mbeki"]
    team = chart.add(
        "CareTeam",
        status="active",
        name="Heart failure nurses",
        participant=[{"role": [{"text": nurse.job}], "member": staff("mbeki")}],
        telecom=[phone("01632 960331", "work")],
        note=[{"text": "Monday to Friday, 9 to 5"}],
    )
    chart.add(
        "CarePlan",
        status="active",
        intent="plan",
        category=[concept(CARE["hf_self_management"], text="Heart failure self-management plan")],
        title="What to watch for",
        description=_WATCH,
        period={"start": chart.ago(DISCHARGED).isoformat()},
        careTeam=[reference(team)],
        activity=[{"detail": {"status": "in-progress", "description": "Weigh every morning and write it down"}}],
    )
    request = chart.add(
        "ServiceRequest",
        status="active",
        intent="order",
        category=[concept(CARE["cardiology"], text="Cardiology")],
        priority="urgent",
        code={"text": "Heart failure clinic"},
        authoredOn=chart.ago(CONSULTED).isoformat(),
        requester={"display": "Dr A Khan, Riverside Surgery"},
        performer=[organisation(INFIRMARY)],
        reasonCode=[{"text": "Ankle swelling, orthopnoea, raised NT-proBNP"}],
    )
    day = chart.calendar.ago(-15)
    chart.add(
        "Appointment",
        status="booked",
        appointmentType=concept(STATUS["appointment.routine"]),
        description="Heart failure clinic, Clinic 4",
        start=at(day, 10, 20),
        end=at(day, 10, 50),
        basedOn=[reference(request)],
        participant=[
            {"actor": chart.patient(), "status": "accepted"},
            {"actor": {"display": "Clinic 4, Northern Infirmary"}, "status": "accepted"},
        ],
    )


def hospital_chart(place: int, person: Person, calendar: Calendar) -> Chart:
    """Everything the hospital holds about Jane. Of her penicillin allergy it knows nothing."""
    chart = open_chart(place, person, calendar)
    known = _add_problems(chart)
    words = "Admitted with breathlessness. Heart failure with reduced ejection fraction. Discharged after 4 days."
    start, end = chart.ago(ADMITTED), chart.ago(DISCHARGED)
    stay = add_stay(chart, "Breathlessness", start, end, "fenn", words)
    _add_results(chart)
    add_procedure(chart, "ecg", "12 lead ECG", start, stay)
    add_procedure(chart, "chest_xray", "Chest X-ray", start, stay)
    add_procedure(chart, "echocardiogram", "Echocardiogram: ejection fraction 35%", chart.ago(ADMITTED - 1), stay)
    _add_medicines(chart, known)
    add_letter(chart, _discharge_letter(), end, "fenn", encounter=stay)
    _add_follow_up(chart)
    return chart
