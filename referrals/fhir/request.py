"""Our request: a referral as a BaRS message Bundle.

Source: BaRS guide, Application 5 referral payload (all MUST rows), published for pharmacies. For hospitals BaRS
publishes no use case; ours follows the same payload under our own category code, and says so in its label.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from access.models import User
from exchange.fhir.messages import Json, coding, message_bundle, message_header, reference
from exchange.fhir.systems import System
from exchange.models import Service
from referrals.fhir.people import (
    Unsendable,
    consent_to_fhir,
    organisation_to_fhir,
    patient_to_fhir,
    practitioner_to_fhir,
    role_to_fhir,
)
from referrals.models import Referral
from referrals.stages import RULES, SEE

__all__ = ["Unsendable", "referral_to_bundle"]


@dataclass(frozen=True, slots=True)
class _UseCase:
    """What a use case writes into the message."""

    #: Version of the application the message follows (Bundle.meta.versionId).
    version: str
    #: Second coding of ServiceRequest.category.
    category: Json
    #: What the receiver is asked to do (Task.code).
    actions: tuple[Json, ...]
    #: Kind of contact (Encounter.class).
    contact: Json
    #: A profile of our own that the ServiceRequest meets beside BaRS's.
    profile: System | None = None


_EMERGENCY: Final = coding(System.ACT_CODE, "EMER", "emergency")  # the guide allows pharmacies nothing else
_PHARMACY_VERSION: Final = "1.1.0"
_CASE, _ASKED = System.BARS_USE_CASE, System.SNOMED
USE_CASES: Final[dict[str, _UseCase]] = {
    Service.UseCase.PHARMACY_FIRST: _UseCase(
        _PHARMACY_VERSION,
        coding(_CASE, "a5t1", "Primary Care to Community Pharmacy"),
        (coding(_ASKED, "2140231000000104", "Referral to Community Pharmacy Pharmacy First Service (procedure)"),),
        _EMERGENCY,
    ),
    Service.UseCase.PHARMACY_CONTRACEPTION: _UseCase(
        _PHARMACY_VERSION,
        coding(_CASE, "a5t2", "Primary Care to Pharmacy Contraception"),
        (coding(_ASKED, "1659121000000100", "Community Pharmacy Contraception Service (procedure)"),),
        _EMERGENCY,
    ),
    Service.UseCase.PHARMACY_BLOOD_PRESSURE: _UseCase(
        _PHARMACY_VERSION,
        coding(_CASE, "a5t3", "Primary Care to Pharmacy Blood Pressure Check Service"),
        (
            coding(_ASKED, "1659111000000100", "Community Pharmacy Blood Pressure Check Service (procedure)"),
            coding(_ASKED, "824421000000101", "Referral for ambulatory blood pressure monitoring (procedure)"),
        ),
        _EMERGENCY,
    ),
    Service.UseCase.GP_TO_HOSPITAL: _UseCase(
        "1.0.0",
        coding(System.OUR_USE_CASE, "gp-to-hospital", "GP to hospital (gpportal's own; not published by BaRS)"),
        (coding(_ASKED, "3457005", "Patient referral"),),
        coding(System.ACT_CODE, "AMB", "ambulatory"),
    ),
    Service.UseCase.GP_TO_SOCIAL_CARE: _UseCase(
        "1.0.0",
        coding(
            System.OUR_USE_CASE,
            "gp-to-social-care",
            "GP to adult social care (gpportal's own; no current R4 standard was found)",
        ),
        (coding(_ASKED, "306238000", "Referral to social services"),),
        coding(System.ACT_CODE, "AMB", "ambulatory"),
        System.OUR_SOCIAL_CARE_REQUEST,
    ),
}
#: Our priority -> FHIR request-priority. Suspected cancer is also said in words.
PRIORITIES: Final[dict[str, str]] = {
    Referral.Priority.ROUTINE: "routine",
    Referral.Priority.URGENT: "urgent",
    Referral.Priority.SUSPECTED_CANCER: "asap",
}


def use_cases() -> list[Json]:
    """The use cases in which we refer, and so are answered (codings of ServiceRequest.category)."""
    return [dict(one.category) for one in USE_CASES.values()]


def referral_to_bundle(referral: Referral, *, requester: User, role: str, reply_to: str, at: dt.datetime) -> Json:
    """The message that sends a referral (FHIR message Bundle, servicerequest-request, reason new).

    `referral` with patient, service and organisations at hand; `requester` sends it in `role` ("GP"); answers go to
    our service id `reply_to`; `at` is the moment of sending. The ids follow from the referral: the same referral
    always makes the same message. Raises Unsendable when no telephone number is known.
    """
    ids = Ids(referral.pk)
    parts = {
        "MessageHeader": _header(referral, ids, reply_to),
        "ServiceRequest": service_request(referral, ids, at),
        "Encounter": _encounter(referral, ids, at),
        "CarePlan": _care_plan(referral, ids, at),
        "Condition": _condition(referral, ids),
        "Task": _task(referral, at),
        "Patient": patient_to_fhir(
            referral.patient.merged_into or referral.patient, referral.organisation, ids["sender"]
        ),
        "Practitioner": practitioner_to_fhir(requester, referral.organisation),
        "PractitionerRole": role_to_fhir(role, ids["Practitioner"], ids["sender"]),
        "sender": organisation_to_fhir(referral.organisation, ids["sender"]),
        "receiver": organisation_to_fhir(referral.service.organisation, ids["receiver"]),
        "HealthcareService": _healthcare_service(referral.service, ids),
        "Consent": consent_to_fhir(ids["Patient"], at),
    }
    bundle = message_bundle(
        bundle_id=ids["conversation"],
        version=USE_CASES[referral.service.use_case].version,
        at=at,
        resources=[{**part, "id": str(ids[name])} for name, part in parts.items()],
    )
    return without_ids(bundle)


def without_ids(bundle: Json) -> Json:
    """The message as it goes out. BaRS: only the receiver gives the resources ids; fullUrls stay."""
    for entry in bundle["entry"]:
        del entry["resource"]["id"]
    return bundle


class Ids:
    """The id of each part of the message, drawn from the referral's."""

    def __init__(self, referral_id: UUID) -> None:
        self._referral_id = referral_id

    def __getitem__(self, part: str) -> UUID:
        return uuid5(self._referral_id, part)


