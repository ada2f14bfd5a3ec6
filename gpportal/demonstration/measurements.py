"""What is measured in the surgery: blood pressure, weight, height, smoking and alcohol."""

from datetime import date
from random import Random

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import LOINC_TESTS, STATUS, TESTS, Code
from gpportal.demonstration.dates import at
from gpportal.demonstration.shapes import Json, concept, quantity

_TEXTS = {
    "weight": ("Weight", "kg", "VitalSigns-BodyWeight"),
    "height": ("Height", "cm", "VitalSigns-BodyHeight"),
    "bmi": ("Body mass index", "kg/m2", "VitalSigns-BMI"),
    "pulse": ("Pulse", "/min", "VitalSigns-HeartRate"),
    "peak_flow": ("Peak flow", "L/min", "VitalSigns"),
}


def add_measurement(chart: Chart, name: str, value: str, day: date, by: Json) -> str:
    """FHIR Observation (vital sign) with one number."""
    text, unit, profile = _TEXTS[name]
    return chart.add(
        "Observation",
        profile=f"Observation-{profile}",
        status="final",
        category=[concept(STATUS["observation.vital-signs"])],
        code=concept(TESTS.get(name), LOINC_TESTS.get(name), text=text),
        effectiveDateTime=at(day, 9, 30),
        performer=[by],
        valueQuantity=quantity(value, unit),
    )


def add_blood_pressure(chart: Chart, systolic: int, diastolic: int, day: date, by: Json, *, hour: int = 9) -> str:
    """FHIR Observation of a blood pressure, with systolic and diastolic as components in mmHg."""
    parts = [
        {
            "code": concept(TESTS[name], LOINC_TESTS[name], text=f"{name.capitalize()} blood pressure"),
            "valueQuantity": quantity(str(value), "mm[Hg]"),
        }
        for name, value in (("systolic", systolic), ("diastolic", diastolic))
    ]
    high = systolic >= 140 or diastolic >= 90
    return chart.add(
        "Observation",
        profile="Observation-VitalSigns-BloodPressure",
        status="final",
        category=[concept(STATUS["observation.vital-signs"])],
        code=concept(TESTS["bp"], LOINC_TESTS["bp"], text="Blood pressure"),
        effectiveDateTime=at(day, hour, 30),
        performer=[by],
        interpretation=[concept(STATUS["interpretation.H" if high else "interpretation.N"])],
        component=parts,
    )


def add_smoking(chart: Chart, status: Code, text: str, day: date, by: Json) -> str:
    """FHIR Observation of smoking status."""
    return chart.add(
        "Observation",
        profile="Observation-TobaccoConsumption",
        status="final",
        category=[concept(STATUS["observation.social-history"])],
        code=concept(TESTS["smoking"], text="Smoking status"),
        effectiveDateTime=at(day, 9, 30),
        performer=[by],
        valueCodeableConcept=concept(status, text=text),
    )


def _add_lifestyle(chart: Chart, random: Random, by: Json, smoked: bool) -> None:
    day = chart.ago(random.randrange(20, 700))
    choices = [("never_smoked", "Never smoked", 52), ("ex_smoker", "Ex-smoker", 30), ("smoker", "Smoker", 18)]
    if smoked:
        choices = choices[1:]
    name, text, _share = random.choices(choices, [share for _name, _text, share in choices])[0]
    add_smoking(chart, TESTS[name], text, day, by)
    if random.random() < 0.6:
        units = str(random.choice([0, 0, 2, 4, 6, 8, 10, 14, 18, 26]))
        chart.add(
            "Observation",
            profile="Observation-AlcoholConsumption",
            status="final",
            category=[concept(STATUS["observation.social-history"])],
            code=concept(TESTS["alcohol"], text="Alcohol, units a week"),
            effectiveDateTime=at(day, 9, 30),
            performer=[by],
            valueQuantity=quantity(units, "units/week"),
        )


def _add_body(chart: Chart, random: Random, by: Json) -> None:
    day = chart.ago(random.randrange(20, 900))
    metres = random.gauss(1.76 if chart.person.gender == "male" else 1.63, 0.07)
    weight = random.gauss(27.5, 4.2) * metres * metres
    add_measurement(chart, "height", f"{metres * 100:.0f}", day, by)
    for turn in range(random.randrange(1, 4)):
        kilograms = max(42.0, weight + random.gauss(0, 1.6) * turn)
        add_measurement(chart, "weight", f"{kilograms:.1f}", chart.ago(random.randrange(20, 200) + turn * 360), by)
    add_measurement(chart, "bmi", f"{weight / metres / metres:.1f}", day, by)


def add_measurements(chart: Chart, problems: set[str], by: Json) -> None:
    """Measurements of an adult: blood pressure from forty or where a problem asks for it, the rest at a check."""
    if chart.age < 16:
        return
    random = chart.random("measurements")
    watched = bool({"hypertension", "t2dm", "t1dm", "ckd3a", "ckd3b", "stroke", "ihd", "af"} & problems)
    times = 5 if watched else (2 if chart.age >= 40 else int(random.random() < 0.3))
    systolic, diastolic = (139, 82) if "hypertension" in problems else (124, 76)
    for turn in range(times):
        days = random.randrange(10, 170) + turn * 180
        upper, lower = round(random.gauss(systolic + turn * 1.5, 8)), round(random.gauss(diastolic, 5))
        add_blood_pressure(chart, upper, min(lower, upper - 25), chart.ago(days), by)
    if watched or random.random() < 0.5:
        _add_body(chart, random, by)
    if random.random() < 0.85:
        _add_lifestyle(chart, random, by, smoked="copd" in problems)
    if {"asthma", "copd"} & problems:
        expected = 260 if "copd" in problems else 420
        add_measurement(chart, "peak_flow", str(10 * round(random.gauss(expected, 40) / 10)), chart.ago(90), by)
