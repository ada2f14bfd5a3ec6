"""Which messages an actor may see: those of their own organisation. The only root of a query at the desk."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.http import Http404

from access.actor import Actor
from access.permissions import Permission
from exchange import claims
from exchange.models import InboxMessage, OutboxMessage, Partner, Refusal


def sent(actor: Actor) -> QuerySet[OutboxMessage]:
    """Messages that this organisation sent or is sending, without what they say."""
    if not actor.may(Permission.SEE_EXCHANGE):
        return OutboxMessage.objects.none()
    found = OutboxMessage.objects.filter(sender=actor.organisation)
    return found.select_related("to__organisation", "assigned_to").defer("payload", "answer", "headers")


def received(actor: Actor) -> QuerySet[InboxMessage]:
    """Messages that came in for this organisation, without what they say."""
    if not actor.may(Permission.SEE_EXCHANGE) or actor.organisation != settings.OUR_ODS_CODE:
        return InboxMessage.objects.none()
    found = InboxMessage.objects.select_related("sender__organisation", "answers", "assigned_to")
    return found.defer("payload", "reply", "answers__payload", "answers__answer", "answers__headers")


def refusals(actor: Actor) -> QuerySet[Refusal]:
    """Messages to this organisation that were turned away: ids and reason."""
    if not actor.may(Permission.SEE_EXCHANGE) or actor.organisation != settings.OUR_ODS_CODE:
        return Refusal.objects.none()
    return Refusal.objects.all()


def partners(actor: Actor) -> QuerySet[Partner]:
    """Everybody messages are exchanged with."""
    if not actor.may(Permission.SEE_EXCHANGE):
        return Partner.objects.none()
    return Partner.objects.select_related("organisation").order_by("organisation__name")


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits to go to one partner: how many, since when the oldest, when the next is tried (None: now), and the
    event of all of them ("" where they are of several kinds)."""

    waiting: int = 0
    oldest: datetime | None = None
    next_try: datetime | None = None
    event: str = ""


def queues(actor: Actor) -> dict[int, Queue]:
    """What this organisation's messages wait for, by partner; who has nothing waiting is absent. One query."""
    resting = Q(~Exists(claims.under_way(OuterRef("pk"))))
    rows = sent(actor).filter(state=OutboxMessage.State.QUEUED).order_by().values("to")
    found = rows.annotate(
        n=Count("pk"),
        oldest=Min("queued_at"),
        next=Min("due_at", filter=resting),
        kinds=Count("event", distinct=True),
        one_of_them=Min("event"),
    )
    return {
        row["to"]: Queue(row["n"], row["oldest"], row["next"], row["one_of_them"] if row["kinds"] == 1 else "")
        for row in found
    }


def message_or_404(actor: Actor, direction: str, message_id: UUID) -> OutboxMessage | InboxMessage:
    """One message "out" or "in". Raises Http404, alike for unknown and for another organisation's."""
    roots: dict[str, Callable[[Actor], QuerySet[Any]]] = {"out": sent, "in": received}
    found: OutboxMessage | InboxMessage | None = None
    if direction in roots:
        found = roots[direction](actor).filter(pk=message_id).first()
    if found is None:
        raise Http404("No such message")
    return found
