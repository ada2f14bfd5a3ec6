"""Who hears of what: the lower room says a name and ids, gpportal/messages.py says who listens.

Nothing calls up by import: settings.MESSAGES names the dictionary by dotted path.
"""

from collections.abc import Collection
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from exchange.models import InboxMessage, Partner


class InboundHandler(Protocol):
    """What a message event is handled by: a module with these two functions."""

    def precheck(self, message: dict[str, Any], sender: Partner) -> None:
        """Look at the whole message before it is stored; raise PayloadInvalid to turn it away."""

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

    Names and ids: delivered, refused, expired (outbox_id, concerns, concerns_id); letter_filed (letter_id, inbox_id,
    answers). Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("a happening must share a transaction with what happened")
    for path in _messages().HAPPENINGS.get(name, []):
        import_string(path)(**ids)


def kept_elsewhere(ids: Collection[UUID]) -> list[str]:
    """What the rooms above keep of somebody besides their record, counted in words: "2 referrals". No content."""
    return [words for path in _messages().KEPT if (words := import_string(path)(ids))]
