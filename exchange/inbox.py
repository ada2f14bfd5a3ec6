"""Messages that come in: stored before we answer, read afterwards, never dropped."""

import hashlib
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from access import audit
from access.actor import acting
from access.actor import partner as partner_actor
from access.models import Organisation
from exchange import doorbell, happenings, rules, settling
from exchange.errors import NeedsReview, PayloadInvalid, Rec
from exchange.fhir import headers, inbound, numbers
from exchange.fhir.messages import Json
from exchange.fhir.replies import acknowledgement
from exchange.mesh import reading, reports
from exchange.models import InboxMessage, Partner, Refusal

log = structlog.get_logger(__name__)
AT_ONCE = 20
MOST_TRIES = 10
State, Channel = InboxMessage.State, InboxMessage.Channel


# Taking ---------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Checked:
    """A message that keeps the rules: what was heard of it and what it says."""

    body: bytes
    message: Json
    heard: headers.Heard
    told: rules.Told


def receive(body: bytes, sent: Mapping[str, str], *, sender: Partner) -> str:
    """Check a message, store it with its reply in one transaction, and return the reply (a message Bundle, JSON text).

    Raises PayloadInvalid, and then nothing is stored: 400 for what is not a valid message, 404, 409 (had already), 422,
    425 while the same ids are being processed, 408 when it took longer than MESSAGE_TIME_LIMIT_SECONDS.
    """
    started = time.monotonic()
    checked = _check(body, sent)
    try:
        with acting(partner_actor(sender.organisation)):
            stored = _store(checked, sender, started)
            if time.monotonic() - started > settings.MESSAGE_TIME_LIMIT_SECONDS:
                raise _too_slow()
    except IntegrityError:
        if _is_stored(sender, checked.heard):
            raise _duplicate() from None
        raise
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == "57014":  # the statement's time was up
            raise _too_slow() from None
        raise
    log.info(
        "received",
        message=str(stored.pk),
        kind=stored.event,
        sender=sender.organisation.ods_code,
        request_id=str(stored.request_id),
        correlation_id=str(stored.correlation_id),
    )
    return stored.reply


def _check(body: bytes, sent: Mapping[str, str]) -> _Checked:
    """Every rule that needs nothing stored, in BaRS's order."""
    message = inbound.read(body)
    heard = headers.check(sent)
    inbound.check_target(heard, rules.us())
    return _Checked(body, message, heard, rules.check(message))


def _store(checked: _Checked, sender: Partner, started: float) -> InboxMessage:
    _limit_statements(started)
    if not _is_alone(sender, checked.heard):
        raise _too_early()
    if _is_stored(sender, checked.heard):
        raise _duplicate()
    told = checked.told
    answered = rules.answered(told.answers, sender) if told.answers else None
    our_id = happenings.handler(told.event).precheck(checked.message, sender) or ""
    _limit_statements(started)
    reply_id = uuid4()
    stored = InboxMessage.objects.create(
        sender=sender,
        request_id=checked.heard.request_id,
        correlation_id=checked.heard.correlation_id,
        bundle_id=checked.message["id"],
        event=told.event,
        reason=told.reason,
        answers=answered,
        payload=checked.body.decode(),
        sha256=hashlib.sha256(checked.body).hexdigest(),
        reply=_reply(checked.message, reply_id, answered.concerns_id if answered else our_id),
        due_at=timezone.now(),
    )
    Partner.objects.filter(pk=sender.pk).update(last_received_at=timezone.now())
    audit.record(by=partner_actor(sender.organisation), action="message received", of=stored, note=stored.event)
    transaction.on_commit(lambda: doorbell.ring("exchange.tasks.file", stored.pk))
    return stored


def _limit_statements(started: float) -> None:
    """No statement of this transaction may outlast the time in which the sender must be answered."""
    seconds = settings.MESSAGE_TIME_LIMIT_SECONDS - (time.monotonic() - started)
    with connection.cursor() as cursor:
        limit = f"{max(1, int(seconds * 1000))}ms"
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [limit])


