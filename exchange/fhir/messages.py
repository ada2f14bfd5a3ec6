"""Parts of FHIR messages that both directions share. Pure: dictionaries in, dictionaries out.

A message (FHIR Bundle of type message, profile BARSBundleMessage) starts with its MessageHeader; references within it
are `urn:uuid:` fullUrls.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from exchange.fhir.systems import SERVICE_ID_SYSTEMS, System

Json = dict[str, Any]

#: What FHIR as JSON is called where it is carried inside: the standard's name and two that are met.
FHIR_JSON: Final = ("application/fhir+json", "application/json+fhir", "application/json")
MEDIA_TYPE = "application/fhir+json"
API_MEDIA_TYPE = "application/fhir+json; version=1.4.0"
SOFTWARE, SOFTWARE_VERSION = "gpportal", "0.1.0"
#: What we send with (FHIR Device), for the header NHSD-Requesting-Software.
SOFTWARE_DEVICE: Json = {
    "resourceType": "Device",
    "deviceName": [{"name": SOFTWARE, "type": "manufacturer-name"}],
    "version": [{"value": SOFTWARE_VERSION}],
}


def instant(at: datetime) -> str:
    """A FHIR instant in UTC with milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def urn(resource_id: UUID | str) -> str:
    """The fullUrl of a resource within a message."""
    return f"urn:uuid:{resource_id}"


def reference(resource_id: UUID | str, display: str = "") -> Json:
    """A reference to a resource of the same message."""
    return {"reference": urn(resource_id)} | ({"display": display} if display else {})


def coding(system: System, code: str, display: str = "") -> Json:
    """FHIR Coding."""
    return {"system": str(system), "code": code} | ({"display": display} if display else {})


def endpoint(service_id: str) -> str:
    """The address of a service on the wire: `system|value` of its Directory of Services id."""
    return f"{System.SERVICE_ID}|{service_id}"


def service_of(address: str) -> str:
    """The service id in an address of the wire, or "" if it is none of a service."""
    system, _, value = address.rpartition("|")
    return value if system in SERVICE_ID_SYSTEMS else ""


def message_bundle(*, bundle_id: UUID | str, version: str, at: datetime, resources: Sequence[Json]) -> Json:
    """A message Bundle. `resources` start with the MessageHeader, each with an `id` that becomes its fullUrl.

    `version` is the BaRS application version (Bundle.meta.versionId). Every resource gets meta.lastUpdated `at`.
    """
    stamp = instant(at)
    return {
        "resourceType": "Bundle",
        "id": str(bundle_id),
        "meta": {"versionId": version, "lastUpdated": stamp, "profile": [str(System.BARS_BUNDLE)]},
        "type": "message",
        "timestamp": stamp,
        "entry": [{"fullUrl": urn(one["id"]), "resource": _stamped(one, stamp)} for one in resources],
    }


def message_header(
    *,
    header_id: UUID | str,
    event: str,
    reason: str,
    destination: str,
    receiver: UUID | str | None,
    sender: UUID | str,
    source_name: str,
    source_phone: str,
    source_service: str,
    focus: Iterable[UUID | str],
    definition: System | None = None,
    profile: System | None = None,
    answers: str = "",
) -> Json:
    """FHIR MessageHeader as BaRS wants it.

    `destination` (or a whole address) and `source_service` are service ids; `receiver`, `sender` and `focus` are ids of
    resources in the message; `answers` is the Bundle.id of the message this one responds to.
    """
    to: Json = {"endpoint": destination if ":" in destination else endpoint(destination)}
    if receiver is not None:
        to["receiver"] = reference(receiver)
    source: Json = {"name": source_name, "software": SOFTWARE, "version": SOFTWARE_VERSION}
    if source_phone:
        source["contact"] = {"system": "phone", "value": source_phone}
    header: Json = {
        "resourceType": "MessageHeader",
        "id": str(header_id),
        "eventCoding": coding(event_system(event), event),
        "destination": [to],
        "sender": reference(sender),
        "source": source | {"endpoint": endpoint(source_service)},
        "reason": {"coding": [coding(System.BARS_REASON, reason)]},
    }
    if profile:
        header["meta"] = {"profile": [str(profile)]}
    if answers:
        header["response"] = {"identifier": answers, "code": "ok"}
    if found := [reference(one) for one in focus]:
        header["focus"] = found
    if definition:
        header["definition"] = str(definition)
    return header


def event_system(event: str) -> System:
    """The code system an event code belongs to."""
    return System.MESSAGE_EVENT if event == "document" else System.BARS_EVENT


def organisation(*, resource_id: UUID | str, ods_code: str, name: str, phone: str = "") -> Json:
    """An organisation known by its ODS code (FHIR Organization, UK Core)."""
    found: Json = {
        "resourceType": "Organization",
        "id": str(resource_id),
        "meta": {"profile": [str(System.UKCORE_ORGANIZATION)]},
        "identifier": [{"system": str(System.ODS), "value": ods_code}],
        "name": name,
    }
    if phone:
        found["telecom"] = [{"system": "phone", "value": phone, "use": "work"}]
    return found


def operation_outcome(code: str, issue: str, text: str, expression: str = "") -> Json:
    """FHIR OperationOutcome with one issue: BaRS error code, FHIR issue type, the rule that is broken, its FHIRPath."""
    found: Json = {
        "severity": "error",
        "code": issue,
        "details": {"coding": [coding(System.ERROR_CODE, code)]},
        "diagnostics": text,
    }
    if expression:
        found["expression"] = [expression]
    return {"resourceType": "OperationOutcome", "id": str(uuid4()), "issue": [found]}


def _stamped(resource: Json, stamp: str) -> Json:
    return resource | {"meta": {"lastUpdated": stamp} | resource.get("meta", {})}
