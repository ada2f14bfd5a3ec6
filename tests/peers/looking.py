"""Looking into a mailbox of ours, and what then lies in the inbox."""

import json
from typing import Any

from django.utils import timezone

from exchange import inbox
from exchange.mesh import polling
from exchange.models import InboxMessage, Mailbox, OutboxMessage
from exchange.tests import listening
from exchange.tests.messages import response


def answer(to: OutboxMessage, **changes: Any) -> bytes:
    return json.dumps(response(to.bundle_id) | changes).encode()


def look_now(mailbox: Mailbox) -> str:
    """Look into the mailbox at once, and read what was new."""
    Mailbox.objects.update(poll_due_at=timezone.now())
    ended = polling.poll(mailbox.pk)
    for message_id in InboxMessage.objects.filter(state="received").values_list("pk", flat=True):
        inbox.file(message_id)
    return ended


def waits(reason: str) -> InboxMessage:
    """The one message there is waits with this sentence; nothing was handled."""
    message = InboxMessage.objects.get()
    assert message.state == "needs-review"
    assert reason in message.review_reason
    assert listening.HANDLED == []
    return message
