"""How a message is sealed for a partner and reaches it, by the partner's transport."""

from collections.abc import Callable

from exchange.fhir.messages import Json
from exchange.models import OutboxMessage, Partner
from exchange.transports import fhir
from exchange.transports.answer import Answer
from exchange.transports.bars import send as send_by_bars
from exchange.transports.mesh import send as send_by_mesh

__all__ = ["TRANSPORTS", "Answer", "sealed_for"]

Headers = dict[str, str]

#: Each sends the message as it is and returns the receiver's answer, or raises a DeliveryError.
TRANSPORTS: dict[str, Callable[[OutboxMessage], Answer]] = {
    Partner.Transport.BARS: send_by_bars,
    Partner.Transport.MESH: send_by_mesh,
    Partner.Transport.FHIR: fhir.send,
}
#: Transports that say a message Bundle and its BaRS headers in another way; the others take them as they are.
SEALS: dict[str, Callable[[Json, Headers], tuple[Json, Headers]]] = {Partner.Transport.FHIR: fhir.seal}


def sealed_for(partner: Partner, payload: Json, headers: Headers) -> tuple[Json, Headers]:
    """What every try sends to this partner: payload and headers."""
    seal = SEALS.get(partner.transport)
    return seal(payload, headers) if seal else (payload, headers)
