"""What a referral must hold: the MUST rows of the published BaRS APP5 referral payload, restated as a table.

Source: BaRS implementation guide, BaRS-APP5 Referral Payload (necessity column). A row is (path, cardinality, why).
It applies to every occurrence of its parent: a required row of an optional parent counts only where the parent is.
Rows of the guide that are left out on purpose are listed in `LEFT_OUT` with the reason.
"""

from dataclasses import dataclass
from typing import Final

from sandbox.bars import names as n


@dataclass(frozen=True, slots=True)
class Rule:
    """One MUST: FHIR path, how often under its parent, and why a receiver needs it.

    `fixed` lists the values allowed, `refers` the resource type a reference must lead to, `where` limits the row
    to parents whose key has that value, `pharmacy` marks what only the published pharmacy use cases ask for.
    """

    path: str
    cardinality: str
    why: str
    fixed: tuple[str, ...] = ()
    refers: str = ""
    where: tuple[str, str] | None = None
    pharmacy: bool = False


R = Rule

RESOURCES: Final[dict[str, tuple[int, int | None]]] = {
    # how many of each resource a referral holds (least, most; None: no limit)
    "MessageHeader": (1, 1),
    "ServiceRequest": (1, 1),
    "Encounter": (1, 1),
    "CarePlan": (1, 1),
    "Patient": (1, 1),
    "Condition": (1, None),
    "Task": (1, None),
    "Organization": (2, None),
    "Practitioner": (1, None),
    "PractitionerRole": (1, None),
    "Consent": (1, None),
    "HealthcareService": (1, 1),
}

OPTIONAL_RESOURCES: Final = ("Flag", "MedicationStatement", "AllergyIntolerance", "Observation")


def _every_resource() -> tuple[Rule, ...]:
    rows: list[Rule] = []
    for kind in (*RESOURCES, *OPTIONAL_RESOURCES):
        rows += [
            R(f"{kind}.meta", "1..1", "profile and time of change"),
            R(f"{kind}.meta.profile", "1..*", "which profile it claims to meet"),
            R(f"{kind}.meta.lastUpdated", "1..1", "when it last changed"),
        ]
    return tuple(rows)


_BUNDLE = (
    R("Bundle.id", "1..1", "names the conversation; answers quote it"),
    R("Bundle.meta", "1..1", "version and time"),
    R("Bundle.meta.profile", "1..*", "says that this is a BaRS message", fixed=(n.BUNDLE_PROFILE,)),
    R("Bundle.meta.lastUpdated", "1..1", "when the message was made"),
    R("Bundle.meta.versionId", "1..1", "which version of the application it follows"),
    R("Bundle.type", "1..1", "a message, not a document", fixed=("message",)),
    R("Bundle.timestamp", "1..1", "when the content was put together"),
    R("Bundle.entry", "1..*", "the content"),
    R("Bundle.entry.fullUrl", "1..1", "what references inside the message lead to"),
    R("Bundle.entry.resource", "1..1", "an entry without content says nothing"),
    R("Bundle.entry.resource.resourceType", "1..1", "what the entry is"),
)

_HEADER = (
    R("MessageHeader.meta.profile", "1..*", "a service request message", fixed=(n.REQUEST_HEADER_PROFILE,)),
    R("MessageHeader.eventCoding", "1..1", "what is asked of us"),
    R("MessageHeader.eventCoding.system", "1..1", "what is asked of us", fixed=(n.EVENTS,)),
    R("MessageHeader.eventCoding.code", "1..1", "what is asked of us"),
    R("MessageHeader.destination", "1..1", "whom it is for"),
    R("MessageHeader.destination.receiver", "1..1", "the receiving organisation"),
    R("MessageHeader.destination.receiver.reference", "1..1", "the receiving organisation", refers="Organization"),
    R("MessageHeader.destination.endpoint", "1..1", "the service it is for"),
    R("MessageHeader.sender", "1..1", "the sending organisation"),
    R("MessageHeader.sender.reference", "1..1", "the sending organisation", refers="Organization"),
    R("MessageHeader.source", "1..1", "the sending system"),
    R("MessageHeader.source.name", "1..1", "the sending system"),
    R("MessageHeader.source.endpoint", "1..1", "where answers go"),
    R("MessageHeader.reason", "1..1", "new, update or delete"),
    R("MessageHeader.reason.coding", "1..*", "new or update"),
    R("MessageHeader.reason.coding.system", "1..1", "new or update", fixed=(n.REASONS,)),
    R("MessageHeader.reason.coding.code", "1..1", "new or update"),
    R("MessageHeader.focus", "1..*", "what to read first"),
    R("MessageHeader.focus.reference", "1..1", "what to read first", refers="ServiceRequest"),
    R("MessageHeader.definition", "1..1", "the message definition", fixed=(n.REQUEST_DEFINITION,)),
)

