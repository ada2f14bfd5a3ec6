"""What becomes of a received request: it is filed, changed by its sender, answered. Each act is one transaction with
its audit row."""

import datetime as dt
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from access.models import Organisation, User
from exchange import outbox
from exchange.models import InboxMessage, OutboxMessage, Service
from records.actions import relate
from records.dates import moment
from records.drawing import Json, text_at
from records.entering.actions import list_to_enter
from records.models import Patient, Relationship
from referrals.actions import ChangedMeanwhile
from referrals.events import add_event
from referrals.received import states, threads
from referrals.received.fhir.answer import Answer, Answering, answer_to_bundle
from referrals.received.fhir.asked import Asked
from referrals.received.models import ReceivedEvent, ReceivedRequest

Kind = ReceivedEvent.Kind
CONCERNS = "received-request"
#: What an act is called in the audit, and what the clinical system has to know of it ("" for nothing).
ACTS: Final[dict[str, tuple[str, str]]] = {
    "accept": ("accepted received request", ""),
    "interim": ("gave first answer to received request", ""),
    "complete": ("completed received request", "completed"),
    "reject": ("rejected received request", "rejected"),
}


# What comes in --------------------------------------------------------------------------------------------------------
@transaction.atomic
def take_request(*, asked: Asked, says: Json, patient: Patient, source: InboxMessage, by: Actor) -> ReceivedRequest:
    """File a new request to the practice. Its people may see it from now on, and its sender nothing that is here."""
    practice = Organisation.objects.get(ods_code=settings.OUR_ODS_CODE)
    request, made = ReceivedRequest.objects.get_or_create(
        id=threads.our_id(source),
        defaults={
            "kind": asked.kind,
            "sender": source.sender,
            "organisation": practice,
            "patient": patient,
            "bundle_id": asked.bundle_id,
            "correlation_id": source.correlation_id,
            "full_url": asked.full_url,
            "identifier": asked.identifier,
            "reply_to": asked.reply_to,
            "use_case": asked.use_case,
            "received_at": source.received_at,
        },
    )
    if not made:
        return request
    record_event(request=request, kind=Kind.ASKED, by=by, at=source.received_at, inbox_id=source.pk, says=says)
    why = f"{request.get_kind_display().lower()} from {by.name}"
    relate(patient=patient, organisation=practice, kind=Relationship.Kind.REFERRED, why=why, by=by)
    audit.record(by=by, action="sent us a request", patient=patient.pk, of=request, note=request.kind)
    return request


@transaction.atomic
def note_change(
    *, request: ReceivedRequest, asked: Asked, says: Json, kind: str, source: InboxMessage, by: Actor
) -> ReceivedRequest:
    """Enter what a sender says of its request later: changed, cancelled, sent in error.

    What comes after it was closed changes nothing and stays in the history.
    """
    audit.record(by=by, action=f"{Kind(kind).label.lower()}: request", patient=request.patient_id, of=request)
    return record_event(request=request, kind=kind, by=by, at=source.received_at, inbox_id=source.pk, says=says)


# What we answer -------------------------------------------------------------------------------------------------------
@transaction.atomic
def answer(
    *, request: ReceivedRequest, act: str, version: int, text: str, by: Actor, further: bool = False
) -> OutboxMessage:
    """Accept, give a first answer ("interim"), complete with what came of it, or reject with the reason.

    The answer goes to whoever asked, signed with the person's name: state, sealed message, audit; all or nothing.
    `further`: the case needs more from them (a validation). Raises ChangedMeanwhile, NotAllowedNow.
    """
    held = _hold(request, act, version)
    now, patient = timezone.now(), held.patient.merged_into or held.patient
    told = Answer(act=act, text=text.strip(), further=further, at=now, bundle_id=uuid4())
    message = outbox.put(
        to=held.sender,
        event="booking-response" if held.kind == ReceivedRequest.Kind.BOOKING else "servicerequest-response",
        payload=answer_to_bundle(_answering(held, patient, by), told),
        service=Service(service_id=held.reply_to, use_case=held.use_case),
        concerns=CONCERNS,
        concerns_id=str(held.pk),
        by=by,
        correlation_id=held.correlation_id,
    )
    says: dict[str, Any] = {"text": told.text, "role": by.role.label if by.role else ""}
    record_event(
        request=held, kind=states.ENTERS[act], by=by, at=now, outbox_id=message.pk, says=says | {"further": further}
    )
    done, became = ACTS[act]
    audit.record(by=by, action=done, patient=held.patient_id, of=held)
    if became:
        list_to_enter(
            patient=patient,
            organisation=held.organisation,
            title=f"{held.get_kind_display()} from {held.sender.organisation.name} {became}",
            what=told.text,
            about=CONCERNS,
            about_id=str(held.pk),
            became=became,
            by=by,
        )
    return message


def _answering(held: ReceivedRequest, patient: Patient, by: Actor) -> Answering:
    """What an answer repeats of the request, and who gives it."""
    events = list(held.events.all())
    counts = states.what_counts(events)
    says = counts.says if counts else {}
    assert by.user_id is not None
    return Answering(
        request=held,
        patient=patient,
        practice=held.organisation,
        asker=held.sender.organisation,
        by=User.objects.get(pk=by.user_id),
        role=by.role.label if by.role else "",
        reply_from=settings.OUR_SERVICE_ID,
        echo=says.get("echo", {}),
        version=says.get("version") or "1.0.0",
        again=any(event.kind in states.ENTERS.values() for event in events),
    )


def _hold(request: ReceivedRequest, act: str, version: int) -> ReceivedRequest:
    """The request, locked, if the act fits where it stands and nothing happened to it meanwhile."""
    held = (
        ReceivedRequest.objects.select_for_update(of=("self",))
        .select_related("patient__merged_into", "sender__organisation", "organisation")
        .get(pk=request.pk)
    )
    states.require(held, act)
    if held.version != version:
        raise ChangedMeanwhile(
            "Something happened to this request while you had it open. Nothing was lost: look again."
        )
    return held


# The history ----------------------------------------------------------------------------------------------------------
@transaction.atomic
def record_event(
    *,
    request: ReceivedRequest,
    kind: str,
    by: Actor,
    at: dt.datetime | None = None,
    outbox_id: UUID | None = None,
    inbox_id: UUID | None = None,
    says: dict[str, Any] | None = None,
) -> ReceivedRequest:
    """Add to the history and write where the request now stands: the only writer of state, version and wanted_by.

    The same inbox message tells the same thing once. Nothing is audited here: the act that calls this is.
    """
    held = ReceivedRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if inbox_id and held.events.filter(inbox_id=inbox_id).exists():
        return held
    add_event(held, kind=kind, by=by, at=at, outbox_id=outbox_id, inbox_id=inbox_id, says=says)
    events = list(held.events.all())
    held.state = states.fold(events)
    held.wanted_by = _wanted_by(events)
    held.save(update_fields=["state", "version", "wanted_by"])
    for name in ("state", "version", "wanted_by"):  # the caller's copy says the same
        setattr(request, name, getattr(held, name))
    return request


def _wanted_by(events: list[ReceivedEvent]) -> dt.datetime | None:
    counts = states.what_counts(events)
    said = counts.says.get("content", {}) if counts else {}
    return moment(text_at(said, "appointment.start") or text_at(said, "wanted_by"))
