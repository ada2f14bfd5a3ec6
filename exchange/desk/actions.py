"""What people do at the exchange desk. Each act is one transaction with its audit row."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from access.models import User
from exchange import claims, doorbell, outbox, resting
from exchange.happenings import happen
from exchange.models import DeskNote, Flow, InboxMessage, OutboxMessage, Partner, Switching

Out, In = OutboxMessage.State, InboxMessage.State
LONGEST_NOTE: Final = 500
#: From where a message can be sent again, and from where it can be set aside.
STOPPED: Final = frozenset({Out.REFUSED, Out.EXPIRED, Out.UNCOLLECTED, Out.SET_ASIDE})
OPEN: Final = frozenset({Out.QUEUED, Out.REFUSED, Out.EXPIRED, Out.UNCOLLECTED})


class NotAllowedNow(Exception):
    """The act does not fit where the message stands. Its text is for the person who tried."""


# What we sent ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def send_again(*, message: OutboxMessage, by: Actor) -> OutboxMessage:
    """Send a message that stopped once more, the same bytes and ids, or one that waits at once.

    A receiver that has it already says so and takes nothing twice. One that rests is asked at once, once. Raises
    NotAllowedNow.
    """
    held = _hold(message)
    if held.state == Out.DELIVERED:
        raise NotAllowedNow("They have this message already: it was delivered meanwhile.")
    if held.state == Out.HANDED_OVER:
        raise NotAllowedNow("MESH has this message for them already. It cannot be sent twice.")
    if held.content_removed_at:
        raise NotAllowedNow("Its content was removed because it is old. Write a new one.")
    if _is_under_way(held):
        raise NotAllowedNow("It is being sent at this moment. Look again in a minute.")
    again, now = held.state in STOPPED, timezone.now()
    held.due_at = now
    if again:
        held.state, held.queued_at, held.settled_at, held.trouble, held.answer = Out.QUEUED, now, None, "", ""
    held.save(update_fields=["state", "queued_at", "due_at", "settled_at", "trouble", "answer"])
    resting.end(held.to_id)
    audit.record(by=by, action="sent message again" if again else "had message tried at once", of=held)
    if again:
        happen("sent_again", **_ids(held))
    transaction.on_commit(lambda: outbox.ring(held.pk))
    return held


@transaction.atomic
def set_aside(*, message: OutboxMessage, why: str, by: Actor) -> OutboxMessage:
    """Stop sending a message, or close one that stopped; it can be sent again later. Raises NotAllowedNow.

    `why` is kept as a note. What waited behind it about the same thing may go now.
    """
    held = _hold(message)
    if held.state not in OPEN:
        raise NotAllowedNow(f"This message is {held.get_state_display().lower()}: there is nothing to stop.")
    if _is_under_way(held):
        raise NotAllowedNow("It is being sent at this moment. Look again in a minute.")
    _write(held, why, by)
    held.state, held.settled_at, held.due_at = Out.SET_ASIDE, timezone.now(), None
    held.save(update_fields=["state", "settled_at", "due_at"])
    audit.record(by=by, action="set message aside", of=held)
    happen("set_aside", **_ids(held))
    return held


@dataclass(frozen=True, slots=True)
class Several:
    """What became of several messages: of how many the act was done, and why not of the others, each reason once."""

    done: int
    left: int
    why: tuple[str, ...]


def again(*, messages: Iterable[OutboxMessage | InboxMessage], by: Actor) -> Several:
    """Send each of several messages again, or read each again: each is an act of its own, so none holds up another."""
    done, reasons = 0, []
    for message in messages:
        try:
            if isinstance(message, OutboxMessage):
                send_again(message=message, by=by)
            else:
                read_again(message=message, by=by)
        except NotAllowedNow as why:
            reasons.append(str(why))
        else:
            done += 1
    return Several(done, len(reasons), tuple(dict.fromkeys(reasons)))


# What came in ---------------------------------------------------------------------------------------------------------
@transaction.atomic
def read_again(*, message: InboxMessage, by: Actor) -> InboxMessage:
    """Let a message that waits for a person be read once more, what was wrong being mended. Raises NotAllowedNow."""
    held = _hold_received(message)
    held.state, held.due_at, held.attempts = In.RECEIVED, timezone.now(), 0
    held.settled_at, held.review_reason = None, ""
    held.save(update_fields=["state", "due_at", "attempts", "settled_at", "review_reason"])
    audit.record(by=by, action="had message read again", of=held)
    transaction.on_commit(lambda: doorbell.ring("exchange.tasks.file", held.pk))
    return held


@transaction.atomic
def deal_with(*, message: InboxMessage, how: str, by: Actor) -> InboxMessage:
    """Close a message that waits for a person: they did what it asked by other means. `how` is kept as a note."""
    held = _hold_received(message)
    _write(held, how, by)
    held.state, held.settled_at = In.DEALT_WITH, timezone.now()
    held.save(update_fields=["state", "settled_at"])
    audit.record(by=by, action="dealt with message", of=held)
    return held


# Either ---------------------------------------------------------------------------------------------------------------
@transaction.atomic
def note(*, message: OutboxMessage | InboxMessage, text: str, by: Actor) -> DeskNote:
    """Write down what was done or heard. Raises NotAllowedNow for an empty note."""
    written = _write(message, text, by)
    audit.record(by=by, action="noted at the exchange desk", of=message)
    return written


@transaction.atomic
def assign(*, message: OutboxMessage | InboxMessage, to: User | None, by: Actor) -> None:
    """Give a message to somebody here, or to nobody."""
    held = _hold(message) if isinstance(message, OutboxMessage) else _lock_received(message)
    held.assigned_to = to
    held.save(update_fields=["assigned_to"])
    audit.record(by=by, action="gave message to somebody", of=held, note=to.name if to else "nobody")


@transaction.atomic
def switch(*, partner: Partner, on: bool, by: Actor) -> None:
    """Stop sending to a partner, or go on: what waited goes at once. Nothing that waits is lost meanwhile."""
    held = Partner.objects.select_for_update().get(pk=partner.pk)
    if held.enabled == on:
        return
    held.enabled = on
    held.save(update_fields=["enabled"])
    if on:
        resting.end(held.pk)
        claims.wake(held.pk)
    Switching.objects.create(partner=held, flow=Flow.ALL, on=on, by=by.name)
    audit.record(by=by, action="switched partner on" if on else "switched partner off", of=held)


def _hold(message: OutboxMessage) -> OutboxMessage:
    return OutboxMessage.objects.select_for_update(of=("self",)).select_related("to__organisation").get(pk=message.pk)


def _lock_received(message: InboxMessage) -> InboxMessage:
    return InboxMessage.objects.select_for_update(of=("self",)).get(pk=message.pk)


def _hold_received(message: InboxMessage) -> InboxMessage:
    held = _lock_received(message)
    if held.state != In.NEEDS_REVIEW:
        raise NotAllowedNow("Somebody dealt with this message before you. Nothing was changed.")
    return held


def _is_under_way(message: OutboxMessage) -> bool:
    """Whether a worker is calling now: its lease holds."""
    leased = message.due_at is not None and message.due_at > timezone.now()
    return leased and claims.under_way(message.pk).exists()


def _write(message: OutboxMessage | InboxMessage, text: str, by: Actor) -> DeskNote:
    said = text.strip()
    if not said:
        raise NotAllowedNow("Say in a few words what was done. Nothing was changed.")
    if len(said) > LONGEST_NOTE:
        raise NotAllowedNow(f"A note has {LONGEST_NOTE} characters at most; this has {len(said)}. Nothing was changed.")
    if isinstance(message, OutboxMessage):
        return DeskNote.objects.create(sent=message, by=by.name, text=said)
    return DeskNote.objects.create(received=message, by=by.name, text=said)


def _ids(message: OutboxMessage) -> dict[str, str]:
    return {"outbox_id": str(message.pk), "concerns": message.concerns, "concerns_id": message.concerns_id}
