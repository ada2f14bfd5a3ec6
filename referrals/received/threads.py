"""Which request of a sender a message is about.

BaRS names it three ways: by the id that we gave it in our reply, by its identifier, and by its fullUrl, which the
sender keeps in all its messages; Bundle.id threads a conversation. One sender never reaches another's.
"""

import json
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from exchange.models import InboxMessage, Partner
from referrals.received.fhir.asked import Asked
from referrals.received.models import ReceivedRequest
from referrals.received.states import OPEN

Kind = ReceivedRequest.Kind
EVENTS = {Kind.REFERRAL: "servicerequest-request", Kind.VALIDATION: "servicerequest-request"}
BOOKING = "booking-request"
#: Shorter ones stand in almost any message.
LEAST_NAME = 8


def known(asked: Asked, sender: Partner) -> ReceivedRequest | None:
    """The request that a message changes, an open one before a closed one; None if it is not filed, or not theirs."""
    ours = _uuid(asked.our_id)
    names = [Q(pk=ours)] if ours else []
    names += [Q(identifier=asked.identifier)] if asked.identifier else []
    names += [Q(full_url=asked.full_url)] if asked.full_url.startswith("urn:uuid:") else []
    names += [Q(bundle_id=asked.bundle_id)]
    found = _of_kind(asked, sender)
    for name in names:
        open_first = Case(When(state__in=OPEN, then=Value(0)), default=Value(1), output_field=IntegerField())
        one = found.filter(name).order_by(open_first, "-received_at").first()
        if one is not None:
            return one
    return None


def open_with_identifier(asked: Asked, sender: Partner) -> bool:
    """Whether this sender has an open request with the same identifier."""
    return _of_kind(asked, sender).filter(identifier=asked.identifier, state__in=OPEN).exists()


def unfiled(asked: Asked, sender: Partner) -> InboxMessage | None:
    """The message of this sender that asked first and has not become a request: not read yet, or left to a person."""
    event = EVENTS.get(Kind(asked.kind), BOOKING)
    names = Q(bundle_id=asked.bundle_id)
    for name in (asked.full_url, asked.identifier.rpartition("|")[2]):
        names |= Q(payload__contains=f'"{name}"') if len(name) >= LEAST_NAME else Q()
    names |= Q(reply__contains=asked.our_id) if _uuid(asked.our_id) else Q()
    waiting = InboxMessage.objects.filter(sender=sender, event=event, reason="new").exclude(
        state=InboxMessage.State.FILED
    )
    return waiting.filter(names).order_by("-received_at").first()


def our_id(inbox: InboxMessage) -> UUID:
    """The id that the sender was told in our reply to the message that asked first."""
    try:
        reply: dict[str, Any] = json.loads(inbox.reply)
    except ValueError:
        reply = {}
    for entry in reply.get("entry") or []:
        resource = entry.get("resource") or {}
        found = _uuid(str(resource.get("id", "")))
        if resource.get("resourceType") in ("ServiceRequest", "Appointment") and found:
            return found
    return uuid5(inbox.pk, "request")


def _of_kind(asked: Asked, sender: Partner) -> QuerySet[ReceivedRequest]:
    found = ReceivedRequest.objects.filter(sender=sender)
    return found.filter(kind=Kind.BOOKING) if asked.kind == Kind.BOOKING else found.exclude(kind=Kind.BOOKING)


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None
