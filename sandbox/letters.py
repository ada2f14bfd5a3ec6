"""The letter or notice: a FHIR document (Composition under PRSB headings) carried in a BaRS message."""

import base64
import html
import json
from collections.abc import Iterable
from datetime import date

from sandbox.bars import names as n
from sandbox.bars.messages import (
    Case,
    entry,
    header,
    message,
    moment,
    organisation,
    patient,
    reference,
    sender_organisation,
)
from sandbox.bars.names import Json
from sandbox.partner import LetterWords, Offered

XHTML = "http://www.w3.org/1999/xhtml"


def letter(case: Case) -> Json:
    """The message that brings the letter: MessageHeader, DocumentReference, Binary, Patient, organisations."""
    document = case.own_id("document")
    pointer = case.own_id("document reference")
    first = header(
        case, message_name="letter", reason="new", focus=[pointer, document], event=(n.DOCUMENT_EVENTS, "document")
    )
    carried: Json = {"resourceType": "Binary", "id": document, "contentType": n.MEDIA_TYPE}
    carried["data"] = base64.b64encode(json.dumps(document_bundle(case), ensure_ascii=False).encode()).decode()
    parts = [first, _document_reference(case, pointer, document), carried]
    parts += [patient(case), organisation(case), sender_organisation(case)]
    return message(case.partner, case.own_id("letter"), parts)


def document_bundle(case: Case) -> Json:
    """The letter itself (FHIR Bundle of type document, first entry a Composition)."""
    now = moment()
    parts = [_composition(case, now), patient(case), _author(case), organisation(case)]
    for part in parts:
        part["meta"] = {"lastUpdated": now, **part.get("meta", {})}
    return {
        "resourceType": "Bundle",
        "id": case.own_id("document bundle"),
        "meta": {"lastUpdated": now},
        "identifier": {"system": "https://tools.ietf.org/html/rfc4122", "value": case.own_id("document bundle")},
        "type": "document",
        "timestamp": now,
        "entry": [entry(part) for part in parts],
    }


def title(case: Case) -> str:
    """What the letter is called on both sides."""
    return f"{_service(case).name}: {_words(case).kind[2]}"


def _words(case: Case) -> LetterWords:
    return _service(case).letter or PLAIN


def _type(case: Case) -> Json:
    code, display, _ = _words(case).kind
    return {"coding": [{"system": n.SNOMED, "code": code, "display": display}], "text": display}


def _document_reference(case: Case, own_id: str, document: str) -> Json:
    now = moment()
    attachment = {"contentType": n.MEDIA_TYPE, "url": f"urn:uuid:{document}", "title": title(case), "creation": now}
    us: Json = {"identifier": {"system": n.ODS, "value": case.partner.ods}, "display": case.partner.name}
    found: Json = {
        "resourceType": "DocumentReference",
        "id": own_id,
        "meta": {"profile": [n.UKCORE + "DocumentReference"]},
        "identifier": [{"system": "https://tools.ietf.org/html/rfc4122", "value": own_id}],
        "status": "current",
        "docStatus": "final",
        "type": _type(case),
        "category": [_type(case)],
        "subject": _subject(case),
        "date": now,
        "author": [{"type": "Organization", **us}, {"type": "Practitioner", "display": _author_name(_service(case))}],
        "custodian": us,
        "description": title(case),
        "content": [{"attachment": attachment}],
    }
    related = [{"identifier": one} for one in case.request.get("identifier", [])]
    if related:
        found["context"] = {"related": related}
    return found


def _composition(case: Case, now: str) -> Json:
    service = _service(case)
    return {
        "resourceType": "Composition",
        "id": case.own_id("composition"),
        "meta": {"profile": [n.UKCORE + "Composition"]},
        "identifier": {"system": "https://tools.ietf.org/html/rfc4122", "value": case.own_id("composition")},
        "status": "final",
        "type": _type(case),
        "subject": reference(case.own_id("patient")),
        "date": now,
        "author": [reference(case.own_id("author"), _author_name(service))],
        "title": title(case),
        "custodian": reference(case.own_id("organisation"), case.partner.name),
        "section": list(_sections(case)),
    }


def _sections(case: Case) -> Iterable[Json]:
    words = _words(case)
    reason = case.reason()
    asked = str(case.request.get("authoredOn", ""))[:10]
    opening = (f"Thank you for referring this patient{_on(asked)}. Reason for referral: {reason}.",)
    headed = (
        ("Diagnoses", "887161000000102", "Diagnoses", words.diagnoses),
        ("Clinical summary", "887181000000106", "Clinical summary", (*opening, *words.summary)),
        ("Medication changes", "933361000000108", "Medications and medical devices", words.medicines),
        ("Actions for GP", "887201000000105", "Plan and requested actions", words.actions),
        ("Information given to patient", "1052951000000105", "Information and advice given", words.told),
    )
    titles = words.headings or tuple(row[0] for row in headed)
    for title_, (_, code, display, said) in zip(titles, headed, strict=True):
        yield {
            "title": title_,
            "code": {"coding": [{"system": n.SNOMED, "code": code, "display": display}]},
            "text": {"status": "generated", "div": _div(line.replace("{reason}", reason) for line in said)},
        }


def _div(lines: Iterable[str]) -> str:
    items = [f"<li>{html.escape(line)}</li>" for line in lines]
    return f'<div xmlns="{XHTML}"><ul>{"".join(items)}</ul></div>'


def _on(day: str) -> str:
    try:
        return f" on {date.fromisoformat(day):%d %B %Y}"
    except ValueError:
        return ""


def _author(case: Case) -> Json:
    prefix, given, family = _service(case).clinician
    return {
        "resourceType": "Practitioner",
        "id": case.own_id("author"),
        "meta": {"profile": [n.UKCORE + "Practitioner"]},
        "name": [{"family": family, "given": [given], "prefix": [prefix]}],
    }


def _author_name(service: Offered) -> str:
    return " ".join(service.clinician)


def _service(case: Case) -> Offered:
    return case.partner.services[case.service_id]


def _subject(case: Case) -> Json:
    """Whom the letter is about: by reference and, where the sender gave one, by NHS number."""
    subject = reference(case.own_id("patient"))
    for identifier in case.patient.get("identifier", []):
        if n.same_system(identifier.get("system"), n.NHS_NUMBER) and identifier.get("value"):
            subject["identifier"] = {"system": n.NHS_NUMBER, "value": str(identifier["value"])}
    return subject


PLAIN = LetterWords(
    diagnoses=("{reason}",),
    summary=("Seen and examined in clinic. No cause for concern was found.",),
    medicines=("No changes.",),
    actions=("None. Please refer again if symptoms return.",),
    told=("The findings were explained and written down for the patient.",),
)
