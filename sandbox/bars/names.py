"""Identifier systems, code systems and profiles that the sandbox reads or writes (BaRS, UK Core, HL7)."""

from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
ODS: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
SDS_USER: Final = "https://fhir.nhs.uk/Id/sds-user-id"
DOS_SERVICE: Final = "https://fhir.nhs.uk/Id/dos-service-id"

EVENTS: Final = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
DOCUMENT_EVENTS: Final = "https://fhir.nhs.uk/CodeSystem/message-event"
REASONS: Final = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"
CATEGORIES: Final = "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest"
USE_CASES: Final = "https://fhir.nhs.uk/CodeSystem/usecases-categories-bars"
OWN_USE_CASES: Final = "https://gpportal.example/fhir/CodeSystem/use-case"
ERROR_CODES: Final = "https://fhir.nhs.uk/Codesystem/http-error-codes"
SNOMED: Final = "http://snomed.info/sct"
UCUM: Final = "http://unitsofmeasure.org"
VITAL_SIGNS: Final = "http://terminology.hl7.org/CodeSystem/observation-category"

CONTACT_RANK: Final = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactRank"
BUNDLE_PROFILE: Final = "https://fhir.nhs.uk/StructureDefinition/BARSBundleMessage"
REQUEST_HEADER_PROFILE: Final = "https://fhir.nhs.uk/StructureDefinition/BARSMessageHeader-servicerequest-request"
RESPONSE_HEADER_PROFILE: Final = "https://fhir.nhs.uk/StructureDefinition/BARSMessageHeader-servicerequest-response"
REFERRAL_PROFILE: Final = "https://fhir.nhs.uk/StructureDefinition/BARSServiceRequest-request-referral"
UKCORE: Final = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
REQUEST_DEFINITION: Final = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-referral"
RESPONSE_DEFINITION: Final = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-response-referral"

MEDIA_TYPE: Final = "application/fhir+json"
API_MEDIA_TYPE: Final = "application/fhir+json; version=1.4.0"


def same_system(one: object, other: object) -> bool:
    """Whether two identifier systems are the same one: published messages mix http and https, Id and id."""
    return plain(one) == plain(other) != ""


def plain(system: object) -> str:
    """A system as it is compared: without scheme and case."""
    return str(system or "").casefold().removeprefix("https://").removeprefix("http://").rstrip("/")
