"""Whose record each resource of a batch belongs to, and which of its references must wait."""

from collections.abc import Sequence
from uuid import UUID

from records import kinds
from records.ingest.intake import Incoming, Intake
from records.ingest.references import Scope
from records.people.matching import Decision


def give_to_people(intake: Intake, batch: list[Incoming], scope: Scope, decisions: dict[UUID, Decision]) -> None:
    """Sets whose record each resource belongs to, as far as that Patient is known."""
    patients = {one.row: _patient_row(one, scope) for one in batch}
    people = {row: decision.patient.pk for row, decision in decisions.items()}
    people |= intake.names.people(row for row in patients.values() if row and row not in people)
    intake.names.remember_people(people)
    for one in batch:
        row = patients[one.row]
        one.person = people.get(row) if row else None


def _patient_row(one: Incoming, scope: Scope) -> UUID | None:
    """The row of the FHIR Patient a resource is about."""
    if one.type == "Patient":
        return one.row
    found = kinds.subject(one.resource)
    if found is None:
        return None
    path, reference = found
    for pointer in one.pointers:
        if pointer.path == f"{one.type}.{path}":
            return pointer.target if pointer.type == "Patient" else None
    if "reference" in reference:
        return None
    return scope.patient_by_identifier(reference)


def leave_waiting(intake: Intake, batch: Sequence[Incoming]) -> None:
    """References to what is neither in the batch nor remembered are looked at when everything is in."""
    here = {one.row for one in batch}
    for one in batch:
        for pointer in one.pointers:
            if pointer.target is None or not (pointer.target in here or intake.names.knows(pointer.target)):
                intake.pending.wait(one.row, pointer.target, pointer.type, pointer.path)
        if one.person is None and _about_somebody(one):
            intake.pending.wait(one.row, None, "", f"{one.type}.{(kinds.subject(one.resource) or ('', {}))[0]}")


def _about_somebody(one: Incoming) -> bool:
    """Whether a resource names a patient whom no row can be: contained, or by an identifier that nobody bears."""
    found = kinds.subject(one.resource)
    if found is None:
        return False
    written = found[1].get("reference")
    return str(written).startswith("#") if written else "identifier" in found[1]
