"""Requests as others send them, made for the tests after the payload tables of BaRS Applications 1, 4 and 5."""

import datetime as dt
from typing import Any
from uuid import uuid4

from exchange.fhir.messages import coding, message_bundle, message_header, organisation, reference
from exchange.fhir.systems import System

Json = dict[str, Any]
AT = dt.datetime(2026, 11, 24, 9, 14, tzinfo=dt.UTC)
NUMBER = "9991234500"
FROM = "9000000201"
US = "9000000101"
USE_CASES = {
    "referral": coding(System.OUR_USE_CASE, "hospital-to-gp"),
    "validation": coding(System.BARS_USE_CASE, "a4t1", "999 - CAS Validation"),
}
CATEGORIES = {"referral": ("referral", "Transfer of Care"), "validation": ("validation", "For Validation")}
CARE_PLAN = {"referral": "completed", "validation": "active"}


def person(**more: Any) -> Json:
    """Jane Smith, as a sender gives her (UK Core Patient); what is empty is left out."""
    status = coding(System.NHS_NUMBER_STATUS, "number-present-and-verified")
    number = {
        "extension": [{"url": str(System.EXT_NHS_NUMBER_STATUS), "valueCodeableConcept": {"coding": [status]}}],
        "system": str(System.NHS_NUMBER),
        "value": NUMBER,
    }
    self_ = {"coding": [coding(System.ROLE_CODE, "ONESELF", "self")]}
    made = {
        "resourceType": "Patient",
        "identifier": [number],
        "name": [{"use": "official", "family": "Smith", "given": ["Jane"], "prefix": ["Mrs"]}],
        "gender": "female",
        "birthDate": "1970-05-01",
        "address": [{"use": "home", "line": ["41 Unfindable Road"], "postalCode": "ZZ9 7YW"}],
        "contact": [
            {
                "extension": [{"url": str(System.EXT_CONTACT_RANK), "valuePositiveInt": 1}],
                "relationship": [self_],
                "telecom": [{"system": "phone", "value": "07700 900148", "rank": 1}],
            }
        ],
        "communication": [{"language": {"coding": [coding(System.HUMAN_LANGUAGE, "pl", "Polish")]}, "preferred": True}],
    } | more
    return {name: value for name, value in made.items() if value != []}


def flag(category: str, label: str, text: str) -> Json:
    return {
        "resourceType": "Flag",
        "status": "active",
        "category": [{"coding": [coding(System.BARS_FLAG_CATEGORY, category, label)]}],
        "code": {"text": text},
    }


def no_known_allergies() -> Json:
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": {"coding": [coding(System.ALLERGY_CLINICAL, "active")]},
        "code": {"coding": [coding(System.SNOMED, "716186003", "No known allergy")]},
    }


def request(
    kind: str = "referral",
    *,
    reason: str = "new",
    status: str = "active",
    bundle_id: str = "",
    request_url: str = "",
    their_id: str = "",
    identifier: str = "",
    patient: Json | None = None,
    beside: tuple[Json, ...] = (),
    at: dt.datetime = AT,
    version: str = "1.1.0",
    source: str = FROM,
    story: str = "Wheeze for two days. Please see and review inhalers.",
    **more: Any,
) -> Json:
    """A servicerequest-request of the hospital; what is None or not given stands as in a plain new one."""
    ids = {name: str(uuid4()) for name in ("header", "patient", "encounter", "plan", "us", "them", "who", "role")}
    asked = {
        "resourceType": "ServiceRequest",
        "id": request_url or str(uuid4()),
        "status": status,
        "intent": "plan",
        "category": [{"coding": [coding(System.BARS_REQUEST_CATEGORY, *CATEGORIES[kind]), USE_CASES[kind]]}],
        "basedOn": [reference(ids["plan"])],
        "subject": reference(ids["patient"]),
        "encounter": reference(ids["encounter"]),
        "occurrencePeriod": {"start": "2026-11-24T09:14:00+00:00", "end": "2026-11-27T17:00:00+00:00"},
        "authoredOn": "2026-11-24T09:14:00+00:00",
        "requester": reference(ids["who"]),
    } | more
    if identifier:
        asked["identifier"] = [{"system": "https://hospital.example/Id/request", "value": identifier}]
    header = _header("servicerequest-request", reason, asked["id"], ids, source)
    parts = [header, asked, (patient or person()) | {"id": ids["patient"]}, *_people(ids)]
    if status == "active":
        parts += _story(kind, ids, story)
    parts += [
        {"id": str(uuid4()), "subject" if one["resourceType"] == "Flag" else "patient": reference(ids["patient"])} | one
        for one in beside
    ]
    made = message_bundle(bundle_id=bundle_id or uuid4(), version=version, at=at, resources=parts)
    for entry in made["entry"]:
        del entry["resource"]["id"]
    if their_id:
        made["entry"][1]["resource"]["id"] = their_id
    return made


