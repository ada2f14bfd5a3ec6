"""The tables of a partner's store and what one row of them means."""

import json
from dataclasses import dataclass
from typing import Any

from sandbox.bars import names as n
from sandbox.bars.contents import as_list, resources
from sandbox.bars.names import Json

TABLES = """
CREATE TABLE IF NOT EXISTS arrivals (
    n INTEGER PRIMARY KEY, at REAL NOT NULL, request_id TEXT, correlation_id TEXT, bundle_id TEXT,
    sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, status INTEGER, code TEXT);
CREATE TABLE IF NOT EXISTS referrals (
    id TEXT PRIMARY KEY, at REAL NOT NULL, request_id TEXT NOT NULL, correlation_id TEXT NOT NULL,
    bundle_id TEXT NOT NULL, service TEXT NOT NULL, body TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'active',
    version INTEGER NOT NULL DEFAULT 1, changed REAL NOT NULL DEFAULT 0, UNIQUE (request_id, correlation_id));
CREATE TABLE IF NOT EXISTS changes (
    request_id TEXT NOT NULL, correlation_id TEXT NOT NULL, at REAL NOT NULL, referral TEXT NOT NULL REFERENCES
    referrals (id), status TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (request_id, correlation_id));
CREATE TABLE IF NOT EXISTS names (what TEXT NOT NULL, system TEXT NOT NULL, value TEXT NOT NULL, referral TEXT NOT NULL
    REFERENCES referrals (id));
CREATE INDEX IF NOT EXISTS names_by_value ON names (value, what);
CREATE TABLE IF NOT EXISTS answers (
    id TEXT PRIMARY KEY, referral TEXT NOT NULL REFERENCES referrals (id), place INTEGER NOT NULL, kind TEXT NOT NULL,
    due REAL NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', tries INTEGER NOT NULL DEFAULT 0, refusals INTEGER
    NOT NULL DEFAULT 0, status INTEGER, body BLOB, how TEXT NOT NULL DEFAULT '', sent_as TEXT NOT NULL DEFAULT '',
    UNIQUE (referral, place));
CREATE TABLE IF NOT EXISTS seen_assertions (client TEXT NOT NULL, jti TEXT NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (client, jti));
CREATE TABLE IF NOT EXISTS granted (digest TEXT PRIMARY KEY, client TEXT NOT NULL, until REAL NOT NULL,
    scope TEXT NOT NULL);
"""

#: Columns that a store of an earlier version does not have yet.
ADDED = (
    ("referrals", "status", "TEXT NOT NULL DEFAULT 'active'"),
    ("referrals", "version", "INTEGER NOT NULL DEFAULT 1"),
    ("referrals", "changed", "REAL NOT NULL DEFAULT 0"),
    ("answers", "how", "TEXT NOT NULL DEFAULT ''"),
    ("answers", "sent_as", "TEXT NOT NULL DEFAULT ''"),
)


class AlreadyHere(Exception):
    """The same (X-Request-Id, X-Correlation-Id) was accepted before."""


class NotActive(Exception):
    """The referral has ended meanwhile: it cannot be taken back any more."""


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral we accepted; `id` is the id we gave its ServiceRequest.

    `status` is its ServiceRequest.status (active, revoked, entered-in-error, completed), `changed` when it became so
    (epoch seconds), `version` counts that.
    """

    id: str
    correlation_id: str
    bundle_id: str
    service: str
    body: Json
    status: str = "active"
    version: int = 1
    changed: float = 0.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One message we owe; `request_id` is its X-Request-Id and stays the same on every try.

    `how` it is spoilt; one that repeats another ("again") is `sent_as` that one.
    """

    id: str
    referral: str
    place: int
    kind: str
    tries: int
    refusals: int
    body: bytes | None
    how: str = ""
    sent_as: str = ""

    @property
    def request_id(self) -> str:
        """Its X-Request-Id."""
        return self.sent_as or self.id


def referral_from(row: Any) -> Referral:
    """A referral out of its row."""
    head = (row["id"], row["correlation_id"], row["bundle_id"], row["service"], json.loads(row["body"]))
    return Referral(*head, row["status"], row["version"], row["changed"] or row["at"])


def names_of(bundle: Json) -> set[tuple[str, str, str]]:
    """By what a referral can be found: (what, system, value) of its identifiers, its patient's and the message's id."""
    found = {("message", "", str(bundle.get("id")))}
    for what in ("ServiceRequest", "Patient"):
        for resource in resources(bundle, what):
            listed = [one for one in as_list(resource.get("identifier")) if isinstance(one, dict)]
            found |= {(what, n.plain(one.get("system")), str(one.get("value", ""))) for one in listed}
    return found


def answer_from(row: Any) -> Answer:
    """An answer out of its row."""
    names = ("id", "referral", "place", "kind", "tries", "refusals", "how", "sent_as")
    return Answer(**{name: row[name] for name in names}, body=row["body"] or None)
