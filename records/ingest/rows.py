"""Rows of records_resource, written many at a time: COPY for new ones, one UPDATE for changed ones."""

import json
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection
from django.utils import timezone

from records.kinds import Columns

#: What identifies a row and what it holds, in the order in which it is written.
_FIXED: Final = ("id", "source_id", "type", "source_key", "patient_id", "received_id", "version", "sha256", "body")
_DRAWN: Final = tuple(Columns.__dataclass_fields__)
_COLUMNS: Final = (*_FIXED, *_DRAWN, "stored_at")
_CHANGING: Final = ("patient_id", "received_id", "sha256", "body", *_DRAWN)
_CASTS: Final = {
    "id": "uuid",
    "patient_id": "uuid",
    "received_id": "bigint",
    "date": "timestamptz",
    "detail": "jsonb",
    "category": "varchar[]",
    "security": "varchar[]",
    "tokens": "varchar[]",
}

#: What a change is worded from later: how the row was drawn before.
_WORDS: Final = ("kind", "code", "code_system", "display", "status", "date_written", "value", "unit", "detail")
_WORDED: Final = ", ".join(f"'{name}', {name}" for name in _WORDS)

Row = dict[str, Any]


def row(fixed: Row, columns: Columns) -> Row:
    """One row: what identifies it, and the columns drawn out of it."""
    drawn = {name: getattr(columns, name) for name in _DRAWN}
    drawn["detail"] = json.dumps(drawn["detail"], ensure_ascii=False)
    return fixed | drawn


def insert(rows: Sequence[Row]) -> None:
    """New rows, by COPY."""
    if not rows:
        return
    now = timezone.now()
    columns = ", ".join(f'"{name}"' for name in _COLUMNS)
    with connection.cursor() as cursor, cursor.copy(f"COPY records_resource ({columns}) FROM STDIN") as copy:
        for one in rows:
            copy.write_row([*(one[name] for name in _COLUMNS[:-1]), now])


def update(rows: Sequence[Row], news: Collection[UUID]) -> None:
    """Changed rows: the old body moves to ResourceVersion, the new one takes its place with the next version.

    `news` are the ids of those that now say something else to a clinician.
    """
    ids = [one["id"] for one in rows]
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO records_resourceversion (resource_id, version, body, stored_at, drawn) "  # noqa: S608 own names
            f"SELECT id, version, body, stored_at, jsonb_build_object({_WORDED}) "
            "FROM records_resource WHERE id = ANY(%s)",
            [ids],
        )
    changed = "changed_at = CASE WHEN records_resource.id = ANY(%s) THEN clock_timestamp() ELSE changed_at END"
    _set(rows, _CHANGING, f", version = version + 1, stored_at = clock_timestamp(), {changed}", list(news))


def redraw(rows: Sequence[Row]) -> None:
    """The drawn columns of rows that stay as they are otherwise: no new version, and not stored anew."""
    if rows:
        _set(rows, _DRAWN)


def _set(rows: Sequence[Row], columns: Sequence[str], also: str = "", *values_of_also: Any) -> None:
    """One UPDATE of several rows; `also` is more to set, in SQL."""
    names = ("id", *columns)
    places = ", ".join(f"%s::{_CASTS[name]}" if name in _CASTS else "%s" for name in names)
    sets = ", ".join(f'"{name}" = new."{name}"' for name in columns)
    listed = ", ".join(f'"{name}"' for name in names)
    values = ", ".join([f"({places})"] * len(rows))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE records_resource SET {sets}{also} "  # noqa: S608 - own names
            f"FROM (VALUES {values}) AS new ({listed}) WHERE records_resource.id = new.id",
            [*values_of_also, *(one[name] for one in rows for name in names)],
        )


class Known(NamedTuple):
    """What the store holds of a row."""

    sha256: str
    version: int
    patient: UUID | None
    received: int | None


def known(ids: Iterable[UUID]) -> dict[UUID, Known]:
    """What the store holds of those rows among `ids` that exist."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, sha256, version, patient_id, received_id FROM records_resource WHERE id = ANY(%s)", [list(ids)]
        )
        return {found[0]: Known(*found[1:]) for found in cursor.fetchall()}


def bodies(ids: Iterable[UUID]) -> dict[UUID, str]:
    """The text of those rows among `ids` that exist."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, body FROM records_resource WHERE id = ANY(%s)", [list(ids)])
        return dict(cursor.fetchall())


def names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """What the rows among `ids` are called."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, display FROM records_resource WHERE id = ANY(%s)", [list(ids)])
        return dict(cursor.fetchall())
