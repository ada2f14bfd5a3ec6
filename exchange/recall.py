"""Stopping a message that has certainly not arrived. What may have arrived has to be taken back by another message."""

from django.db import connection
from django.utils import timezone

from access import audit
from access.actor import Actor
from exchange.errors import Phase
from exchange.models import OutboxMessage

State = OutboxMessage.State


def recall(*, concerns: str, concerns_id: str, by: Actor) -> tuple[OutboxMessage, bool]:
    """The first message about something, locked, and whether it is now certain that it never arrives.

    Then it is set aside, in the caller's transaction: no worker can take it up any more. A worker that took it up
    before, or a try that may have arrived, makes it uncertain and leaves it as it is: it is delivered in its turn.
    Whoever hears of deliveries is not told, since the caller knows. Raises RuntimeError outside a transaction,
    OutboxMessage.DoesNotExist when none is kept.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("recall must share a transaction with what becomes of it")
    about = OutboxMessage.objects.filter(concerns=concerns, concerns_id=concerns_id, cancels=None)
    held = about.select_related("to__organisation").select_for_update(of=("self",)).earliest("created_at")
    if not _never_arrived(held):
        return held, False
    if held.state != State.SET_ASIDE:
        held.state, held.settled_at, held.due_at = State.SET_ASIDE, timezone.now(), None
        held.save(update_fields=["state", "settled_at", "due_at"])
        audit.record(by=by, action="set message aside", of=held, note="taken back before it went")
    return held, True


def _never_arrived(message: OutboxMessage) -> bool:
    """Whether no try can have reached the receiver, or the receiver said that it does not take it."""
    if message.state == State.DELIVERED:
        return False
    if message.state == State.REFUSED:
        status = message.tries.order_by("number").values_list("status", flat=True).last() or 0
        return 400 <= status < 500 and status != 409  # after a fault of theirs they may have it all the same
    return not message.tries.exclude(phase=Phase.CONNECT).exists()
