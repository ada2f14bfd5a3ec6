"""Immunisations by age: the childhood schedule, and the winter and later ones."""

from datetime import date, timedelta

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import PRODUCTS, VACCINES
from gpportal.demonstration.dates import EPOCH
from gpportal.demonstration.shapes import Json, concept, extension

_WORDS = {
    "flu": "Influenza vaccine",
    "covid": "COVID-19 vaccine",
    "shingles": "Shingles vaccine",
    "pneumococcal": "Pneumococcal vaccine",
    "six_in_one": "6-in-1 vaccine",
    "men_b": "Meningitis B vaccine",
    "mmr": "MMR vaccine",
    "hpv": "HPV vaccine",
}

# Age in days at which a child's dose is due.
_CHILDHOOD = [("six_in_one", 57), ("men_b", 57), ("pneumococcal", 85), ("mmr", 370), ("hpv", 4600)]


def add_immunisation(chart: Chart, name: str, day: date, by: Json) -> str:
    """FHIR Immunization with UK Core's vaccination procedure."""
    # Adults are given the polysaccharide pneumococcal vaccine, of which no product code was found.
    product = None if name == "pneumococcal" and chart.age >= 20 else PRODUCTS.get(name)
    return chart.add(
        "Immunization",
        extension=[extension("VaccinationProcedure", valueCodeableConcept=concept(VACCINES[name], text=_WORDS[name]))],
        status="completed",
        vaccineCode=concept(product, text=_WORDS[name]),
        occurrenceDateTime=day.isoformat(),
        recorded=day.isoformat(),
        primarySource=True,
        performer=[{"actor": by}],
    )


def add_immunisations(chart: Chart, problems: set[str], by: Json) -> None:
    """What this person has been given."""
    random = chart.random("immunisations")
    if chart.age < 20:
        for name, days in _CHILDHOOD:
            day = chart.person.born + timedelta(days=days + random.randrange(0, 40))
            if random.random() < 0.9 and day <= EPOCH:
                add_immunisation(chart, name, day, by)
        return
    at_risk = bool({"copd", "asthma", "t2dm", "t1dm", "ckd3a", "ckd3b", "hfref", "heart_failure", "ihd"} & problems)
    if chart.age >= 65 or at_risk:
        for winter in range(3):
            if random.random() < 0.75:
                add_immunisation(chart, "flu", chart.ago(25 + random.randrange(40) + winter * 365), by)
    if chart.age >= 75 and random.random() < 0.7:
        add_immunisation(chart, "covid", chart.ago(30 + random.randrange(40)), by)
    if random.random() < 0.8:
        add_immunisation(chart, "covid", date(2021, 1, 20) + timedelta(days=max(0, 90 - chart.age) * 2), by)
    if chart.age >= 65 and random.random() < 0.8:
        add_immunisation(chart, "pneumococcal", chart.ago(int((chart.age - 65) * 365.25) + 60), by)
    if chart.age >= 70 and random.random() < 0.7:
        add_immunisation(chart, "shingles", chart.ago(int((chart.age - 70) * 365.25) + 90), by)
