"""Who is who in a referral message (UK Core Patient, Organization, Practitioner, PractitionerRole)."""

import datetime as dt
import re
from typing import Final
from uuid import UUID

from access.models import Organisation, User
from exchange.fhir import messages
from exchange.fhir.messages import Json, coding, reference
from exchange.fhir.systems import System
from records.models import Patient

GENERAL_PRACTICE: Final = ("788007007", "General practice service (qualifier value)")
GENERAL_MEDICAL_PRACTICE: Final = ("408443003", "General medical practice")
_TITLES: Final = frozenset({"dr", "mr", "mrs", "ms", "miss", "mx", "prof", "sister", "nurse"})
#: How the number of a professional tells whose number it is.
_NUMBERS: Final = (
    (re.compile(r"\d{7}"), System.GMC_NUMBER),
    (re.compile(r"\d{2}[A-Z]\d{4}[A-Z]"), System.NMC_NUMBER),
    (re.compile(r"\d{12}"), System.SDS_ROLE_PROFILE),
)


class Unsendable(ValueError):
    """The message would lack what every receiver needs; the sentence says what, for the person who sends."""


def patient_to_fhir(patient: Patient, practice: Organisation, practice_id: UUID) -> Json:
    """UK Core Patient. Of a restricted person no address, no telephone number and no GP leave the house.

    The NHS number goes out only when it is verified (BaRS allows no other status), else our own number.
    """
    made: Json = {
        "resourceType": "Patient",
        "meta": {"profile": [str(System.UKCORE_PATIENT)]},
        "identifier": [_identifier(patient)],
        "name": [_patient_name(patient)],
        "contact": [_first_contact(patient, practice, practice_id)],
    }
    if patient.gender in ("male", "female", "other", "unknown"):
        made["gender"] = patient.gender
    if patient.birth_date_written:
        made["birthDate"] = patient.birth_date_written
    if not patient.restricted:
        if address := _address(patient):
            made["address"] = [address]
        made["generalPractitioner"] = [reference(practice_id)]
    return made


def _identifier(patient: Patient) -> Json:
    if patient.nhs_number and patient.nhs_number_status == Patient.NhsNumber.VERIFIED:
        status = coding(System.NHS_NUMBER_STATUS, "number-present-and-verified", "Number present and verified")
        said = {"url": str(System.EXT_NHS_NUMBER_STATUS), "valueCodeableConcept": {"coding": [status]}}
        return {"extension": [said], "system": str(System.NHS_NUMBER), "value": patient.nhs_number.replace(" ", "")}
    return {"system": str(System.OUR_PATIENT), "value": str(patient.pk)}


def _patient_name(patient: Patient) -> Json:
    text = " ".join(part for part in (patient.title, patient.given, patient.family) if part)
    name: Json = {"use": "official", "text": text or "Name not known"}
    if patient.family:
        name["family"] = patient.family
    if patient.given:
        name["given"] = patient.given.split()
    if patient.title:
        name["prefix"] = [patient.title]
    return name


def _address(patient: Patient) -> Json:
    address: Json = {}
    if patient.address:
        address["text"] = patient.address
    if patient.postcode:
        address["postalCode"] = patient.postcode
    return {"use": "home", "type": "both", **address} if address else {}


def _first_contact(patient: Patient, practice: Organisation, practice_id: UUID) -> Json:
    """The one contact of rank 1, who must have a telephone: the patient, else the surgery on their behalf."""
    rank = [{"url": str(System.EXT_CONTACT_RANK), "valuePositiveInt": 1}]
    if patient.phone and not patient.restricted:
        self_ = coding(System.ROLE_CODE, "ONESELF", "self")
        telecom = {"system": "phone", "value": patient.phone, "rank": 1}
        return {"extension": rank, "relationship": [{"coding": [self_]}], "telecom": [telecom]}
    if not practice.phone:
        raise Unsendable("Neither the patient nor the surgery has a telephone number that the service could ring.")
    proxy = coding(System.PERSON_RELATIONSHIP, "ProxyContact", "Proxy Contact for patient")
    return {
        "extension": rank,
        "relationship": [{"coding": [proxy]}],
        "name": {"text": practice.name},
        "telecom": [{"system": "phone", "value": practice.phone, "use": "work", "rank": 1}],
        "organization": reference(practice_id),
    }


def organisation_to_fhir(organisation: Organisation, resource_id: UUID) -> Json:
    """UK Core Organization with its ODS code."""
    made = messages.organisation(
        resource_id=resource_id, ods_code=organisation.ods_code, name=organisation.name, phone=organisation.phone
    )
    if organisation.kind == Organisation.Kind.PRACTICE:
        made["type"] = [{"coding": [coding(System.SNOMED, *GENERAL_PRACTICE)]}]
    return made


def practitioner_to_fhir(user: User, practice: Organisation) -> Json:
    """UK Core Practitioner; reached through the surgery's telephone."""
    made: Json = {
        "resourceType": "Practitioner",
        "meta": {"profile": [str(System.UKCORE_PRACTITIONER)]},
        "name": [person_name(user.name)],
    }
    for form, system in _NUMBERS:
        if form.fullmatch(user.professional_number):
            made["identifier"] = [{"system": str(system), "value": user.professional_number}]
    if practice.phone:
        made["telecom"] = [{"system": "phone", "value": practice.phone, "use": "work"}]
    return made


def role_to_fhir(role: str, practitioner_id: UUID, practice_id: UUID) -> Json:
    """UK Core PractitionerRole: what they are at the practice, in words."""
    return {
        "resourceType": "PractitionerRole",
        "meta": {"profile": [str(System.UKCORE_PRACTITIONER_ROLE)]},
        "practitioner": reference(practitioner_id),
        "organization": reference(practice_id),
        "code": [{"text": role}],
        "specialty": [{"coding": [coding(System.SNOMED, *GENERAL_MEDICAL_PRACTICE)]}],
    }


def person_name(name: str) -> Json:
    """ "Dr A Khan" as FHIR HumanName: prefix, given, family."""
    words = name.split()
    made: Json = {"text": name}
    if words and words[0].casefold().rstrip(".") in _TITLES:
        made["prefix"] = [words.pop(0)]
    if words:
        made["family"] = words.pop()
    if words:
        made["given"] = words
    return made


def consent_to_fhir(patient_id: UUID, at: dt.datetime) -> Json:
    """Implied consent to direct care, the only one BaRS supports (UK Core Consent)."""
    return {
        "resourceType": "Consent",
        "meta": {"profile": [str(System.UKCORE_CONSENT)]},
        "status": "active",
        "scope": {"coding": [coding(System.CONSENT_SCOPE, "patient-privacy", "Privacy Consent")]},
        "category": [{"coding": [coding(System.BARS_CONSENT_CATEGORY, "DRC", "Direct Care")]}],
        "patient": reference(patient_id),
        "dateTime": at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        "policyRule": {"coding": [coding(System.ACT_CODE, "IMPLIED", "implied")]},
    }
