"""The tables of a partner's store and what one row of them means."""

from dataclasses import dataclass
from typing import Any

from sandbox.bars.names import Json

TABLES = """
CREATE TABLE IF NOT EXISTS arrivals (
    n INTEGER PRIMARY KEY, at REAL NOT NULL, request_id TEXT, correlation_id TEXT, bundle_id TEXT,
    sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, status INTEGER, code TEXT);
CREATE TABLE IF NOT EXISTS referrals (
    id TEXT PRIMARY KEY, at REAL NOT NULL, request_id TEXT NOT NULL, correlation_id TEXT NOT NULL,
    bundle_id TEXT NOT NULL, service TEXT NOT NULL, body TEXT NOT NULL, UNIQUE (request_id, correlation_id));
CREATE TABLE IF NOT EXISTS answers (
    id TEXT PRIMARY KEY, referral TEXT NOT NULL REFERENCES referrals (id), place INTEGER NOT NULL, kind TEXT NOT NULL,
    due REAL NOT NULL, state TEXT NOT NULL DEFAULT 'waiting', tries INTEGER NOT NULL DEFAULT 0, refusals INTEGER
    NOT NULL DEFAULT 0, status INTEGER, body BLOB, UNIQUE (referral, place));
CREATE TABLE IF NOT EXISTS seen_assertions (client TEXT NOT NULL, jti TEXT NOT NULL, until REAL NOT NULL,
    PRIMARY KEY (client, jti));
CREATE TABLE IF NOT EXISTS granted (digest TEXT PRIMARY KEY, client TEXT NOT NULL, until REAL NOT NULL,
    scope TEXT NOT NULL);
"""


class AlreadyHere(Exception):
    """The same (X-Request-Id, X-Correlation-Id) was accepted before."""


@dataclass(frozen=True, slots=True)
class Referral:
    """A referral we accepted; `id` is the id we gave its ServiceRequest."""

    id: str
    correlation_id: str
    bundle_id: str
    service: str
    body: Json


@dataclass(frozen=True, slots=True)
class Answer:
    """One message we owe; `id` is its X-Request-Id and stays the same on every try."""

    id: str
    referral: str
    place: int
    kind: str
    tries: int
    refusals: int
    body: bytes | None


def answer_from(row: Any) -> Answer:
    """An answer out of its row."""
    return Answer(
        row["id"], row["referral"], row["place"], row["kind"], row["tries"], row["refusals"], row["body"] or None
    )
