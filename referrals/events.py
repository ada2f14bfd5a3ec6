"""Adding to a history: of a referral of ours, and of a request that others send."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.utils import timezone

from access.actor import Actor
from referrals.models import Referral
from referrals.received.models import ReceivedRequest


def add_event(
    held: Referral | ReceivedRequest,
    *,
    kind: str,
    by: Actor,
    at: dt.datetime | None,
    outbox_id: UUID | None,
    inbox_id: UUID | None,
    says: dict[str, Any] | None,
) -> None:
    """Write the next event of a row that the caller has locked, and count it as its version, which the caller saves."""
    held.version += 1
    told = {"kind": kind, "at": at or timezone.now(), "by": by.name, "by_kind": by.kind}
    held.events.create(number=held.version, outbox_id=outbox_id, inbox_id=inbox_id, says=says or {}, **told)
