"""Results: what each test normally shows, how it drifts with a problem, and the FHIR Observation of one measurement."""

from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import Any

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import LOINC_TESTS, STATUS, TESTS
from gpportal.demonstration.dates import at
from gpportal.demonstration.shapes import Json, concept, quantity, reference


@dataclass(frozen=True)
class Test:
    """A test: unit, reference range (either end may be open), usual value, spread, decimals as a laboratory prints."""

    name: str
    text: str
    unit: str
    low: str
    high: str
    usual: float
    spread: float
    decimals: int

    def written(self, value: float) -> str:
        """A value with as many decimals as the laboratory prints."""
        return f"{value:.{self.decimals}f}"


def _test(line: str) -> tuple[str, Test]:
    name, text, unit, low, high, usual, spread, decimals = line.split("|")
    return name, Test(name, text, unit, low, high, float(usual), float(spread), int(decimals))


LABORATORY = dict(
    map(
        _test,
        """
hba1c|HbA1c|mmol/mol||41|37|2.2|0
egfr|eGFR|mL/min/{1.73_m2}|60||84|2.5|0
creatinine|Creatinine|umol/L|49|104|78|8|0
potassium|Potassium|mmol/L|3.5|5.3|4.4|0.25|1
sodium|Sodium|mmol/L|133|146|139|1.8|0
urea|Urea|mmol/L|2.5|7.8|5.4|0.9|1
cholesterol|Total cholesterol|mmol/L||5.0|4.8|0.6|1
hdl|HDL cholesterol|mmol/L|1.0||1.4|0.2|1
ldl|LDL cholesterol|mmol/L||3.0|2.6|0.5|1
triglycerides|Triglycerides|mmol/L||1.7|1.4|0.3|1
haemoglobin|Haemoglobin|g/L|120|165|138|7|0
wcc|White cell count|10*9/L|4.0|11.0|6.9|1.2|1
platelets|Platelets|10*9/L|150|400|255|38|0
mcv|Mean cell volume|fL|80|100|90|3|0
tsh|TSH|m[IU]/L|0.27|4.20|2.10|0.6|2
ft4|Free T4|pmol/L|12.0|22.0|16.0|1.6|1
alt|ALT|U/L||40|24|7|0
alp|Alkaline phosphatase|U/L|30|130|76|12|0
bilirubin|Bilirubin|umol/L||21|9|3|0
albumin|Albumin|g/L|35|50|42|2|0
crp|C-reactive protein|mg/L||5|3|1.4|0
psa|PSA|ug/L||4.0|1.8|0.6|1
inr|INR||2.0|3.0|2.5|0.3|1
nt_probnp|NT-proBNP|ng/L||400|210|60|0
""".strip().splitlines(),
    )
)

# Where men and women differ: reference range, and what is usual.
_BY_SEX = {
    ("haemoglobin", "male"): ("130", "170", 148.0),
    ("haemoglobin", "female"): ("115", "165", 133.0),
    ("creatinine", "male"): ("64", "104", 86.0),
    ("creatinine", "female"): ("49", "90", 68.0),
}


def test_for(name: str, gender: str) -> Test:
    """The test with the range for that sex."""
    low, high, usual = _BY_SEX.get((name, gender), (None, None, 0.0))
    test = LABORATORY[name]
    return replace(test, low=low, high=high, usual=usual) if low and high else test


PANELS = {
    "u_and_e": ("Urea and electrolytes", ["sodium", "potassium", "urea", "creatinine", "egfr"]),
    "lipids": ("Lipids", ["cholesterol", "hdl", "ldl", "triglycerides"]),
    "fbc": ("Full blood count", ["haemoglobin", "wcc", "platelets", "mcv"]),
    "lft": ("Liver function", ["alt", "alp", "bilirubin", "albumin"]),
    "thyroid": ("Thyroid function", ["tsh", "ft4"]),
    "hba1c": ("HbA1c", ["hba1c"]),
    "inr": ("INR", ["inr"]),
    "psa": ("PSA", ["psa"]),
}

# What a problem does to a test: where it started five years ago, and the change each year since.
DRIFT = {
    ("t2dm", "hba1c"): (49.0, 1.6),
    ("t1dm", "hba1c"): (60.0, 0.4),
    ("prediabetes", "hba1c"): (43.0, 0.3),
    ("ckd3a", "egfr"): (58.0, -1.6),
    ("ckd3b", "egfr"): (47.0, -2.4),
    ("hyperlipidaemia", "cholesterol"): (6.3, -0.35),
    ("hypothyroidism", "tsh"): (5.6, -0.6),
    ("anaemia", "haemoglobin"): (113.0, -0.8),
    ("iron_deficiency", "haemoglobin"): (104.0, 1.5),
    ("iron_deficiency", "mcv"): (77.0, 0.6),
    ("gout", "urea"): (7.2, 0.2),
    ("prostate_cancer", "psa"): (7.9, -0.9),
    ("prostate_enlargement", "psa"): (3.4, 0.2),
}


def value_of(random: Random, test: Test, problems: set[str], days_ago: int) -> str:
    """A plausible value so many days ago for someone with these problems."""
    middle = test.usual
    for (problem, name), (start, yearly) in DRIFT.items():
        if name == test.name and problem in problems:
            middle = start + yearly * (5 - min(days_ago / 365, 5))
            break
    return test.written(max(random.gauss(middle, test.spread), 0.1))


def _creatinine(egfr: float, age: int, gender: str) -> float:
    """The creatinine in µmol/L that gives this eGFR by CKD-EPI 2009 for a creatinine above the usual."""
    usual, factor = (61.9, 1.018) if gender == "female" else (79.6, 1.0)
    ratio: float = (141 * 0.993**age * factor / egfr) ** (1 / 1.209)
    return usual * ratio


def panel_values(
    random: Random, panel: str, problems: set[str], days_ago: int, age: int, gender: str
) -> dict[str, str]:
    """Values of a panel that agree with each other: eGFR with creatinine, LDL with the other fats."""
    values = {name: value_of(random, test_for(name, gender), problems, days_ago) for name in PANELS[panel][1]}
    if panel == "u_and_e":
        healthy = min(90.0, max(62.0, 121 - 0.68 * age + random.gauss(0, 4)))
        egfr = float(values["egfr"]) if {"ckd3a", "ckd3b"} & problems else healthy
        values["egfr"] = f"{egfr:.0f}"
        values["creatinine"] = f"{_creatinine(egfr, age, gender):.0f}"
    if panel == "lipids":
        total, good, fats = (float(values[name]) for name in ("cholesterol", "hdl", "triglycerides"))
        values["ldl"] = f"{max(0.6, total - good - fats / 2.2):.1f}"
    return values


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
