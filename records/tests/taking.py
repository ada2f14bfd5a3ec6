"""Small makers of FHIR for the tests of the record store: valid R4, our own wording."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from access.actor import system
from access.models import Organisation
from exchange.fhir.systems import System
from records.ingest import Report, files, ingest

Json = dict[str, Any]
BY = system("test")
NUMBER = "9991234578"  # valid, of the range that is never given out
OTHER_NUMBER = "9992041188"
FAILING_NUMBER = "9991234579"


def patient(
    key: str = "p1",
    *,
    number: str = NUMBER,
    family: str = "Smith",
    given: str = "Jane",
    born: str = "1970-05-01",
    **more: Any,
) -> Json:
    """FHIR Patient with an NHS number, unless it is empty."""
    identifier = [{"system": str(System.NHS_NUMBER), "value": number}] if number else []
    made: Json = {
        "resourceType": "Patient",
        "id": key,
        "name": [{"use": "official", "family": family, "given": [given]}],
    }
    made |= {"birthDate": born} if born else {}
    return made | ({"identifier": identifier} if identifier else {}) | more


def condition(key: str = "c1", of: str = "Patient/p1", **more: Any) -> Json:
    """FHIR Condition of a patient."""
    made = {"resourceType": "Condition", "id": key, "code": {"text": "Asthma"}, "subject": {"reference": of}}
    return made | more


def bundle(kind: str, *resources: Json, urls: Iterable[str] = ()) -> Json:
    """FHIR Bundle; `urls` are the fullUrls of the first entries."""
    entries: list[Json] = [{"resource": one} for one in resources]
    for entry, url in zip(entries, urls, strict=False):
        entry["fullUrl"] = url
    if kind in ("transaction", "batch"):
        for entry in entries:
            entry["request"] = {"method": "POST", "url": entry["resource"]["resourceType"]}
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def write(path: Path, *resources: Json) -> Path:
    """A file: one resource as JSON, several as NDJSON, by the name's ending."""
    lines = [json.dumps(one, ensure_ascii=False) for one in resources]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def take(path: Path, source: Organisation, practice: Organisation | None = None, **more: Any) -> Report:
    """Takes a file or folder in."""
    return ingest(files([path]), source=source, by=BY, practice=practice, report=Report(**more))


def counts(report: Report) -> tuple[int, int, int, int]:
    return report.stored, report.updated, report.unchanged, report.rejected
