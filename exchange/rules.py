"""The rules of every message, however it came: what an HTTP header says of it is the API's own affair."""

from dataclasses import dataclass

from django.conf import settings

from exchange import happenings
from exchange.errors import PayloadInvalid, Rec
from exchange.fhir import inbound
from exchange.fhir.messages import Json
from exchange.models import OutboxMessage, Partner


@dataclass(frozen=True, slots=True)
class Told:
    """What a message that keeps the rules says of itself: its event, why, and the Bundle.id that it answers ("")."""

    event: str
    reason: str
    answers: str


def us() -> inbound.Us:
    """Whom messages must be addressed to, and the versions we take."""
    return inbound.Us(settings.OUR_SERVICE_ID, settings.OUR_ODS_CODE, settings.BARS_VERSIONS_SUPPORTED)


def check(message: Json) -> Told:
    """Destination, version, event, focus and what it answers. Raises PayloadInvalid."""
    inbound.check_destination(message, us())
    inbound.check_version(message, us())
    event = inbound.event_of(message)
    if not happenings.handles(event):
        raise inbound.unknown_event()
    inbound.check_focus(message)
    reason = (inbound.header_of(message).get("reason") or {}).get("coding") or [{}]
    return Told(event, str(reason[0].get("code", ""))[:20], inbound.answers(message, event))


def answered(bundle_id: str, sender: Partner) -> OutboxMessage:
    """The message of ours to this sender that is answered. Raises PayloadInvalid (404)."""
    found = OutboxMessage.objects.filter(bundle_id=bundle_id, to=sender).order_by("created_at").first()
    if found is None:
        where = "MessageHeader.response.identifier"
        raise PayloadInvalid(Rec.NOT_FOUND, "not-found", "The message this answers is not known for you.", where)
    return found
