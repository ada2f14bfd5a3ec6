"""What people do with a referral, and what happens to one. Each act is one transaction with its audit row."""

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from access.models import User
from exchange import outbox, recall
from exchange.directory import fit
from exchange.models import OutboxMessage, Partner, Service
from records.actions import relate
from records.entering.actions import list_to_enter
from records.models import Patient, Relationship
from records.people.homes import person
from referrals import clocks, states
from referrals.events import add_event
from referrals.fhir import Unsendable, referral_to_bundle, withdrawal_to_bundle
from referrals.models import Referral, ReferralEvent
from referrals.states import NotAllowedNow

State, Kind = Referral.State, ReferralEvent.Kind
CONCERNS = "referral"


class ChangedMeanwhile(NotAllowedNow):
    """Somebody else changed the referral since this page was opened."""


class AlreadyWritten(NotAllowedNow):
    """The same form came twice: the referral it wrote is there."""


@transaction.atomic
def draft(
    *,
    patient: Patient,
    service: Service,
    priority: str,
    reason: str,
    clinical_summary: str,
    by: Actor,
    referral_id: UUID | None = None,
) -> Referral:
    """Write a referral without sending it. Raises NotAllowedNow for a patient who has died.

    A form gives the `referral_id` it was shown with, so that a second click writes nothing: AlreadyWritten.
    """
    _refuse_the_deceased(patient)
    assert by.organisation_id is not None
    assert by.user_id is not None
    referral = Referral(
        id=referral_id or uuid4(),
        patient=patient,
        service=service,
        organisation_id=by.organisation_id,
        author_id=by.user_id,
        priority=priority,
        reason=reason,
        clinical_summary=clinical_summary,
    )
    try:
        with transaction.atomic():
            referral.save(force_insert=True)
    except IntegrityError:
        raise AlreadyWritten("This referral was written already.") from None
    audit.record(by=by, action="wrote referral", patient=patient.pk, of=referral)
    return record_event(referral=referral, kind=Kind.DRAFTED, by=by)


@transaction.atomic
def edit(
    *,
    referral: Referral,
    version: int,
    service: Service,
    priority: str,
    reason: str,
    clinical_summary: str,
    by: Actor,
) -> Referral:
    """Change a draft. `version` is the one the person saw. Raises ChangedMeanwhile, NotAllowedNow."""
    held = _hold(referral, "edit", version)
    held.service, held.priority = service, priority
    held.reason, held.clinical_summary = reason, clinical_summary
    held.save(update_fields=["service", "priority", "reason", "clinical_summary"])
    audit.record(by=by, action="changed referral", patient=held.patient_id, of=held)
    return record_event(referral=held, kind=Kind.EDITED, by=by)


@transaction.atomic
def send(*, referral: Referral, version: int, by: Actor) -> OutboxMessage:
    """Send a draft: event and state, sealed message, the receiver's right to read, audit; all or nothing.

    The patient's record stays where it is; the receiver may see the patient's referrals to it and no more.
    Raises ChangedMeanwhile, NotAllowedNow, Unsendable.
    """
    held = _hold(referral, "send", version)
    _refuse_the_deceased(held.patient.merged_into or held.patient)
    receiver = Partner.objects.filter(organisation=held.service.organisation, enabled=True).first()
    if receiver is None or not held.service.active:
        raise Unsendable(f"{held.service.name} cannot be reached from here yet.")
    if why_not := fit.why_not(held.service, person(held.patient.merged_into or held.patient)):
        raise Unsendable(f"{held.service.name} does not take this patient. {why_not}")
    requester, role = _requester(held, by)
    now = timezone.now()
    payload = referral_to_bundle(
        held,
        requester=requester,
        role=role,
        reply_to=settings.OUR_SERVICE_ID,
        at=now,
    )
    message = outbox.put(
        to=receiver,
        event="servicerequest-request",
        payload=payload,
        service=held.service,
        concerns=CONCERNS,
        concerns_id=str(held.pk),
        by=by,
    )
    record_event(referral=held, kind=Kind.SENT, by=by, at=now, outbox_id=message.pk)
    relate(
        patient=held.patient,
        organisation=held.service.organisation,
        kind=Relationship.Kind.REFERRED,
        why=f"referral to {held.service.name}",
        by=by,
    )
    list_to_enter(
        patient=held.patient,
        organisation=held.organisation,
        title=f"Referral sent: {held.service.name}, {held.service.organisation.name}",
        what=f"{held.get_priority_display()}. {held.reason}",
        about=CONCERNS,
        about_id=str(held.pk),
        became="sent",
        by=by,
    )
    audit.record(by=by, action="sent referral", patient=held.patient_id, of=held, note=held.service.name)
    return message


