"""How a try to deliver ended, written together with whatever happens because of it."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from access import audit
from access.actor import Actor
from exchange import patience, resting
from exchange.claims import leased, wake
from exchange.errors import DeliveryError, PartnerRefused, PartnerUnreachable, Phase
from exchange.happenings import happen
from exchange.models import DeliveryAttempt, Handover, OutboxMessage, Partner
from exchange.transports import Answer

State = OutboxMessage.State
MOST_AT_ONCE: Final = 200
OVERTAKEN = "overtaken"  # another try settled or took over the message first


def arrived(attempt: DeliveryAttempt, answer: Answer, *, by: Actor) -> str:
    """The receiver has it. Counts even when the lease was lost meanwhile, or the message given up, refused or set
    aside: what arrived has arrived, and nobody must send anew what they have. Or a post office has it for them."""
    with transaction.atomic():
        message = _locked(attempt)
        outcome = "duplicate" if answer.duplicate else "handed-over" if answer.handed_over else "delivered"
        _close(attempt, outcome, Phase.REPLY, answer.status)
        _partner_answers(attempt, delivered=not answer.handed_over)
        if answer.handed_over:
            return _handed_over(message, answer, by)
        if message.state == State.DELIVERED:
            return OVERTAKEN
        message.answer, message.trouble = answer.text, ""
        return settle(message, State.DELIVERED, by=by)


def _handed_over(message: OutboxMessage, answer: Answer, by: Actor) -> str:
    """MESH has it, and is asked from now on whether the receiver has collected it (exchange.mesh.tracking)."""
    now = timezone.now()
    look_at = now + timedelta(seconds=settings.MESH_TRACK_SECONDS[0])
    mine = {"message": message, "mailbox_id": answer.mailbox_id, "handed_at": now, "look_at": look_at}
    handover, _ = Handover.objects.get_or_create(mesh_message_id=answer.handed_over, defaults=mine)
    if handover.returned_at is not None or message.state in (State.DELIVERED, State.HANDED_OVER):
        return OVERTAKEN
    message.state, message.handed_over_at = State.HANDED_OVER, now
    message.due_at, message.settled_at, message.trouble = None, None, ""
    message.save(update_fields=["state", "handed_over_at", "due_at", "settled_at", "trouble"])
    audit.record(by=by, action="message handed over", of=message, note=f"{message.event} to {message.to.organisation}")
    return str(State.HANDED_OVER)


def answered(message_id: UUID, *, by: Actor) -> None:
    """Whoever answers has it: what was given up, refused or set aside is delivered after all. In the caller's
    transaction. What is still being tried finds that out by itself."""
    message = OutboxMessage.objects.select_for_update(no_key=True).get(pk=message_id)
    if message.state not in (State.QUEUED, State.DELIVERED):
        message.trouble = ""
        settle(message, State.DELIVERED, by=by)


def failed(attempt: DeliveryAttempt, error: DeliveryError, *, by: Actor) -> str:
    """It did not arrive: try again later, or it is refused, or time is up."""
    with transaction.atomic():
        message = _locked(attempt)
        _close(attempt, error.code, error.phase, error.status)
        if isinstance(error, PartnerRefused):
            _partner_answers(attempt, delivered=False)
        elif error.phase != Phase.OURS:
            resting.note_failure(message.to_id, error, attempt.started_at)
        if message.state != State.QUEUED or message.attempts != attempt.number:
            return OVERTAKEN
        message.trouble = error.code
        if not error.again:
            message.answer = error.answer
            return settle(message, State.REFUSED, by=by)
        tries = message.tries.filter(started_at__gte=message.queued_at).count()
        due = patience.next_try(tries, error.wait, partner=message.to)
        if due > patience.give_up_at(message):
            return settle(message, State.EXPIRED, by=by)
        message.due_at = due
        message.save(update_fields=["trouble", "due_at"])
        return str(State.QUEUED)


def give_up_what_rests(*, by: Actor) -> int:
    """Give up messages whose time is over while their partner rests and nobody tries them. Returns how many."""
    given_up, now = 0, timezone.now()
    for partner in Partner.objects.filter(enabled=True, sends=True, rest_until__gt=now):
        over = OutboxMessage.objects.filter(
            to=partner, state=State.QUEUED, queued_at__lt=now - patience.give_up_after(partner)
        )
        for message_id in over.order_by("queued_at").values_list("pk", flat=True)[:MOST_AT_ONCE]:
            given_up += _give_up(message_id, by)
    return given_up


def _give_up(message_id: UUID, by: Actor) -> bool:
    with transaction.atomic():
        rows = OutboxMessage.objects.select_for_update(no_key=True, skip_locked=True, of=("self",))
        message = rows.filter(pk=message_id, state=State.QUEUED).first()
        if message is None or leased(message.to_id).filter(pk=message.pk).exists():
            return False
        message.trouble = message.trouble or PartnerUnreachable.code
        return bool(settle(message, State.EXPIRED, by=by))


def _locked(attempt: DeliveryAttempt) -> OutboxMessage:
    # no_key: an answer that is being stored refers to this row and holds its partner's, which is locked here next
    rows = OutboxMessage.objects.select_for_update(no_key=True, of=("self",)).select_related("to__organisation")
    return rows.defer("payload", "headers").get(pk=attempt.message_id)


def _close(attempt: DeliveryAttempt, outcome: str, phase: Phase, status: int | None) -> None:
    attempt.ended_at, attempt.outcome, attempt.phase, attempt.status = timezone.now(), outcome, phase, status
    attempt.save(update_fields=["ended_at", "outcome", "phase", "status"])


def _partner_answers(attempt: DeliveryAttempt, *, delivered: bool) -> None:
    """The partner is there again: what waited for that need not wait out its back-off."""
    partner_id, now = attempt.message.to_id, timezone.now()
    if resting.note_answer(partner_id, attempt.started_at):
        wake(partner_id)
    if delivered:  # to the second, so that not every delivery waits for the one before it to let go of this row
        stale = Q(last_delivered_at=None) | Q(last_delivered_at__lt=now - timedelta(seconds=1))
        Partner.objects.filter(stale, pk=partner_id).update(last_delivered_at=now)


def settle(message: OutboxMessage, state: OutboxMessage.State, *, by: Actor) -> str:
    """Bring a locked message to rest, in the caller's transaction, and tell everybody who listens."""
    message.state, message.settled_at, message.due_at = state, timezone.now(), None
    message.save(update_fields=["state", "settled_at", "due_at", "answer", "trouble"])
    audit.record(by=by, action=f"message {state}", of=message, note=f"{message.event} to {message.to.organisation}")
    ids = {"outbox_id": str(message.pk), "concerns": message.concerns, "concerns_id": message.concerns_id}
    if state == State.DELIVERED:
        happen("delivered", **ids)
    elif state == State.REFUSED:
        happen("refused", **ids)
    elif state == State.UNCOLLECTED:
        happen("uncollected", **ids)
    else:
        happen("expired", **ids)
    return str(state)
