"""What reaches a referral from outside: the receiver's answers, how delivery went, a letter that was filed."""

import json
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import structlog
from django.urls import reverse

from access import audit
from access.actor import Actor, partner, system
from exchange.desk.actions import NotAllowedNow
from exchange.errors import NeedsReview, NotActive, PayloadInvalid, Rec
from exchange.fhir.systems import System
from exchange.happenings import Described
from exchange.models import InboxMessage, OutboxMessage, Partner
from records.entering.actions import list_to_enter
from records.models import Letter
from referrals import actions, clocks, reach, states
from referrals.fhir import Answer, UnreadableAnswer, response_from_bundle, response_status
from referrals.models import Referral, ReferralEvent
from referrals.same_person import names_another

log = structlog.get_logger(__name__)
Kind = ReferralEvent.Kind
DELIVERY = system("delivery")
READING = system("reading")
DESK = system("exchange desk")
#: What becomes of a referral and the clinical system has to know.
OUTCOMES = {"booked": "booked", "rejected": "returned", "completed": "completed"}
#: What a referral may have become at its receiver (FHIR request-status) that is told apart in words.
ENDED = frozenset({"completed", "revoked", "entered-in-error"})
SAID = {
    "accepted": "accepted referral",
    "asked": "asked for more about referral",
    "booked": "booked referral",
    "rejected": "rejected referral",
}


def needed(ids: Iterable[UUID]) -> set[UUID]:
    """Which messages belong to referrals that may still be answered: an answer is compared with what was sent."""
    sent = OutboxMessage.objects.filter(pk__in=ids, concerns="referral").values_list("pk", "concerns_id")
    of = dict(sent)
    waiting = Referral.objects.filter(pk__in=set(of.values()), state__in=states.WAITING).values_list("pk", flat=True)
    still = {str(pk) for pk in waiting}
    return {pk for pk, referral_id in of.items() if referral_id in still}


# Answers (event servicerequest-response) ------------------------------------------------------------------------------
def precheck(message: dict[str, Any], sender: Partner) -> None:
    """Turn away, before it is stored, an answer to what is no referral of ours or was not sent to this sender.

    Alike for both: a partner does not learn what exists. Raises PayloadInvalid (REC_NOT_FOUND).
    """
    if _answered(_answers(message), sender) is None:
        text = "The message that this answers is not known for this sender."
        raise PayloadInvalid(Rec.NOT_FOUND, "not-found", text, "MessageHeader.response.identifier")


def handle(inbox: InboxMessage) -> None:
    """Enter an answer into the referral's history, in the caller's transaction. Raises NeedsReview."""
    message = json.loads(inbox.payload)
    referral = _answered(_answers(message), inbox.sender)
    if referral is None:
        raise NeedsReview("This answers a referral that is not known here.")
    if names_another(message, referral, inbox.answers):
        raise NeedsReview("This answer names another patient than the referral that it answers.")
    try:
        answer = response_from_bundle(message)
    except UnreadableAnswer as error:
        raise NeedsReview(str(error)) from error
    by = partner(inbox.sender.organisation)
    _refuse_after_withdrawal(referral, answer)
    _enter(referral, answer, inbox, by)


def _refuse_after_withdrawal(referral: Referral, answer: Answer) -> None:
    """Who takes up what was withdrawn since makes the patient come: a person has to see to it."""
    if referral.state != Referral.State.WITHDRAWN or answer.kind not in (Kind.ACCEPTED, Kind.BOOKED):
        return
    taken = referral.events.filter(kind__in=(Kind.TAKEN_BACK, Kind.STOPPED)).order_by("number").last()
    if taken is None or answer.at is None or answer.at > taken.at:
        raise NeedsReview("They accepted or booked a referral after it was withdrawn. Ring them.")


def _enter(referral: Referral, answer: Answer, inbox: InboxMessage, by: Actor) -> None:
    audit.record(by=by, action=SAID.get(answer.kind, "answered referral"), patient=referral.patient_id, of=referral)
    actions.record_event(
        referral=referral,
        kind=answer.kind,
        by=by,
        at=answer.at or inbox.received_at,
        inbox_id=inbox.pk,
        says=_says(answer),
    )
    if answer.kind in OUTCOMES:
        list_to_enter(
            patient=referral.patient,
            organisation=referral.organisation,
            title=f"Referral {OUTCOMES[answer.kind]}: {referral.service.name}",
            what=". ".join(text for text in (answer.outcome, answer.reason) if text),
            about=actions.CONCERNS,
            about_id=str(referral.pk),
            became=answer.kind,
            by=by,
        )


def _says(answer: Answer) -> dict[str, str]:
    """What the event keeps of an answer: only what was said."""
    said = {
        "starts": answer.starts.isoformat() if answer.starts else "",
        "place": answer.place,
        "reason": answer.reason,
        "outcome": answer.outcome,
        "who": answer.who,
        "asks": answer.asks,
    }
    return {name: text for name, text in said.items() if text}


def _answers(message: dict[str, Any]) -> str:
    """Bundle.id of the message that this one answers, from its MessageHeader; empty if it names none."""
    entries = message.get("entry") or [{}]
    header = entries[0].get("resource") or {}
    return str((header.get("response") or {}).get("identifier") or "")


def _answered(bundle_id: str, sender: Partner) -> Referral | None:
    """The referral that a message of ours to this partner was about."""
    about = OutboxMessage.objects.filter(bundle_id=bundle_id, to=sender, concerns=actions.CONCERNS)
    sent = about.order_by("created_at").first()
    return Referral.objects.filter(pk=sent.concerns_id).first() if sent else None


