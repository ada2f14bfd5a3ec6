"""The HTTP headers of BaRS: read and checked on the way in, built on the way out."""

import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.bars.names import API_MEDIA_TYPE, MEDIA_TYPE, ODS, Json
from sandbox.bars.outcomes import refuse

TARGET = "NHSD-Target-Identifier"
REQUEST = "X-Request-Id"
CORRELATION = "X-Correlation-Id"
ORGANISATION = "NHSD-End-User-Organisation"
SOFTWARE = "NHSD-Requesting-Software"
PRACTITIONER = "NHSD-Requesting-Practitioner"


@dataclass(frozen=True, slots=True)
class Heard:
    """The headers of one request, decoded."""

    request_id: str
    correlation_id: str
    target_system: str
    target: str
    organisation: Json


def read(headers: Mapping[str, str], *, with_body: bool = True) -> Heard:
    """Decode and check the headers. Raises Refused (400) naming the header that is missing or unreadable."""
    request_id = _uuid(headers, REQUEST)
    correlation_id = _uuid(headers, CORRELATION)
    target = _decoded(headers, TARGET)
    if not isinstance(target.get("system"), str) or not isinstance(target.get("value"), str):
        raise refuse(400, "structure", f"{TARGET} must hold system and value.", TARGET)
    organisation = _resource(headers, ORGANISATION, "Organization")
    if not organisation.get("identifier") or not organisation.get("name"):
        raise refuse(400, "structure", f"{ORGANISATION} must hold name and identifier.", ORGANISATION)
    _resource(headers, SOFTWARE, "Device")
    if headers.get(PRACTITIONER):
        _resource(headers, PRACTITIONER, "PractitionerRole")
    if with_body and not str(headers.get("Content-Type", "")).lower().startswith((MEDIA_TYPE, "application/json")):
        raise refuse(400, "value", f"Content-Type must be {MEDIA_TYPE}.", "Content-Type")
    return Heard(request_id, correlation_id, target["system"], target["value"], organisation)


def mirrored(headers: Mapping[str, str]) -> dict[str, str]:
    """X-Request-Id and X-Correlation-Id to be given back in every answer, errors too (only if they are UUIDs)."""
    return {name: headers[name] for name in (REQUEST, CORRELATION) if _is_uuid(headers.get(name))}


def build(
    *, request_id: str, correlation_id: str, token: str, target: tuple[str, str], organisation: Json, software: Json
) -> dict[str, str]:
    """Headers of a message that we send; `target` is (system, value) of the service it is for."""
    return {
        "Authorization": f"Bearer {token}",
        "Accept": API_MEDIA_TYPE,
        "Content-Type": API_MEDIA_TYPE,
        REQUEST: request_id,
        CORRELATION: correlation_id,
        TARGET: encode({"system": target[0], "value": target[1]}),
        ORGANISATION: encode(organisation),
        SOFTWARE: encode(software),
    }


def organisation_header(ods: str, name: str) -> Json:
    """FHIR Organization for NHSD-End-User-Organisation."""
    return {"resourceType": "Organization", "identifier": [{"system": ODS, "value": ods}], "name": name}


def software_header(name: str, version: str) -> Json:
    """FHIR Device for NHSD-Requesting-Software."""
    return {
        "resourceType": "Device",
        "deviceName": [{"name": name, "type": "manufacturer-name"}],
        "version": [{"value": version}],
    }


def encode(value: Json) -> str:
    """Base64 of compact JSON, as the NHSD headers carry it."""
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def _is_uuid(value: str | None) -> bool:
    try:
        return bool(value) and len(str(value)) == 36 and bool(uuid.UUID(str(value)))
    except ValueError:
        return False


def _uuid(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise refuse(400, "required", f"The header {name} is missing.", name)
    if not _is_uuid(value):
        raise refuse(400, "invalid", f"The header {name} is not a UUID.", name)
    return value.lower()


def _decoded(headers: Mapping[str, str], name: str) -> Json:
    raw = headers.get(name)
    if not raw:
        raise refuse(400, "required", f"The header {name} is missing.", name)
    try:
        value = json.loads(base64.b64decode(raw, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise refuse(400, "structure", f"The header {name} is not base64 of JSON.", name) from None
    if not isinstance(value, dict):
        raise refuse(400, "structure", f"The header {name} is not a JSON object.", name)
    return value


def _resource(headers: Mapping[str, str], name: str, kind: str) -> Json:
    value = _decoded(headers, name)
    if value.get("resourceType") != kind:
        raise refuse(400, "structure", f"The header {name} must hold a FHIR {kind}.", name)
    return value
