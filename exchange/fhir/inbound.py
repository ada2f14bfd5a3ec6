"""The rules an inbound message keeps before anything is stored, apart from what needs our own data. Pure.

Source: BaRS guide Core 1.2.2, Processing-Requests; FHIR R4 messaging.
"""

from collections.abc import Collection
from dataclasses import dataclass

from exchange.errors import PayloadInvalid, Rec
from exchange.fhir import numbers, validate
from exchange.fhir.headers import TARGET, Heard
from exchange.fhir.messages import Json, event_system, service_of
from exchange.fhir.systems import ODS_SYSTEMS

_HEADER = "Bundle.entry[0].resource"
_ODS_ADDRESS = "urn:nhs-uk:addressing:ods:"


@dataclass(frozen=True, slots=True)
class Us:
    """What a message must be addressed to, and the application versions we take."""

    service_id: str
    ods_code: str
    versions: Collection[str]


def read(body: bytes) -> Json:
    """The message Bundle. Raises PayloadInvalid (400) unless it is JSON, valid FHIR R4 and begins with its header."""
    try:
        message = numbers.loads(body, strict=True)
    except numbers.JsonError as wrong:
        raise PayloadInvalid(Rec.BAD_REQUEST, "structure", f"The body {wrong}.", "Bundle") from None
    if numbers.holds_null(body.decode()):
        raise PayloadInvalid(Rec.BAD_REQUEST, "value", "A text holds a null character.", "Bundle")
    if not isinstance(message, dict) or message.get("resourceType") != "Bundle":
        raise PayloadInvalid(Rec.BAD_REQUEST, "structure", "The body is not a Bundle.", "Bundle")
    if issues := validate.check(message):
        first = issues[0]
        text = f"Not valid FHIR R4: {first.expression} {first.text}."
        raise PayloadInvalid(Rec.BAD_REQUEST, first.code, text, first.expression)
    if message.get("type") != "message":
        raise PayloadInvalid(Rec.BAD_REQUEST, "value", "The Bundle is not a message.", "Bundle.type")
    if not message.get("id"):
        raise PayloadInvalid(Rec.BAD_REQUEST, "required", "The Bundle has no id.", "Bundle.id")
    if header_of(message).get("resourceType") != "MessageHeader":
        raise PayloadInvalid(Rec.BAD_REQUEST, "structure", "The first entry is not the MessageHeader.", _HEADER)
    return message


def header_of(message: Json) -> Json:
    """The first entry's resource, the MessageHeader of a message that was read; {} if there is none."""
    entries = message.get("entry") or [{}]
    found: Json = entries[0].get("resource") or {}
    return found


def event_of(message: Json) -> str:
    """The code of the message's event. Raises PayloadInvalid (422) for an event from a code system we do not know."""
    coding = header_of(message).get("eventCoding") or {}
    event = coding.get("code", "")
    if not event or coding.get("system") != event_system(event):
        raise unknown_event()
    return str(event)


def unknown_event() -> PayloadInvalid:
    """This kind of message is not expected here."""
    where = "MessageHeader.eventCoding"
    return PayloadInvalid(Rec.UNPROCESSABLE_ENTITY, "not-supported", "The event is not supported.", where)


def check_target(heard: Heard, us: Us) -> None:
    """Raises PayloadInvalid (404) unless the header that routes the message names us."""
    if heard.target_service != us.service_id:
        raise PayloadInvalid(Rec.NOT_FOUND, "not-found", "The target is not a service of ours.", f"http.{TARGET}")


def check_destination(message: Json, us: Us) -> None:
    """Raises PayloadInvalid (422) unless the MessageHeader names us."""
    if not any(_is_us(one, us) for one in header_of(message).get("destination") or []):
        where = "MessageHeader.destination"
        raise PayloadInvalid(Rec.UNPROCESSABLE_ENTITY, "value", "The message is not addressed to us.", where)


def _is_us(destination: Json, us: Us) -> bool:
    """By service id as BaRS addresses; letters of other senders are also addressed by ODS code."""
    address = str(destination.get("endpoint", ""))
    if address.startswith(_ODS_ADDRESS):
        return address.removeprefix(_ODS_ADDRESS) == us.ods_code
    if service_of(address):
        return service_of(address) == us.service_id
    receiver = (destination.get("receiver") or {}).get("identifier") or {}
    return receiver.get("system") in ODS_SYSTEMS and receiver.get("value") == us.ods_code


def check_version(message: Json, us: Us) -> None:
    """Raises PayloadInvalid when meta.versionId, the BaRS application version, is missing (400) or not ours (422)."""
    version = (message.get("meta") or {}).get("versionId")
    where = "Bundle.meta.versionId"
    if not version:
        raise PayloadInvalid(Rec.BAD_REQUEST, "required", "The application version is missing.", where)
    if version not in us.versions:
        raise PayloadInvalid(Rec.UNPROCESSABLE_ENTITY, "not-supported", "This version is not supported.", where)


def check_focus(message: Json) -> None:
    """Raises PayloadInvalid (400) unless the MessageHeader has a focus and each is in the message, once."""
    where = "MessageHeader.focus"
    found = [one.get("reference") for one in header_of(message).get("focus") or []]
    if not found:
        raise PayloadInvalid(Rec.BAD_REQUEST, "required", "The message has no focus.", where)
    there = [entry.get("fullUrl") for entry in message["entry"]]
    if len(there) != len(set(there)):
        raise PayloadInvalid(Rec.BAD_REQUEST, "duplicate", "Two entries have one fullUrl.", "Bundle.entry.fullUrl")
    if not set(found) <= set(there):
        raise PayloadInvalid(Rec.BAD_REQUEST, "not-found", "The focus is not in the message.", where)


def answers(message: Json, event: str) -> str:
    """Bundle.id of the message this one responds to, "" for none. Raises PayloadInvalid if a response lacks it."""
    found = str((header_of(message).get("response") or {}).get("identifier", ""))
    if event.endswith("-response") and not found:
        where = "MessageHeader.response.identifier"
        raise PayloadInvalid(Rec.BAD_REQUEST, "required", "A response must name what it answers.", where)
    return found
