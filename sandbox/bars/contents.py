"""Finding one's way in a message: its resources, its entries, where references lead, whom to ring first."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.bars.names import CONTACT_RANK, Json
from sandbox.bars.outcomes import Issue
from sandbox.bars.rules import RULES

_JOURNEY = "Encounter.episodeOfCare.reference"
_KNOWN_STEPS = {step for rule in RULES for step in rule.path.split(".")}


def resources(bundle: Mapping[str, Any], kind: str = "") -> list[Json]:
    """The resources of a bundle, of one type or all. Entries that are no objects are passed over."""
    found = []
    for entry in as_list(bundle.get("entry")):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and kind in ("", resource.get("resourceType")):
            found.append(resource)
    return found


def whole_entries(bundle: Json) -> list[Json]:
    """Entries that have a fullUrl and a resource."""
    return [
        entry
        for entry in as_list(bundle.get("entry"))
        if isinstance(entry, dict) and isinstance(entry.get("fullUrl"), str) and isinstance(entry.get("resource"), dict)
    ]


def dangling(bundle: Json) -> Iterator[Issue]:
    """References that lead to nothing in the message. The journey id (EpisodeOfCare) lives with the sender."""
    urls = {entry["fullUrl"] for entry in whole_entries(bundle)}
    for resource in resources(bundle):
        for path, reference in _references(resource, str(resource.get("resourceType"))):
            if reference not in urls and path != _JOURNEY:
                yield Issue("invariant", "The reference leads to nothing in the message.", _tellable(path))


def _tellable(path: str) -> str:
    """A path in which every word is one of the rules', so that nothing of the message is quoted back."""
    if all(step in _KNOWN_STEPS for step in path.split(".")):
        return path
    return "Bundle.entry.resource.descendants().reference"


def _references(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "reference" and isinstance(value, str):
                yield f"{path}.reference", value
            else:
                yield from _references(value, f"{path}.{key}")
    elif isinstance(node, list):
        for item in node:
            yield from _references(item, path)


def contacts(bundle: Json) -> Iterator[Issue]:
    """Exactly one contact of rank 1, and it has a telephone number (BaRS guide, Patient.contact)."""
    for patient in resources(bundle, "Patient"):
        first = [c for c in as_list(patient.get("contact")) if isinstance(c, dict) and _rank(c) == 1]
        if len(first) != 1:
            yield Issue("invariant", "Exactly one contact must have rank 1.", "Patient.contact.extension")
        elif not any(isinstance(t, dict) and t.get("system") == "phone" for t in as_list(first[0].get("telecom"))):
            yield Issue("required", "The first contact needs a telephone number.", "Patient.contact.telecom.system")


def _rank(contact: Json) -> object:
    for extension in as_list(contact.get("extension")):
        if isinstance(extension, dict) and extension.get("url") == CONTACT_RANK:
            return extension.get("valuePositiveInt")
    return None


def as_list(value: Any) -> list[Any]:
    """A value as a list: none is no item, one is one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
