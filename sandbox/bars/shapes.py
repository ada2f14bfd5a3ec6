"""Whether the parts of a message that the rules read have FHIR's shape: lists, objects and plain values.

Without this a receiver would stumble over a list where FHIR has an object. Source: FHIR R4 element cardinalities.
"""

from collections.abc import Iterator
from typing import Any, Final

from sandbox.bars.names import Json
from sandbox.bars.outcomes import Issue
from sandbox.bars.rules import RULES

_LISTS: Final = frozenset(
    {
        *("Bundle.entry", "MessageHeader.destination", "MessageHeader.focus", "ServiceRequest.basedOn"),
        *("ServiceRequest.category", "ServiceRequest.performer", "ServiceRequest.identifier"),
        *("Encounter.episodeOfCare", "CarePlan.addresses", "CarePlan.activity", "Condition.category"),
        *("Patient.identifier", "Patient.name", "Patient.contact", "Patient.contact.relationship"),
        *("Patient.contact.telecom", "Patient.communication", "Organization.identifier", "Organization.type"),
        *("HealthcareService.identifier", "Consent.category", "Flag.category", "MedicationStatement.reasonCode"),
        *("MedicationStatement.dosage", "AllergyIntolerance.reaction", "AllergyIntolerance.reaction.manifestation"),
    }
)
_OBJECTS: Final = frozenset(
    {
        *("Condition.clinicalStatus", "Condition.verificationStatus", "Observation.code", "AllergyIntolerance.code"),
        *("MedicationStatement.medicationCodeableConcept", "MedicationStatement.dosage.timing.repeat"),
    }
)


def _read() -> tuple[dict[str, type], set[str]]:
    shapes: dict[str, type] = dict.fromkeys(_LISTS, list)
    for rule in RULES:
        steps = rule.path.split(".")
        for end in range(2, len(steps)):
            prefix = ".".join(steps[:end])
            shapes[prefix] = list if prefix in _LISTS or steps[end - 1] in ("coding", "extension") else dict
    leaves = {rule.path for rule in RULES} - set(shapes)
    shapes |= dict.fromkeys(leaves & _OBJECTS, dict)
    lists = {path for path in leaves if path.endswith((".coding", ".extension"))}
    shapes |= dict.fromkeys(lists, list)
    return shapes, leaves - _OBJECTS - lists


_SHAPES, _PLAIN = _read()


def misshapen(bundle: Json) -> Iterator[Issue]:
    """Each part that is a list where FHIR has an object, or the like."""
    yield from _walk(bundle, "Bundle")
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            kind = resource.get("resourceType")
            if isinstance(kind, str):
                yield from _walk(resource, kind)


def _walk(node: Json, path: str) -> Iterator[Issue]:
    for key, value in node.items():
        here = f"{path}.{key}"
        shape = _SHAPES.get(here)
        children: list[Any] = value if isinstance(value, list) else [value]
        if shape is None:
            if here in _PLAIN and not _plain(value, many=key == "profile"):
                yield Issue("structure", "A plain value is expected here.", here)
        elif not isinstance(value, shape) or not all(isinstance(child, dict) for child in children):
            yield Issue("structure", f"{'A list of objects' if shape is list else 'An object'} is expected here.", here)
        elif here != "Bundle.entry.resource":
            for child in children:
                yield from _walk(child, here)


def _plain(value: Any, *, many: bool) -> bool:
    if many:
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    return isinstance(value, str | int | float | bool)