def _time(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat(timespec="seconds")


def _meta(profile: System) -> Json:
    return {"profile": [str(profile)]}


def _header(referral: Referral, ids: Ids, reply_to: str) -> Json:
    return message_header(
        header_id=ids["MessageHeader"],
        event="servicerequest-request",
        reason="new",
        destination=referral.service.service_id,
        receiver=ids["receiver"],
        sender=ids["sender"],
        source_name=referral.organisation.name,
        source_phone=referral.organisation.phone,
        source_service=reply_to,
        focus=[ids["ServiceRequest"]],
        definition=System.MESSAGE_REFERRAL_REQUEST,
        profile=System.BARS_HEADER_REQUEST,
    )


def service_request(referral: Referral, ids: Ids, at: dt.datetime) -> Json:
    end = at + dt.timedelta(days=RULES.limits[referral.priority, SEE].number)
    category = coding(System.BARS_REQUEST_CATEGORY, "referral", "Transfer of Care")
    own = USE_CASES[referral.service.use_case].profile
    meta = _meta(System.BARS_SERVICE_REQUEST)
    return {
        "resourceType": "ServiceRequest",
        "meta": meta | ({"profile": [*meta["profile"], str(own)]} if own else {}),
        "identifier": [{"system": str(System.OUR_REFERRAL), "value": str(referral.pk)}],
        "basedOn": [reference(ids["CarePlan"])],
        "status": "active",
        "intent": "plan",
        "category": [{"coding": [category, dict(USE_CASES[referral.service.use_case].category)]}],
        "priority": PRIORITIES[referral.priority],
        "subject": reference(ids["Patient"]),
        "encounter": reference(ids["Encounter"]),
        "occurrencePeriod": {"start": _time(at), "end": _time(end)},
        "authoredOn": _time(at),
        "requester": reference(ids["Practitioner"]),
        "performer": [reference(ids["HealthcareService"])],
    }


def _encounter(referral: Referral, ids: Ids, at: dt.datetime) -> Json:
    return {
        "resourceType": "Encounter",
        "meta": _meta(System.UKCORE_ENCOUNTER),
        "status": "finished",
        "class": dict(USE_CASES[referral.service.use_case].contact),
        "subject": reference(ids["Patient"]),
        "episodeOfCare": [{"reference": f"EpisodeOfCare/{ids['journey']}"}],
        "period": {"start": _time(at)},
    }


def _care_plan(referral: Referral, ids: Ids, at: dt.datetime) -> Json:
    """Carries the clinical summary, in the words of whoever refers."""
    activity: Json = {"reference": reference(ids["Task"])}
    if referral.clinical_summary.strip():
        activity["outcomeCodeableConcept"] = [{"text": referral.clinical_summary.strip()}]
    return {
        "resourceType": "CarePlan",
        "meta": _meta(System.UKCORE_CARE_PLAN),
        "status": "completed",
        "intent": "plan",
        "subject": reference(ids["Patient"]),
        "encounter": reference(ids["Encounter"]),
        "period": {"start": _time(at)},
        "addresses": [reference(ids["Condition"])],
        "activity": [activity],
    }


def _condition(referral: Referral, ids: Ids) -> Json:
    """The reason for referral, as written; a presenting complaint is not yet a diagnosis."""
    return {
        "resourceType": "Condition",
        "meta": _meta(System.UKCORE_CONDITION),
        "clinicalStatus": {"coding": [coding(System.CONDITION_CLINICAL, "active", "Active")]},
        "verificationStatus": {"coding": [coding(System.CONDITION_VERIFICATION, "provisional", "Provisional")]},
        "category": [{"coding": [coding(System.SNOMED, "33962009", "Presenting complaint")]}],
        "code": {"text": referral.reason.strip()},
        "subject": reference(ids["Patient"]),
        "encounter": reference(ids["Encounter"]),
    }


def _task(referral: Referral, at: dt.datetime) -> Json:
    priority = Referral.Priority(referral.priority).label
    return {
        "resourceType": "Task",
        "meta": _meta(System.UKCORE_TASK),
        "status": "requested",
        "intent": "order",
        "code": {"coding": [dict(one) for one in USE_CASES[referral.service.use_case].actions]},
        "description": f"{priority} referral to {referral.service.name}.",
        "authoredOn": _time(at),
    }


def _healthcare_service(service: Service, ids: Ids) -> Json:
    return {
        "resourceType": "HealthcareService",
        "meta": _meta(System.UKCORE_HEALTHCARE_SERVICE),
        "identifier": [{"system": str(System.SERVICE_ID), "value": service.service_id}],
        "active": service.active,
        "providedBy": reference(ids["receiver"]),
        "name": service.name,
    }