_REQUEST = (
    R("ServiceRequest.meta.profile", "1..*", "a referral", fixed=(n.REFERRAL_PROFILE,)),
    R("ServiceRequest.basedOn", "1..*", "the plan it comes from"),
    R("ServiceRequest.basedOn.reference", "1..1", "the plan it comes from", refers="CarePlan"),
    R("ServiceRequest.status", "1..1", "whether it stands", fixed=("active", "revoked", "entered-in-error")),
    R("ServiceRequest.intent", "1..1", "a plan, not an order", fixed=("plan",)),
    R("ServiceRequest.category", "1..1", "referral and use case"),
    R("ServiceRequest.category.coding", "1..*", "referral and use case"),
    R("ServiceRequest.category.coding.system", "1..1", "referral and use case"),
    R("ServiceRequest.category.coding.code", "1..1", "referral and use case"),
    R("ServiceRequest.category.coding.display", "1..1", "referral and use case, to be read"),
    R("ServiceRequest.subject", "1..1", "whom it is about"),
    R("ServiceRequest.subject.reference", "1..1", "whom it is about", refers="Patient"),
    R("ServiceRequest.encounter", "1..1", "the contact at which it was decided"),
    R("ServiceRequest.encounter.reference", "1..1", "the contact at which it was decided", refers="Encounter"),
    R("ServiceRequest.authoredOn", "1..1", "when it was asked"),
    R("ServiceRequest.requester", "1..1", "who asks"),
    R("ServiceRequest.requester.reference", "1..1", "who asks", refers="Practitioner"),
    R("ServiceRequest.performer", "1..*", "the service asked"),
    R("ServiceRequest.performer.reference", "1..1", "the service asked", refers="HealthcareService"),
)

_CARE = (
    R("Encounter.status", "1..1", "the contact is over"),
    R("Encounter.status", "1..1", "the contact is over", fixed=("finished", "triaged"), pharmacy=True),
    R("Encounter.class", "1..1", "kind of contact"),
    R("Encounter.class.system", "1..1", "kind of contact"),
    R("Encounter.class.code", "1..1", "kind of contact"),
    R("Encounter.class.code", "1..1", "the one kind the guide allows", fixed=("EMER",), pharmacy=True),
    R("Encounter.class.display", "1..1", "kind of contact, to be read"),
    R("Encounter.subject", "1..1", "whose contact"),
    R("Encounter.subject.reference", "1..1", "whose contact", refers="Patient"),
    R("Encounter.episodeOfCare", "1..*", "the journey"),
    R("Encounter.episodeOfCare.reference", "1..1", "the journey id"),
    R("CarePlan.status", "1..1", "the sender's part is done", fixed=("completed",)),
    R("CarePlan.intent", "1..1", "a plan", fixed=("plan",)),
    R("CarePlan.subject", "1..1", "whose plan"),
    R("CarePlan.subject.reference", "1..1", "whose plan", refers="Patient"),
    R("CarePlan.encounter", "1..1", "the sender's contact"),
    R("CarePlan.encounter.reference", "1..1", "the sender's contact", refers="Encounter"),
    R("CarePlan.addresses", "1..*", "the problem"),
    R("CarePlan.addresses.reference", "1..1", "the problem", refers="Condition"),
    R("CarePlan.activity", "1..*", "what to do"),
    R("CarePlan.activity.reference", "1..1", "what to do"),
    R("CarePlan.activity.reference.reference", "1..1", "what to do", refers="Task"),
    R("Condition.clinicalStatus", "1..1", "active or not"),
    R("Condition.verificationStatus", "1..1", "how sure"),
    R("Condition.category", "1..*", "class of problem"),
    R("Condition.category.coding", "1..*", "class of problem"),
    R("Condition.category.coding.system", "1..1", "class of problem"),
    R("Condition.category.coding.code", "1..1", "class of problem"),
    R("Condition.category.coding.display", "1..1", "class of problem, to be read"),
    R("Condition.code", "1..1", "the problem"),
    R("Condition.code.text", "1..1", "the problem in words"),
    R("Condition.subject", "1..1", "whose problem"),
    R("Condition.subject.reference", "1..1", "whose problem", refers="Patient"),
    R("Condition.encounter", "1..1", "the sender's contact"),
    R("Condition.encounter.reference", "1..1", "the sender's contact", refers="Encounter"),
    R("Task.status", "1..1", "asked for", fixed=("requested",)),
    R("Task.intent", "1..1", "an order", fixed=("order",)),
    R("Task.code", "1..1", "the action asked for"),
    R("Task.code.coding", "1..*", "the action asked for", pharmacy=True),
    R("Task.code.coding.system", "1..1", "the action asked for", pharmacy=True),
    R("Task.code.coding.code", "1..1", "the action asked for", pharmacy=True),
    R("Task.code.coding.display", "1..1", "the action asked for, to be read", pharmacy=True),
    R("Task.focus.reference", "1..1", "the medicine to advise on"),
    R("Task.authoredOn", "1..1", "when it was asked"),
)

