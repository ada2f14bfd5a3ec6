"""Results: the FHIR Observation and DiagnosticReport of a test, and which tests follow from which problem."""

from datetime import date
from typing import Any

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import LOINC_TESTS, STATUS, TESTS
from gpportal.demonstration.dates import at
from gpportal.demonstration.laboratory import PANELS, Test, panel_values, test_for
from gpportal.demonstration.shapes import Json, concept, quantity, reference


def range_of(test: Test) -> list[Json] | None:
    """FHIR reference range, with its text as laboratories print it."""
    ends = {end: quantity(value, test.unit) for end, value in (("low", test.low), ("high", test.high)) if value}
    if not ends:
        return None
    text = f"{test.low}-{test.high}" if len(ends) == 2 else (f"<{test.high}" if test.high else f">{test.low}")
    return [ends | {"text": text}]


def interpretation(test: Test, value: str) -> list[Json] | None:
    """High, low or normal against the test's own range."""
    if test.high and float(value) > float(test.high):
        return [concept(STATUS["interpretation.H"])]
    if test.low and float(value) < float(test.low):
        return [concept(STATUS["interpretation.L"])]
    return [concept(STATUS["interpretation.N"])] if test.low or test.high else None


def add_result(chart: Chart, name: str, value: str, day: date, performer: Json, **more: Any) -> str:
    """FHIR Observation of one laboratory test."""
    test = test_for(name, chart.person.gender)
    return chart.add(
        "Observation",
        profile="Observation-Lab",
        status="final",
        category=[concept(STATUS["observation.laboratory"])],
        code=concept(TESTS.get(name), LOINC_TESTS.get(name), text=test.text),
        effectiveDateTime=at(day, 8, 40),
        issued=at(day, 17, 5),
        performer=[performer],
        valueQuantity=quantity(value, test.unit),
        interpretation=interpretation(test, value),
        referenceRange=range_of(test),
        **more,
    )


def add_panel(chart: Chart, panel: str, values: dict[str, str], day: date, performer: Json) -> str:
    """FHIR Observations of a panel and the DiagnosticReport that holds them."""
    results = [reference(add_result(chart, name, value, day, performer)) for name, value in values.items()]
    return chart.add(
        "DiagnosticReport",
        profile="DiagnosticReport-Lab",
        status="final",
        category=[concept(STATUS["report.laboratory"])],
        code=concept(TESTS.get(panel), text=PANELS[panel][0]),
        effectiveDateTime=at(day, 8, 40),
        issued=at(day, 17, 5),
        performer=[performer],
        result=results,
    )


# How many times each panel was done, by problem; the oldest first, about a year apart.
_MONITORING = {
    "t2dm": {"hba1c": 6, "u_and_e": 3, "lipids": 3},
    "t1dm": {"hba1c": 6, "u_and_e": 3},
    "prediabetes": {"hba1c": 3},
    "hypertension": {"u_and_e": 3, "lipids": 2},
    "ckd3a": {"u_and_e": 5},
    "ckd3b": {"u_and_e": 6, "fbc": 2},
    "hfref": {"u_and_e": 4},
    "heart_failure": {"u_and_e": 4},
    "af": {"u_and_e": 2, "fbc": 2},
    "hyperlipidaemia": {"lipids": 4, "lft": 1},
    "hypothyroidism": {"thyroid": 4},
    "anaemia": {"fbc": 4},
    "iron_deficiency": {"fbc": 3},
    "rheumatoid": {"fbc": 5, "lft": 5},
    "prostate_cancer": {"psa": 5},
    "prostate_enlargement": {"psa": 2},
    "depression": {"fbc": 1, "thyroid": 1},
}


def add_laboratory(chart: Chart, problems: set[str], performer: Json) -> None:
    """The blood tests that follow from someone's problems, and a health check after forty."""
    random = chart.random("laboratory")
    counts: dict[str, int] = {}
    for problem, panels in _MONITORING.items():
        if problem in problems:
            counts |= {panel: max(times, counts.get(panel, 0)) for panel, times in panels.items()}
    if chart.age >= 40:
        counts = {"lipids": 1, "hba1c": 1} | counts
    for panel in PANELS:
        first = random.randrange(12, 120)
        for turn in range(counts.get(panel, 0) - 1, -1, -1):
            days = first + turn * random.randrange(300, 370)
            values = panel_values(random, panel, problems, days, chart.age, chart.person.gender)
            if len(values) == 1:
                add_result(chart, panel, values[panel], chart.ago(days), performer)
            else:
                add_panel(chart, panel, values, chart.ago(days), performer)
