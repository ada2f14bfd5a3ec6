"""Medicines: choosing them for someone's problems, and the FHIR MedicationRequest."""

from datetime import date, timedelta
from random import Random
from typing import Any

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import CARE, MEDICINES, STATUS
from gpportal.demonstration.formulary import CATALOGUE, FOR_PROBLEM, GROUPS, Medicine
from gpportal.demonstration.problems import Problem
from gpportal.demonstration.shapes import Json, concept, extension, quantity, reference


def _clashes(name: str, taken: set[str]) -> bool:
    return name in taken or any(name in group and group & taken for group in GROUPS)


def medicines_for(
    random: Random, problems: list[Problem], settled: frozenset[str] = frozenset()
) -> list[tuple[Medicine, Problem]]:
    """What someone takes for these problems, each with the problem it is for; never two of a kind.

    `settled` names medicines that are certain where they are among the choices.
    """
    taken: dict[str, tuple[Medicine, Problem]] = {}
    for problem in problems:
        for likely, choices in FOR_PROBLEM.get(problem.name, []):
            name = next((name for name in choices if name in settled), random.choice(choices))
            if (random.randrange(100) < likely or name in settled) and not _clashes(name, set(taken)):
                taken[name] = (CATALOGUE[name], problem)
    return list(taken.values())


def dosage(medicine: Medicine) -> Json:
    """FHIR Dosage: directions as text, and dose, frequency and route where they can be said exactly."""
    made: Json = {"text": medicine.directions}
    if medicine.times and "week" not in medicine.directions:
        made["timing"] = {"repeat": {"frequency": medicine.times, "period": 1, "periodUnit": "d"}}
    if not medicine.times:
        made["asNeededBoolean"] = True
    if medicine.directions.startswith("Take"):
        made["route"] = concept(CARE["oral"])
    made["doseAndRate"] = [{"doseQuantity": quantity(medicine.dose, medicine.unit)}]
    return made


def add_medicine(
    chart: Chart,
    medicine: Medicine,
    *,
    issued: date,
    by: Json,
    problem: Problem | None = None,
    status: str = "active",
    setting: str = "community",
    course: str = "continuous",
    **more: Any,
) -> str:
    """FHIR MedicationRequest; for a repeat, `issued` is the day of the last issue."""
    amount, unit = medicine.supply.split(" ")
    repeat = course == "continuous" and setting == "community"
    dispense: Json = {
        "quantity": quantity(amount, unit),
        "expectedSupplyDuration": quantity("28" if repeat else "7", "d"),
    }
    if repeat and status == "active":
        dispense |= {"numberOfRepeatsAllowed": 12}
        repeats = extension("MedicationRepeatInformation")
        repeats["extension"] = [
            {"url": "authorisationExpiryDate", "valueDateTime": (issued + timedelta(days=240)).isoformat()}
        ]
        more.setdefault("extension", [repeats])
    why = {"text": problem.text} if problem else None
    return chart.add(
        "MedicationRequest",
        **more,
        status=status,
        intent="order",
        category=[concept(STATUS[f"medicine.{setting}"])],
        medicationCodeableConcept=concept(MEDICINES.get(medicine.name), text=medicine.product),
        authoredOn=issued.isoformat(),
        requester=by,
        reasonCode=[why] if why else None,
        reasonReference=[reference(problem.reference)] if problem and problem.reference else None,
        courseOfTherapyType=concept(STATUS[f"course.{course}"]),
        dosageInstruction=[dosage(medicine)],
        dispenseRequest=dispense,
    )