_PEOPLE = (
    R("Patient.contact", "1..*", "whom to ring"),
    R("Patient.contact.extension", "1..*", "order of contacts"),
    R("Patient.contact.extension.url", "1..1", "order of contacts"),
    R("Patient.contact.extension.valuePositiveInt", "1..1", "order of contacts", where=("url", n.CONTACT_RANK)),
    R("Patient.contact.relationship", "1..*", "who they are"),
    R("Patient.contact.relationship.coding", "1..*", "who they are"),
    R("Patient.contact.relationship.coding.system", "1..1", "who they are"),
    R("Patient.contact.relationship.coding.code", "1..1", "who they are"),
    R("Patient.contact.relationship.coding.display", "1..1", "who they are, to be read"),
    R("Patient.contact.telecom", "1..*", "how to reach them"),
    R("Patient.contact.telecom.system", "1..1", "how to reach them"),
    R("Patient.contact.telecom.value", "1..1", "how to reach them"),
    R("Patient.contact.telecom.rank", "1..1", "which number first"),
    R("Patient.communication.language", "1..1", "a language entry without one says nothing"),
    R("Patient.communication.language.coding", "1..*", "the language"),
    R("Organization.type.coding.system", "1..1", "kind of organisation"),
    R("Organization.type.coding.code", "1..1", "kind of organisation"),
    R("Organization.type.coding.display", "1..1", "kind of organisation, to be read"),
    R("Organization.name", "1..1", "the name people know"),
    R("HealthcareService.identifier", "1..*", "the service's id"),
    R("HealthcareService.identifier.system", "1..1", "the service's id"),
    R("HealthcareService.identifier.value", "1..1", "the service's id"),
    R("HealthcareService.active", "1..1", "whether it is open"),
    R("HealthcareService.name", "1..1", "the name people know"),
    R("Consent.status", "1..1", "consent stands", fixed=("active",)),
    R("Consent.scope", "1..1", "scope of consent"),
    R("Consent.scope.coding", "1..*", "scope of consent"),
    R("Consent.scope.coding.system", "1..1", "scope of consent"),
    R("Consent.scope.coding.code", "1..1", "the only supported scope", fixed=("patient-privacy",)),
    R("Consent.category", "1..*", "kind of consent"),
    R("Consent.category.coding", "1..*", "kind of consent"),
    R("Consent.category.coding.system", "1..1", "kind of consent"),
    R("Consent.category.coding.code", "1..1", "direct care only", fixed=("DRC",)),
    R("Consent.category.coding.display", "1..1", "kind of consent, to be read"),
    R("Consent.patient", "1..1", "whose consent"),
    R("Consent.patient.reference", "1..1", "whose consent", refers="Patient"),
    R("Consent.policyRule", "1..1", "rule it rests on"),
    R("Consent.policyRule.coding", "1..*", "rule it rests on"),
    R("Consent.policyRule.coding.system", "1..1", "rule it rests on"),
    R("Consent.policyRule.coding.code", "1..1", "implied consent only", fixed=("IMPLIED",)),
    R("Consent.dateTime", "1..1", "since when"),
)

