"""A letter that comes in as a message (event `document`): turned away, filed, or left for a person."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from access.actor import Actor, partner
from access.permissions import Permission
from exchange.errors import PayloadInvalid, Rec
from exchange.fhir import numbers
from exchange.fhir.bundles import entries
from exchange.happenings import Described
from exchange.models import InboxMessage, Partner
from records import actions, reach
from records.drawing import text_at
from records.letters import incoming
from records.models import Letter, Received
from records.people.whose import whose


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
    actions.file_letter(
        letter, patient=whose(letter.about, "letter"), source=inbox, by=partner(inbox.sender.organisation)
    )


def describe(actor: Actor, ids: Iterable[str]) -> dict[str, Described]:
    """Whom messages were filed to, for a reader within whose reach they are. One query."""
    same = Q(pk=OuterRef("patient")) | Q(pk=OuterRef("patient__merged_into"))
    within = Exists(reach.patients(actor).filter(same))
    found = Letter.objects.filter(within, message_id__in=list(ids)).select_related("patient")
    may_open = actor.may(Permission.READ_LETTERS)
    return {one.message_id: _described(one, may_open, actor.may(Permission.READ_LETTER_TITLES)) for one in found}


def needed(ids: Iterable[UUID]) -> set[UUID]:
    """Which messages the record has something of: what was received is kept by the message itself. One query."""
    kept = Received.objects.filter(via=Received.Via.MESSAGE, name__in=[str(one) for one in ids])
    return {UUID(name) for name in kept.values_list("name", flat=True)}


def _described(letter: Letter, may_open: bool, may_read_title: bool) -> Described:
    who = letter.patient
    text = f"{who.family.upper()}, {who.given}" + (f": {letter.title}" if may_read_title and letter.title else "")
    if may_open:
        return Described(text, reverse("records:letter", args=[who.pk, letter.pk]), who.restricted)
    return Described(text, reverse("one-screen", args=[who.pk]), who.restricted)
