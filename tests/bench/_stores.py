"""Stores of several sizes for `./gp bench record`: databases beside ours, filled by copying the demonstration.

Every store holds the demonstration's longest patient and its ordinary ones under their own ids; the rest are copies
with ids computed from theirs, their resources repeated with other dates until the size is reached. Written by
`INSERT … SELECT` as the owner; the application that is measured reads them as its own role.
"""

import os
import sys
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import psycopg
from psycopg import sql

#: What is copied, in the order in which foreign keys want it -> columns that a copy has of its own.
_NEW_PATIENT: Final = "md5(patient_id::text || ':' || %(copy)s)::uuid"
_SAME: Final = "(CASE WHEN %(copy)s = 0 THEN {0} ELSE {1} END)"
TABLES: Final[dict[str, dict[str, str]]] = {
    "records_patient": {
        "id": _SAME.format("id", "md5(id::text || ':' || %(copy)s)::uuid"),
        "nhs_number": _SAME.format("nhs_number", "''"),
    },
    "records_resource": {
        "id": _SAME.format("id", "md5(id::text || ':' || %(copy)s || ':' || turn)::uuid"),
        "patient_id": _SAME.format("patient_id", _NEW_PATIENT),
        "source_key": _SAME.format("source_key", "left(source_key, 200) || ':' || %(copy)s || ':' || turn"),
        "date": "date - turn * interval '37 days'",
    },
    "records_patientlink": {
        "patient_id": _SAME.format("patient_id", _NEW_PATIENT),
        "source_key": _SAME.format("source_key", "left(source_key, 200) || ':' || %(copy)s"),
        "resource_id": _SAME.format("resource_id", "md5(resource_id::text || ':' || %(copy)s || ':0')::uuid"),
    },
    "records_relationship": {"patient_id": _SAME.format("patient_id", _NEW_PATIENT)},
    "records_letter": {
        "id": _SAME.format("id", "md5(id::text || ':' || %(copy)s)::uuid"),
        "patient_id": _SAME.format("patient_id", _NEW_PATIENT),
        "document_id": _SAME.format("document_id", "md5(document_id::text || ':' || %(copy)s || ':0')::uuid"),
    },
}
_PER_PATIENT: Final = 100
_FIRST: Final = 100  # as many patients are in the smallest store
_MIDDLE: Final = (
    "SELECT kept.patient_id FROM kept_records_resource AS kept JOIN places ON person = kept.patient_id "
    "JOIN kept_records_relationship AS reach ON reach.patient_id = person "
    f"WHERE reach.kind = 'registered' AND person <> %s AND place <= {_FIRST} "
    f"GROUP BY 1 ORDER BY count(*), 1 LIMIT 1 OFFSET {_FIRST * 2 // 5}"
)


@dataclass(frozen=True, slots=True)
class Store:
    """One filled database: its name, what it holds, and the patients that are opened."""

    name: str
    resources: int
    patients: int
    longest: UUID
    #: The patient with the middle number of resources, the same in every store.
    ordinary_kept: UUID
    #: Ordinary patients, spread over the whole store.
    ordinary: tuple[UUID, ...]


def url_of(database: str, variable: str = "DATABASE_URL") -> str:
    """The address of a database beside ours, for the role of `variable`."""
    parts = urlsplit(os.environ[variable])
    return urlunsplit(parts._replace(path=f"/{database}"))


def _owner(database: str) -> psycopg.Connection[Any]:
    return psycopg.connect(url_of(database, "DATABASE_OWNER_URL"), autocommit=True)


def make(template: str, sizes: list[int]) -> list[Store]:
    """A store of each size beside `template`, a seeded database to which nobody is connected."""
    stores = []
    for size in sizes:
        began = time.monotonic()
        name = f"{template}_{size}"
        with _owner("postgres") as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
            )
        with _owner(name) as store:
            stores.append(_fill(store, name, size))
        sys.stdout.write(
            f"{stores[-1].resources:,} resources of {stores[-1].patients:,} patients stored "
            f"in {time.monotonic() - began:.0f} s\n"
        )
        sys.stdout.flush()
    return stores


