"""What a partner asks of the practice: a referral, a validation or a booking, and what it says of one later.

Source: BaRS message definitions servicerequest-request (referral, validation, cancelled), booking-request (and
cancelled); examples VALREQ01, BOOKREQ01 and BOOKREQ02, SERVREQ01 and SERVREQ02.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sandbox.bars import names as n
from sandbox.bars.messages import coded, message, moment, reference
from sandbox.bars.names import Json
from sandbox.partner import SOFTWARE, SOFTWARE_VERSION, Offered, Partner

PRACTICE: Final = ("Y90001", "Riverside Surgery", "9000000101")
#: What is said -> (reason of the message, status of a ServiceRequest, status of an Appointment).
ACTS: Final = {
    "new": ("new", "active", "booked"),
    "update": ("update", "active", "booked"),
    "revoked": ("update", "revoked", "cancelled"),
    "entered-in-error": ("update", "entered-in-error", "entered-in-error"),
}
KINDS: Final = ("referral", "validation", "booking")
VALIDATION: Final = (n.USE_CASES, "a4t1", "999 to CAS Validation")
BOOKING: Final = (n.OWN_USE_CASES, "booking-at-gp", "Booking at a GP practice (gpportal's own)")
_DEFINITION: Final = "https://fhir.nhs.uk/MessageDefinition/bars-message-"
_STRUCTURE: Final = "https://fhir.nhs.uk/StructureDefinition/"
_ACT: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
#: Status of CarePlan and Encounter by which a receiver tells a validation from a referral.
_CARE: Final = {"referral": ("completed", "finished"), "validation": ("active", "triaged")}


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about; a birth date as FHIR writes it."""

    nhs_number: str
    family: str
    given: str
    birth_date: str
    phone: str = "01632 960148"


@dataclass(frozen=True, slots=True)
class Request:
    """Something asked of the practice; `id` is ours for the whole of it, `theirs` the id the practice gave it."""

    id: str
    kind: str
    partner: Partner
    service: Offered
    person: Person
    reason: str
    starts: datetime
    theirs: str = ""

    @property
    def booking(self) -> bool:
        return self.kind == "booking"

    @property
    def use_case(self) -> tuple[str, str, str]:
        """(system, code, display) of what it is."""
        return {"referral": self.partner.asks, "validation": VALIDATION, "booking": BOOKING}[self.kind]

    def own_id(self, what: str) -> str:
        """A stable id for each part."""
        return str(uuid.uuid5(uuid.UUID(self.id), what))

    def ref(self, what: str) -> Json:
        return reference(self.own_id(what))


def request_message(one: Request, act: str) -> Json:
    """The message that says `act` of a request (a key of ACTS). One Bundle.id for the whole conversation."""
    ended = act in ("revoked", "entered-in-error")
    parts = {"header": _header(one, act, ended), "focus": _appointment(one, act) if one.booking else _ask(one, act)}
    parts |= {"patient": _patient(one)} | _organisations(one)
    if not ended:
        parts |= _around(one) | (_slot(one) if one.booking else _care(one))
    made = message(
        one.partner, one.own_id("conversation"), [{**part, "id": one.own_id(k)} for k, part in parts.items()]
    )
    for entry in made["entry"]:
        del entry["resource"]["id"]  # only the receiver gives ids; fullUrls stay
    if one.theirs:
        made["entry"][1]["resource"]["id"] = one.theirs
    return made


def _header(one: Request, act: str, ended: bool) -> Json:
    event = "booking-request" if one.booking else "servicerequest-request"
    defined = "booking-request" if one.booking else f"servicerequest-request-{one.kind}"
    if ended:
        defined = f"{event}-cancelled"
    return {
        "resourceType": "MessageHeader",
        "meta": {"profile": [f"{_STRUCTURE}BARSMessageHeader-{event}"]},
        "eventCoding": {"system": n.EVENTS, "code": event},
        "destination": [{"endpoint": f"{n.DOS_SERVICE}|{PRACTICE[2]}", "receiver": one.ref("practice")}],
        "sender": one.ref("us"),
        "source": {
            "name": one.partner.name,
            "software": SOFTWARE,
            "version": SOFTWARE_VERSION,
            "contact": {"system": "phone", "value": one.partner.phone},
            "endpoint": f"{n.DOS_SERVICE}|{one.service.id}",
        },
        "reason": {"coding": [{"system": n.REASONS, "code": ACTS[act][0]}]},
        "focus": [one.ref("focus")],
        "definition": _DEFINITION + defined,
    }


def _ask(one: Request, act: str) -> Json:
    shown = {"referral": "Transfer of Care", "validation": "For Validation"}[one.kind]
    categories = [(n.CATEGORIES, one.kind, shown), one.use_case]
    coding = [dict(zip(("system", "code", "display"), each, strict=True)) for each in categories]
    own = {"system": f"https://sandbox.gpportal.example/Id/{one.partner.ods.lower()}-request", "value": one.id}
    made: Json = {
        "resourceType": "ServiceRequest",
        "meta": {"profile": [f"{_STRUCTURE}BARSServiceRequest-request-{one.kind}"]},
        "identifier": [own],
        "status": ACTS[act][1],
        "intent": "plan",
        "category": [{"coding": coding}],
        "subject": one.ref("patient"),
        "occurrencePeriod": {"start": moment(), "end": one.starts.isoformat()},
    }
    if act in ("new", "update"):
        made |= {"basedOn": [one.ref("plan")], "encounter": one.ref("contact"), "authoredOn": moment()}
        made |= {"requester": one.ref("who"), "performer": [one.ref("service")]}
    return made


