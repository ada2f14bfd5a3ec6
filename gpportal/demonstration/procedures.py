"""Operations and examinations on record at the practice."""

from datetime import date, timedelta

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import CARE
from gpportal.demonstration.problems import Problem
from gpportal.demonstration.shapes import concept

# Problem -> (code, words, share of patients, days after it began; None: a yearly check, lately)
_AFTER: dict[str, list[tuple[str, str, float, int | None]]] = {
    "appendicitis": [("appendicectomy", "Appendicectomy", 1.0, 1)],
    "gallstones": [("cholecystectomy", "Keyhole gallbladder removal", 0.6, 40)],
    "colon_cancer": [("colonoscopy", "Colonoscopy", 1.0, 10)],
    "ulcerative_colitis": [("colonoscopy", "Colonoscopy", 1.0, 30)],
    "copd": [("spirometry", "Spirometry", 0.9, 5)],
    "asthma": [("spirometry", "Spirometry", 0.3, 5)],
    "t2dm": [
        ("foot_check", "Diabetic foot check", 0.85, None),
        ("retinal_screening", "Diabetic eye screening", 0.8, None),
    ],
    "t1dm": [("foot_check", "Diabetic foot check", 0.85, None)],
}


def add_practice_procedure(chart: Chart, name: str, words: str, day: date) -> str:
    """FHIR Procedure as the practice records it: what and when."""
    return chart.add(
        "Procedure", status="completed", code=concept(CARE[name], text=words), performedDateTime=day.isoformat()
    )


def add_procedures(chart: Chart, problems: list[Problem]) -> None:
    """What was done about these problems."""
    random = chart.random("procedures")
    for problem in problems:
        for name, words, share, days in _AFTER.get(problem.name, []):
            lately = chart.ago(random.randrange(30, 340))
            day = lately if days is None else problem.onset + timedelta(days=days)
            if random.random() < share and day <= chart.calendar.today:
                add_practice_procedure(chart, name, words, day)
