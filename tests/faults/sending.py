"""A small sender of letters that keeps BaRS's rule: the same ids and bytes again until there is an answer that counts.

It is the hospital as we meet it: its key, its tokens, its letters, made by the sandbox's own parts.
"""

import json
import random
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import httpx

from sandbox import hospital, letters
from sandbox.bars import headers
from sandbox.bars import names as n
from sandbox.bars.messages import Case
from sandbox.partner import SOFTWARE, SOFTWARE_VERSION
from sandbox.tests import golden
from sandbox.tokens import NoToken, Purse, own_key

#: Pauses before the next try, in seconds; the last one repeats.
PAUSES: Final = (0.5, 1.0, 2.0, 3.0)
#: What may pass, BaRS Transactional-integrity; everything without an OperationOutcome is repeated too.
AGAIN: Final = frozenset({401, 408, 425, 429, 502, 503, 504})
SERVICE: Final = "9000000201"


@dataclass(frozen=True, slots=True)
class Whom:
    """The patient a letter is about."""

    nhs_number: str
    family: str
    given: str
    birth_date: str


@dataclass(slots=True)
class Posted:
    """One letter: ids and bytes are fixed when it is made."""

    request_id: str
    correlation_id: str
    content: bytes
    undeliverable: bool
    tries: int = 0
    #: HTTP status that settled it: 200, or 409 when an earlier try had arrived; another is a refusal.
    ended: int | None = None


def letter(whom: Whom | None, number: int) -> Posted:
    """A letter about somebody, or (None) about somebody whom the practice does not know."""
    message = golden.referral(SERVICE, golden.HOSPITAL_CASE, hospital.PARTNER.version)
    if whom is not None:
        for entry in message["entry"]:
            if entry["resource"]["resourceType"] == "Patient":
                entry["resource"] |= _patient(whom)
            if entry["resource"]["resourceType"] == "Condition":
                entry["resource"]["code"]["text"] = f"Breathless on stairs, visit {number}"
    made = letters.letter(Case(hospital.PARTNER, str(uuid.uuid4()), SERVICE, message))
    content = json.dumps(made, ensure_ascii=False).encode()
    return Posted(str(uuid.uuid4()), str(uuid.uuid4()), content, undeliverable=whom is None)


def _patient(whom: Whom) -> dict[str, Any]:
    return {
        "identifier": [{"system": n.NHS_NUMBER, "value": whom.nhs_number}],
        "name": [{"use": "official", "family": whom.family, "given": [whom.given]}],
        "birthDate": whom.birth_date,
    }


@dataclass(slots=True)
class Sender:
    """Sends from several threads at once, each with a token of its own, until every letter is settled."""

    gpportal: str
    #: The hospital's folder, in which its key stands.
    folder: Path
    seed: int
    threads: int = 3
    _queue: "SimpleQueue[Posted]" = field(default_factory=SimpleQueue)
    _stopped: threading.Event = field(default_factory=threading.Event)
    settled: int = 0

    def start(self) -> None:
        """Begin; nothing is sent before `post`."""
        for number in range(self.threads):
            threading.Thread(target=self._run, args=(number,), name="sender", daemon=True).start()

    def post(self, one: Posted) -> None:
        """Send a letter when a thread is free."""
        self._queue.put(one)

    def stop(self) -> None:
        """Give up what is not settled."""
        self._stopped.set()

    @contextmanager
    def at_the_door(self) -> "Iterator[Callable[[Posted], int | None]]":
        """Sends letters one by one over a connection and with a token of its own, and gives the status."""
        with httpx.Client(timeout=httpx.Timeout(30, connect=3), trust_env=False) as client:
            purse = Purse(own_key(self.folder), hospital.PARTNER.ods, self.gpportal, client)
            purse.token()
            yield lambda one: self._try(one, client, purse)

    def _run(self, number: int) -> None:
        chance = random.Random(f"{self.seed}:{number}")
        with httpx.Client(timeout=httpx.Timeout(6, connect=3), trust_env=False) as client:
            purse = Purse(own_key(self.folder), hospital.PARTNER.ods, self.gpportal, client)
            while not self._stopped.is_set():
                one = self._queue.get()
                while one.ended is None and not self._stopped.is_set():
                    one.ended = self._try(one, client, purse)
                    if one.ended is None:
                        pause = PAUSES[min(one.tries, len(PAUSES)) - 1]
                        self._stopped.wait(pause * chance.uniform(0.8, 1.2))
                self.settled += one.ended is not None

    def _try(self, one: Posted, client: httpx.Client, purse: Purse) -> int | None:
        """One try; the status that settles the letter, None to try again."""
        one.tries += 1
        try:
            sent = _headers(one, purse.token())
            answer = client.post(f"{self.gpportal}/fhir/R4/$process-message", content=one.content, headers=sent)
        except (httpx.HTTPError, NoToken):
            return None
        if answer.status_code == 401:
            purse.drop()
        if not _mirrors(answer, one) or (answer.status_code != 200 and _outcome(answer) is None):
            return None
        return None if answer.status_code in AGAIN else answer.status_code


def _headers(one: Posted, token: str) -> dict[str, str]:
    partner = hospital.PARTNER
    return headers.build(
        request_id=one.request_id,
        correlation_id=one.correlation_id,
        token=token,
        target=(n.DOS_SERVICE, "9000000101"),
        organisation=headers.organisation_header(partner.ods, partner.name),
        software=headers.software_header(SOFTWARE, SOFTWARE_VERSION),
    )


def _mirrors(answer: httpx.Response, one: Posted) -> bool:
    sent = {headers.REQUEST: one.request_id, headers.CORRELATION: one.correlation_id}
    return all(answer.headers.get(name, "").lower() == value for name, value in sent.items())


def _outcome(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        found = answer.json()
    except ValueError:
        return None
    is_outcome = isinstance(found, dict) and found.get("resourceType") == "OperationOutcome"
    return found if is_outcome else None