def _is_alone(sender: Partner, heard: headers.Heard) -> bool:
    """Whether nobody else processes this pair of ids; until the transaction ends nobody else will."""
    pair = f"{sender.pk} {heard.request_id} {heard.correlation_id}"
    key = int.from_bytes(hashlib.sha256(pair.encode()).digest()[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [key])
        return bool(cursor.fetchone()[0])


def _is_stored(sender: Partner, heard: headers.Heard) -> bool:
    return InboxMessage.objects.filter(
        sender=sender, request_id=heard.request_id, correlation_id=heard.correlation_id
    ).exists()


def _reply(message: Json, reply_id: UUID, our_id: str) -> str:
    us = Organisation.objects.get(ods_code=settings.OUR_ODS_CODE)
    reply = acknowledgement(
        message,
        reply_id=reply_id,
        at=timezone.now(),
        ods_code=us.ods_code,
        name=us.name,
        phone=us.phone,
        service_id=settings.OUR_SERVICE_ID,
        our_id=our_id,
    )
    return numbers.dumps(reply)


def _duplicate() -> PayloadInvalid:
    return PayloadInvalid(Rec.CONFLICT, "duplicate", "This message has been processed already.", "http.X-Request-Id")


def _too_early() -> PayloadInvalid:
    return PayloadInvalid(Rec.TOO_EARLY, "transient", "This message is being processed.", "http.X-Request-Id")


def _too_slow() -> PayloadInvalid:
    return PayloadInvalid(Rec.TIMEOUT, "timeout", "The message could not be processed in time.")


def note_refusal(refused: PayloadInvalid, sent: Mapping[str, str], *, sender: Partner) -> None:
    """Keep that a message was turned away: ids and reason, nothing of what it said."""
    ids = headers.mirrored(sent)
    row = Refusal.objects.create(
        sender=sender.organisation.ods_code,
        request_id=ids.get(headers.REQUEST_ID, ""),
        correlation_id=ids.get(headers.CORRELATION_ID, ""),
        status=refused.status,
        code=refused.rec,
        expression=refused.expression[:200],
    )
    log.info("turned away", sender=row.sender, request_id=row.request_id, status=row.status, at=row.expression)


# Filing ---------------------------------------------------------------------------------------------------------------
def file(inbox_id: UUID | str) -> str:
    """Let the event's handler read a message that was received: all of it or nothing, in one transaction.

    Returns "not-claimed", "filed" or "needs-review". A fault of ours is raised and leaves the message to the sweep.
    """
    if not _claim(inbox_id):
        return "not-claimed"
    with transaction.atomic():
        rows = InboxMessage.objects.select_for_update(skip_locked=True, of=("self",)).select_related(
            "sender__organisation"
        )
        message = rows.filter(pk=inbox_id, state=State.RECEIVED).first()
        if message is None:
            return "not-claimed"
        try:
            _read(message)
            message.state = State.FILED
        except NeedsReview as needs:
            message.state, message.review_reason = State.NEEDS_REVIEW, needs.reason[:200]
        message.settled_at, message.due_at = timezone.now(), None
        message.save(update_fields=["state", "review_reason", "settled_at", "due_at"])
        if message.channel == Channel.MESH:
            reading.keep(message)
    log.info("read", message=str(message.pk), kind=message.event, state=message.state, attempts=message.attempts)
    _ring_for_the_next()
    return str(message.state)


def _read(message: InboxMessage) -> None:
    """Hand a message to who reads its kind. Raises NeedsReview; whom it answers has been heard all the same."""
    tired = message.attempts > MOST_TRIES
    if message.channel == Channel.MESH and not tired and not reading.understand(message):
        return
    if message.answers_id is not None:
        settling.answered(message.answers_id, by=partner_actor(message.sender.organisation))
    with transaction.atomic():
        if tired:
            raise NeedsReview("Our system could not read this message. It is kept as it was received.")
        if message.event == reading.REPORT:
            reports.handle(message)
        else:
            happenings.handler(message.event).handle(message)


def _claim(inbox_id: UUID | str) -> bool:
    """Count a try and set when the next is due, committed first: a message that kills its reader comes back late."""
    now = timezone.now()
    due = InboxMessage.objects.filter(pk=inbox_id, state=State.RECEIVED, due_at__lte=now)
    attempts = due.values_list("attempts", flat=True).first()
    if attempts is None:
        return False
    steps = settings.RETRY_SECONDS
    again = now + timedelta(seconds=steps[min(attempts, len(steps) - 1)])
    return bool(due.filter(attempts=attempts).update(attempts=F("attempts") + 1, due_at=again))


def _due() -> QuerySet[InboxMessage]:
    return InboxMessage.objects.filter(state=State.RECEIVED, due_at__lte=timezone.now()).order_by("due_at")


def _ring_for_the_next() -> None:
    """Whoever has read one goes on with the next, one of the first few so that two workers seldom choose the same."""
    if found := list(_due().values_list("pk", flat=True)[:AT_ONCE]):
        doorbell.ring("exchange.tasks.file", random.choice(found))


def sweep() -> int:
    """Ring for received messages that are due to be read, so many that the workers go on by themselves. Returns how
    many."""
    found = list(_due().values_list("pk", flat=True)[:AT_ONCE])
    for inbox_id in found:
        doorbell.ring("exchange.tasks.file", inbox_id)
    return len(found)


def waiting_for_a_person(ods_code: str) -> QuerySet[InboxMessage]:
    """Messages to this organisation that nothing could be made of without a person, the oldest first.

    Each says who sent it, when it came and why it waits, and nothing about the patient.
    """
    if ods_code != settings.OUR_ODS_CODE:
        return InboxMessage.objects.none()
    waiting = InboxMessage.objects.filter(state=InboxMessage.State.NEEDS_REVIEW)
    return waiting.select_related("sender__organisation").defer("payload", "reply").order_by("received_at")
