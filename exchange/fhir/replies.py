"""What we answer at once to a message we took: a message Bundle with our own ids. Pure."""

from datetime import datetime
from uuid import UUID, uuid5

from exchange.fhir.messages import Json, message_bundle, message_header, organisation, reference
from exchange.fhir.systems import System

#: Of a request that is answered these say which one it is; nothing of the patient goes back.
_KEPT = ("identifier", "status", "intent", "category", "priority")


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
    request = _first(message, "ServiceRequest")
    content: list[Json] = []
    if request is not None:
        ours = {"resourceType": "ServiceRequest", "id": our_id or str(uuid5(reply_id, "request"))}
        kept = {key: request[key] for key in _KEPT if key in request}
        content += [ours | kept | {"subject": reference(patient)}, {"resourceType": "Patient", "id": str(patient)}]
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
        profile=System.BARS_HEADER_RESPONSE if request is not None else None,
        answers=message["id"],
    )
    parts = [answer, *content, organisation(resource_id=us, ods_code=ods_code, name=name, phone=phone)]
    version = message.get("meta", {}).get("versionId", "1.0.0")
    return message_bundle(bundle_id=reply_id, version=version, at=at, resources=parts)


def _first(message: Json, kind: str) -> Json | None:
    return next((e["resource"] for e in message["entry"] if e.get("resource", {}).get("resourceType") == kind), None)
