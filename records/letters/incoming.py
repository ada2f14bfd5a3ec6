"""What a letter says that comes as a message, read out of its FHIR resources. Pure: nothing is looked up or stored.

The shape: MessageHeader → DocumentReference → Binary, which holds the text (a FHIR document, HTML, PDF …).
"""

import base64
import binascii
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from exchange.errors import NeedsReview
from exchange.fhir import numbers, validate
from exchange.fhir.bundles import BundleEntry, entries
from exchange.fhir.inbound import header_of
from exchange.fhir.messages import FHIR_JSON
from exchange.fhir.systems import System
from records.dates import moment
from records.details import gp_actions, narrative
from records.drawing import Json, codings, every, human_name, text_at, words
from records.people.demographics import Demographics, demographics

_ACTIONS: Final = "887201000000105"  # SNOMED CT, PRSB heading: plan and requested actions
_NOT_TO_FILE: Final = {
    "entered-in-error": "The sender says that this letter was sent in error.",
    "superseded": "The sender says that a newer letter replaces this one.",
}


@dataclass(frozen=True, slots=True)
class IncomingLetter:
    """A letter as its message says it, before it is known whose it is here."""

    title: str
    department: str
    author: str
    written_at: dt.datetime | None
    gp_actions: str
    #: Identifier of the referral it answers, `system|value`; "" if it names none.
    answers: str
    #: Who it is about, and the FHIR Patient that says so.
    about: Demographics
    patient: BundleEntry
    #: The DocumentReference, and what else of the message is kept in the record: its text and who wrote it.
    document: BundleEntry
    beside: tuple[BundleEntry, ...]


def read(message: Json) -> IncomingLetter:
    """The letter in a message that passed `precheck`. Raises NeedsReview when it does not say enough to be filed."""
    document = next(focus(message, "DocumentReference"))
    status = text_at(document.resource, "status")
    if status in _NOT_TO_FILE:
        raise NeedsReview(_NOT_TO_FILE[status])
    inside = list(_inside(message, document.resource))
    patient = _patient_entry(message, document.resource) or next(_of(inside, "Patient"), None)
    if patient is None:
        raise NeedsReview("The letter does not say whose it is: it carries no patient.")
    return IncomingLetter(
        title=text_at(document.resource, "description", "content.attachment.title") or _type(document.resource),
        department=words((document.resource.get("context") or {}).get("practiceSetting")),
        author=_author(message, document.resource),
        written_at=moment(text_at(document.resource, "date", "content.attachment.creation")),
        gp_actions=next((found for one in _of(inside, "Composition") if (found := _requested(one.resource))), ""),
        answers=_answers(document.resource),
        about=_about(document.resource, patient.resource),
        patient=patient,
        document=document,
        beside=tuple(_kept(message)),
    )


def focus(message: Json, kind: str) -> Iterator[BundleEntry]:
    named = [text_at(one, "reference") for one in every(header_of(message).get("focus"))]
    return (one for one in _of(entries(message), kind) if one.full_url in named)


def _of(several: Any, kind: str) -> Iterator[BundleEntry]:
    return (one for one in several if isinstance(one.resource, dict) and one.resource.get("resourceType") == kind)


def attachments(document: Json) -> Iterator[Json]:
    for content in every(document.get("content")):
        yield from every(content.get("attachment"))


def _inside(message: Json, document: Json) -> Iterator[BundleEntry]:
    """What the FHIR documents hold that the letter's attachments are; nothing for other formats."""
    urls = [text_at(one, "url") for one in attachments(document)]
    texts = [one.resource for one in _of(entries(message), "Binary") if one.full_url in urls]
    inline = [one for one in attachments(document) if "data" in one]
    for text in texts + inline:
        if text_at(text, "contentType").split(";")[0].strip() in FHIR_JSON:
            yield from _document(text_at(text, "data"))


def _document(base64_text: str) -> Iterator[BundleEntry]:
    try:
        bundle = numbers.loads(base64.b64decode(base64_text, validate=True))
    except (binascii.Error, numbers.JsonError, ValueError):
        raise NeedsReview("The letter's text cannot be read.") from None
    if not isinstance(bundle, dict) or validate.check(bundle):
        raise NeedsReview("The letter's text is not a valid document.")
    if bundle.get("resourceType") == "Bundle":
        yield from entries(bundle)


def _patient_entry(message: Json, document: Json) -> BundleEntry | None:
    """The Patient the letter's subject points to, else the only one of the message."""
    subject = text_at(document, "subject.reference")
    patients = list(_of(entries(message), "Patient"))
    for one in patients:
        if subject in (one.full_url, f"Patient/{one.resource.get('id')}"):
            return one
    return patients[0] if len(patients) == 1 and not subject else None


def _about(document: Json, patient: Json) -> Demographics:
    about = demographics(patient)
    if text_at(document, "subject.identifier.system") == System.NHS_NUMBER:
        number = text_at(document, "subject.identifier.value").replace(" ", "")
        if about.nhs_number and number != about.nhs_number:
            raise NeedsReview("The letter names two different NHS numbers.")
    return about


def _type(document: Json) -> str:
    return words(document.get("type")) or words(document.get("category")) or "Letter"


def _author(message: Json, document: Json) -> str:
    """Who wrote it: a person rather than an organisation."""
    by_url = {one.full_url: one.resource for one in entries(message)}
    contained = {f"#{one.get('id')}": one for one in every(document.get("contained"))}
    names = []
    for author in every(document.get("author")):
        who = (by_url | contained).get(text_at(author, "reference"), {})
        name = text_at(author, "display") or text_at(who, "practitioner.display", "name.text")
        name = name or human_name(next(iter(every(who.get("name"))), None)) or text_at(who, "name")
        organisation = author.get("type") == "Organization" or who.get("resourceType") == "Organization"
        names.append((organisation, name))
    return next((name for _, name in sorted(names, key=lambda one: one[0]) if name), "")


def _requested(composition: Json) -> str:
    """What the letter asks of the practice: the section so coded or so titled, in the sender's words."""
    for section in every(composition.get("section")):
        if any(one.get("code") == _ACTIONS for one in codings(section.get("code"))):
            return narrative(section)
    return gp_actions(composition)


def _answers(document: Json) -> str:
    for related in every((document.get("context") or {}).get("related")):
        identifier = related.get("identifier") or {}
        if identifier.get("system") == System.OUR_REFERRAL:
            return f"{identifier['system']}|{text_at(identifier, 'value')}"
    return ""


def _kept(message: Json) -> Iterator[BundleEntry]:
    kinds = ("Binary", "Organization", "Practitioner", "PractitionerRole", "Composition")
    return (one for kind in kinds for one in _of(entries(message), kind))


def pointed_at(letter: IncomingLetter, patient_reference: str) -> IncomingLetter:
    """The same letter with `patient_reference` as subject of its DocumentReference and in place of its own Patient."""
    before = {letter.patient.full_url, f"Patient/{letter.patient.resource.get('id')}"} - {""}
    subject = letter.document.resource.get("subject") or {}
    resource = _redirected(letter.document.resource, before, patient_reference)
    resource["subject"] = subject | {"reference": patient_reference}
    return replace(letter, document=replace(letter.document, resource=resource))


def _redirected(node: Any, before: set[str], after: str) -> Any:
    if isinstance(node, list):
        return [_redirected(one, before, after) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: _redirected(value, before, after) for key, value in node.items()}
    if made.get("reference") in before:
        made["reference"] = after
    return made
