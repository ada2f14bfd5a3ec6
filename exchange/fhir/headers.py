"""The HTTP headers of BaRS, built for what we send and checked on what we get. Pure.

Source: BaRS API 1.4.0 (X-Request-Id, X-Correlation-Id, NHSD-*). Base64 values hold JSON: an identifier, or a FHIR
Organization, Device or PractitionerRole.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from exchange.errors import PayloadInvalid, Rec
from exchange.fhir import numbers, validate
from exchange.fhir.messages import API_MEDIA_TYPE, Json
from exchange.fhir.systems import SERVICE_ID_SYSTEMS, System

REQUEST_ID = "X-Request-Id"
CORRELATION_ID = "X-Correlation-Id"
TARGET = "NHSD-Target-Identifier"
ORGANISATION = "NHSD-End-User-Organisation"
SOFTWARE = "NHSD-Requesting-Software"
PRACTITIONER = "NHSD-Requesting-Practitioner"
USE_CONTEXT = "use-context"
MOST_CHARACTERS = 8192


@dataclass(frozen=True, slots=True)
class Heard:
    """What the headers of an inbound message say. `target_service` is the Directory of Services id it is for."""

    request_id: UUID
    correlation_id: UUID
    target_service: str
    organisation: Json


def encode(value: Json) -> str:
    """Base64 of compact JSON, as the NHSD headers carry it."""
    return base64.b64encode(numbers.dumps(value).encode()).decode()


def sealed(
    *,
    request_id: UUID,
    correlation_id: UUID,
    service_id: str,
    use_context: str,
    organisation: Json,
    software: Json,
    practitioner: Json | None,
) -> dict[str, str]:
    """The headers that are part of a message and the same at every try; the bearer token is not among them."""
    headers = {
        "Content-Type": API_MEDIA_TYPE,
        "Accept": API_MEDIA_TYPE,
        REQUEST_ID: str(request_id),
        CORRELATION_ID: str(correlation_id),
        USE_CONTEXT: use_context,
        TARGET: encode({"system": str(System.SERVICE_ID), "value": service_id}),
        ORGANISATION: encode(organisation),
        SOFTWARE: encode(software),
    }
    return headers | ({PRACTITIONER: encode(practitioner)} if practitioner else {})


def check(headers: Mapping[str, str]) -> Heard:
    """Read the headers of an inbound message. Raises PayloadInvalid (400) naming the header that breaks a rule."""
    request_id, correlation_id = _uuid(headers, REQUEST_ID), _uuid(headers, CORRELATION_ID)
    target = _decoded(headers, TARGET)
    system, value = target.get("system"), target.get("value")
    if not isinstance(system, str) or not isinstance(value, str) or system not in SERVICE_ID_SYSTEMS:
        raise _bad(TARGET, "value", "must hold the system and value of a service")
    organisation = _resource(headers, ORGANISATION, "Organization")
    if not organisation.get("name") or not organisation.get("identifier"):
        raise _bad(ORGANISATION, "required", "must hold a name and an identifier")
    _resource(headers, SOFTWARE, "Device")
    if headers.get(PRACTITIONER):
        _resource(headers, PRACTITIONER, "PractitionerRole")
    return Heard(request_id, correlation_id, value, organisation)


def mirrored(headers: Mapping[str, str]) -> dict[str, str]:
    """The ids to give back in every answer, errors too; only if they are UUIDs, so that nothing else is echoed."""
    return {name: headers[name] for name in (REQUEST_ID, CORRELATION_ID) if is_uuid(headers.get(name))}


def is_uuid(value: str | None) -> bool:
    """Whether this is a UUID in its usual written form."""
    return _read_uuid(value) is not None


def _read_uuid(value: str | None) -> UUID | None:
    if value is None or len(value) != 36:
        return None
    try:
        return UUID(value)
    except ValueError:
        return None


def _bad(name: str, issue: str, text: str) -> PayloadInvalid:
    return PayloadInvalid(Rec.BAD_REQUEST, issue, f"The header {name} {text}.", f"http.{name}")


def _uuid(headers: Mapping[str, str], name: str) -> UUID:
    written = headers.get(name)
    if not written:
        raise _bad(name, "required", "is missing")
    found = _read_uuid(written)
    if found is None:
        raise _bad(name, "value", "is not a UUID")
    return found


def _decoded(headers: Mapping[str, str], name: str) -> Json:
    written = headers.get(name)
    if not written:
        raise _bad(name, "required", "is missing")
    if len(written) > MOST_CHARACTERS:
        raise _bad(name, "too-long", "is too long")
    try:
        value = numbers.loads(base64.b64decode(written, validate=True))
    except (binascii.Error, numbers.JsonError, ValueError):
        raise _bad(name, "structure", "is not base64 of JSON") from None
    if not isinstance(value, dict):
        raise _bad(name, "structure", "is not base64 of a JSON object")
    return value


def _as_lists(value: Json) -> Json:
    """The API's own example of a Device has name and version as objects, where FHIR R4 has arrays: both are read."""
    if value.get("resourceType") != "Device":
        return value
    single = {name: [value[name]] for name in ("deviceName", "version") if isinstance(value.get(name), dict)}
    return value | single


def _resource(headers: Mapping[str, str], name: str, kind: str) -> Json:
    value = _as_lists(_decoded(headers, name))
    if value.get("resourceType") != kind or validate.check(value):
        raise _bad(name, "structure", f"does not hold a valid FHIR {kind}")
    return value
