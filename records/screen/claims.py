"""What one source says of one thing, as the screen needs it: the drawn columns of a Resource, without its text."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from exchange.fhir.systems import System
from records.kinds import RESULTS
from records.models import Resource


@dataclass(frozen=True, slots=True)
class Source:
    """Who said it: the organisation, the letters of its chip, and its kind (practice, hospital, social-care …)."""

    id: int
    letters: str
    name: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of one source. `date_written` is the date as far as the source knew it."""

    id: UUID
    type: str
    kind: str
    source: Source
    code: str = ""
    code_system: str = ""
    display: str = ""
    status: str = ""
    date: dt.datetime | None = None
    date_written: str = ""
    value: str = ""
    unit: str = ""
    stored_at: dt.datetime | None = None
    #: When what a clinician reads of it last changed.
    changed_at: dt.datetime | None = None
    #: Under which id of the person it stands; not that of the record when two were found to be one.
    patient_id: UUID | None = None
    category: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict, hash=False)

    @property
    def coded(self) -> bool:
        return bool(self.code and self.code_system)

    @property
    def of_a_test(self) -> bool:
        """Whether it has a page of its test over time."""
        return self.kind in RESULTS

    @property
    def concept(self) -> tuple[str, str]:
        """What it is by its code; dm+d codes are SNOMED CT codes, under either address one thing."""
        return (str(System.SNOMED) if self.code_system == System.DMD else self.code_system, self.code)

    @property
    def dated(self) -> str | dt.datetime | None:
        """The date to show: as written, else the moment."""
        return self.date_written or self.date


COLUMNS: Final = (
    *("id", "type", "kind", "code", "code_system", "display", "status", "date", "date_written"),
    *("value", "unit", "stored_at", "changed_at", "patient_id", "category", "detail"),
)
SOURCE_COLUMNS: Final = ("source_id", "source__letters", "source__name", "source__kind")


def initials(name: str) -> str:
    """Letters for the chip of an organisation that has none of its own: "Oak Lane Clinic" is OLC."""
    return "".join(word[0] for word in name.split() if word[0].isalpha())[:3].upper() or "?"


def source(pk: int, letters: str, name: str, kind: str) -> Source:
    return Source(pk, letters or initials(name), name, kind)


def claims(rows: QuerySet[Resource]) -> Iterator[Claim]:
    """The rows as claims, in their order, in one query that leaves the resources' text where it is."""
    for row in rows.values_list(*SOURCE_COLUMNS, *COLUMNS):
        yield _claim(row)


def claims_with(rows: QuerySet[Resource], *names: str) -> Iterator[tuple[Any, ...]]:
    """The same, each followed by annotations of its row."""
    for row in rows.values_list(*names, *SOURCE_COLUMNS, *COLUMNS):
        yield (_claim(row[len(names) :]), *row[: len(names)])


def _claim(row: Iterable[Any]) -> Claim:
    pk, letters, name, kind, *values = row
    known = dict(zip(COLUMNS, values, strict=False))
    known["category"] = tuple(known["category"] or ())
    return Claim(source=source(pk, letters, name, kind), **known)
