"""What a step of a test says when it fails: what is wrong, what to do, whose turn it is. Pure; no codes, no ids."""

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, Final

from exchange import errors
from exchange.errors import DeliveryError
from ui.dates import LONG_MONTHS, local

PHASES: Final = {
    "resolve": "Find their address",
    "connect": "Connect",
    "secure": "Secure the connection",
    "token": "Get a token",
    "metadata": "Ask what they can do",
    "message": "Try a message",
}
PASSED, FAILED, WARNED, SKIPPED = "passed", "failed", "warned", "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a test. `ended` is passed, failed, warned or skipped; `turn` says who does what next."""

    phase: str
    ended: str
    sentence: str
    turn: str = ""
    milliseconds: int = 0

    def kept(self) -> dict[str, Any]:
        """As ConnectionTest.steps holds it."""
        return asdict(self)


def day(moment: dt.datetime) -> str:
    """ "3 November 2026": the day in London."""
    found = local(moment)
    return f"{found.day} {LONG_MONTHS[found.month - 1]} {found.year}"


def of_tls(error: DeliveryError, name: str, ends: dt.datetime | None) -> tuple[str, str]:
    """What is wrong with TLS and what to do. `ends` is when their certificate ends, if it could be read."""
    now = dt.datetime.now(dt.UTC)
    if isinstance(error, errors.CertificateOver):
        if ends is None or ends > now:
            return f"{name}'s certificate is not valid yet.", "Ask them for one that is."
        return f"{name}'s certificate ended on {day(ends)}.", "Ask them for a new one."
    if isinstance(error, errors.CertificateOfOthers):
        return (
            f"{name}'s certificate is for another address.",
            "Check the address with them; if it is right, ask them for a new certificate.",
        )
    if isinstance(error, errors.CertificateNotTrusted):
        return (
            f"{name}'s certificate is not from an authority we trust.",
            "Ask them which authority signs theirs, and enter its certificate here.",
        )
    if isinstance(error, errors.OurCertificateRefused):
        return (
            f"{name} did not accept our certificate.",
            "Ask them which certificate they expect from us, and enter it here.",
        )
    return f"No secure connection to {name} came about.", "Ask whoever runs this system to look at the certificates."


def of_token(error: DeliveryError, name: str) -> tuple[str, str]:
    """What is wrong with getting a token."""
    if error.status is None:
        return f"{name}'s token address did not answer.", "Check the token address with them."
    if 400 <= error.status < 500:
        return (
            f"{name} did not give us a token.",
            "Ask them whether they registered our client name and our public keys.",
        )
    return f"{name}'s token address has a fault.", "Ask them to look at it."


def of_answer(error: DeliveryError, name: str, what: str) -> tuple[str, str]:
    """What is wrong with an answer to `what` ("what they can do", "a message")."""
    if isinstance(error, errors.PartnerTimedOut):
        return f"{name} did not answer in time when asked {what}.", "Try again; if it stays so, ring them."
    if error.status in (401, 403):
        return f"{name} did not let us ask {what}.", "Ask them what our token may do there."
    if error.status in (404, 405, 410):
        return f"{name} has nothing at this address when asked {what}.", "Check the address with them."
    return f"{name} gave an answer we cannot use when asked {what}.", "Ask them to look at it."
