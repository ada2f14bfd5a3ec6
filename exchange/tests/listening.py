"""Stands in for gpportal.messages: remembers what was heard. `BROKEN` names what is to fail."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from access.actor import Actor
from exchange.errors import NeedsReview, PayloadInvalid, Rec
from exchange.happenings import Described
from exchange.models import InboxMessage, Partner

EVENTS = {"servicerequest-response": __name__, "document": __name__}
HAPPENINGS = {
    name: [f"{__name__}.hear_{name}"]
    for name in ("delivered", "refused", "expired", "uncollected", "set_aside", "sent_again")
}
NEEDED = {"sent": [f"{__name__}.needed"], "received": [f"{__name__}.needed"]}
DESCRIBES = {"referral": f"{__name__}.describe", "document": f"{__name__}.describe"}

NEEDS: set[UUID] = set()
HEARD: list[tuple[str, dict[str, str]]] = []
HANDLED: list[str] = []
BROKEN: set[str] = set()


class Broken(Exception):
    """A fault made for a test."""


def forget() -> None:
    HEARD.clear()
    HANDLED.clear()
    BROKEN.clear()
    NEEDS.clear()


def _hear(name: str, ids: dict[str, str]) -> None:
    if name in BROKEN:
        raise Broken(name)
    HEARD.append((name, ids))


def hear_delivered(**ids: str) -> None:
    _hear("delivered", ids)


def hear_refused(**ids: str) -> None:
    _hear("refused", ids)


def hear_expired(**ids: str) -> None:
    _hear("expired", ids)


def hear_uncollected(**ids: str) -> None:
    _hear("uncollected", ids)


def hear_set_aside(**ids: str) -> None:
    _hear("set_aside", ids)


def hear_sent_again(**ids: str) -> None:
    _hear("sent_again", ids)


def needed(ids: Collection[UUID]) -> set[UUID]:
    return NEEDS & set(ids)


def describe(actor: Actor, ids: set[str]) -> dict[str, Described]:
    return {one: Described("SMITH, Jane", "/patients/") for one in ids}


def precheck(message: dict[str, Any], sender: Partner) -> None:
    if "precheck" in BROKEN:
        raise PayloadInvalid(Rec.UNPROCESSABLE_ENTITY, "business-rule", "Not this one.", "Bundle")


def handle(inbox: InboxMessage) -> None:
    HANDLED.append(str(inbox.pk))
    inbox.sender.organisation.letters = "XX"
    inbox.sender.organisation.save(update_fields=["letters"])
    if "handle" in BROKEN:
        raise Broken("handle")
    if "review" in BROKEN:
        raise NeedsReview("Nobody here is meant.")
