"""A letter that comes in as a message (event `document`): turned away, filed, or left for a person.

Whose letter it is must be certain: NHS number, birth date and family name agree with one person registered here.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from access.actor import Actor, partner
from access.permissions import Permission
from exchange.errors import NeedsReview, PayloadInvalid, Rec
from exchange.fhir import numbers
from exchange.fhir.bundles import entries
from exchange.happenings import Described
from exchange.models import InboxMessage, Partner
from records import actions, reach
from records.drawing import text_at
from records.letters import incoming
from records.letters.incoming import IncomingLetter
from records.models import Letter, Patient, Relationship
from records.people.comparing import first_name
from records.people.demographics import Demographics


def precheck(message: dict[str, Any], sender: Partner) -> None:
    """Turn away a message that carries no letter. Raises PayloadInvalid (400, 422)."""
    found = list(incoming.focus(message, "DocumentReference"))
    where = "MessageHeader.focus"
    if not found:
        raise PayloadInvalid(Rec.UNPROCESSABLE_ENTITY, "required", "The focus is no DocumentReference.", where)
    if len(found) > 1:
        raise PayloadInvalid(Rec.UNPROCESSABLE_ENTITY, "not-supported", "One letter a message is supported.", where)
    there = {one.full_url for one in entries(message)}
    for attachment in incoming.attachments(found[0].resource):
        url = text_at(attachment, "url")
        if url.startswith("urn:uuid:") and url not in there:
            where = "DocumentReference.content.attachment.url"
            raise PayloadInvalid(Rec.BAD_REQUEST, "not-found", "The letter's text is not in the message.", where)


def handle(inbox: InboxMessage) -> None:
    """File the letter, in the caller's transaction. Raises NeedsReview with a sentence for the person who looks."""
    letter = incoming.read(numbers.loads(inbox.payload))
    actions.file_letter(letter, patient=_whose(letter), source=inbox, by=partner(inbox.sender.organisation))


def describe(actor: Actor, ids: Iterable[str]) -> dict[str, Described]:
    """Whom messages were filed to, for a reader within whose reach they are. One query."""
    same = Q(pk=OuterRef("patient")) | Q(pk=OuterRef("patient__merged_into"))
    within = Exists(reach.patients(actor).filter(same))
    found = Letter.objects.filter(within, message_id__in=list(ids)).select_related("patient")
    may_open = actor.may(Permission.READ_LETTERS)
    return {one.message_id: _described(one, may_open, actor.may(Permission.READ_LETTER_TITLES)) for one in found}


def _described(letter: Letter, may_open: bool, may_read_title: bool) -> Described:
    who = letter.patient
    text = f"{who.family.upper()}, {who.given}" + (f": {letter.title}" if may_read_title and letter.title else "")
    if may_open:
        return Described(text, reverse("records:letter", args=[who.pk, letter.pk]), who.restricted)
    return Described(text, reverse("one-screen", args=[who.pk]), who.restricted)


# Whose it is ----------------------------------------------------------------------------------------------------------
def _whose(letter: IncomingLetter) -> Patient:
    """The one person registered here whom the letter means. Raises NeedsReview when that is not sure."""
    about = letter.about
    if not about.nhs_number:
        raise NeedsReview("The letter gives no NHS number.")
    if not about.matchable_number:
        raise NeedsReview("The NHS number in the letter fails its check digit.")
    same = _with_number(about.nhs_number)
    if not same:
        raise NeedsReview("Nobody here has the NHS number in the letter.")
    agreeing = [one for one in same if about.agrees_with(one)]
    if not agreeing:
        raise NeedsReview("The NHS number is known here, but the name or date of birth in the letter is another.")
    if len(same) > 1:
        raise NeedsReview("More than one patient here has the NHS number in the letter.")
    if not _registered(agreeing[0]):
        raise NeedsReview("This patient is not registered with the practice.")
    if _names_another(about, agreeing[0]):
        raise NeedsReview("The NHS number is one patient's, and the first name that of another born on the same day.")
    return agreeing[0]


def _names_another(about: Demographics, patient: Patient) -> bool:
    """Whether somebody else of this name and birth date has the first name given: numbers of twins get mixed up."""
    said = first_name(about.given)
    if not said or said == first_name(patient.given):
        return False
    born_then = Patient.objects.filter(birth_date=about.birth_date, merged_into__isnull=True).exclude(pk=patient.pk)
    return any(about.agrees_with(one) and first_name(one.given) == said for one in born_then)


def _with_number(nhs_number: str) -> Sequence[Patient]:
    """Who bears a number, also the number of somebody who was joined to them."""
    found = Patient.objects.filter(nhs_number=nhs_number).exclude(nhs_number_status=Patient.NhsNumber.FAILING)
    bearers = [one.merged_into or one for one in found.select_related("merged_into")[:20]]
    return list({one.pk: one for one in bearers}.values())


def _registered(patient: Patient) -> bool:
    return Relationship.objects.filter(
        patient=patient,
        organisation__ods_code=settings.OUR_ODS_CODE,
        kind=Relationship.Kind.REGISTERED,
        until__isnull=True,
    ).exists()
