"""What an ingest knows while it runs, and one entry on its way in."""

from dataclasses import dataclass, field
from uuid import UUID

from access.actor import Actor
from access.models import Organisation
from records.drawing import Json
from records.ingest import rows
from records.ingest.naming import Names
from records.ingest.pending import Pending
from records.ingest.reading import Entry
from records.ingest.references import Pointer, Target
from records.ingest.report import Report
from records.models import Patient, Received


@dataclass(slots=True)
class Intake:
    """What an ingest knows while it runs."""

    source: Organisation
    by: Actor
    practice: Organisation | None = None
    received: Received | None = None
    #: This very file was taken in before.
    again: bool = False
    file: str = ""
    report: Report = field(default_factory=Report)
    names: Names = field(default_factory=Names)
    pending: Pending = field(default_factory=Pending)
    #: The source's FHIR base, where it was asked itself.
    base: str = ""
    #: What a reference may name besides what comes along: a full address this source used before -> its row.
    known: dict[str, Target] = field(default_factory=dict)
    #: FHIR Patients of which it is settled already whose they are, and on what grounds: row -> (person, basis).
    whose: dict[UUID, tuple[Patient, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Incoming:
    """One entry on its way in."""

    entry: Entry
    resource: Json
    type: str
    row: UUID
    key: str
    sha256: str
    #: Characters of JSON text.
    length: int
    #: It may refer to something by what it is, not by where: `Patient?identifier=` or a subject's identifier.
    asks: bool
    #: What the store held of it; None for something new.
    before: rows.Known | None = None
    unchanged: bool = False
    pointers: list[Pointer] = field(default_factory=list)
    #: Large data taken out of it: SHA-256 → base64 text.
    kept: dict[str, str] = field(default_factory=dict)
    person: UUID | None = None
    resolved: bool = False
