"""How long we wait with a partner: between two tries of a message, in all, and while nobody there answers."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone

from exchange.models import OutboxMessage, Partner

#: A pause that a partner asks for (Retry-After) is heeded up to so many seconds.
LONGEST_ASKED: Final = 3600


def steps(partner: Partner | None) -> Sequence[int]:
    """Seconds between tries, growing; the last one repeats. Without a partner those of the setting."""
    known: Sequence[int] = (partner and partner.retry_seconds) or settings.RETRY_SECONDS
    return known


def give_up_after(partner: Partner) -> timedelta:
    """How long a message is tried before a person is told that it cannot be delivered."""
    hours = partner.give_up_after_hours
    return timedelta(hours=settings.GIVE_UP_AFTER_HOURS if hours is None else hours)


def give_up_at(message: OutboxMessage) -> datetime:
    """When that is for a message, counted from when it was last sent by somebody."""
    return message.queued_at + give_up_after(message.to)


def next_try(tries: int, asked: int = 0, *, partner: Partner | None = None) -> datetime:
    """When to try again after so many tries; a partner may ask for a longer pause (seconds)."""
    return _after(_step(partner, tries), asked)


def next_probe(rests: int, *, partner: Partner) -> datetime:
    """When to try the first message again after nobody answered for so many rests in a row: the same steps, but soon
    enough that what waits does not wait long for a partner that is back."""
    return _after(min(_step(partner, rests), settings.REST_AT_MOST_SECONDS))


def _step(partner: Partner | None, count: int) -> int:
    known = steps(partner)
    return known[min(max(count, 1), len(known)) - 1]


def _after(seconds: int, asked: int = 0) -> datetime:
    """A tenth more or less, so that not all come at once."""
    return timezone.now() + timedelta(seconds=max(seconds * random.uniform(0.9, 1.1), min(asked, LONGEST_ASKED)))
