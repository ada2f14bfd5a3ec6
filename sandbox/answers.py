"""Sends what we owe: later answers and letters, in order, again and again with the same ids until they are taken."""

import logging
import sqlite3
import threading
import time
from dataclasses import dataclass, field

import httpx

from sandbox.bars import headers
from sandbox.bars.messages import Case
from sandbox.behaviour.spoiling import written
from sandbox.partner import SOFTWARE, SOFTWARE_VERSION, Partner
from sandbox.rows import Answer, Referral
from sandbox.store import Store
from sandbox.tokens import NoToken, Purse
from sandbox.words import WRITERS

log = logging.getLogger("sandbox.answers")

LONGEST_PAUSE = 30.0
PAUSES = (1.0, 2.0, 4.0, 8.0, 15.0, LONGEST_PAUSE)
MOST_REFUSALS = 12
NOT_TAKEN = frozenset({400, 403, 404, 405, 409, 411, 413, 415, 422})


@dataclass(slots=True)
class Answering:
    """A thread that sends each answer when it is due. Everything it must remember is in the store."""

    partner: Partner
    store: Store
    purse: Purse
    gpportal: str
    http: httpx.Client
    _wake: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin sending, with what an earlier run left waiting first."""
        self._thread = threading.Thread(target=self._run, name="answers", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the message that is under way."""
        self._stop.set()
        self._wake.set()
        if self._thread:
            self._thread.join(timeout=5)

    def poke(self) -> None:
        """Something new may be due."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            try:
                due = self._send_next()
            except sqlite3.Error as error:
                log.error("store not usable: %s", type(error).__name__)
                due = time.time() + 1
            if due != 0:
                self._wake.wait(timeout=None if due is None else max(0.05, due - time.time()))

    def _send_next(self) -> float | None:
        """Send what is due: 0 if something was, else when the next is due (None: nothing is planned)."""
        answer, due = self.store.next_due()
        if answer is None:
            return due
        self.send(answer)
        return 0

    def send(self, answer: Answer) -> None:
        """One try of one answer, noted in the store whatever comes of it."""
        referral = self.store.referral(answer.referral)
        if referral is None:
            self.store.tried(answer, state="refused", status=None, due=time.time(), refused=True)
            return
        try:
            body = answer.body or self._written(answer, referral)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            log.error("answer kind=%s referral=%s cannot be written: %s", *_ids(answer), type(error).__name__)
            self.store.tried(answer, state="refused", status=None, due=time.time(), refused=True)
            return
        status, taken = self._post(answer, referral, body)
        refused = not taken and status in NOT_TAKEN
        state = "delivered" if taken else "waiting"
        if refused and answer.refusals + 1 >= MOST_REFUSALS:
            state = "refused"
        due = time.time() + PAUSES[min(answer.tries, len(PAUSES) - 1)]
        self.store.tried(answer, state=state, status=status, due=due, refused=refused)
        log.info(
            "answer kind=%s referral=%s request_id=%s correlation_id=%s try=%d status=%s state=%s",
            *(
                answer.kind,
                answer.referral,
                answer.request_id,
                referral.correlation_id,
                answer.tries + 1,
                status,
                state,
            ),
        )

    def _written(self, answer: Answer, referral: Referral) -> bytes:
        case = Case(self.partner, referral.id, referral.service, referral.body)
        before = self.store.bytes_sent(answer.sent_as) if answer.sent_as else None
        body = before or written(WRITERS[answer.kind](case), answer.how)
        self.store.keep_body(answer, body)
        return body

    def _post(self, answer: Answer, referral: Referral, body: bytes) -> tuple[int | None, bool]:
        try:
            token = self.purse.token()
            response = self.http.post(
                f"{self.gpportal}/fhir/R4/$process-message",
                content=body,
                headers=self._headers(answer, referral, token),
            )
        except (httpx.HTTPError, NoToken):
            return None, False
        if response.status_code == 401:
            self.purse.drop()
        return response.status_code, response.status_code == 200 or _is_duplicate(response)

    def _headers(self, answer: Answer, referral: Referral, token: str) -> dict[str, str]:
        return headers.build(
            request_id=answer.request_id,
            correlation_id=referral.correlation_id,
            token=token,
            target=Case(self.partner, referral.id, referral.service, referral.body).reply_to(),
            organisation=headers.organisation_header(self.partner.ods, self.partner.name),
            software=headers.software_header(SOFTWARE, SOFTWARE_VERSION),
        )


def _ids(answer: Answer) -> tuple[str, str]:
    return answer.kind, answer.referral


def _is_duplicate(response: httpx.Response) -> bool:
    """409 with issue code duplicate: they have it already, which is as good as 200 (BaRS transactional integrity)."""
    if response.status_code != 409:
        return False
    try:
        issues = response.json().get("issue", [])
        return any(issue.get("code") == "duplicate" for issue in issues)
    except (ValueError, AttributeError, TypeError):
        return False
