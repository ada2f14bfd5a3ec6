"""The partner's own records (FHIR R4), each resource kept as the text it came as: numbers stay as they were written."""

import json
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sandbox.bars.names import Json

#: What is loaded on the first start, if it lies in the data folder: one resource a line.
FIRST_FILE: Final = "records.ndjson"
_SUBJECTS: Final = ("subject", "patient", "beneficiary", "individual", "for")
_REFERENCE: Final = re.compile(r'"reference":\s*"([A-Za-z]+)/([A-Za-z0-9\-.]{1,64})"')
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS records (
    type TEXT NOT NULL, id TEXT NOT NULL, patient TEXT NOT NULL, updated REAL NOT NULL, version INTEGER NOT NULL,
    identifiers TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (type, id));
CREATE INDEX IF NOT EXISTS records_of_patient ON records (patient, type, id);
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """One resource: `patient` is the id of the Patient it is about ("" for nobody), `updated` epoch seconds."""

    type: str
    id: str
    patient: str
    updated: float
    version: int
    body: str


class Records:
    """All reading and writing of records, in a file of their own beside the messages."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(directory / "records.sqlite3", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        with self._lock:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_TABLE)
        first = directory / FIRST_FILE
        if first.exists() and not self._select("SELECT 1 FROM records LIMIT 1"):
            with first.open(encoding="utf-8") as lines:
                self.load(lines)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def load(self, lines: Iterable[str]) -> int:
        """Take in NDJSON, all of it or nothing; what is there already is replaced. Raises ValueError, KeyError."""
        rows = [_row(line.strip(), time.time()) for line in lines if line.strip()]
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT INTO records VALUES (:type, :id, :patient, :updated, 1, :identifiers, :body)"
                " ON CONFLICT (type, id) DO UPDATE SET patient = excluded.patient, updated = excluded.updated,"
                " version = version + 1, identifiers = excluded.identifiers, body = excluded.body"
                " WHERE body <> excluded.body",
                rows,
            )
        return len(rows)

    def one(self, type_name: str, record_id: str) -> Kept | None:
        """A resource by type and id."""
        found = self._kept("SELECT * FROM records WHERE type = ? AND id = ?", (type_name, record_id))
        return found[0] if found else None

    def identified(self, type_name: str, identifier: str) -> list[Kept]:
        """Those that carry an identifier, `system|value` or only `value`."""
        before = "\n" if "|" in identifier else "|"
        query = "SELECT * FROM records WHERE type = ? AND identifiers LIKE ? ESCAPE '!' ORDER BY id"
        return self._kept(query, (type_name, f"%{before}{_escaped(identifier)}\n%"))

    def of_patient(self, patient: str, type_name: str = "", since: float = 0.0) -> list[Kept]:
        """What is about a patient and was changed since, of one type or of all."""
        query = "SELECT * FROM records WHERE patient = ? AND (? = '' OR type = ?) AND updated >= ? ORDER BY"
        return self._kept(f"{query} type <> 'Patient', type, id", (patient, type_name, type_name, since))

    def referred_to(self, from_these: Sequence[Kept]) -> list[Kept]:
        """What those refer to and is about nobody: who did it, where, for which organisation."""
        named = sorted({match for one in from_these for match in _REFERENCE.findall(one.body)})
        found = [self.one(type_name, record_id) for type_name, record_id in named]
        return [one for one in found if one is not None and not one.patient]

    def anybody_else(self, patient: str) -> Kept | None:
        """A resource about another patient than this one."""
        query = "SELECT * FROM records WHERE patient NOT IN ('', ?) AND type <> 'Patient' ORDER BY type, id LIMIT 1"
        found = self._kept(query, (patient,))
        return found[0] if found else None

    def count(self) -> tuple[int, int]:
        """(patients, resources)."""
        query = "SELECT COALESCE(SUM(type = 'Patient'), 0) AS patients, COUNT(*) AS total FROM records"
        row = self._select(query)[0]
        return int(row["patients"]), int(row["total"])

    def types(self) -> list[str]:
        """The types of what is about patients."""
        query = "SELECT DISTINCT type FROM records WHERE patient <> '' AND type <> 'Patient' ORDER BY type"
        return [str(row["type"]) for row in self._select(query)]

    def add_result(self, nhs_number: str, value: str, now: str) -> str:
        """Add a potassium result for a patient, and give its id. Raises ValueError for an unknown patient or value."""
        number = nhs_number.replace(" ", "")
        known = self.identified("Patient", number) if number else []
        if not known or not re.fullmatch(r"\d{1,2}(\.\d{1,2})?", value):
            raise ValueError("no such patient, or no such value")
        made = str(uuid.uuid4())
        self.load([_potassium(made, known[0].id, value, now)])
        return made

    def _select(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._db.execute(query, values).fetchall()

    def _kept(self, query: str, values: Sequence[object]) -> list[Kept]:
        names = ("type", "id", "patient", "updated", "version", "body")
        return [Kept(*(row[name] for name in names)) for row in self._select(query, values)]


def _row(line: str, now: float) -> Json:
    resource = json.loads(line)
    type_name, record_id = str(resource["resourceType"]), str(resource["id"])
    identifiers = [f"{one.get('system', '')}|{one.get('value', '')}" for one in resource.get("identifier") or []]
    return {
        "type": type_name,
        "id": record_id,
        "patient": record_id if type_name == "Patient" else _about(resource),
        "updated": now,
        "identifiers": "\n" + "".join(f"{one}\n" for one in identifiers),
        "body": line,
    }


def _about(resource: Json) -> str:
    named = [resource.get(element) for element in _SUBJECTS]
    named += [one.get("actor") for one in resource.get("participant") or [] if isinstance(one, dict)]
    for one in named:
        written = str(one.get("reference", "")) if isinstance(one, dict) else ""
        if written.startswith("Patient/"):
            return written.removeprefix("Patient/")
    return ""


def _escaped(text: str) -> str:
    return text.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _potassium(record_id: str, patient: str, value: str, now: str) -> str:
    """FHIR Observation as text, so that the value stays as it was written."""
    unit = {"unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
    category = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}
    codes = [
        {"system": "http://snomed.info/sct", "code": "1000651000000109", "display": "Serum potassium level"},
        {"system": "http://loinc.org", "code": "2823-3", "display": "Potassium [Moles/volume] in Serum or Plasma"},
    ]
    resource = {
        "resourceType": "Observation",
        "id": record_id,
        "status": "final",
        "category": [{"coding": [category]}],
        "code": {"coding": codes, "text": "Potassium"},
        "effectiveDateTime": now,
        "issued": now,
        "subject": {"reference": f"Patient/{patient}"},
        "valueQuantity": {"value": "VALUE", **unit},
        "referenceRange": [{"low": {"value": 3.5, **unit}, "high": {"value": 5.3, **unit}, "text": "3.5-5.3"}],
    }
    return json.dumps(resource, ensure_ascii=False, separators=(",", ":")).replace('"VALUE"', value)
