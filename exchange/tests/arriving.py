"""Messages as they lie in the inbox, without the door they came through."""

import hashlib
from typing import Any
from uuid import uuid4

from exchange.models import InboxMessage, Partner


def came_in(sender: Partner, payload: str = "{}", **fields: Any) -> InboxMessage:
    """A message of a partner, received and not read, unless `fields` say otherwise."""
    usual: dict[str, Any] = {"event": "document", "bundle_id": str(uuid4()), "reply": "{}"}
    ids = {"request_id": uuid4(), "correlation_id": uuid4()}
    kept = {"payload": payload, "sha256": hashlib.sha256(payload.encode()).hexdigest()}
    return InboxMessage.objects.create(sender=sender, **(usual | ids | kept | fields))
