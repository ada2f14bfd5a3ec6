"""Our answer to a request: a BaRS servicerequest-response or booking-response as a message Bundle.

Source: BaRS guide, payload tables of Application 1 (referral response) and 4 (interim and final validation response).
The guide has no word for "accepted" or "rejected" in a referral response: there a Task says it, as FHIR workflow does.
For a booking-response BaRS publishes no message definition; ours carries the Appointment.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from access.models import Organisation, User
from exchange.fhir.messages import Json, coding, message_bundle, message_header, reference, urn
from exchange.fhir.systems import System
from records.models import Patient
from referrals.fhir.people import (
    consent_to_fhir,
    organisation_to_fhir,
    patient_to_fhir,
    practitioner_to_fhir,
    role_to_fhir,
)
from referrals.received.models import ReceivedRequest

Kind = ReceivedRequest.Kind


@dataclass(frozen=True, slots=True)
class Answer:
    """What we say: `act` is accept, interim, complete or reject; `text` the outcome or why not; `at` when.

    `further`: the sender has to act on the case (of a validation that is complete).
    """

    act: str
    text: str
    further: bool
    at: dt.datetime
    bundle_id: UUID


@dataclass(frozen=True, slots=True)
class Answering:
    """What we answer: the request with its patient, who asked and who is asked; `by` signs in their `role`.

    `echo` is what the sender wants back, as received; `again` says that an answer went before this one.
    """

    request: ReceivedRequest
    patient: Patient
    practice: Organisation
    asker: Organisation
    by: User
    role: str
    reply_from: str
    echo: Json
    version: str
    again: bool


def answer_to_bundle(asked: Answering, told: Answer) -> Json:
    """The message that tells whoever asked (FHIR message Bundle). Raises Unsendable when no telephone is known."""
    ids = _Ids(told.bundle_id)
    parts = {"MessageHeader": _header(asked, told, ids)} | _PARTS[Kind(asked.request.kind)](asked, told, ids)
    parts |= {
        "Patient": patient_to_fhir(asked.patient, asked.practice, ids["sender"]),
        "HealthcareService": _service(asked, ids),
        "receiver": organisation_to_fhir(asked.asker, ids["receiver"]),
        "sender": organisation_to_fhir(asked.practice, ids["sender"]),
        "Practitioner": practitioner_to_fhir(asked.by, asked.practice),
        "PractitionerRole": role_to_fhir(asked.role, ids["Practitioner"], ids["sender"]),
    }
    bundle = message_bundle(
        bundle_id=told.bundle_id,
        version=asked.version,
        at=told.at,
        resources=[{**part, "id": str(ids[name])} for name, part in parts.items()],
    )
    for entry in bundle["entry"]:
        del entry["resource"]["id"]
        if entry["fullUrl"] == urn(ids["asked"]):  # ids are the receiver's to give: of what was asked, that is us
            entry["resource"]["id"] = str(asked.request.pk)
    return bundle


class _Ids:
    """The id of each part of the message, drawn from the message's."""

    def __init__(self, bundle_id: UUID) -> None:
        self._bundle_id = bundle_id

    def __getitem__(self, part: str) -> UUID:
        return uuid5(self._bundle_id, part)