# Happenings -----------------------------------------------------------------------------------------------------------
def delivered(*, outbox_id: str, concerns: str, concerns_id: str) -> None:
    """The receiver has the message."""
    _went(Kind.DELIVERED, outbox_id, concerns, concerns_id)


def refused(*, outbox_id: str, concerns: str, concerns_id: str) -> None:
    """The receiver's system will not take the message."""
    _went(Kind.REFUSED, outbox_id, concerns, concerns_id)


def expired(*, outbox_id: str, concerns: str, concerns_id: str) -> None:
    """We gave up trying."""
    _went(Kind.EXPIRED, outbox_id, concerns, concerns_id)


def uncollected(*, outbox_id: str, concerns: str, concerns_id: str) -> None:
    """It lay at the post office until its time was up: the receiver never collected it."""
    _went(Kind.UNCOLLECTED, outbox_id, concerns, concerns_id)


def set_aside(*, outbox_id: str, concerns: str, concerns_id: str) -> None:
    """Somebody at the exchange desk stopped the message."""
    _went(Kind.SET_ASIDE, outbox_id, concerns, concerns_id, DESK)


def sent_again(*, outbox_id: str, concerns: str, concerns_id: str) -> None:
    """Somebody at the exchange desk sends the message once more. Raises NotAllowedNow for what was withdrawn."""
    withdrawn = Referral.objects.filter(state=Referral.State.WITHDRAWN)
    if concerns == actions.CONCERNS and withdrawn.filter(pk=concerns_id).exists():
        raise NotAllowedNow("This referral was withdrawn: it is not sent. Refer anew if the patient is to be seen.")
    _went(Kind.SENT_AGAIN, outbox_id, concerns, concerns_id, DESK)


def _went(kind: str, outbox_id: str, concerns: str, concerns_id: str, by: Actor = DELIVERY) -> None:
    if concerns != actions.CONCERNS:
        return
    referral, sent = Referral.objects.get(pk=concerns_id), UUID(str(outbox_id))
    asked = referral.events.filter(kind=Kind.WITHDRAWING, outbox_id=sent).order_by("number").first()
    if asked is not None:
        _withdrawal_went(referral, sent, kind, asked, by)
    else:
        actions.record_event(referral=referral, kind=kind, by=by, outbox_id=sent)


def _withdrawal_went(referral: Referral, sent: UUID, went: str, asked: ReferralEvent, by: Actor) -> None:
    """How it went with the message that takes a referral back."""
    kind, says = Kind.NOT_WITHDRAWN, {"why": str(went)}
    if went == Kind.REFUSED:
        says = _why_not(sent)
    elif went == Kind.SENT_AGAIN:
        kind, says = Kind.WITHDRAWING, dict(asked.says)
    elif went == Kind.DELIVERED:
        kind, says = Kind.TAKEN_BACK, {}
    actions.record_event(referral=referral, kind=kind, by=by, outbox_id=sent, says=says)
    if referral.state == Referral.State.WITHDRAWN:
        actions.list_withdrawn(referral=referral, by=by)


def _why_not(outbox_id: UUID) -> dict[str, str]:
    """Why the receiver did not take it: the exchange's code, and the status that the referral has there."""
    sent = OutboxMessage.objects.only("trouble", "answer").get(pk=outbox_id)
    found: Any = json.loads(sent.answer) if sent.trouble == NotActive.code else {}
    status = response_status(found)
    return {"why": sent.trouble} | ({"status": status} if status in ENDED else {})


def letter_filed(*, letter_id: str, inbox_id: str, answers: str) -> None:
    """A letter was filed that names a referral (`system|value` of its identifier).

    It is tied only where patient and sender are the referral's own: a number copied wrongly ties nothing.
    """
    named, _, value = answers.rpartition("|")
    if named != System.OUR_REFERRAL:
        return
    letter = Letter.objects.select_related("sender").get(pk=letter_id)
    referral = _named(value)
    if referral is None or letter.sender_id != referral.service.organisation_id or not _same_person(letter, referral):
        log.warning("letter not tied", letter=str(letter_id), inbox=str(inbox_id))
        return
    actions.record_event(
        referral=referral,
        kind=Kind.LETTER_FILED,
        by=partner(letter.sender),
        at=letter.written_at,
        inbox_id=UUID(str(inbox_id)),
        says={"letter": str(letter.pk), "title": letter.title},
    )


def letter_read(*, letter_id: str) -> None:
    """Somebody opened a letter: the referral that waited for that waits for nothing any more."""
    told = ReferralEvent.objects.filter(kind=Kind.LETTER_FILED, says__letter=letter_id)
    waiting = Referral.objects.select_for_update(of=("self",)).select_related("clock")
    for referral in waiting.filter(events__in=told, clock__closed_at__isnull=True).order_by("pk"):
        clocks.wind(referral, list(referral.events.all()), READING)


# The exchange desk ----------------------------------------------------------------------------------------------------
def describe(actor: Actor, ids: Iterable[str]) -> dict[str, Described]:
    """Whom referrals concern, for a reader within whose reach they are. One query."""
    found = reach.referrals(actor).filter(pk__in=list(ids))
    return {
        str(one.pk): Described(
            f"{one.patient.family.upper()}, {one.patient.given}: {one.service.name}",
            reverse("referrals:referral", args=[one.pk]),
            one.patient.restricted,
        )
        for one in found
    }


def _named(value: str) -> Referral | None:
    try:
        wanted = UUID(value)
    except ValueError:
        return None
    return Referral.objects.select_related("service", "patient").filter(pk=wanted).first()


def _same_person(letter: Letter, referral: Referral) -> bool:
    """Whether both are of one person, also when two were found to be one since."""
    same = {referral.patient_id, referral.patient.merged_into_id}
    return letter.patient_id in same or letter.patient.merged_into_id in same - {None}
