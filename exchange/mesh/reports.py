"""MESH's own word about a message of ours (REPORT): it cannot be passed on, or nobody collected it."""

from uuid import UUID

from exchange.errors import NeedsReview
from exchange.mesh import tracking
from exchange.models import Handover, InboxMessage, OutboxMessage
from exchange.transports.mesh import outbox_id_in


def handle(message: InboxMessage) -> None:
    """Bring the message it is about to rest, in the caller's transaction, unless that was heard already.

    Raises NeedsReview for a report about nothing that we sent.
    """
    said = message.arrival.headers
    handover = _handover(message, said.get("linkedmsgid", ""), said.get("localid", ""))
    if handover is None:
        raise NeedsReview("MESH reports that a message was not delivered, and it is none that we know of.")
    message.answers = handover.message
    tracking.came_back(handover.pk, said.get("statuscode", ""))


def _handover(report: InboxMessage, linked: str, local_id: str) -> Handover | None:
    """What was handed over, by MESH's id or ours; also where MESH took it and we never heard that."""
    found = Handover.objects.select_related("message").filter(mesh_message_id=linked).first() if linked else None
    if found is not None:
        return found
    try:
        outbox_id = UUID(outbox_id_in(local_id))
    except ValueError:
        return None
    ours = OutboxMessage.objects.filter(pk=outbox_id, sender=report.arrival.mailbox.organisation.ods_code).first()
    if ours is None:
        return None
    if not linked:
        return ours.handovers.order_by("handed_at", "pk").last()
    return Handover.objects.create(message=ours, mailbox=report.arrival.mailbox, mesh_message_id=linked)
