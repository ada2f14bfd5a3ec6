"""A request at PDS's door: counted, token and ids checked, no more than five a second, then answered."""

import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from sandbox.bars.names import Json
from sandbox.pds.outcomes import Refused
from sandbox.pds.people import Register, is_valid, patient
from sandbox.pds.searching import Query, search
from sandbox.tokens import Issuer

MODES: Final = {
    "normal": "answers",
    "down": "answers 503 to every request",
    "busy": "answers 429 to every request",
    "slow": "answers late",
}
PER_SECOND: Final = 5
LONGEST_WAIT: Final = 120.0
_KEPT: Final = 200


@dataclass(slots=True)
class Limit:
    """A bucket of five requests that fills by five a second (PDS: 5 transactions per second and application)."""

    rate: float = PER_SECOND
    _left: float = PER_SECOND
    _at: float = field(default_factory=time.monotonic)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        """Whether this request is within the limit."""
        with self._lock:
            now = time.monotonic()
            self._left = min(self.rate, self._left + (now - self._at) * self.rate)
            self._at = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


@dataclass(frozen=True, slots=True)
class Seen:
    """One request, without its NHS number: when, what kind, its X-Request-ID, the answer's status."""

    at: float
    kind: str
    request_id: str
    status: int


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Desk:
    """Answers FHIR requests."""

    register: Register
    issuer: Issuer
    limit: Limit = field(default_factory=Limit)
    mode: str = "normal"
    seconds: float = 0.0
    seen: list[Seen] = field(default_factory=list)

    def switch(self, mode: str, seconds: float = 0.0) -> None:
        """How it behaves from now on: `seconds` is how late `slow` answers, and for how many requests `busy` holds.

        Zero of them is until it is switched again. Raises ValueError.
        """
        if mode not in MODES or not 0 <= seconds <= LONGEST_WAIT:
            raise ValueError("unknown mode or seconds out of range")
        self.mode, self.seconds = mode, seconds

    def forget(self) -> None:
        """As at the start: nothing seen, no limit reached, normal."""
        self.seen = []  # who is still being answered slowly stays with the old list
        self.limit = Limit()
        self.switch("normal")

    def answer(self, path: Sequence[str], query: Query, sent: Mapping[str, str]) -> Answer:
        """The answer to GET {base}/…; never raises."""
        seen = self.seen
        try:
            answer = self._answer(path, query, sent)
        except Refused as refused:
            wait = {"Retry-After": "1"} if refused.status == 429 else {}
            answer = Answer(refused.status, refused.outcome(), wait)
        kind = path[-1] if path and not path[-1].isdigit() else "Patient/{id}"
        seen.append(Seen(time.time(), kind, sent.get("x-request-id", ""), answer.status))
        del seen[:-_KEPT]
        return answer

    def _answer(self, path: Sequence[str], query: Query, sent: Mapping[str, str]) -> Answer:
        if self.mode == "slow":
            time.sleep(self.seconds)
        if self.mode == "down":
            raise Refused("UNABLE_TO_CALL_SERVICE")
        if self.issuer.client(sent.get("authorization")) is None:
            raise Refused("ACCESS_DENIED")
        if self._is_busy() or not self.limit.take():
            raise Refused("TOO_MANY_REQUESTS")
        _check_request_id(sent.get("x-request-id", ""))
        match list(path):
            case ["Patient"]:
                return Answer(200, search(self.register, query))
            case ["Patient", nhs_number]:
                return self._patient(nhs_number)
            case ["Patient", nhs_number, "RelatedPerson"]:
                self._patient(nhs_number)
                return Answer(200, {"resourceType": "Bundle", "type": "searchset", "total": 0})
        raise Refused("UNSUPPORTED_SERVICE")

    def _is_busy(self) -> bool:
        if self.mode != "busy":
            return False
        if self.seconds:
            self.switch("busy" if self.seconds > 1 else "normal", max(0.0, self.seconds - 1))
        return True

    def _patient(self, nhs_number: str) -> Answer:
        if not is_valid(nhs_number):
            raise Refused("INVALID_RESOURCE_ID")
        if nhs_number in self.register.invalid:
            raise Refused("INVALIDATED_RESOURCE")
        found = self.register.find(nhs_number)
        if found is None:
            raise Refused("RESOURCE_NOT_FOUND")
        return Answer(200, patient(found), {"ETag": f'W/"{found.version}"'})


def _check_request_id(value: str) -> None:
    if not value:
        raise Refused("MISSING_VALUE", "Missing value - 'X-Request-ID'")
    try:
        uuid.UUID(value)
    except ValueError:
        raise Refused("INVALID_VALUE", "Invalid value in header 'X-Request-ID'") from None
