"""The published BaRS payload for pharmacies (APP5), read by our tests: which MUST rows a message does not meet."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TABLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "bars" / "payload-necessity-tables.json"
APP5 = "BaRS-APP5/Referral-Payload"

#: The guide's slips of the pen -> the element meant.
_MEANT = {
    "basedOnreference": "basedOn.reference",
    "subjectreference": "subject.reference",
    "PractitionerRole.Organization": "PractitionerRole.organization",
    "eventcoding": "eventCoding",
    "Bundle.entry.resourceType": "Bundle.entry.resource.resourceType",
    "urlvaluePositiveInt": "valuePositiveInt",
    "LastUpdate": "lastUpdated",
    "Consent.Category": "Consent.category",
    "Communication.Language": "communication.language",
    "Patient.Communication": "Patient.communication",
    "Organization.type.coding.value": "Organization.type.coding.code",
    "Bundle.entry(s)": "Bundle.entry",
}


def example(begins: str) -> dict[str, Any]:
    """A published example message, by how its file name begins ("REFREQ06")."""
    found = next((TABLES.parent / "simplifier" / "Examples").glob(f"{begins}_*.json"))
    message: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    return message


def must_rows(table: str = APP5) -> list[str]:
    """The elements that a message must have."""
    rows = json.loads(TABLES.read_text(encoding="utf-8"))[table]
    found = []
    for row in rows:
        path = str(row["element"]).strip()
        for slip, meant in _MEANT.items():
            path = path.replace(slip, meant) if not path.endswith("lastUpdated") else path
        if (row["necessity"].startswith("MUST") and not path.endswith(".id")) or path == "Bundle.id":
            found.append(path)
    return sorted(set(found))


def _parents(message: dict[str, Any], path: list[str]) -> Iterator[Any]:
    kind, *steps = path
    nodes: list[Any] = (
        [message]
        if kind == "Bundle"
        else [e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == kind]
    )
    for step in steps[:-1]:
        values = [node.get(step) for node in nodes if isinstance(node, dict)]
        nodes = [
            one for value in values if value is not None for one in (value if isinstance(value, list) else [value])
        ]
    yield from nodes


def musts(message: dict[str, Any], table: str = APP5) -> tuple[list[str], int]:
    """The MUST rows that are not met, and how often one is."""
    missing, met = [], 0
    for path in must_rows(table):
        for parent in _parents(message, path.split(".")):
            if isinstance(parent, dict) and parent.get(path.split(".")[-1]) in (None, "", [], {}):
                missing.append(path)
            else:
                met += 1
    return missing, met
