"""A small complete referral of our own making, and the headers it travels with: the smallest message that passes."""

import json
import uuid

from sandbox.bars import headers
from sandbox.bars import names as n
from sandbox.bars.names import Json

WHEN = "2026-11-23T09:30:00+00:00"
HOSPITAL_CASE = (n.OWN_USE_CASES, "gp-to-hospital", "GP to hospital (gpportal's own; not published by BaRS)")
SOCIAL_CARE_CASE = (
    n.OWN_USE_CASES,
    "gp-to-social-care",
    "GP to adult social care (gpportal's own; no current R4 standard was found)",
)
PHARMACY_CASE = (n.USE_CASES, "a5t3", "Primary Care to Pharmacy Blood Pressure Check Service")
REFERRAL_IDENTIFIER = "https://gpportal.example/Id/referral"


def url(what: str) -> str:
    """The fullUrl of one part of the message."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, 'golden ' + what)}"


def _ref(what: str) -> Json:
    return {"reference": url(what)}


def _coding(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def referral(service: str, case: tuple[str, str, str], version: str) -> Json:
    """A new referral to `service` as the checks want it; every call makes a new Bundle.id and referral identifier."""
    parts = [
        ("header", _header(service), n.REQUEST_HEADER_PROFILE),
        ("request", _request(case), n.REFERRAL_PROFILE),
        *((name, part, n.UKCORE + str(part["resourceType"])) for name, part in _content(service).items()),
    ]
    entries = []
    for name, part, profile in parts:
        part["meta"] = {"lastUpdated": WHEN, "profile": [profile]}
        entries.append({"fullUrl": url(name), "resource": part})
    return {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "meta": {"versionId": version, "lastUpdated": WHEN, "profile": [n.BUNDLE_PROFILE]},
        "type": "message",
        "timestamp": WHEN,
        "entry": entries,
    }


def rich(service: str, case: tuple[str, str, str], version: str) -> Json:
    """The same with every kind of clinical content that may be sent along, each with all that it must hold."""
    made = referral(service, case, version)
    for name, part in _clinical().items():
        part["meta"] = {"lastUpdated": WHEN, "profile": [n.UKCORE + str(part["resourceType"])]}
        made["entry"].append({"fullUrl": url(name), "resource": part})
    task = next(one["resource"] for one in made["entry"] if one["fullUrl"] == url("task"))
    task["focus"] = _ref("medicine")
    return made


def _clinical() -> dict[str, Json]:
    flagged = "https://fhir.nhs.uk/CodeSystem/flag-categories-bars"
    when = {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}
    taken = {
        "timing": when,
        "asNeededCodeableConcept": _coding(n.SNOMED, "22253000", "Pain"),
        "site": _coding(n.SNOMED, "123851003", "Mouth"),
        "route": _coding(n.SNOMED, "26643006", "Oral route"),
        "method": _coding(n.SNOMED, "421521009", "Swallow"),
    }
    return {
        "flag": {
            "resourceType": "Flag",
            "status": "active",
            "category": [_coding(flagged, "RA", "Reasonable Adjustment")],
            "code": _coding(n.SNOMED, "1064581000000103", "Requires information by email"),
            "subject": _ref("patient"),
        },
        "medicine": {
            "resourceType": "MedicationStatement",
            "status": "active",
            "category": _coding(
                "http://terminology.hl7.org/CodeSystem/medication-statement-category", "community", "C"
            ),
            "medicationCodeableConcept": {"text": "Paracetamol 500 mg tablets"},
            "subject": _ref("patient"),
            "reasonCode": [_coding(n.SNOMED, "22253000", "Pain")],
            "dosage": [taken],
        },
        "allergy": {
            "resourceType": "AllergyIntolerance",
            "clinicalStatus": _coding(
                "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active", "A"
            ),
            "verificationStatus": _coding(
                "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "confirmed", "Confirmed"
            ),
            "code": {"text": "Penicillin"},
            "patient": _ref("patient"),
            "encounter": _ref("encounter"),
            "recorder": _ref("doctor"),
            "asserter": _ref("doctor"),
            "reaction": [{"manifestation": [_coding(n.SNOMED, "271807003", "Rash")]}],
        },
        "pressure": {
            "resourceType": "Observation",
            "status": "final",
            "code": _coding(n.SNOMED, "75367002", "Blood pressure"),
            "subject": _ref("patient"),
        },
    }


def _header(service: str) -> Json:
    return {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": n.EVENTS, "code": "servicerequest-request"},
        "destination": [{"endpoint": f"{n.DOS_SERVICE}|{service}", "receiver": _ref("receiver")}],
        "sender": _ref("sender"),
        "source": {"name": "gpportal", "endpoint": f"{n.DOS_SERVICE}|9000000101"},
        "reason": {"coding": [{"system": n.REASONS, "code": "new"}]},
        "focus": [_ref("request")],
        "definition": n.REQUEST_DEFINITION,
    }


def _request(case: tuple[str, str, str]) -> Json:
    coding = [{"system": n.CATEGORIES, "code": "referral", "display": "Transfer of Care"}]
    coding.append(dict(zip(("system", "code", "display"), case, strict=True)))
    return {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": REFERRAL_IDENTIFIER, "value": str(uuid.uuid4())}],
        "basedOn": [_ref("plan")],
        "status": "active",
        "intent": "plan",
        "category": [{"coding": coding}],
        "priority": "routine",
        "subject": _ref("patient"),
        "encounter": _ref("encounter"),
        "authoredOn": WHEN,
        "requester": _ref("doctor"),
        "performer": [_ref("service")],
    }


def _content(service: str) -> dict[str, Json]:
    whose = {"subject": _ref("patient"), "encounter": _ref("encounter")}
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    return {
        "encounter": {
            "resourceType": "Encounter",
            "status": "finished",
            "class": {"system": act, "code": "EMER", "display": "emergency"},
            "subject": _ref("patient"),
            "episodeOfCare": [{"reference": "EpisodeOfCare/4f0c1d1e-2f57-4df0-9c4f-0c5c0b6f6a10"}],
        },
        "plan": {
            "resourceType": "CarePlan",
            "status": "completed",
            "intent": "plan",
            **whose,
            "addresses": [_ref("problem")],
            "activity": [{"reference": _ref("task")}],
        },
        "problem": {
            "resourceType": "Condition",
            "clinicalStatus": _coding("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active"),
            "verificationStatus": {"text": "provisional"},
            "category": [_coding(n.SNOMED, "33962009", "Presenting complaint")],
            "code": {"text": "Breathless on stairs <& swollen ankles>"},
            **whose,
        },
        "task": {
            "resourceType": "Task",
            "status": "requested",
            "intent": "order",
            "code": _coding(
                n.SNOMED, "1659111000000100", "Community Pharmacy Blood Pressure Check Service (procedure)"
            ),
            "authoredOn": WHEN,
        },
        "patient": _patient(),
        "sender": {"resourceType": "Organization", "name": "Riverside Surgery", "identifier": [_ods("Y90001")]},
        "receiver": {"resourceType": "Organization", "name": "The receiver", "identifier": [_ods("RZZ01")]},
        "doctor": {"resourceType": "Practitioner", "name": [{"family": "Testwright"}]},
        "role": {"resourceType": "PractitionerRole", "practitioner": _ref("doctor"), "organization": _ref("sender")},
        "service": {
            "resourceType": "HealthcareService",
            "identifier": [{"system": n.DOS_SERVICE, "value": service}],
            "active": True,
            "name": "The service",
        },
        "consent": {
            "resourceType": "Consent",
            "status": "active",
            "scope": _coding("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy", "Privacy"),
            "category": [_coding("https://fhir.nhs.uk/CodeSystem/consent-categories-bars", "DRC", "Direct Care")],
            "patient": _ref("patient"),
            "policyRule": _coding(act, "IMPLIED", "implied"),
            "dateTime": "2026-11-23",
        },
    }


def _patient() -> Json:
    rank = {"url": n.CONTACT_RANK, "valuePositiveInt": 1}
    self_ = _coding("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "ONESELF", "self")
    phone = {"system": "phone", "value": "01632 960123", "rank": 1}
    return {
        "resourceType": "Patient",
        "identifier": [{"system": n.NHS_NUMBER, "value": "9990000018"}],
        "name": [{"use": "official", "family": "Quillfeather", "given": ["Zebedee"]}],
        "gender": "male",
        "birthDate": "1951-02-03",
        "contact": [{"extension": [rank], "relationship": [self_], "telecom": [phone]}],
    }


def _ods(code: str) -> Json:
    return {"system": n.ODS, "value": code}


def as_bytes(message: Json) -> bytes:
    """The message as sent."""
    return json.dumps(message).encode()


def sent_with(token: str, service: str, **changed: str | None) -> dict[str, str]:
    """Complete headers with new ids; a keyword (dashes as underscores) replaces a header, None leaves it out."""
    made = headers.build(
        request_id=str(uuid.uuid4()),
        correlation_id=str(uuid.uuid4()),
        token=token,
        target=(n.DOS_SERVICE, service),
        organisation=headers.organisation_header("Y90001", "Riverside Surgery"),
        software=headers.software_header("gpportal", "0.1.0"),
    )
    for name, value in changed.items():
        made.pop(name.replace("_", "-"), None)
        if value is not None:
            made[name.replace("_", "-")] = value
    return made
