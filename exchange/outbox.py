"""Messages on their way out: sealed in the sender's transaction, delivered afterwards, however long that takes."""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from access.actor import Actor, system
from access.models import Organisation, User
from exchange import claims, doorbell, resting, settling
from exchange.beside import Beside
from exchange.errors import DeliveryError, OurFault
from exchange.fhir import headers, numbers
from exchange.fhir.messages import SOFTWARE_DEVICE, Json
from exchange.fhir.systems import System
from exchange.models import DeliveryAttempt, OutboxMessage, Partner, Service
from exchange.transports import TRANSPORTS, sealed_for

log = structlog.get_logger(__name__)
BY = system("delivery")
NOTHING_DUE: Final = "nothing-due"
#: Seconds for which a worker goes on with what is due before anything else has its turn.
AT_A_STRETCH: Final = 1.0


# Sealing --------------------------------------------------------------------------------------------------------------
def put(
    *,
    to: Partner,
    event: str,
    payload: Json,
    service: Service,
    concerns: str,
    concerns_id: str,
    by: Actor,
    correlation_id: UUID | None = None,
    cancels: OutboxMessage | None = None,
) -> OutboxMessage:
    """Seal a message Bundle for a service of a partner, in the caller's transaction; it goes once that commits.

    A partner that is reached by plain FHIR may also be sent one resource, created or updated under a condition.

    Bytes, ids and headers are fixed here: every try sends the same. `concerns` and `concerns_id` name what it is about
    for whoever hears of its delivery. One that `cancels` another goes only after it, and only while the receiver calls
    that one active. Raises RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("outbox.put must share a transaction with what the message is about")
    request_id, correlation = uuid4(), correlation_id or uuid4()
    sealed = _sealed_headers(by, service, request_id, correlation, _use_context(payload, service))
    payload, sealed = sealed_for(to, payload, sealed)
    text = numbers.dumps(payload)
    message = OutboxMessage.objects.create(
        sender=by.organisation or settings.OUR_ODS_CODE,
        to=to,
        event=event,
        headers=sealed,
        payload=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        bundle_id=payload["id"] if payload.get("resourceType", "Bundle") == "Bundle" else str(request_id),
        request_id=request_id,
        correlation_id=correlation,
        concerns=concerns,
        concerns_id=str(concerns_id),
        cancels=cancels,
        due_at=timezone.now(),
    )
    transaction.on_commit(lambda: _announce(message))
    return message


def _sealed_headers(
    by: Actor, service: Service, request_id: UUID, correlation_id: UUID, use_context: str
) -> dict[str, str]:
    return headers.sealed(
        request_id=request_id,
        correlation_id=correlation_id,
        service_id=service.service_id,
        use_context=use_context,
        organisation=_organisation(by),
        software=SOFTWARE_DEVICE,
        practitioner=_practitioner(by),
    )


def _use_context(payload: Json, service: Service) -> str:
    """What kind of message it is, as BaRS routes it: `use case|category|event|reason`."""
    resources: dict[str, Json] = {e["resource"]["resourceType"]: e["resource"] for e in payload.get("entry", [])}
    header, request = resources.get("MessageHeader", {}), resources.get("ServiceRequest", {})
    category = next((c["code"] for one in request.get("category", []) for c in one["coding"]), "referral")
    reason = next((c["code"] for c in header.get("reason", {}).get("coding", [])), "new")
    event = header.get("eventCoding", {}).get("code", "servicerequest-request")
    return f"{service.use_case}|{category}|{event}|{reason}"


def _organisation(by: Actor) -> Json:
    """The end user's organisation (FHIR Organization): the actor's, for a process of ours the practice itself."""
    code, name = by.organisation, by.organisation_name
    if not code:
        ours = Organisation.objects.get(ods_code=settings.OUR_ODS_CODE)
        code, name = ours.ods_code, ours.name
    return {"resourceType": "Organization", "identifier": [{"system": str(System.ODS), "value": code}], "name": name}


def _practitioner(by: Actor) -> Json | None:
    """Who sends (FHIR PractitionerRole), when it is a person."""
    if by.kind != "person" or by.role is None:
        return None
    who: Json = {"display": by.name}
    if number := User.objects.filter(pk=by.user_id or 0).values_list("professional_number", flat=True).first():
        who["identifier"] = {"system": str(System.SDS_USER), "value": number}
    role: Json = {"resourceType": "PractitionerRole", "active": True, "practitioner": who}
    return role | {"code": [{"text": by.role.label}]}


# The doorbell ---------------------------------------------------------------------------------------------------------
def ring(message_id: UUID) -> None:
    """Ask a worker to deliver. A lost ring loses nothing: the sweep finds what is due."""
    doorbell.ring("exchange.tasks.deliver", message_id)


def _announce(message: OutboxMessage) -> None:
    """Ring for a new message, unless as many as its partner takes at once are due before it: who settles those goes on
    with this one. A long queue so leaves the doorbell to others."""
    before = claims.due().filter(to_id=message.to_id, created_at__lt=message.created_at).order_by()
    if before[: message.to.max_in_flight].count() < message.to.max_in_flight:
        ring(message.pk)


def sweep() -> int:
    """Ring for what is due, for each partner as many as may go at once: new ones whose ring was lost, back-offs that
    ended, leases that ran out. Whoever settles one goes on with the next. Also give up what has waited its time while
    its partner rests. Returns how many were rung for.
    """
    settling.give_up_what_rests(by=BY)
    found = [one for turn in claims.turns() for one in claims.next_for(turn.partner_id, turn.room)]
    for message_id in found:
        ring(message_id)
    return len(found)


# Delivering -----------------------------------------------------------------------------------------------------------
def work_on(beside: Beside) -> None:
    """Try what is due, one after another, for about a second, and ring for the rest: other work is to have its turn.

    A ring only says that there is something to do: which message is next the database knows, so that a long queue for
    one partner keeps nobody else's waiting, and no ring is wasted on a message that another worker took.
    """
    end = time.monotonic() + AT_A_STRETCH
    while work(beside) != NOTHING_DUE:
        if time.monotonic() > end:
            for turn in claims.turns()[:1]:
                _ring_for(turn.partner_id, 1)
            return


def work(beside: Beside | None = None) -> str:
    """One try of whatever is due, every partner in turn. Returns how it ended as `deliver` does, "nothing-due", or
    "beside": that takes a try at a partner that may not answer, if it can, so that this worker does not wait for it.
    """
    for turn in claims.turns():
        attempt = claims.claim_next(turn.partner_id)
        if attempt is None:
            continue
        partner = attempt.message.to
        if not _may_be_gone(partner):
            return _try(attempt)
        if beside and beside(partial(_try_and_ring, attempt)):
            return "beside"
        return _try_and_ring(attempt)
    return NOTHING_DUE


def deliver(message_id: UUID | str) -> str:
    """One try to deliver a message, if it is due and nobody else is at it. The call is outside any transaction.

    Returns how it ended, for the log: "not-claimed", "delivered", "handed-over", "queued", "refused", "expired" or
    "overtaken".
    """
    attempt = claims.claim(message_id)
    return "not-claimed" if attempt is None else _try_and_ring(attempt)


def _may_be_gone(partner: Partner) -> bool:
    return resting.takes_at_once(partner) < partner.max_in_flight


def _try_and_ring(attempt: DeliveryAttempt) -> str:
    """A try, and rings for what may go after it: for all a partner takes, when nobody knew whether it is there."""
    partner = attempt.message.to
    most = partner.max_in_flight if _may_be_gone(partner) else 1
    ended = _try(attempt)
    _ring_for(partner.pk, most)
    return ended


def _ring_for(partner_id: int, most: int) -> None:
    for waiting in claims.next_for(partner_id, most):
        ring(waiting)


def _try(attempt: DeliveryAttempt) -> str:
    ended = _settle(attempt)
    log.info(
        "delivery",
        message=str(attempt.message_id),
        request_id=str(attempt.message.request_id),
        correlation_id=str(attempt.message.correlation_id),
        number=attempt.number,
        outcome=attempt.outcome,
        status=attempt.status,
        state=ended,
    )
    return ended


def _settle(attempt: DeliveryAttempt) -> str:
    try:
        answer = TRANSPORTS[attempt.message.to.transport](attempt.message)
    except DeliveryError as error:
        return settling.failed(attempt, error, by=BY)
    except Exception as error:  # a fault of ours must leave a trace on the message and be tried again, not vanish
        log.exception("fault while delivering", message=str(attempt.message_id))
        return settling.failed(attempt, OurFault(type(error).__name__), by=BY)
    return settling.arrived(attempt, answer, by=BY)


# Telling --------------------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Progress:
    """How far the newest message about something has come, for a sentence on a screen. Times are aware, UTC."""

    outbox_id: UUID
    #: OutboxMessage.State.
    state: str
    partner: str
    attempts: int
    queued_at: datetime
    #: A worker is calling the partner at this moment.
    trying_now: bool
    #: Since when this message's tries have failed; None while the first one is still to come.
    failing_since: datetime | None
    #: When it is tried again, at the earliest; None when nothing is left to do or a try is under way.
    next_try_at: datetime | None
    delivered_at: datetime | None
    #: When a post office took it, while the receiver has not collected it.
    handed_over_at: datetime | None
    #: Why it has not arrived, a code of exchange.errors: unreachable, timed-out, partner-failed, refused, our-fault.
    trouble: str


def progress(*, concerns: str, ids: Iterable[str]) -> dict[str, Progress]:
    """The newest message about each of `ids`; those without one are absent. One query."""
    first_failed = DeliveryAttempt.objects.filter(message=OuterRef("pk"), ended_at__isnull=False).exclude(outcome="")
    rows = (
        OutboxMessage.objects.filter(concerns=concerns, concerns_id__in=[str(one) for one in ids])
        .annotate(
            partner_name=F("to__organisation__name"),
            partner_failing_since=F("to__failing_since"),
            rests_until=F("to__rest_until"),
            under_way=Exists(claims.under_way(OuterRef("pk"))) & Q(due_at__gt=timezone.now()),
            first_failed_at=first_failed.order_by("number").values("started_at")[:1],
        )
        .defer("payload", "answer", "headers")
        .order_by("created_at")
    )
    return {row.concerns_id: _progress(row) for row in rows}


def _progress(row: Any) -> Progress:
    """Of a row as `progress` reads it. What was never tried because its partner rests fails since the partner does."""
    queued = row.state == OutboxMessage.State.QUEUED
    trying: bool = row.under_way
    failing_since = row.first_failed_at if row.trouble else row.partner_failing_since if row.rests_until else None
    return Progress(
        outbox_id=row.pk,
        state=row.state,
        partner=row.partner_name,
        attempts=row.attempts,
        queued_at=row.created_at,
        trying_now=queued and trying,
        failing_since=failing_since if queued else None,
        next_try_at=max(row.due_at, row.rests_until or row.due_at) if queued and not trying else None,
        delivered_at=row.settled_at if row.state == OutboxMessage.State.DELIVERED else None,
        handed_over_at=row.handed_over_at if row.state == OutboxMessage.State.HANDED_OVER else None,
        trouble=row.trouble,
    )
