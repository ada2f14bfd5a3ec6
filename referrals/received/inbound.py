"""Requests that come in (event servicerequest-request; bookings have their own, received.bookings)."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.urls import reverse

from access.actor import Actor, partner, system
from exchange.errors import NeedsReview
from exchange.fhir import numbers
from exchange.happenings import Described
from exchange.models import InboxMessage, Partner
from records.people.whose import whose
from referrals.received import actions, checks, reach, threads
from referrals.received.fhir import asked as reading
from referrals.received.fhir.asked import Asked
from referrals.received.models import ReceivedEvent, ReceivedRequest

Kind = ReceivedEvent.Kind
DELIVERY = system("delivery")
#: What a message wants -> what it enters into the history.
_ENTERS: Final = {"ask": Kind.ASKED, "change": Kind.CHANGED, "cancel": Kind.CANCELLED, "take-back": Kind.IN_ERROR}


class OutOfTurn(Exception):
    """The message that this one changes has not been read yet: it is tried again later."""


def precheck(message: dict[str, Any], sender: Partner) -> str:
    """Turn away, before it is stored, what breaks a rule. Returns our id of the request it is about, "" for a new one.

    Raises PayloadInvalid (400, 404, 409, 422).
    """
    return checks.check(message, sender, "ServiceRequest")


def handle(inbox: InboxMessage) -> None:
    """File a request, or what its sender says of it later. Raises NeedsReview with a sentence for the person who looks.

    Raises OutOfTurn, which leaves the message to be read again, when the one that it changes comes after it.
    """
    message = numbers.loads(inbox.payload)
    asked = reading.read(message)
    if asked is None or asked.patient is None:
        raise NeedsReview("The request does not say what is asked or for whom.")
    by, wanted = partner(inbox.sender.organisation), checks.wants(asked)
    if wanted == "ask":
        patient = whose(asked.about, "request")
        says = reading.kept(message, asked, restricted=patient.restricted)
        actions.take_request(asked=asked, says=says, patient=patient, source=inbox, by=by)
        return
    request = _changed(asked, inbox)
    says = reading.kept(message, asked, restricted=(request.patient.merged_into or request.patient).restricted)
    actions.note_change(request=request, asked=asked, says=says, kind=_ENTERS[wanted], source=inbox, by=by)


def _changed(asked: Asked, inbox: InboxMessage) -> ReceivedRequest:
    """The request that a later message is about."""
    known = threads.known(asked, inbox.sender)
    if known is not None:
        if not _same_person(asked, known):
            raise NeedsReview("The sender changes a request, and names another patient than before.")
        return known
    first = threads.unfiled(asked, inbox.sender)
    if first is None:
        raise NeedsReview("The request that this changes is not here.")
    if first.state == InboxMessage.State.RECEIVED:
        raise OutOfTurn(str(first.pk))
    raise NeedsReview("This changes a request that itself was left to a person.")


def _same_person(asked: Asked, known: ReceivedRequest) -> bool:
    """Whether a change is about whom the request was about: by NHS number where both give one, else by name."""
    about, patient = asked.about, known.patient.merged_into or known.patient
    if about.matchable_number and patient.nhs_number:
        return about.nhs_number in (patient.nhs_number, known.patient.nhs_number)
    return about.agrees_with(patient) or about.agrees_with(known.patient)


# Delivery of our answers ----------------------------------------------------------------------------------------------
def delivered(*, outbox_id: str, concerns: str, concerns_id: str) -> None:
    """The sender has our answer."""
    _went(Kind.ANSWER_DELIVERED, outbox_id, concerns, concerns_id)


def stopped(*, outbox_id: str, concerns: str, concerns_id: str) -> None:
    """Our answer was refused, given up or set aside: somebody has to tell them."""
    _went(Kind.ANSWER_STOPPED, outbox_id, concerns, concerns_id)


def sent_again(*, outbox_id: str, concerns: str, concerns_id: str) -> None:
    """Somebody at the exchange desk sends our answer once more."""
    _went(Kind.ANSWER_AGAIN, outbox_id, concerns, concerns_id)


def _went(kind: str, outbox_id: str, concerns: str, concerns_id: str) -> None:
    if concerns == actions.CONCERNS:
        request = ReceivedRequest.objects.get(pk=concerns_id)
        actions.record_event(request=request, kind=kind, by=DELIVERY, outbox_id=UUID(str(outbox_id)))


# The exchange desk ----------------------------------------------------------------------------------------------------
def describe(actor: Actor, ids: Iterable[str]) -> dict[str, Described]:
    """Whom messages that came in concern, for a reader within whose reach they are. Two queries."""
    events = ReceivedEvent.objects.filter(inbox_id__in=list(ids)).values_list("inbox_id", "request_id")
    request_of = {str(inbox): str(request) for inbox, request in events}
    told = describe_requests(actor, request_of.values())
    return {inbox: told[request] for inbox, request in request_of.items() if request in told}


def describe_requests(actor: Actor, ids: Iterable[str]) -> dict[str, Described]:
    """Whom our answers concern, by the request's id."""
    found = reach.requests(actor).filter(pk__in=list(ids))
    return {
        str(one.pk): Described(
            f"{one.patient.family.upper()}, {one.patient.given}: {one.get_kind_display().lower()} received",
            reverse("referrals:received-one", args=[one.pk]),
        )
        for one in found
    }
