"""Messages and headers as a partner would send them, made for the tests."""

import datetime as dt
from typing import Any
from uuid import uuid4

from exchange.fhir import headers
from exchange.fhir.messages import SOFTWARE_DEVICE, message_bundle, message_header, organisation
from exchange.fhir.systems import System

ORGANISATION = {
    "resourceType": "Organization",
    "identifier": [{"system": str(System.ODS), "value": "RZZ01"}],
    "name": "Northern Infirmary",
}


def sent(service_id: str = "9000000101", **changes: str | None) -> dict[str, str]:
    """HTTP headers of a message to us; a change to None leaves a header out. Names with `_` for `-`."""
    found: dict[str, str | None] = {
        **headers.sealed(
            request_id=uuid4(),
            correlation_id=uuid4(),
            service_id=service_id,
            use_context="gp-to-hospital|referral|servicerequest-response|new",
            organisation=ORGANISATION,
            software=SOFTWARE_DEVICE,
            practitioner=None,
        )
    }
    found |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {name: value for name, value in found.items() if value is not None}


def response(answers: str, *, version: str = "1.0.0", destination: str = "9000000101") -> dict[str, Any]:
    """A servicerequest-response to our message `answers`."""
    us = organisation(resource_id=uuid4(), ods_code="RZZ01", name="Northern Infirmary")
    patient = {"resourceType": "Patient", "id": str(uuid4()), "name": [{"family": "SECRET"}]}
    request = {
        "resourceType": "ServiceRequest",
        "id": str(uuid4()),
        "identifier": [{"system": str(System.OUR_REFERRAL), "value": "r1"}],
        "status": "active",
        "intent": "plan",
        "subject": {"reference": f"urn:uuid:{patient['id']}"},
    }
    header = message_header(
        header_id=uuid4(),
        event="servicerequest-response",
        reason="new",
        destination=destination,
        receiver=None,
        sender=us["id"],
        source_name="Northern Infirmary",
        source_phone="",
        source_service="9000000201",
        focus=[str(request["id"])],
        definition=System.MESSAGE_REFERRAL_RESPONSE,
        profile=System.BARS_HEADER_RESPONSE,
        answers=answers,
    )
    at = dt.datetime(2026, 11, 20, 9, 30, tzinfo=dt.UTC)
    return message_bundle(bundle_id=uuid4(), version=version, at=at, resources=[header, request, patient, us])