def _fill(store: psycopg.Connection[Any], name: str, size: int) -> Store:
    longest = _set_aside(store)
    middle = _one(store, _MIDDLE, [longest])
    wanted = size // _PER_PATIENT
    people = _one(store, "SELECT count(*) FROM kept_records_patient")
    each = _one(store, "SELECT count(*) FROM kept_records_resource WHERE patient_id <> %s", [longest])
    copies = max(1, -(-wanted // people))
    for copy in range(copies):
        limit = min(people, wanted - copy * people)
        left = size - _one(store, "SELECT count(*) FROM records_resource")
        turns = 1 if copy == 0 else max(1, round(left / (copies - copy) / each))
        _copy(store, copy, limit, turns, longest)
    # What can be searched is kept of the demonstration's own entries, the longest record among them.
    store.execute(
        "INSERT INTO records_searchtext SELECT kept.* FROM kept_records_searchtext AS kept "
        "JOIN records_resource ON records_resource.id = kept.resource_id"
    )
    for table in (*TABLES, "records_searchtext"):
        store.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"kept_{table}")))
    store.execute("VACUUM (ANALYZE)")
    ordinary = store.execute(
        "SELECT patient_id FROM records_resource JOIN records_relationship AS reach USING (patient_id) "
        "WHERE reach.kind = 'registered' AND reach.until IS NULL GROUP BY patient_id "
        "HAVING count(*) BETWEEN 20 AND 120 ORDER BY md5(patient_id::text) LIMIT 400"
    ).fetchall()
    return Store(
        name,
        _one(store, "SELECT count(*) FROM records_resource"),
        _one(store, "SELECT count(*) FROM records_patient"),
        longest,
        middle,
        tuple(row[0] for row in ordinary),
    )


def _set_aside(store: psycopg.Connection[Any]) -> UUID:
    """Moves what is to be copied out of the way, numbers the patients, empties the tables; gives the longest record."""
    for table in (*TABLES, "records_searchtext"):
        store.execute(
            sql.SQL("CREATE UNLOGGED TABLE {} AS SELECT * FROM {}").format(
                sql.Identifier(f"kept_{table}"), sql.Identifier(table)
            )
        )
    longest: UUID = _one(
        store, "SELECT patient_id FROM records_resource WHERE patient_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC"
    )
    store.execute(
        "CREATE UNLOGGED TABLE places AS SELECT id AS person, row_number() OVER (ORDER BY id <> %s, id) AS place "
        "FROM records_patient",
        [longest],
    )
    store.execute("TRUNCATE records_patient CASCADE")
    return longest


def _copy(store: psycopg.Connection[Any], copy: int, limit: int, turns: int, longest: UUID) -> None:
    """One copy of the first `limit` patients; of all but the longest record each resource `turns` times."""
    values = {"copy": copy, "limit": limit, "turns": turns, "longest": longest}
    for table, own in TABLES.items():
        columns = _columns(store, table)
        shown = [sql.SQL(own.get(c, f'"{c}"').replace("%(copy)s", str(copy))) for c in columns]
        patient = "id" if table == "records_patient" else "patient_id"
        store.execute(
            sql.SQL(
                "INSERT INTO {table} ({columns}) SELECT {shown} FROM {kept} JOIN places ON places.person = {kept}."
                + patient
                + " CROSS JOIN LATERAL generate_series(0, CASE WHEN places.person = %(longest)s THEN 0 ELSE "
                + ("%(turns)s - 1" if table == "records_resource" else "0")
                + " END) AS turn WHERE place <= %(limit)s"
            ).format(
                table=sql.Identifier(table),
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                shown=sql.SQL(", ").join(shown),
                kept=sql.Identifier(f"kept_{table}"),
            ),
            values,
        )


def _columns(store: psycopg.Connection[Any], table: str) -> list[str]:
    """The columns a copy writes: not those the database computes or counts itself."""
    rows = store.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER' "
        "AND is_identity = 'NO' ORDER BY ordinal_position",
        [table],
    )
    return [row[0] for row in rows]


def _one(store: psycopg.Connection[Any], query: str, values: list[Any] | None = None) -> Any:
    row = store.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]
