"""The published BaRS table and examples (example data of others, read where it lies, never copied)."""

import copy
import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

from sandbox.bars.names import Json
from sandbox.bars.rules import LEFT_OUT

BARS = Path(__file__).resolve().parents[3] / "shared" / "data" / "bars"
EXAMPLES = ("REFREQ03", "REFREQ06", "REFREQ07")
present = pytest.mark.skipif(not BARS.is_dir(), reason="no ../shared/data")

SPELLINGS = {
    # how the guide spells a path -> how FHIR does
    "Bundle.entry(s)": "Bundle.entry",
    "Bundle.entry.resourceType": "Bundle.entry.resource.resourceType",
    "MessageHeader.eventcoding": "MessageHeader.eventCoding",
    "ServiceRequest.basedOnreference": "ServiceRequest.basedOn.reference",
    "Patient.meta.LastUpdate": "Patient.meta.lastUpdated",
    "Patient.contact.extension.urlvaluePositiveInt": "Patient.contact.extension.valuePositiveInt",
    "Patient.Communication.Language": "Patient.communication.language",
    "Organization.type.coding.value": "Organization.type.coding.code",
    "Consent.Category": "Consent.category",
}


def fhir_path(element: str) -> str:
    """A path of the guide's table in FHIR's spelling."""
    for published, meant in sorted(SPELLINGS.items(), key=lambda pair: -len(pair[0])):
        if element == published or element.startswith(published + "."):
            return meant + element[len(published) :]
    return element


@lru_cache
def must_rows() -> tuple[str, ...]:
    """The FHIR paths of every MUST row, once each, those the sender never fills in left out."""
    if not BARS.is_dir():
        return ()
    table = json.loads((BARS / "payload-necessity-tables.json").read_text())["BaRS-APP5/Referral-Payload"]
    paths = dict.fromkeys(fhir_path(row["element"]) for row in table if row["necessity"] == "MUST")
    return tuple(path for path in paths if not (path.count(".") == 1 and path.endswith(".id") and path != "Bundle.id"))


@lru_cache
def _text(name: str) -> str:
    return next((BARS / "simplifier" / "Examples").glob(f"{name}_*.json")).read_text()


def example(name: str) -> Json:
    """A published message, e.g. REFREQ06."""
    found: Json = json.loads(_text(name))
    return found


def holders(message: Json, path: str) -> list[Json]:
    """The objects in `message` that hold the last element of `path`."""
    kind, *steps = path.split(".")
    resources = [entry["resource"] for entry in message["entry"]]
    nodes: list[Json] = [message] if kind == "Bundle" else [r for r in resources if r["resourceType"] == kind]
    for step in steps[:-1]:
        nodes = [child for node in nodes for child in _each(node.get(step))]
    return [node for node in nodes if steps[-1] in node]


def _each(value: object) -> list[Json]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]  # type: ignore[list-item]


def without(message: Json, path: str, place: int) -> Json:
    """A copy of `message` with one occurrence of `path` removed."""
    return cut_out(copy.deepcopy(message), path, place)


def cut_out(message: Json, path: str, place: int) -> Json:
    """`message` itself with one occurrence of `path` removed."""
    del holders(message, path)[place][path.rpartition(".")[2]]
    return message


def removals() -> Iterator[tuple[str, str, int]]:
    """(example, path, which occurrence): the first and the last occurrence of each MUST in each example."""
    if not BARS.is_dir():
        return
    for name in EXAMPLES:
        message = example(name)
        for path in must_rows():
            count = len(holders(message, path))
            if path not in LEFT_OUT:
                yield from ((name, path, place) for place in sorted({0, count - 1} if count else ()))
