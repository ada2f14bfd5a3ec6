"""Who may try to deliver a message now: one worker per message, few per partner or one, in order per concern.

`OutboxMessage.due_at` is the lease while a try is under way. A worker that dies simply lets it run out.
"""

import random
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from exchange import resting
from exchange.models import DeliveryAttempt, OutboxMessage, Partner

LOST = "lost"  # the outcome of a try whose worker died


def under_way(message: Any) -> QuerySet[DeliveryAttempt]:
    """Tries of a message that have not ended; they count while its lease holds."""
    return DeliveryAttempt.objects.filter(message=message, ended_at__isnull=True)


def earlier_of_same_concern(concerns: Any, concerns_id: Any, created_at: Any) -> QuerySet[OutboxMessage]:
    """Messages about the same thing that must go first."""
    return OutboxMessage.objects.filter(
        state=OutboxMessage.State.QUEUED, concerns=concerns, concerns_id=concerns_id, created_at__lt=created_at
    )


def due() -> QuerySet[OutboxMessage]:
    """Messages that may be tried now, longest due first, but for what their partner can take at once.

    None while their partner is switched off or rests.
    """
    waits = earlier_of_same_concern(OuterRef("concerns"), OuterRef("concerns_id"), OuterRef("created_at"))
    queued = OutboxMessage.objects.filter(state=OutboxMessage.State.QUEUED, due_at__lte=timezone.now())
    return queued.filter(resting.awake("to__")).exclude(Exists(waits)).order_by("due_at")


def next_for(partner_id: int, most: int = 1) -> list[UUID]:
    """The messages of a partner that may go now that a place is free."""
    return list(due().filter(to_id=partner_id).values_list("pk", flat=True)[:most])


def wake(partner_id: int) -> None:
    """Let what waits for a partner go now instead of at the end of its back-off; what is under way is left alone."""
    now = timezone.now()
    waiting = OutboxMessage.objects.filter(to=partner_id, state=OutboxMessage.State.QUEUED, due_at__gt=now)
    idle = waiting.exclude(Exists(under_way(OuterRef("pk")))).select_for_update(skip_locked=True, of=("self",))
    OutboxMessage.objects.filter(pk__in=list(idle.values_list("pk", flat=True))).update(due_at=now)


def claim(message_id: UUID | str) -> DeliveryAttempt | None:
    """Take a due message for one try and note the try, committed before the call. None if it is not to be tried now.

    The row is locked with SKIP LOCKED, so a second worker goes away instead of waiting; the partner's row is locked
    for the moment of counting what is under way to it.
    """
    return _take(due().filter(pk=message_id))


def claim_next(partner_id: int) -> DeliveryAttempt | None:
    """The same with whichever message of a partner is due longest and not another worker's."""
    return _take(due().filter(to_id=partner_id))


def _take(found: QuerySet[OutboxMessage]) -> DeliveryAttempt | None:
    with transaction.atomic():
        rows = found.select_related("to__organisation").select_for_update(no_key=True, skip_locked=True, of=("self",))
        message = rows.first()
        if message is None or not _has_room(message.to_id):
            return None
        now = timezone.now()
        if message.attempts:
            under_way(message).update(ended_at=now, outcome=LOST)
        message.attempts += 1
        message.due_at = now + timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)
        message.save(update_fields=["attempts", "due_at"])
        return DeliveryAttempt.objects.create(message=message, number=message.attempts, started_at=now)


def _has_room(partner_id: int) -> bool:
    partner = Partner.objects.only(*resting.FIELDS).select_for_update(no_key=True).get(pk=partner_id)
    return leased(partner_id).count() < resting.takes_at_once(partner)


@dataclass(frozen=True, slots=True)
class Turn:
    """A partner for whom something is due, and how many more calls may begin now."""

    partner_id: int
    under_way: int
    room: int


def turns() -> list[Turn]:
    """Whose turn it is: partners with something due and room for it, the fewest calls under way first, else by lot.

    One query, whose cost grows with the number of partners and not with what waits.
    """
    # A value and not EXISTS: that would be planned as a join, which reads everything that waits.
    first = due().filter(to=OuterRef("pk")).values("pk")[:1]
    held = leased(OuterRef("pk")).order_by().values("to").annotate(n=Count("pk")).values("n")
    awake = Partner.objects.filter(resting.awake()).only(*resting.FIELDS)
    found = []
    for partner in awake.annotate(first=Subquery(first), under_way=Coalesce(Subquery(held), 0)):
        if partner.first is not None:
            count: int = partner.under_way
            found.append(Turn(partner.pk, count, resting.takes_at_once(partner) - count))
    random.shuffle(found)
    return sorted((turn for turn in found if turn.room > 0), key=lambda turn: turn.under_way)


def leased(partner_id: Any) -> QuerySet[OutboxMessage]:
    """Messages of a partner that a worker is calling with at this moment."""
    held = OutboxMessage.objects.filter(to=partner_id, state=OutboxMessage.State.QUEUED, due_at__gt=timezone.now())
    return held.filter(Exists(under_way(OuterRef("pk"))))
