"""How a try to deliver ended, written together with whatever happens because of it."""

import random
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from exchange.claims import wake
from exchange.errors import DeliveryError, PartnerRefused, Phase
from exchange.happenings import happen
from exchange.models import DeliveryAttempt, OutboxMessage, Partner
from exchange.transports import Answer

State = OutboxMessage.State
OVERTAKEN = "overtaken"  # another try settled or took over the message first


def arrived(attempt: DeliveryAttempt, answer: Answer, *, by: Actor) -> str:
    """The receiver has it. Counts even when the lease was lost meanwhile, or the message given up, refused or set
    aside: what arrived has arrived, and nobody must send anew what they have."""
    with transaction.atomic():
        message = _locked(attempt)
        outcome = "duplicate" if answer.duplicate else "delivered"
        _close(attempt, outcome, Phase.REPLY, answer.status)
        _partner_answers(message, delivered=True)
        if message.state == State.DELIVERED:
            return OVERTAKEN
        message.answer, message.trouble = answer.text, ""
        return _settle(message, State.DELIVERED, by)


def answered(message_id: UUID, *, by: Actor) -> None:
    """Whoever answers has it: what was given up, refused or set aside is delivered after all. In the caller's
    transaction. What is still being tried finds that out by itself."""
    message = OutboxMessage.objects.select_for_update(no_key=True).get(pk=message_id)
    if message.state not in (State.QUEUED, State.DELIVERED):
        message.trouble = ""
        _settle(message, State.DELIVERED, by)


def failed(attempt: DeliveryAttempt, error: DeliveryError, *, by: Actor) -> str:
    """It did not arrive: try again later, or it is refused, or time is up."""
    with transaction.atomic():
        message = _locked(attempt)
        _close(attempt, error.code, error.phase, error.status)
        if isinstance(error, PartnerRefused):
            _partner_answers(message, delivered=False)
        elif error.phase != Phase.OURS:
            Partner.objects.filter(pk=message.to_id, failing_since=None).update(failing_since=attempt.started_at)
        if message.state != State.QUEUED or message.attempts != attempt.number:
            return OVERTAKEN
        message.trouble = error.code
        if not error.again:
            message.answer = error.answer
            return _settle(message, State.REFUSED, by)
        due = next_try(message.tries.filter(started_at__gte=message.queued_at).count(), error.wait)
        if due > message.queued_at + timedelta(hours=settings.GIVE_UP_AFTER_HOURS):
            return _settle(message, State.EXPIRED, by)
        message.due_at = due
        message.save(update_fields=["trouble", "due_at"])
        return str(State.QUEUED)


def next_try(attempts: int, asked: int = 0) -> datetime:
    """When to try again after so many tries: growing steps, a tenth more or less so that not all come at once.

    A partner may ask (Retry-After, seconds) for a longer pause, an hour at most.
    """
    steps = settings.RETRY_SECONDS
    step = steps[min(max(attempts, 1), len(steps)) - 1]
    return timezone.now() + timedelta(seconds=max(step * random.uniform(0.9, 1.1), min(asked, 3600)))


def _locked(attempt: DeliveryAttempt) -> OutboxMessage:
    # no_key: an answer that is being stored refers to this row and holds its partner's, which is locked here next
    return OutboxMessage.objects.select_for_update(no_key=True).get(pk=attempt.message_id)


def _close(attempt: DeliveryAttempt, outcome: str, phase: Phase, status: int | None) -> None:
    attempt.ended_at, attempt.outcome, attempt.phase, attempt.status = timezone.now(), outcome, phase, status
    attempt.save(update_fields=["ended_at", "outcome", "phase", "status"])


def _partner_answers(message: OutboxMessage, *, delivered: bool) -> None:
    """The partner is there again: what waited for that need not wait out its back-off."""
    now = timezone.now()
    partner = Partner.objects.select_for_update(no_key=True).get(pk=message.to_id)
    if partner.failing_since is not None:
        wake(partner.pk)
    partner.failing_since = None
    if delivered:
        partner.last_delivered_at = now
    partner.save(update_fields=["failing_since", "last_delivered_at"])


def _settle(message: OutboxMessage, state: OutboxMessage.State, by: Actor) -> str:
    message.state, message.settled_at, message.due_at = state, timezone.now(), None
    message.save(update_fields=["state", "settled_at", "due_at", "answer", "trouble"])
    audit.record(by=by, action=f"message {state}", of=message, note=f"{message.event} to {message.to.organisation}")
    ids = {"outbox_id": str(message.pk), "concerns": message.concerns, "concerns_id": message.concerns_id}
    if state == State.DELIVERED:
        happen("delivered", **ids)
    elif state == State.REFUSED:
        happen("refused", **ids)
    else:
        happen("expired", **ids)
    return str(state)
