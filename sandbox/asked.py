"""What the partner itself asked of the practice, and what it was answered: a file of its own beside the messages."""

import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sandbox.bars.headers import Heard
from sandbox.bars.names import Json
from sandbox.bars.requests import Request

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS requests (
    id TEXT PRIMARY KEY, at REAL NOT NULL, kind TEXT NOT NULL, service TEXT NOT NULL, conversation TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL, reason TEXT NOT NULL, starts TEXT NOT NULL, theirs TEXT NOT NULL DEFAULT '',
    stands TEXT NOT NULL DEFAULT 'not taken', over INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS messages (
    request_id TEXT PRIMARY KEY, correlation_id TEXT NOT NULL, request TEXT NOT NULL REFERENCES requests (id),
    act TEXT NOT NULL, at REAL NOT NULL, body BLOB NOT NULL, status INTEGER, code TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS responses (
    request_id TEXT NOT NULL, correlation_id TEXT NOT NULL, request TEXT NOT NULL REFERENCES requests (id),
    at REAL NOT NULL, says TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (request_id, correlation_id));
"""


class Asked:
    """All reading and writing of it, behind one lock."""

    def __init__(self, directory: Path) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(directory / "asked.sqlite3", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        with self._lock:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def begin(self, one: Request, person: str) -> None:
        """Keep a new request; `person` as JSON."""
        row = (one.id, time.time(), one.kind, one.service.id, one.own_id("conversation"), person, one.reason)
        columns = "id, at, kind, service, conversation, person, reason, starts"
        self._do(f"INSERT INTO requests ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, one.starts.isoformat()))  # noqa: S608

    def keep(self, request: str, act: str, ids: tuple[str, str], body: bytes) -> None:
        """Keep a message before its first try, so that every later try sends the same."""
        row = (*ids, request, act, time.time(), body)
        columns = "request_id, correlation_id, request, act, at, body"
        self._do(f"INSERT INTO messages ({columns}) VALUES (?, ?, ?, ?, ?, ?)", row)  # noqa: S608

    def told(self, request_id: str, status: int | None, code: str) -> None:
        """Note what a message was answered at once (None: not at all)."""
        self._do("UPDATE messages SET status = ?, code = ? WHERE request_id = ?", (status, code, request_id))

    def taken(self, request: str, *, theirs: str, act: str) -> None:
        """The practice has the message: under which id, and what we said last."""
        query = "UPDATE requests SET theirs = coalesce(nullif(?, ''), theirs), stands = ?, over = ? WHERE id = ?"
        self._do(query, (theirs, f"sent {act}", int(act in ("revoked", "entered-in-error")), request))

    def one(self, request: str) -> Json | None:
        """A request by our id."""
        found = self._rows("SELECT * FROM requests WHERE id = ?", (request,))
        return found[0] if found else None

    def of_conversation(self, bundle_id: str) -> Json | None:
        """The request that a Bundle.id of ours belongs to."""
        found = self._rows("SELECT * FROM requests WHERE conversation = ?", (bundle_id,))
        return found[0] if found else None

    def last_message(self, request: str) -> Json | None:
        """What was said last of a request: ids, bytes and how it was answered."""
        found = self._rows("SELECT * FROM messages WHERE request = ? ORDER BY at DESC LIMIT 1", (request,))
        return found[0] if found else None

    def has(self, heard: Heard) -> bool:
        """Whether an answer with this pair of ids came before."""
        query = "SELECT 1 FROM responses WHERE request_id = ? AND correlation_id = ?"
        return bool(self._rows(query, (heard.request_id, heard.correlation_id)))

    def answered(self, request: str, heard: Heard, *, says: str, over: bool, body: str) -> bool:
        """Keep an answer and how the request stands by it. False if it came before."""
        row = (heard.request_id, heard.correlation_id, request, time.time(), says, body)
        with self._lock, self._db:
            self._db.execute("BEGIN IMMEDIATE")
            new = self._db.execute("INSERT OR IGNORE INTO responses VALUES (?, ?, ?, ?, ?, ?)", row).rowcount == 1
            if new:
                change = "UPDATE requests SET stands = ?, over = max(over, ?) WHERE id = ?"
                self._db.execute(change, (says, int(over), request))
        return new

    def listed(self) -> list[Json]:
        """Every request with its messages and answers: ids and states, no patient data, no bytes."""
        found = self._rows("SELECT id, at, kind, service, conversation, theirs, stands, over FROM requests ORDER BY at")
        messages = self._rows("SELECT request_id, correlation_id, request, act, at, status, code FROM messages")
        responses = self._rows("SELECT request_id, correlation_id, request, at, says FROM responses")
        for one in found:
            one["messages"] = [each for each in messages if each["request"] == one["id"]]
            one["responses"] = [each for each in responses if each["request"] == one["id"]]
        return found

    def _do(self, query: str, values: Sequence[Any]) -> None:
        with self._lock:
            self._db.execute(query, values)

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Json]:
        with self._lock:
            return [dict(row) for row in self._db.execute(query, values).fetchall()]