def _time(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds")


def _meta(profile: System) -> Json:
    return {"profile": [str(profile)]}


def _header(asked: Answering, told: Answer, ids: _Ids) -> Json:
    booking = asked.request.kind == Kind.BOOKING
    return message_header(
        header_id=ids["MessageHeader"],
        event="booking-response" if booking else "servicerequest-response",
        reason="update" if asked.again else "new",
        destination=asked.request.reply_to,
        receiver=ids["receiver"],
        sender=ids["sender"],
        source_name=asked.practice.name,
        source_phone=asked.practice.phone,
        source_service=asked.reply_from,
        focus=[ids["asked"]],
        definition=_definition(asked.request.kind, told.act),
        profile=System.BARS_HEADER_BOOKING_RESPONSE if booking else System.BARS_HEADER_RESPONSE,
        answers=asked.request.bundle_id,
    )


def _definition(kind: str, act: str) -> System | None:
    if kind == Kind.BOOKING:
        return None
    if kind == Kind.REFERRAL:
        return System.MESSAGE_REFERRAL_RESPONSE
    return System.MESSAGE_VALIDATION_FULL if act == "complete" else System.MESSAGE_VALIDATION_INTERIM


# What each kind of answer carries -------------------------------------------------------------------------------------
def _referral(asked: Answering, told: Answer, ids: _Ids) -> dict[str, Json]:
    parts = {
        "asked": _service_request(asked, told, ids, System.BARS_SERVICE_REQUEST),
        "Encounter": _encounter(asked, told, ids),
        "Task": _task(asked, told, ids),
        "Consent": consent_to_fhir(ids["Patient"], told.at),
    }
    return parts | ({"CarePlan": _care_plan(told, ids)} if told.act == "complete" else {})


def _validation(asked: Answering, told: Answer, ids: _Ids) -> dict[str, Json]:
    parts = {
        "asked": _service_request(asked, told, ids, System.BARS_VALIDATION_REQUEST),
        "their-encounter": _their_encounter(asked, ids),
        "Encounter": _encounter(asked, told, ids),
    }
    if told.act != "complete":
        return parts
    place = {"resourceType": "Location", "meta": _meta(System.UKCORE_LOCATION), "name": asked.practice.name}
    return parts | {
        "CarePlan": _care_plan(told, ids),
        "Location": place,
        "Consent": consent_to_fhir(ids["Patient"], told.at),
    }


def _booking(asked: Answering, told: Answer, ids: _Ids) -> dict[str, Json]:
    status = {"accept": "booked", "complete": "fulfilled", "reject": "cancelled"}[told.act]
    there = "declined" if told.act == "reject" else "accepted"
    made: Json = {
        "resourceType": "Appointment",
        "meta": _meta(System.UKCORE_APPOINTMENT),
        "status": status,
        "participant": [{"actor": reference(ids["Patient"]), "status": there}],
    } | asked.echo.get("Appointment", {})
    if told.text:
        made |= {"cancelationReason": {"text": told.text}} if told.act == "reject" else {"comment": told.text}
    return {"asked": made}


_PARTS: Final[dict[Kind, Callable[[Answering, Answer, _Ids], dict[str, Json]]]] = {
    Kind.REFERRAL: _referral,
    Kind.VALIDATION: _validation,
    Kind.BOOKING: _booking,
}


# Its resources --------------------------------------------------------------------------------------------------------
def _service_request(asked: Answering, told: Answer, ids: _Ids, profile: System) -> Json:
    """What was asked, as it was asked. BaRS keeps it active in every answer; where it stands, the Encounter says."""
    made: Json = {"resourceType": "ServiceRequest", "meta": _meta(profile), "intent": "plan"}
    made |= asked.echo.get("ServiceRequest", {})
    made |= {
        "status": "active",
        "subject": reference(ids["Patient"]),
        "performer": [reference(ids["HealthcareService"])],
    }
    if told.act == "complete":
        made["basedOn"] = [reference(ids["CarePlan"])]
    made |= {"encounter": reference(ids["Encounter"]), "requester": reference(ids["receiver"])}
    return made


def _their_encounter(asked: Answering, ids: _Ids) -> Json:
    theirs: Json = asked.echo.get("Encounter", {})
    own = {"resourceType": "Encounter", "meta": _meta(System.UKCORE_ENCOUNTER), "subject": reference(ids["Patient"])}
    made: Json = {"status": "triaged", "class": _emergency()} | theirs | own
    return made


def _emergency() -> Json:
    return coding(System.ACT_CODE, "EMER", "emergency")


def _encounter(asked: Answering, told: Answer, ids: _Ids) -> Json:
    """What we do for it: planned, in progress, finished (triaged, when the sender has to act), or cancelled."""
    done = "triaged" if told.further else "finished"
    status = {"accept": "planned", "interim": "in-progress", "complete": done, "reject": "cancelled"}[told.act]
    made: Json = {
        "resourceType": "Encounter",
        "meta": _meta(System.UKCORE_ENCOUNTER),
        "status": status,
        "class": asked.echo.get("Encounter", {}).get("class") or _emergency(),
        "subject": reference(ids["Patient"]),
        "period": {"start": _time(told.at)},
    }
    if journey := asked.echo.get("Encounter", {}).get("episodeOfCare"):
        made["episodeOfCare"] = journey
    if told.act == "complete":
        made["period"]["end"] = _time(told.at)
    if told.act == "reject":
        made["reasonCode"] = [{"coding": [coding(System.BARS_REJECTED_REASON, "OTH", "Other")], "text": told.text}]
    elif asked.request.kind == Kind.VALIDATION:
        reason = coding(System.BARS_ENCOUNTER_REASON, "validation-triage-outcome", "Validation of triage outcome")
        made["reasonCode"] = [
            {"coding": [reason]} | ({"text": told.text} if told.act == "interim" and told.text else {})
        ]
    return made


def _care_plan(told: Answer, ids: _Ids) -> Json:
    """What came of it, in words. Active, when the sender has to act on it."""
    return {
        "resourceType": "CarePlan",
        "meta": _meta(System.UKCORE_CARE_PLAN),
        "status": "active" if told.further else "completed",
        "intent": "plan",
        "subject": reference(ids["Patient"]),
        "encounter": reference(ids["Encounter"]),
        "period": {"start": _time(told.at)},
        "activity": [{"outcomeCodeableConcept": [{"text": told.text}]}],
    }


def _task(asked: Answering, told: Answer, ids: _Ids) -> Json:
    """Accepted, rejected with the reason or completed with the outcome, and by whom."""
    status = {"accept": "accepted", "complete": "completed", "reject": "rejected"}[told.act]
    signed = ", ".join(filter(None, (asked.by.name, asked.role, asked.practice.name)))
    made: Json = {
        "resourceType": "Task",
        "meta": _meta(System.UKCORE_TASK),
        "status": status,
        "intent": "order",
        "code": {"coding": [coding(System.SNOMED, "3457005", "Patient referral")]},
        "focus": reference(ids["asked"]),
        "authoredOn": _time(told.at),
        "lastModified": _time(told.at),
        "owner": reference(ids["PractitionerRole"], signed),
    }
    if told.text:
        made |= {"statusReason": {"text": told.text}} if told.act == "reject" else {"description": told.text}
    return made


def _service(asked: Answering, ids: _Ids) -> Json:
    return {
        "resourceType": "HealthcareService",
        "meta": _meta(System.UKCORE_HEALTHCARE_SERVICE),
        "identifier": [{"system": str(System.SERVICE_ID), "value": asked.reply_from}],
        "active": True,
        "providedBy": reference(ids["sender"]),
        "name": asked.practice.name,
    }
