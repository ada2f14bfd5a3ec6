"""Laboratory tests: what each normally shows, how it drifts with a problem, and values that agree with each other."""

from dataclasses import dataclass, replace
from random import Random


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
