"""Partners, their services, and every message to and from them."""

from exchange.models.connections import Capability, ConnectionTest, Flow, Switching
from exchange.models.desk import DeskNote
from exchange.models.directory import Favourite, Service
from exchange.models.incoming import InboxMessage, Refusal
from exchange.models.mesh import Arrival, Handover, Mailbox, PartnerMailbox
from exchange.models.outgoing import DeliveryAttempt, OutboxMessage
from exchange.models.partners import Pace, Partner, UsedAssertion
from exchange.models.sealed import SealedTextField, Secret
from exchange.models.systems import ClinicalSystem, UsedContext

__all__ = [
    "Arrival",
    "Capability",
    "ClinicalSystem",
    "ConnectionTest",
    "DeliveryAttempt",
    "DeskNote",
    "Favourite",
    "Flow",
    "Handover",
    "InboxMessage",
    "Mailbox",
    "OutboxMessage",
    "Pace",
    "Partner",
    "PartnerMailbox",
    "Refusal",
    "SealedTextField",
    "Secret",
    "Service",
    "Switching",
    "UsedAssertion",
    "UsedContext",
]
