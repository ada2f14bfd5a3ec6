"""The partner's own small database (SQLite): what arrived, what was accepted, what is still to be answered."""

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from sandbox.bars.headers import Heard
from sandbox.bars.names import Json, plain
from sandbox.partner import Planned
from sandbox.rows import (
    ADDED,
    TABLES,
    AlreadyHere,
    Answer,
    NotActive,
    Referral,
    answer_from,
    names_of,
    referral_from,
)

#: What an answer of ours makes of a referral (ServiceRequest.status).
ENDS = {"rejected": "revoked", "completed": "completed", "outcome": "completed", "letter": "completed"}
_WITH_IDS = tuple(
    f"SELECT 1 FROM {table} WHERE request_id = ? AND correlation_id = ?"  # noqa: S608 (our own table names)
    for table in ("referrals", "changes")
)


class Store:
    """All reading and writing. One connection behind a lock: partners see a handful of messages, not thousands."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(directory / "sandbox.sqlite3", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        with self._lock:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")  # safe against a killed process, which is what we test
            self._db.executescript(TABLES)
            self._grow()

    def _grow(self) -> None:
        """Bring a store that an earlier version made up to date."""
        for table, column, kind in ADDED:
            there = {str(row["name"]) for row in self._db.execute(f"PRAGMA table_info({table})")}
            if column not in there:
                self._db.execute(f"ALTER TABLE {table} ADD COLUMN {column} {kind}")
        unnamed = "SELECT id, body FROM referrals r WHERE NOT EXISTS (SELECT 1 FROM names WHERE referral = r.id)"
        for row in self._db.execute(unnamed).fetchall():
            self._name(row["id"], json.loads(row["body"]))

    def _name(self, referral_id: str, body: Json) -> None:
        named = [(*name, referral_id) for name in names_of(body)]
        self._db.executemany("INSERT INTO names (what, system, value, referral) VALUES (?, ?, ?, ?)", named)

    def close(self) -> None:
        """Close the file; whoever still writes gets sqlite3.ProgrammingError."""
        with self._lock:
            self._db.close()

    def arrived(self, *, sha256: str, size: int, request_id: str | None, correlation_id: str | None) -> int:
        """Count one request to $process-message before it is looked at; gives its number."""
        with self._lock:
            row = self._db.execute(
                "INSERT INTO arrivals (at, request_id, correlation_id, sha256, bytes) VALUES (?, ?, ?, ?, ?)",
                (time.time(), request_id, correlation_id, sha256, size),
            )
            return int(row.lastrowid or 0)

    def answered(self, number: int, *, status: int, code: str, bundle_id: str | None) -> None:
        """Note what an arrival was answered."""
        with self._lock:
            self._db.execute(
                "UPDATE arrivals SET status = ?, code = ?, bundle_id = ? WHERE n = ?", (status, code, bundle_id, number)
            )

    def has(self, heard: Heard) -> bool:
        """Whether this pair of ids was accepted before."""
        ids = (heard.request_id, heard.correlation_id)
        with self._lock:
            return any(self._db.execute(query, ids).fetchone() for query in _WITH_IDS)

    def accept(self, referral: Referral, *, request_id: str, plan: Sequence[Planned]) -> None:
        """Keep a referral and plan its answers, in one transaction. Raises AlreadyHere on a repeat."""
        now = time.time()
        text = json.dumps(referral.body, ensure_ascii=False, separators=(",", ":"))
        kept = (referral.id, now, request_id, referral.correlation_id, referral.bundle_id, referral.service, text)
        columns = "id, at, request_id, correlation_id, bundle_id, service, body"
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.execute(f"INSERT INTO referrals ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", kept)  # noqa: S608
            except sqlite3.IntegrityError:
                raise AlreadyHere from None
            self._name(referral.id, referral.body)
            self._plan(referral.id, plan, due=now, after=0)

    def _plan(self, referral_id: str, plan: Sequence[Planned], *, due: float, after: int) -> None:
        last = ""
        for place, planned in enumerate(plan, start=after + 1):
            due += planned.seconds
            sent_as, last = (last, last) if planned.how == "again" else ("", str(uuid.uuid4()))
            self._db.execute(
                "INSERT INTO answers (id, referral, place, kind, due, how, sent_as) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (str(uuid.uuid4()) if sent_as else last, referral_id, place, planned.kind, due, planned.how, sent_as),
            )

    def referral(self, referral_id: str) -> Referral | None:
        """A referral by the id we gave it."""
        with self._lock:
            row = self._db.execute("SELECT * FROM referrals WHERE id = ?", (referral_id,)).fetchone()
        return referral_from(row) if row else None

    def named(self, what: str, system: str | None, value: str) -> list[Referral]:
        """Referrals with an identifier ("ServiceRequest"), of a patient ("Patient") or out of a "message", by value."""
        query = (
            "SELECT DISTINCT r.* FROM referrals r JOIN names n ON n.referral = r.id WHERE n.value = ? AND n.what = ?"
        )
        with self._lock:
            if system is None:
                rows = self._db.execute(f"{query} ORDER BY r.at", (value, what)).fetchall()
            else:
                with_system = f"{query} AND n.system = ? ORDER BY r.at"
                rows = self._db.execute(with_system, (value, what, plain(system))).fetchall()
        return [referral_from(row) for row in rows]

    def end(self, referral: Referral, *, status: str, body: Json, heard: Heard) -> Referral:
        """Take a referral back at its sender's wish; what was still to be answered is dropped. One transaction.

        Raises NotActive if it has ended already, AlreadyHere on a repeat.
        """
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            row = (heard.request_id, heard.correlation_id, time.time(), referral.id, status, text)
            try:
                self._db.execute("INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise AlreadyHere from None
            if not self._becomes(referral.id, status):
                raise NotActive
            self._db.execute(
                "UPDATE answers SET state = 'dropped' WHERE referral = ? AND state <> 'delivered'", (referral.id,)
            )
            ended = self._db.execute("SELECT * FROM referrals WHERE id = ?", (referral.id,)).fetchone()
        return referral_from(ended)

    def _becomes(self, referral_id: str, status: str) -> bool:
        """An active referral gets its last status; False if it had one."""
        done = self._db.execute(
            "UPDATE referrals SET status = ?, version = version + 1, changed = ? WHERE id = ? AND status = 'active'",
            (status, time.time(), referral_id),
        )
        return done.rowcount == 1

    def next_due(self) -> tuple[Answer | None, float | None]:
        """The answer to send now, and else the time (epoch seconds) at which the next one is due.

        Answers of one referral go in order: a later one waits until those before it are no longer waiting.
        """
        with self._lock:
            row = self._db.execute(
                "SELECT * FROM answers a WHERE state = 'waiting' AND NOT EXISTS (SELECT 1 FROM answers b WHERE"
                " b.referral = a.referral AND b.place < a.place AND b.state = 'waiting') ORDER BY due LIMIT 1"
            ).fetchone()
        if row is None:
            return None, None
        if row["due"] > time.time():
            return None, float(row["due"])
        return answer_from(row), None

    def keep_body(self, answer: Answer, body: bytes) -> None:
        """Keep the bytes of an answer before its first try, so that every later try sends the same."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("UPDATE answers SET body = ? WHERE id = ? AND body IS NULL", (body, answer.id))
            if answer.kind in ENDS:
                self._becomes(answer.referral, ENDS[answer.kind])

    def tried(self, answer: Answer, *, state: str, status: int | None, due: float, refused: bool) -> None:
        """Note one try: its HTTP status (None: no answer at all), the new state and when to try again."""
        with self._lock:
            self._db.execute(
                "UPDATE answers SET state = ?, status = ?, due = ?, tries = tries + 1, refusals = refusals + ?"
                " WHERE id = ? AND state = 'waiting'",
                (state, status, due, int(refused), answer.id),
            )

    def hasten(self, referral_id: str, kind: str) -> bool:
        """Make the answer `kind`, and those that come before it, due now. False if there is none left to send."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute(
                "SELECT place FROM answers WHERE referral = ? AND kind = ? AND state IN ('waiting', 'refused')"
                " ORDER BY place",
                (referral_id, kind),
            ).fetchone()
            if row is None:
                return False
            self._db.execute(
                "UPDATE answers SET due = ?, state = 'waiting', refusals = 0"
                " WHERE referral = ? AND place <= ? AND state IN ('waiting', 'refused')",
                (time.time(), referral_id, row["place"]),
            )
        return True

    def replan(self, referral_id: str, plan: Sequence[Planned]) -> bool:
        """Drop what is still to be answered and answer so instead, at once. False once it has ended or was booked."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            rows = self._db.execute(
                "SELECT a.place, a.kind, a.state FROM answers a JOIN referrals r ON r.id = a.referral"
                " WHERE a.referral = ? AND r.status = 'active'",
                (referral_id,),
            ).fetchall()
            done = {row["kind"] for row in rows if row["state"] == "delivered"}
            if not rows or done - {"accepted", "asked"}:
                return False
            self._db.execute(
                "UPDATE answers SET state = 'dropped' WHERE referral = ? AND state <> 'delivered'", (referral_id,)
            )
            at_once = [replace(one, seconds=0) for one in plan]
            self._plan(referral_id, at_once, due=time.time(), after=max(row["place"] for row in rows))
        return True

    def bytes_sent(self, answer_id: str) -> bytes | None:
        """The bytes of an answer, if it was written."""
        with self._lock:
            row = self._db.execute("SELECT body FROM answers WHERE id = ?", (answer_id,)).fetchone()
        return row["body"] or None if row else None

    def listed(self, query: str) -> list[Json]:
        """Rows for the page and the JSON list; `query` is one of this package's own SELECTs."""
        with self._lock:
            return [dict(row) for row in self._db.execute(query).fetchall()]

    def first_sight(self, client: str, jti: str, until: float) -> bool:
        """Whether this assertion id is new; remembers it until it would have expired anyway."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM seen_assertions WHERE until < ?", (time.time(),))
            row = self._db.execute("INSERT OR IGNORE INTO seen_assertions VALUES (?, ?, ?)", (client, jti, until))
            return row.rowcount == 1

    def keep_token(self, digest: str, client: str, until: float, scope: str) -> None:
        """Remember an access token by its SHA-256, and what it opens."""
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("DELETE FROM granted WHERE until < ?", (time.time(),))
            self._db.execute("INSERT INTO granted VALUES (?, ?, ?, ?)", (digest, client, until, scope))

    def token_client(self, digest: str, scope: str) -> str | None:
        """Whose access token this is, if it still holds and opens `scope`."""
        with self._lock:
            row = self._db.execute(
                "SELECT client, scope FROM granted WHERE digest = ? AND until > ?", (digest, time.time())
            ).fetchone()
        return str(row["client"]) if row and scope in row["scope"].split() else None