@transaction.atomic
def withdraw(*, referral: Referral, version: int, by: Actor, reason: str = "") -> Referral:
    """Give up a draft, or take back what was sent, for a `reason`; it stays in the history.

    What certainly never arrived is stopped, and the referral withdrawn at once. Otherwise the receiver is told, and
    until it has taken that, the referral stands where it stood. Raises ChangedMeanwhile, NotAllowedNow, Unsendable.
    """
    if referral.state == State.DRAFT:
        held = _hold(referral, "withdraw", version)
        audit.record(by=by, action="withdrew referral", patient=held.patient_id, of=held)
        return record_event(referral=held, kind=Kind.WITHDRAWN, by=by)
    states.require(referral.state, "withdraw")
    # The message is locked before the referral: deliveries lock them in this order.
    try:
        sent, stopped = recall.recall(concerns=CONCERNS, concerns_id=str(referral.pk), by=by)
    except OutboxMessage.DoesNotExist:  # kept no longer
        raise NotAllowedNow("This was sent too long ago to be withdrawn from here: ring them.") from None
    held = _hold(referral, "withdraw", version)
    if not reason.strip():
        raise NotAllowedNow("Say why this referral is withdrawn.")
    if held.withdrawal == Referral.Withdrawal.ON_ITS_WAY:
        raise NotAllowedNow("Its withdrawal is on its way already.")
    audit.record(by=by, action="withdrew referral", patient=held.patient_id, of=held, note=held.service.name)
    if not stopped and sent.to.transport != Partner.Transport.BARS:
        raise NotAllowedNow(f"{sent.to} cannot be told this from here: ring them.")
    if not stopped:
        return _take_back(held, sent, reason.strip(), by)
    record_event(referral=held, kind=Kind.STOPPED, by=by, says={"reason": reason.strip()})
    return list_withdrawn(referral=held, by=by)


def _take_back(held: Referral, sent: OutboxMessage, reason: str, by: Actor) -> Referral:
    now = timezone.now()
    message = outbox.put(
        to=sent.to,
        event=sent.event,
        payload=withdrawal_to_bundle(
            held, reason=reason, reply_to=settings.OUR_SERVICE_ID, sent_at=held.sent_at or now, at=now
        ),
        service=held.service,
        concerns=CONCERNS,
        concerns_id=str(held.pk),
        by=by,
        correlation_id=sent.correlation_id,
        cancels=sent,
    )
    says = {"reason": reason}
    return record_event(referral=held, kind=Kind.WITHDRAWING, by=by, at=now, outbox_id=message.pk, says=says)


@transaction.atomic
def let_stand(*, referral: Referral, version: int, by: Actor) -> Referral:
    """Leave a referral with its receiver after they did not take its withdrawal. Raises as withdraw does."""
    held = _hold(referral, "let stand", version)
    if held.withdrawal != Referral.Withdrawal.FAILED:
        raise NotAllowedNow("Nothing was refused that could be left as it is.")
    audit.record(by=by, action="left referral with its receiver", patient=held.patient_id, of=held)
    return record_event(referral=held, kind=Kind.LET_STAND, by=by)


def list_withdrawn(*, referral: Referral, by: Actor) -> Referral:
    """Tell the practice's clinical system that it is withdrawn, in the caller's transaction."""
    list_to_enter(
        patient=referral.patient,
        organisation=referral.organisation,
        title=f"Referral withdrawn: {referral.service.name}, {referral.service.organisation.name}",
        about=CONCERNS,
        about_id=str(referral.pk),
        became="withdrawn",
        by=by,
    )
    return referral


@transaction.atomic
def record_event(
    *,
    referral: Referral,
    kind: str,
    by: Actor,
    at: dt.datetime | None = None,
    outbox_id: UUID | None = None,
    inbox_id: UUID | None = None,
    says: dict[str, Any] | None = None,
) -> Referral:
    """Add to the history and write where the referral now stands: the only writer of state, withdrawal and version.

    The clock follows. `at` is when it happened, which may be before what we have heard already. The same inbox message
    tells the same thing once. Nothing is audited here: the act that calls this is.
    """
    held = Referral.objects.select_for_update(of=("self",)).select_related("clock").get(pk=referral.pk)
    if inbox_id and held.events.filter(kind=kind, inbox_id=inbox_id).exists():
        return held
    add_event(held, kind=kind, by=by, at=at, outbox_id=outbox_id, inbox_id=inbox_id, says=says)
    events = list(held.events.all())
    held.state = states.fold(events)
    held.withdrawal = states.withdrawal(events)
    if kind == Kind.SENT:
        held.sent_at = at or timezone.now()
    written = ["state", "withdrawal", "version", "sent_at"]
    held.save(update_fields=written)
    clocks.wind(held, events, by)
    for name in (*written, "clock"):  # the caller's copy says the same
        setattr(referral, name, getattr(held, name))
    return referral


def _hold(referral: Referral, act: str, version: int) -> Referral:
    """The referral, locked, if the act fits where it stands and nobody changed it meanwhile."""
    held = (
        Referral.objects.select_for_update(of=("self",))
        .select_related("patient", "service__organisation", "organisation", "author")
        .get(pk=referral.pk)
    )
    states.require(held.state, act)
    if held.version != version:
        raise ChangedMeanwhile("Somebody changed this referral while you had it open. Nothing was lost: look again.")
    return held


def _refuse_the_deceased(patient: Patient) -> None:
    if patient.deceased:
        raise NotAllowedNow("This patient has died. A referral cannot be written or sent.")


def _requester(referral: Referral, by: Actor) -> tuple[User, str]:
    """Who asks, as the message names them: the person who sends, else (a process of ours) the author."""
    if by.kind == "person" and by.user_id is not None and by.role is not None:
        return User.objects.get(pk=by.user_id), by.role.label
    return referral.author, "Referring clinician"
