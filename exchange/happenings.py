"""Who hears of what: the lower room says a name and ids, gpportal/messages.py says who listens.

Nothing calls up by import: settings.MESSAGES names the dictionary by dotted path.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from access.actor import Actor
from exchange.models import InboxMessage, Partner


class InboundHandler(Protocol):
    """What a message event is handled by: a module with these two functions."""

    def precheck(self, message: dict[str, Any], sender: Partner) -> str | None:
        """Look at the whole message before it is stored; raise PayloadInvalid to turn it away.

        Returns our id of what it is about, where there is one already that the sender should be told.
        """

    def handle(self, inbox: InboxMessage) -> None:
        """File it, in the caller's transaction; raise NeedsReview if only a person can."""


def _messages() -> ModuleType:
    return import_module(settings.MESSAGES)


def handles(event: str) -> bool:
    """Whether messages of this event are expected at all."""
    return event in _messages().EVENTS


def handler(event: str) -> InboundHandler:
    """The handler of an event. Raises KeyError for an event nobody handles."""
    found: InboundHandler = import_module(_messages().EVENTS[event])
    return found


def happen(name: str, **ids: str) -> None:
    """Tell everybody who listens to `name`, in the caller's transaction, so that none can miss it.

    Names and ids: delivered, refused, expired, uncollected, set_aside, sent_again (outbox_id, concerns, concerns_id);
    letter_filed (letter_id, inbox_id, answers); letter_read (letter_id).
    Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a happening must share a transaction with what happened")
    for path in _messages().HAPPENINGS.get(name, []):
        import_string(path)(**ids)


def kept_elsewhere(ids: Collection[UUID]) -> list[str]:
    """What the rooms above keep of somebody besides their record, counted in words: "referrals 2". No content."""
    return [words for path in _messages().KEPT if (words := import_string(path)(ids))]


def still_needed(kind: str, ids: Collection[UUID]) -> set[UUID]:
    """Which of these messages ("sent" or "received") a room above still needs the bytes of."""
    found: set[UUID] = set()
    for path in _messages().NEEDED.get(kind, []):
        found |= import_string(path)(ids)
    return found


@dataclass(frozen=True, slots=True)
class Described:
    """Whom and what a message concerns, for a reader who may know: words, the page that shows it, and whether their
    whereabouts are restricted (PDS security label R)."""

    text: str
    href: str
    restricted: bool = False


def describe(actor: Actor, concerns: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Described]:
    """Whom messages concern, by (kind, id): ("referral", its id) or an inbound message's (event, its id).

    What the actor may not know is absent. Asked once for each kind.
    """
    by_kind: dict[str, set[str]] = defaultdict(set)
    for kind, one in concerns:
        by_kind[kind].add(one)
    found: dict[tuple[str, str], Described] = {}
    for kind, ids in by_kind.items():
        if path := _messages().DESCRIBES.get(kind):
            told: dict[str, Described] = import_string(path)(actor, ids)
            found |= {(kind, one): said for one, said in told.items()}
    return found