def _appointment(one: Request, act: str) -> Json:
    system, code, display = one.use_case
    own = {"system": f"https://sandbox.gpportal.example/Id/{one.partner.ods.lower()}-request", "value": one.id}
    made: Json = {
        "resourceType": "Appointment",
        "meta": {"profile": [n.UKCORE + "Appointment"]},
        "identifier": [own],
        "status": ACTS[act][2],
        "serviceCategory": [coded(system, code, display)],
        "description": one.reason,
        "start": one.starts.isoformat(),
        "end": (one.starts + timedelta(minutes=10)).isoformat(),
        "created": moment(),
        "participant": [{"actor": one.ref("patient"), "status": "accepted"}],
    }
    return made | ({"slot": [one.ref("slot")]} if act in ("new", "update") else {})


def _patient(one: Request) -> Json:
    who = one.person
    contact: Json = {
        "extension": [{"url": n.CONTACT_RANK, "valuePositiveInt": 1}],
        "relationship": [coded("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "ONESELF", "self")],
        "telecom": [{"system": "phone", "value": who.phone, "rank": 1}],
    }
    return {
        "resourceType": "Patient",
        "meta": {"profile": [n.UKCORE + "Patient"]},
        "identifier": [{"extension": [_VERIFIED], "system": n.NHS_NUMBER, "value": who.nhs_number}],
        "name": [{"use": "official", "family": who.family, "given": [who.given]}],
        "birthDate": who.birth_date,
        "contact": [contact],
    }


def _organisations(one: Request) -> dict[str, Json]:
    def made(ods: str, name: str) -> Json:
        profile = {"profile": [n.UKCORE + "Organization"]}
        return {
            "resourceType": "Organization",
            "meta": profile,
            "identifier": [{"system": n.ODS, "value": ods}],
            "name": name,
        }

    return {"practice": made(PRACTICE[0], PRACTICE[1]), "us": made(one.partner.ods, one.partner.name)}


def _around(one: Request) -> dict[str, Json]:
    """Who asks, and the service that is asked."""
    prefix, given, family = one.service.clinician
    return {
        "service": {
            "resourceType": "HealthcareService",
            "meta": {"profile": [n.UKCORE + "HealthcareService"]},
            "identifier": [{"system": n.DOS_SERVICE, "value": PRACTICE[2]}],
            "active": True,
            "providedBy": one.ref("practice"),
            "name": PRACTICE[1],
        },
        "who": {
            "resourceType": "Practitioner",
            "meta": {"profile": [n.UKCORE + "Practitioner"]},
            "identifier": [{"system": n.SDS_USER, "value": f"{int(uuid.UUID(one.own_id('who'))) % 10**12:012}"}],
            "name": [{"family": family, "given": [given], "prefix": [prefix]}],
        },
        "role": {
            "resourceType": "PractitionerRole",
            "meta": {"profile": [n.UKCORE + "PractitionerRole"]},
            "practitioner": one.ref("who"),
            "organization": one.ref("us"),
        },
    }


def _care(one: Request) -> dict[str, Json]:
    """Why it is asked: the contact, the plan and the problem, and consent to direct care."""
    plan, contact = _CARE[one.kind]
    whose = {"subject": one.ref("patient"), "encounter": one.ref("contact")}
    provisional = coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "provisional", "Provisional")
    active = coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active")
    return {
        "contact": {
            "resourceType": "Encounter",
            "meta": {"profile": [n.UKCORE + "Encounter"]},
            "status": contact,
            "class": {"system": _ACT, "code": "EMER", "display": "emergency"},
            "subject": one.ref("patient"),
            "episodeOfCare": [{"reference": f"EpisodeOfCare/{one.own_id('journey')}"}],
            "period": {"start": moment()},
        },
        "plan": {
            "resourceType": "CarePlan",
            "meta": {"profile": [n.UKCORE + "CarePlan"]},
            "status": plan,
            "intent": "plan",
            **whose,
            "period": {"start": moment()},
            "addresses": [one.ref("problem")],
            "activity": [{"reference": one.ref("action")}],
        },
        "problem": {
            "resourceType": "Condition",
            "meta": {"profile": [n.UKCORE + "Condition"]},
            "clinicalStatus": active,
            "verificationStatus": provisional,
            "category": [coded(n.SNOMED, "33962009", "Presenting complaint")],
            "code": {"text": one.reason},
            **whose,
        },
        "action": {
            "resourceType": "Task",
            "meta": {"profile": [n.UKCORE + "Task"]},
            "status": "requested",
            "intent": "order",
            "code": coded(n.SNOMED, "3457005", "Patient referral"),
            "authoredOn": moment(),
        },
        "consent": {
            "resourceType": "Consent",
            "meta": {"profile": [n.UKCORE + "Consent"]},
            "status": "active",
            "scope": coded("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy", "Privacy Consent"),
            "category": [coded("https://fhir.nhs.uk/CodeSystem/consent-categories-bars", "DRC", "Direct Care")],
            "patient": one.ref("patient"),
            "policyRule": coded(_ACT, "IMPLIED", "implied"),
            "dateTime": moment()[:10],
        },
    }


def _slot(one: Request) -> dict[str, Json]:
    when = {"start": one.starts.isoformat(), "end": (one.starts + timedelta(minutes=10)).isoformat()}
    return {
        "slot": {
            "resourceType": "Slot",
            "meta": {"profile": [n.UKCORE + "Slot"]},
            "schedule": one.ref("schedule"),
            "status": "busy",
            **when,
        },
        "schedule": {
            "resourceType": "Schedule",
            "meta": {"profile": [n.UKCORE + "Schedule"]},
            "actor": [one.ref("service")],
        },
    }


_VERIFIED: Final[Json] = {
    "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus",
    "valueCodeableConcept": coded(
        "https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus",
        "number-present-and-verified",
        "Number present and verified",
    ),
}