def _header(event: str, reason: str, focus: str, ids: dict[str, str], source: str) -> Json:
    return message_header(
        header_id=ids["header"],
        event=event,
        reason=reason,
        destination=US,
        receiver=ids["us"],
        sender=ids["them"],
        source_name="Northern Infirmary",
        source_phone="01632 960200",
        source_service=source,
        focus=[focus],
    )


def _people(ids: dict[str, str]) -> list[Json]:
    return [
        organisation(resource_id=ids["us"], ods_code="Y90001", name="Riverside Surgery"),
        organisation(resource_id=ids["them"], ods_code="RZZ01", name="Northern Infirmary", phone="01632 960200"),
        {
            "resourceType": "Practitioner",
            "id": ids["who"],
            "name": [{"prefix": ["Dr"], "family": "Fenn", "given": ["Lee"]}],
            "telecom": [{"system": "phone", "value": "01632 960211"}],
        },
        {
            "resourceType": "PractitionerRole",
            "id": ids["role"],
            "practitioner": reference(ids["who"]),
            "organization": reference(ids["them"]),
            "code": [{"text": "Emergency doctor"}],
        },
    ]


def _story(kind: str, ids: dict[str, str], story: str) -> list[Json]:
    whose = {"subject": reference(ids["patient"]), "encounter": reference(ids["encounter"])}
    return [
        {
            "resourceType": "Encounter",
            "id": ids["encounter"],
            "identifier": [{"system": "https://hospital.example/Id/case", "value": "H1"}],
            "status": "triaged",
            "class": coding(System.ACT_CODE, "EMER", "emergency"),
            "subject": reference(ids["patient"]),
            "episodeOfCare": [{"reference": f"EpisodeOfCare/{uuid4()}"}],
            "period": {"start": "2026-11-24T09:00:00+00:00"},
        },
        {
            "resourceType": "CarePlan",
            "id": ids["plan"],
            "status": CARE_PLAN[kind],
            "intent": "plan",
            "period": {"start": "2026-11-24T09:10:00+00:00"},
            "activity": [{"outcomeCodeableConcept": [{"text": story}]}],
        }
        | whose,
        {"resourceType": "Condition", "id": str(uuid4()), "code": {"text": "Wheeze"}} | whose,
        {
            "resourceType": "HealthcareService",
            "id": str(uuid4()),
            "identifier": [{"system": str(System.SERVICE_ID), "value": US}],
            "name": "Riverside Surgery",
        },
        {
            "resourceType": "Consent",
            "id": str(uuid4()),
            "status": "active",
            "scope": {"coding": [coding(System.CONSENT_SCOPE, "patient-privacy")]},
            "category": [{"coding": [coding(System.BARS_CONSENT_CATEGORY, "DRC", "Direct Care")]}],
            "patient": reference(ids["patient"]),
            "policyRule": {"coding": [coding(System.ACT_CODE, "IMPLIED", "implied")]},
        },
    ]


def booking(
    *,
    reason: str = "new",
    status: str = "booked",
    bundle_id: str = "",
    booking_url: str = "",
    patient: Json | None = None,
    start: str = "2026-11-26T10:20:00+00:00",
    at: dt.datetime = AT,
) -> Json:
    """A booking-request of the hospital for an appointment at the practice."""
    ids = {name: str(uuid4()) for name in ("header", "patient", "us", "them", "who", "role", "slot", "schedule")}
    appointment = {
        "resourceType": "Appointment",
        "id": booking_url or str(uuid4()),
        "status": status,
        "serviceCategory": [{"coding": [coding(System.OUR_USE_CASE, "booking-at-gp")]}],
        "description": "Dressing change",
        "start": start,
        "end": "2026-11-26T10:40:00+00:00",
        "slot": [reference(ids["slot"])],
        "participant": [{"actor": reference(ids["patient"]), "status": "accepted"}],
    }
    service = {
        "resourceType": "HealthcareService",
        "id": str(uuid4()),
        "identifier": [{"system": str(System.SERVICE_ID), "value": US}],
        "name": "Riverside Surgery, nurses",
    }
    who = (patient or person()) | {"id": ids["patient"]}
    header = _header("booking-request", reason, str(appointment["id"]), ids, FROM)
    parts = [header, appointment, who, *_people(ids)] + ([service] if status == "booked" else [])
    made = message_bundle(bundle_id=bundle_id or uuid4(), version="1.1.0", at=at, resources=parts)
    for entry in made["entry"]:
        del entry["resource"]["id"]
    return made
