"""The messages a receiver writes: the immediate answer and the later servicerequest-responses (FHIR message Bundle)."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.bars import names as n
from sandbox.bars.contents import resources
from sandbox.bars.names import Json
from sandbox.partner import SOFTWARE, SOFTWARE_VERSION, Partner


@dataclass(frozen=True, slots=True)
class Case:
    """One referral from the receiver's side: who we are, the message as received, the id we gave it."""

    partner: Partner
    referral_id: str
    service_id: str
    message: Json

    @property
    def request(self) -> Json:
        """The ServiceRequest as received."""
        return resources(self.message, "ServiceRequest")[0]

    @property
    def patient(self) -> Json:
        """The Patient as received."""
        return resources(self.message, "Patient")[0]

    @property
    def header(self) -> Json:
        """The MessageHeader as received."""
        return resources(self.message, "MessageHeader")[0]

    @property
    def number(self) -> str:
        """The receiver's own number of the referral, for people to quote."""
        return f"{self.partner.ods}-{self.referral_id[:8].upper()}"

    def own_id(self, what: str) -> str:
        """A stable id for something we make of this referral: the same in every later message."""
        return str(uuid.uuid5(uuid.UUID(self.referral_id), what))

    def reply_to(self) -> tuple[str, str]:
        """(system, value) of the sender's service, to which answers go."""
        system, _, value = str(self.header["source"]["endpoint"]).rpartition("|")
        return system or n.DOS_SERVICE, value

    def reason(self) -> str:
        """The problem in the sender's words."""
        return str(resources(self.message, "Condition")[0]["code"]["text"])


def coded(system: str, code: str, display: str) -> Json:
    """A CodeableConcept of one coding."""
    return {"coding": [{"system": system, "code": code, "display": display}]}


def moment() -> str:
    """Now, as a FHIR instant in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def entry(resource: Json) -> Json:
    """A bundle entry whose fullUrl is the resource's id."""
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def reference(resource_id: str, display: str = "") -> Json:
    """A reference within the message."""
    return {"reference": f"urn:uuid:{resource_id}", **({"display": display} if display else {})}


def message(partner: Partner, bundle_id: str, content: Sequence[Json]) -> Json:
    """A message Bundle; `content` starts with the MessageHeader. Every resource gets the same lastUpdated."""
    now = moment()
    for resource in content:
        resource["meta"] = {"lastUpdated": now, **resource.get("meta", {})}
    return {
        "resourceType": "Bundle",
        "id": bundle_id,
        "meta": {"versionId": partner.version, "lastUpdated": now, "profile": [n.BUNDLE_PROFILE]},
        "type": "message",
        "timestamp": now,
        "entry": [entry(resource) for resource in content],
    }


def organisation(case: Case) -> Json:
    """We ourselves (UK Core Organization)."""
    return {
        "resourceType": "Organization",
        "id": case.own_id("organisation"),
        "meta": {"profile": [n.UKCORE + "Organization"]},
        "identifier": [{"system": n.ODS, "value": case.partner.ods}],
        "name": case.partner.name,
        "telecom": [{"system": "phone", "value": case.partner.phone, "use": "work"}],
    }


def sender_organisation(case: Case) -> Json:
    """The organisation that referred, as it introduced itself."""
    wanted = str(case.header["sender"]["reference"])
    sent = next(e["resource"] for e in case.message["entry"] if e["fullUrl"] == wanted)
    kept: Json = {key: sent[key] for key in ("identifier", "name", "type") if key in sent}
    profile = {"profile": [n.UKCORE + "Organization"]}
    return {"resourceType": "Organization", "id": case.own_id("sender"), "meta": profile, **kept}


def patient(case: Case) -> Json:
    """The patient with our id: only what is needed to recognise them."""
    kept: Json = {
        key: case.patient[key] for key in ("identifier", "name", "gender", "birthDate") if key in case.patient
    }
    profile = {"profile": [n.UKCORE + "Patient"]}
    return {"resourceType": "Patient", "id": case.own_id("patient"), "meta": profile, **kept}


def service_request(case: Case, status: str = "active") -> Json:
    """The referral with our id and number beside the sender's identifiers (FHIR ServiceRequest)."""
    own = {"system": f"https://sandbox.gpportal.example/Id/{case.partner.ods.lower()}-referral", "value": case.number}
    kept: Json = {key: case.request[key] for key in ("category", "priority", "occurrencePeriod") if key in case.request}
    return {
        "resourceType": "ServiceRequest",
        "id": case.referral_id,
        "meta": {"profile": [n.REFERRAL_PROFILE]},
        "identifier": [*case.request.get("identifier", []), own],
        "status": status,
        "intent": "plan",
        **kept,
        "subject": reference(case.own_id("patient")),
        "authoredOn": case.request["authoredOn"],
        "performer": [reference(case.own_id("organisation"), case.partner.services[case.service_id].name)],
    }


