"""Fetching what lies in our mailboxes: listed, fetched, stored, and only then acknowledged.

What is acknowledged is gone from MESH. So a message is in the database, committed, before MESH hears that we have it;
if we die between the two it is listed again, recognised by its id and acknowledged. One worker looks into a mailbox at
a time, by a lease in its row.
"""

import hashlib
from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from access import audit
from access.actor import system
from exchange import doorbell
from exchange.errors import DeliveryError, OurFault
from exchange.mesh import reading
from exchange.mesh.mailbox import MOST_LISTED, Arrived, Gone, LeftThere, Talk, answers, fetch, opened
from exchange.models import Arrival, InboxMessage, Mailbox, Partner, PartnerMailbox

log = structlog.get_logger(__name__)
BY = system("MESH")
HANDSHAKE_AFTER: Final = timedelta(hours=23)
#: So many pages of a list are worked off in one go; what is left is fetched at the next.
MOST_PAGES: Final = 20


def due() -> QuerySet[Mailbox]:
    """Mailboxes that are to be looked into now and that nobody looks into."""
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lte=now)
    return Mailbox.objects.filter(free, enabled=True, poll_due_at__lte=now)


def sweep() -> int:
    """Ring for every mailbox that is due. Returns how many."""
    found = list(due().values_list("pk", flat=True))
    for mailbox_id in found:
        doorbell.ring("exchange.tasks.poll_mailbox", mailbox_id)
    return len(found)


def poll(mailbox_id: int) -> str:
    """Look into a mailbox and take in what lies there. Returns "not-claimed", "polled" or an error's code."""
    mailbox = _claim(mailbox_id)
    if mailbox is None:
        return "not-claimed"
    trouble, taken = "", 0
    try:
        taken = _empty(mailbox)
    except DeliveryError as error:
        trouble = error.code
    except Exception:
        log.exception("fault while polling", mailbox=mailbox.mailbox_id)
        trouble = OurFault.code
    _release(mailbox, trouble)
    log.info("polled", mailbox=mailbox.mailbox_id, taken=taken, trouble=trouble)
    return trouble or "polled"


# The lease ------------------------------------------------------------------------------------------------------------
def _claim(mailbox_id: int) -> Mailbox | None:
    """The mailbox, leased and with its next turn set, committed first; None if another worker has it."""
    now = timezone.now()
    until, next_turn = _lease(now), now + timedelta(seconds=settings.MESH_POLL_SECONDS)
    if not due().filter(pk=mailbox_id).update(leased_until=until, poll_due_at=next_turn, polled_at=now):
        return None
    return Mailbox.objects.select_related("organisation").get(pk=mailbox_id)


def _lease(now: datetime) -> datetime:
    return now + timedelta(seconds=settings.MESH_LEASE_SECONDS)


def _go_on(mailbox: Mailbox) -> bool:
    """Prolong the lease; False when it ran out and somebody else has it."""
    until = _lease(timezone.now())
    kept = Mailbox.objects.filter(pk=mailbox.pk, enabled=True, leased_until=mailbox.leased_until)
    if not kept.update(leased_until=until):
        return False
    mailbox.leased_until = until
    return True


def _release(mailbox: Mailbox, trouble: str) -> None:
    now = timezone.now()
    mine = Mailbox.objects.filter(pk=mailbox.pk, leased_until=mailbox.leased_until)
    if trouble:
        mine.update(leased_until=None, trouble=trouble)
        Mailbox.objects.filter(pk=mailbox.pk, failing_since=None).update(failing_since=now)
    else:
        mine.update(leased_until=None, trouble="", failing_since=None, succeeded_at=now, alerted_at=None)


# Taking in ------------------------------------------------------------------------------------------------------------
def _empty(mailbox: Mailbox) -> int:
    """Everything that is listed, page after page until one is not full. Returns how many messages were new."""
    taken = 0
    with opened(mailbox) as talk:
        _shake_hands(talk, mailbox)
        for _ in range(MOST_PAGES):
            listed = talk.list_messages(max_results=MOST_LISTED)
            for mesh_message_id in listed:
                if not _go_on(mailbox):
                    return taken
                taken += _take(talk, mailbox, mesh_message_id)
            if len(listed) < MOST_LISTED:
                return taken
    Mailbox.objects.filter(pk=mailbox.pk).update(poll_due_at=timezone.now())
    return taken


