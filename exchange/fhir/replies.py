"""What we answer at once to a message we took: a message Bundle with our own ids. Pure."""

from datetime import datetime
from uuid import UUID, uuid5

from exchange.fhir.messages import Json, message_bundle, message_header, organisation, reference
from exchange.fhir.systems import System

#: Of what is answered these say which one it is; nothing of the patient goes back.
_KEPT = {
    "ServiceRequest": ("identifier", "status", "intent", "category", "priority"),
    "Appointment": ("identifier", "status", "serviceCategory", "start", "end"),
}


def acknowledgement(
    message: Json,
    *,
    reply_id: UUID,
    at: datetime,
    ods_code: str,
    name: str,
    phone: str,
    service_id: str,
    our_id: str = "",
) -> Json:
    """The reply to `message`, whose id becomes response.identifier. `our_id` is our id of the request it is about."""
    header = message["entry"][0]["resource"]
    us, patient = (uuid5(reply_id, part) for part in ("organisation", "patient"))
    content = _content(message, patient, our_id or str(uuid5(reply_id, "request")))
    answer = message_header(
        header_id=uuid5(reply_id, "header"),
        event=header["eventCoding"]["code"],
        reason="new",
        destination=header["source"]["endpoint"],
        receiver=None,
        sender=us,
        source_name=name,
        source_phone=phone,
        source_service=service_id,
        focus=[content[0]["id"]] if content else [],
        profile=System.BARS_HEADER_RESPONSE if content and content[0]["resourceType"] == "ServiceRequest" else None,
        answers=message["id"],
    )
    parts = [answer, *content, organisation(resource_id=us, ods_code=ods_code, name=name, phone=phone)]
    version = message.get("meta", {}).get("versionId", "1.0.0")
    return message_bundle(bundle_id=reply_id, version=version, at=at, resources=parts)


def _content(message: Json, patient: UUID, our_id: str) -> list[Json]:
    """What the message is about, a request or else an appointment, by our id; of the patient only that there is one."""
    booking = message["entry"][0]["resource"]["eventCoding"]["code"].startswith("booking-")
    for kind in sorted(_KEPT, reverse=not booking):
        found = _first(message, kind)
        if found is not None:
            whose: Json = {"subject": reference(patient)}
            if kind == "Appointment":
                whose = {"participant": [{"actor": reference(patient), "status": "accepted"}]}
            kept = {key: found[key] for key in _KEPT[kind] if key in found}
            ours = {"resourceType": kind, "id": our_id}
            return [ours | kept | whose, {"resourceType": "Patient", "id": str(patient)}]
    return []


def _first(message: Json, kind: str) -> Json | None:
    return next((e["resource"] for e in message["entry"] if e.get("resource", {}).get("resourceType") == kind), None)
