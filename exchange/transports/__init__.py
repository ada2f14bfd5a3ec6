"""How a sealed message reaches a partner, by the partner's transport."""

from collections.abc import Callable

from exchange.models import OutboxMessage, Partner
from exchange.transports.answer import Answer
from exchange.transports.bars import send as send_by_bars
from exchange.transports.mesh import send as send_by_mesh

__all__ = ["TRANSPORTS", "Answer"]

#: Each sends the message as it is and returns the receiver's answer, or raises a DeliveryError.
TRANSPORTS: dict[str, Callable[[OutboxMessage], Answer]] = {
    Partner.Transport.BARS: send_by_bars,
    Partner.Transport.MESH: send_by_mesh,
}