def _shake_hands(talk: Talk, mailbox: Mailbox) -> None:
    """Once a day MESH wants to hear that the mailbox is in use."""
    now = timezone.now()
    if mailbox.shook_hands_at is None or mailbox.shook_hands_at < now - HANDSHAKE_AFTER:
        talk.handshake()
        Mailbox.objects.filter(pk=mailbox.pk).update(shook_hands_at=now)


def _take(talk: Talk, mailbox: Mailbox, mesh_message_id: str) -> bool:
    """Fetch, store and acknowledge one message; whether it was new."""
    known = Arrival.objects.filter(mesh_message_id=mesh_message_id).first()
    if known is not None:
        if not known.left_there:
            _acknowledge(talk, known)
        return False
    try:
        with answers():
            stored = store(mailbox, fetch(talk, mesh_message_id, settings.MESH_LIMIT_BYTES))
    except Gone:  # expired or collected meanwhile: the next list is without it
        log.warning("gone from MESH", mailbox=mailbox.mailbox_id, mesh_message=mesh_message_id)
        return False
    except LeftThere as left:
        store(mailbox, Arrived(mesh_message_id, {}, b""), left_there=left.reason)
        return True
    _acknowledge(talk, stored)
    return True


def store(mailbox: Mailbox, arrived: Arrived, *, left_there: str = "") -> Arrival:
    """Keep a message, unread, in one transaction that is committed when this returns. Once, however often it comes."""
    try:
        with transaction.atomic():
            return _store(mailbox, arrived, left_there)
    except IntegrityError:
        return Arrival.objects.get(mesh_message_id=arrived.mesh_message_id)


def _store(mailbox: Mailbox, arrived: Arrived, left_there: str) -> Arrival:
    said, now = dict(arrived.headers), timezone.now()
    text = _as_text(arrived.content)
    name = f"urn:mesh:{arrived.mesh_message_id}"
    theirs = PartnerMailbox.objects.filter(mailbox_id__iexact=said.get("from", "")).first()
    message = InboxMessage.objects.create(
        channel=InboxMessage.Channel.MESH,
        sender_id=None if theirs is None or arrived.is_report else theirs.partner_id,
        request_id=uuid5(NAMESPACE_URL, name),
        correlation_id=uuid5(NAMESPACE_URL, f"{name}#correlation"),
        event=reading.REPORT if arrived.is_report else "",
        payload=text or "",
        sha256=hashlib.sha256(arrived.content).hexdigest(),
        due_at=now,
    )
    found = Arrival.objects.create(
        message=message,
        mailbox=mailbox,
        mesh_message_id=arrived.mesh_message_id,
        came_from=said.get("from", "")[:100],
        workflow=said.get("workflowid", "")[:300],
        headers=said,
        content=arrived.content if text is None else None,
        left_there=left_there,
    )
    if theirs is not None and not arrived.is_report:
        Partner.objects.filter(pk=theirs.partner_id).update(last_received_at=now)
    audit.record(by=BY, action="message fetched from MESH", of=message, note=mailbox.mailbox_id)
    transaction.on_commit(lambda: doorbell.ring("exchange.tasks.file", message.pk))
    return found


def _as_text(content: bytes) -> str | None:
    """The content as the database can keep it in a text column, or None."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def _acknowledge(talk: Talk, arrival: Arrival) -> None:
    """Tell MESH that we have it. What it no longer knows needs no acknowledgement."""
    try:
        with answers():
            talk.acknowledge_message(arrival.mesh_message_id)
    except Gone:
        log.info("acknowledged before", mesh_message=arrival.mesh_message_id)
    Arrival.objects.filter(pk=arrival.pk, acknowledged_at=None).update(acknowledged_at=timezone.now())