_CLINICAL = (
    R("Flag.status", "1..1", "only flags that stand", fixed=("active",)),
    R("Flag.category", "1..*", "kind of flag"),
    R("Flag.category.coding", "1..*", "kind of flag"),
    R("Flag.category.coding.system", "1..1", "kind of flag"),
    R("Flag.category.coding.code", "1..1", "kind of flag"),
    R("Flag.category.coding.display", "1..1", "kind of flag, to be read"),
    R("Flag.code", "1..1", "what is flagged"),
    R("Flag.code.coding", "1..*", "what is flagged"),
    R("Flag.code.coding.system", "1..1", "what is flagged"),
    R("Flag.code.coding.code", "1..1", "what is flagged"),
    R("Flag.code.coding.display", "1..1", "what is flagged, to be read"),
    R("Flag.subject", "1..1", "whom it is about"),
    R("Flag.subject.reference", "1..1", "whom it is about"),
    R("MedicationStatement.status", "1..1", "taken or not"),
    R("MedicationStatement.category.coding", "1..*", "where it is taken"),
    R("MedicationStatement.medicationCodeableConcept", "1..1", "the medicine"),
    R("MedicationStatement.subject", "1..1", "who takes it"),
    R("MedicationStatement.subject.reference", "1..1", "who takes it", refers="Patient"),
    R("MedicationStatement.reasonCode.coding", "1..*", "what it is for"),
    R("MedicationStatement.dosage.timing.repeat", "1..1", "how often"),
    R("MedicationStatement.dosage.asNeededCodeableConcept.coding", "1..*", "when needed"),
    R("MedicationStatement.dosage.site.coding", "1..*", "where on the body"),
    R("MedicationStatement.dosage.route.coding", "1..*", "by which route"),
    R("MedicationStatement.dosage.method.coding", "1..*", "how it is taken"),
    R("AllergyIntolerance.clinicalStatus.coding", "1..*", "active or not"),
    R("AllergyIntolerance.verificationStatus.coding", "1..*", "how sure"),
    R("AllergyIntolerance.code", "1..1", "allergic to what"),
    R("AllergyIntolerance.patient", "1..1", "who is allergic"),
    R("AllergyIntolerance.patient.reference", "1..1", "who is allergic", refers="Patient"),
    R("AllergyIntolerance.encounter.reference", "1..1", "where it was noted"),
    R("AllergyIntolerance.recorder.reference", "1..1", "who noted it"),
    R("AllergyIntolerance.asserter.reference", "1..1", "who says so"),
    R("AllergyIntolerance.reaction.manifestation", "1..*", "what happened"),
    R("AllergyIntolerance.reaction.manifestation.coding", "1..*", "what happened"),
    R("Observation.status", "1..1", "final results only", fixed=("final",)),
    R("Observation.code", "1..1", "what was measured"),
    R("Observation.subject", "1..1", "in whom"),
    R("Observation.subject.reference", "1..1", "in whom", refers="Patient"),
)

RULES: Final = (*_BUNDLE, *_every_resource(), *_HEADER, *_REQUEST, *_CARE, *_PEOPLE, *_CLINICAL)

CANCELLED_RESOURCES: Final[dict[str, tuple[int, int | None]]] = {
    # what the published message definition "ServiceRequest - Request - Cancelled" names (least, most)
    "MessageHeader": (1, 1),
    "ServiceRequest": (1, 1),
    "Patient": (1, 1),
    "Organization": (2, None),
}
_NOT_WHEN_CANCELLED: Final = ("basedOn", "encounter", "authoredOn", "requester", "performer")


def _cancelled() -> tuple[Rule, ...]:
    """The rules of what such a message holds, without the parts of a referral that it does not repeat."""
    kept = []
    for rule in RULES:
        kind, element = rule.path.split(".")[:2]
        repeated = kind in ("Bundle", "MessageHeader", "ServiceRequest") and element not in _NOT_WHEN_CANCELLED
        if rule.path == "MessageHeader.definition":
            continue  # SERVREQ02 is published without one
        if repeated or (element == "meta" and kind in CANCELLED_RESOURCES):
            kept.append(rule)
    return tuple(kept)


CANCELLED: Final = _cancelled()

#: Of an answer to a request of our own: the frame and the header, whatever it defines itself by and begins with.
RESPONSE: Final = tuple(
    rule
    for rule in RULES
    if rule.path.startswith(("Bundle.", "MessageHeader."))
    and rule.path not in ("MessageHeader.meta.profile", "MessageHeader.definition", "MessageHeader.focus.reference")
)

LEFT_OUT: Final = {
    "id": "set by the receiver in its answer, never by the sender",
    "CarePlan.period": "absent from every published GP example, so a receiver that insisted would refuse them all",
    "CarePlan.period.start": "as CarePlan.period",
    "AllergyIntolerance.category.code": "the guide's slip: category is a code; AllergyIntolerance.code is checked",
    "AllergyIntolerance.category.code.coding": "uncoded allergies are sent as text and must not be lost",
}
