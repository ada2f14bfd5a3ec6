"""Letters as a hospital sends them, made for the tests (FHIR message with a DocumentReference and a document)."""

import base64
import datetime as dt
import json
from typing import Any
from uuid import uuid4

from exchange.fhir.messages import coding, message_bundle, message_header, organisation, reference, urn
from exchange.fhir.systems import System

NHS_NUMBER, ANOTHER, FAILING = "9990000018", "9990000026", "9990000019"  # the first two pass Modulus 11
SYSTEM = System.NHS_NUMBER


def patient(**fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "resourceType": "Patient",
        "id": str(uuid4()),
        "identifier": [{"system": System.NHS_NUMBER, "value": NHS_NUMBER}],
        "name": [{"family": "SMITH", "given": ["Jane"], "prefix": ["Mrs"]}],
        "gender": "female",
        "birthDate": "1970-05-01",
    }
    return given | fields


def document(who: dict[str, Any]) -> dict[str, Any]:
    """The letter's text: a FHIR document under PRSB headings."""
    author: dict[str, Any] = {
        "resourceType": "Practitioner",
        "id": str(uuid4()),
        "name": [{"family": "Fenn", "prefix": ["Dr"]}],
    }
    composition: dict[str, Any] = {
        "resourceType": "Composition",
        "id": str(uuid4()),
        "status": "final",
        "type": {"text": "Discharge summary"},
        "subject": reference(who["id"]),
        "date": "2026-11-20T09:30:00Z",
        "author": [reference(author["id"])],
        "title": "Heart failure clinic: discharge letter",
        "section": [
            section("Diagnoses", "887161000000102", "Heart failure"),
            section("Plan and requested actions", "887201000000105", "Check kidney function in two weeks"),
        ],
    }
    return {
        "resourceType": "Bundle",
        "type": "document",
        "identifier": {"system": System.UUID, "value": str(uuid4())},
        "timestamp": "2026-11-20T09:30:00Z",
        "entry": [{"fullUrl": urn(one["id"]), "resource": one} for one in (composition, who, author)],
    }


def section(title: str, code: str, text: str) -> dict[str, Any]:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><ul><li>{text}</li></ul></div>'
    heading = {"coding": [coding(System.SNOMED, code)]}
    return {"title": title, "code": heading, "text": {"status": "generated", "div": div}}


def letter(
    who: dict[str, Any] | None = None,
    *,
    content_type: str = "application/fhir+json",
    data: bytes | None = None,
    answers: str = "",
    **fields: Any,
) -> dict[str, Any]:
    """A letter message. `fields` replace those of the DocumentReference."""
    who = who or patient()
    text = data if data is not None else json.dumps(document(who)).encode()
    binary: dict[str, Any] = {"resourceType": "Binary", "id": str(uuid4()), "contentType": content_type}
    binary["data"] = base64.b64encode(text).decode()
    us = organisation(resource_id=uuid4(), ods_code="RZZ01", name="Northern Infirmary")
    pointer: dict[str, Any] = {
        "resourceType": "DocumentReference",
        "id": str(uuid4()),
        "status": "current",
        "type": {"coding": [coding(System.SNOMED, "373942005", "Discharge summary")]},
        "subject": reference(who["id"]),
        "date": "2026-11-20T09:30:00Z",
        "author": [{"type": "Organization", "display": "Northern Infirmary"}, {"display": "Dr L Fenn"}],
        "description": "Heart failure clinic: discharge letter",
        "content": [{"attachment": {"contentType": content_type, "url": urn(binary["id"])}}],
    }
    if answers:
        pointer["context"] = {"related": [{"identifier": {"system": System.OUR_REFERRAL, "value": answers}}]}
    pointer |= fields
    header = message_header(
        header_id=uuid4(),
        event="document",
        reason="new",
        destination="9000000101",
        receiver=None,
        sender=us["id"],
        source_name="Northern Infirmary",
        source_phone="",
        source_service="9000000201",
        focus=[pointer["id"]],
    )
    resources = [header, pointer, binary, who, us]
    return message_bundle(
        bundle_id=uuid4(), version="1.0.0", at=dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC), resources=resources
    )
