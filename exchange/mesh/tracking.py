"""What became of a message that was handed over: collected, come back, or forgotten there.

MESH is asked seldom and less often as time passes. Its REPORT and our own clock tell of the same thing: a message comes
to rest once, whoever tells first. What was given up here is asked after for as long as MESH keeps it, since what was
collected in the end has arrived.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from access.actor import system
from exchange.errors import DeliveryError, Uncollected, UnknownMailbox, WorkflowRefused
from exchange.mesh.mailbox import Gone, Talk, answers, opened
from exchange.models import Handover, Mailbox, OutboxMessage, Partner
from exchange.settling import settle

log = structlog.get_logger(__name__)
BY = system("MESH")
MOST_AT_ONCE: Final = 50
#: How long MESH keeps a message at all.
KEPT_DAYS: Final = 30
UNCOLLECTED: Final = "14"
State = OutboxMessage.State
#: MESH's code -> the trouble that is shown; every other is "refused".
_TROUBLES: Final = {
    UNCOLLECTED: Uncollected.code,
    "12": UnknownMailbox.code,
    "16": WorkflowRefused.code,
    "17": WorkflowRefused.code,
}


def follow() -> int:
    """Ask MESH what became of what is due, then give up what nobody collected. Returns how many were asked about."""
    asked = 0
    by_mailbox: dict[int, list[Handover]] = defaultdict(list)
    for handover in _claim():
        by_mailbox[handover.mailbox_id].append(handover)
    for found in by_mailbox.values():
        asked += _ask(found[0].mailbox, found)
    for message_id in _overdue():
        _give_up(message_id)
    return asked


def _claim() -> list[Handover]:
    """Handovers to ask about now, each with its next turn set first: a worker that dies leaves it for that."""
    now = timezone.now()
    with transaction.atomic():
        rows = Handover.objects.select_for_update(skip_locked=True, of=("self",)).select_related("mailbox")
        found = list(rows.filter(look_at__lte=now, mailbox__enabled=True).order_by("look_at")[:MOST_AT_ONCE])
        for one in found:
            one.looks += 1
            one.look_at = next_look(one, now)
            one.save(update_fields=["looks", "look_at"])
    return found


def next_look(handover: Handover, now: datetime) -> datetime | None:
    """When to ask again: later each time, once when its five days are over, never after MESH has deleted it."""
    if now > handover.handed_at + timedelta(days=KEPT_DAYS):
        return None
    steps = settings.MESH_TRACK_SECONDS
    after = now + timedelta(seconds=steps[min(handover.looks, len(steps) - 1)])
    deadline = handover.handed_at + timedelta(days=settings.MESH_COLLECT_DAYS)
    return deadline if now < deadline < after else after


def _ask(mailbox: Mailbox, found: list[Handover]) -> int:
    asked = 0
    try:
        with opened(mailbox) as talk:
            for one in found:
                _look(talk, one)
                asked += 1
    except DeliveryError as error:  # asked again at its next turn; the mailbox's own trouble is told by its polls
        log.warning("MESH not asked", mailbox=mailbox.mailbox_id, error=error.code)
    return asked


def _look(talk: Talk, handover: Handover) -> None:
    try:
        with answers():
            told = talk.track_message(handover.mesh_message_id)
    except Gone:
        return
    status = str(told.get("status") or "").lower()
    if status == "acknowledged":
        collected(handover.pk)
    elif status in ("undeliverable", "error"):
        came_back(handover.pk, str(told.get("status_code") or UNCOLLECTED))


# What it comes to -----------------------------------------------------------------------------------------------------
@transaction.atomic
def collected(handover_id: int) -> bool:
    """The receiver has it now, whatever was thought of it before. Whether that is news."""
    handover, message = _hold(handover_id)
    if handover.collected_at is not None:
        return False
    now = timezone.now()
    handover.collected_at, handover.look_at = now, None
    handover.save(update_fields=["collected_at", "look_at"])
    Partner.objects.filter(pk=message.to_id).update(last_delivered_at=now)
    if message.state != State.DELIVERED:
        message.trouble = ""
        settle(message, State.DELIVERED, by=BY)
    return True


@transaction.atomic
def came_back(handover_id: int, code: str) -> bool:
    """MESH says that it will not reach the receiver. Whether that is news; a person hears of it once.

    An older handover that comes back changes nothing for a message that was handed over again since.
    """
    handover, message = _hold(handover_id)
    if handover.returned_at is not None or handover.collected_at is not None:
        return False
    handover.returned_at, handover.look_at, handover.code = timezone.now(), None, code[:20]
    handover.save(update_fields=["returned_at", "look_at", "code"])
    newest = Handover.objects.filter(message=message).latest("handed_at", "pk")
    if message.state in (State.HANDED_OVER, State.QUEUED) and newest.pk == handover.pk:
        message.trouble = _TROUBLES.get(code, "refused")
        settle(message, State.UNCOLLECTED if code == UNCOLLECTED else State.REFUSED, by=BY)
    return True


def _overdue() -> list[UUID]:
    """Messages whose time at MESH is over and of which MESH has said nothing, though it was asked since."""
    before = timezone.now() - timedelta(days=settings.MESH_COLLECT_DAYS)
    to_ask = Handover.objects.filter(message=OuterRef("pk"), look_at__lte=timezone.now(), mailbox__enabled=True)
    waiting = OutboxMessage.objects.filter(state=State.HANDED_OVER, handed_over_at__lte=before)
    return list(waiting.exclude(Exists(to_ask)).values_list("pk", flat=True)[:MOST_AT_ONCE])


@transaction.atomic
def _give_up(message_id: UUID) -> None:
    """By our own clock: nobody collected it, and no REPORT has come."""
    message = OutboxMessage.objects.select_for_update(no_key=True).get(pk=message_id)
    if message.state == State.HANDED_OVER:
        message.trouble = Uncollected.code
        settle(message, State.UNCOLLECTED, by=BY)


def _hold(handover_id: int) -> tuple[Handover, OutboxMessage]:
    """Both locked, the message first as every other does."""
    message_id = Handover.objects.values_list("message", flat=True).get(pk=handover_id)
    message = OutboxMessage.objects.select_for_update(no_key=True).get(pk=message_id)
    return Handover.objects.select_for_update().get(pk=handover_id), message
