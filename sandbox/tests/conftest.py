"""A real partner on a free port, a pretend practice, and a signed-in client between them."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey

from sandbox import hospital, pharmacy, socialcare
from sandbox.bars.names import Json
from sandbox.partner import Partner
from sandbox.running import Running
from sandbox.tests import golden
from sandbox.tests.practice import Practice, token_form

HEART_FAILURE = "9000000201"
BLOOD_PRESSURE = "9000000301"
CARE_NEEDS = "9000000401"
USED = {"RZZ01": HEART_FAILURE, "FZZ01": BLOOD_PRESSURE, "VZZ01": CARE_NEEDS}
CASES = {"RZZ01": golden.HOSPITAL_CASE, "FZZ01": golden.PHARMACY_CASE, "VZZ01": golden.SOCIAL_CARE_CASE}


@dataclass(slots=True)
class Site:
    """A partner that runs, and what a sender needs to talk to it."""

    url: str
    partner: Partner
    practice: Practice
    client: httpx.Client
    token: str
    running: Running

    def post(self, content: bytes, headers: dict[str, str]) -> httpx.Response:
        """POST to $process-message."""
        return self.client.post(f"{self.url}/FHIR/R4/$process-message", content=content, headers=headers)

    def send(self, message: Json | None = None, **changed: str | None) -> httpx.Response:
        """Send a good referral, or `message`; keywords replace headers."""
        return self.post(golden.as_bytes(message or self.referral()), self.headers(**changed))

    def headers(self, **changed: str | None) -> dict[str, str]:
        """Complete headers with new ids."""
        return golden.sent_with(self.token, self.service, **changed)

    def referral(self) -> Json:
        """A new good referral for this partner."""
        return golden.referral(self.service, CASES[self.partner.ods], self.partner.version)

    @property
    def service(self) -> str:
        """The service used in the tests."""
        return USED[self.partner.ods]

    def arrivals(self) -> Json:
        """What the partner says it received."""
        found: Json = self.client.get(f"{self.url}/sandbox/arrivals").json()
        return found

    def behave(self, mode: str, seconds: float = 0, **more: object) -> None:
        """Switch the partner's behaviour: for everything, or for `next` messages, a `service` or a `referral`."""
        answer = self.client.post(f"{self.url}/sandbox/behaviour", json={"mode": mode, "seconds": seconds, **more})
        assert answer.status_code == 200

    def act(self, referral: str, kind: str) -> httpx.Response:
        """Press one of the buttons of its page."""
        return self.client.post(f"{self.url}/sandbox/answer", json={"referral": referral, "kind": kind})


@pytest.fixture
def practice() -> Iterator[Practice]:
    made = Practice(ECKey.generate_key("P-384", {"kid": "practice-1", "alg": "ES384", "use": "sig"}))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def start(practice: Practice, tmp_path: Path) -> Iterator[Callable[..., Site]]:
    """Starts partners; `seconds` is the delay of each answer (default: never within a test)."""
    running: list[tuple[Running, threading.Thread, httpx.Client]] = []

    def begin(partner: Partner = hospital.PARTNER, *, seconds: float = 3600, directory: str = "data") -> Site:
        quick = replace(partner, steps=tuple(replace(step, seconds=seconds) for step in partner.steps))
        up = Running(quick, port=0, directory=tmp_path / directory, gpportal=practice.url)
        thread = threading.Thread(target=up.serve, args=(0.01,), daemon=True)
        thread.start()
        client = httpx.Client(timeout=10, trust_env=False, verify=False)  # noqa: S501 (plain HTTP)
        running.append((up, thread, client))
        form = token_form(practice.assertion(f"{up.url}/oauth2/token"))
        token = client.post(f"{up.url}/oauth2/token", data=form).json()["access_token"]
        return Site(up.url, quick, practice, client, token, up)

    yield begin
    for up, thread, client in running:
        client.close()
        up.stop()
        thread.join(timeout=5)


@pytest.fixture
def the_hospital(start: Callable[..., Site]) -> Site:
    return start(hospital.PARTNER)


@pytest.fixture
def social_care(start: Callable[..., Site]) -> Site:
    return start(socialcare.PARTNER)


@pytest.fixture
def the_pharmacy(start: Callable[..., Site]) -> Site:
    return start(pharmacy.PARTNER)