def header(case: Case, *, message_name: str, reason: str, focus: Sequence[str], event: tuple[str, str]) -> Json:
    """MessageHeader back to the sender; `message_name` keeps its id apart from our other messages' headers."""
    system, value = case.reply_to()
    return {
        "resourceType": "MessageHeader",
        "id": case.own_id(f"header {message_name}"),
        "eventCoding": {"system": event[0], "code": event[1]},
        "destination": [{"endpoint": f"{system}|{value}", "receiver": reference(case.own_id("sender"))}],
        "sender": reference(case.own_id("organisation")),
        "source": {
            "name": case.partner.name,
            "software": SOFTWARE,
            "version": SOFTWARE_VERSION,
            "contact": {"system": "phone", "value": case.partner.phone},
            "endpoint": f"{n.DOS_SERVICE}|{case.service_id}",
        },
        "reason": {"coding": [{"system": n.REASONS, "code": reason}]},
        "focus": [reference(one) for one in focus],
    }


def response_header(case: Case, *, message_name: str, reason: str, focus: Sequence[str]) -> Json:
    """MessageHeader of a servicerequest-response: quotes the id of the message that is answered."""
    event = (n.EVENTS, "servicerequest-response")
    made = header(case, message_name=message_name, reason=reason, focus=focus, event=event)
    made["meta"] = {"profile": [n.RESPONSE_HEADER_PROFILE]}
    made["response"] = {"identifier": case.message["id"], "code": "ok"}
    made["definition"] = n.RESPONSE_DEFINITION
    return made


def acknowledgement(case: Case) -> Json:
    """The immediate 200: the referral has arrived and this is the id it has here."""
    first = response_header(case, message_name="acknowledgement", reason="new", focus=[case.referral_id])
    parts = [first, service_request(case), patient(case), organisation(case), sender_organisation(case)]
    return message(case.partner, case.own_id("acknowledgement"), parts)


def taken_back(case: Case, status: str, answers: str) -> Json:
    """The immediate 200 to a message (its Bundle.id) that takes a referral back: how it stands now."""
    first = response_header(case, message_name=status, reason="update", focus=[case.referral_id])
    first["response"]["identifier"] = answers
    parts = [first, service_request(case, status), patient(case), organisation(case), sender_organisation(case)]
    return message(case.partner, case.own_id(f"acknowledgement {status}"), parts)


def signature(case: Case) -> list[Json]:
    """Who answers for the service (UK Core PractitionerRole and Practitioner)."""
    prefix, given, family = case.partner.services[case.service_id].clinician
    who, role = case.own_id("answering"), case.own_id("answering role")
    return [
        {
            "resourceType": "PractitionerRole",
            "id": role,
            "meta": {"profile": [n.UKCORE + "PractitionerRole"]},
            "practitioner": reference(who),
            "organization": reference(case.own_id("organisation")),
        },
        {
            "resourceType": "Practitioner",
            "id": who,
            "meta": {"profile": [n.UKCORE + "Practitioner"]},
            "identifier": [{"system": n.SDS_USER, "value": f"{int(uuid.UUID(who)) % 10**12:012}"}],
            "name": [{"family": family, "given": [given], "prefix": [prefix]}],
        },
    ]


def signed_by(case: Case) -> str:
    """Who answers, for people to read: "Dr Laura Fenn, Heart failure clinic"."""
    service = case.partner.services[case.service_id]
    return f"{' '.join(service.clinician)}, {service.name}"


def task(case: Case, status: str, said: str, **more: object) -> Json:
    """Where the referral stands with us (FHIR Task); `said` is the status in plain words."""
    now = moment()
    return {
        "resourceType": "Task",
        "id": case.own_id("task"),
        "meta": {"profile": [n.UKCORE + "Task"]},
        "status": status,
        "businessStatus": {"text": said},
        "intent": "order",
        "focus": reference(case.referral_id),
        "for": reference(case.own_id("patient")),
        "authoredOn": now,
        "lastModified": now,
        "owner": reference(case.own_id("answering role"), signed_by(case)),
        **more,
    }


def response(case: Case, *, step: str, reason: str, status: str, progress: Json, extra: Sequence[Json] = ()) -> Json:
    """A later servicerequest-response: header, ServiceRequest, Task, and what this step adds.

    The conversation keeps one Bundle.id; each message has its own header id.
    """
    appointments = [r["id"] for r in extra if r["resourceType"] == "Appointment"]
    first = response_header(case, message_name=step, reason=reason, focus=[case.referral_id, *appointments])
    parts = [first, service_request(case, status), progress, *extra, *signature(case)]
    parts += [patient(case), organisation(case), sender_organisation(case)]
    return message(case.partner, case.own_id("conversation"), parts)
