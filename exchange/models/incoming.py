"""Messages that came in, and what was turned away."""

import uuid
from typing import ClassVar

from django.db import models

from access.models import User
from exchange.models.outgoing import OutboxMessage
from exchange.models.partners import Partner


class InboxMessage(models.Model):
    """A message as it came in, its bytes kept, and how far its interpretation has come."""

    class State(models.TextChoices):
        RECEIVED = "received", "To be read"
        FILED = "filed", "Filed"
        NEEDS_REVIEW = "needs-review", "Waits for a person"
        DEALT_WITH = "dealt-with", "Dealt with by a person"

    class Channel(models.TextChoices):
        """The way it came."""

        API = "api", "Sent to our FHIR API"
        MESH = "mesh", "Fetched from MESH"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.CharField(max_length=4, choices=Channel.choices, default=Channel.API, db_default=Channel.API)
    #: Empty while it is not known whose mailbox a message from MESH came from. No handler meets such a message, so for
    #: them the type says what is true.
    sender: "models.ForeignKey[Partner, Partner]" = models.ForeignKey(  # type: ignore[misc]
        Partner, on_delete=models.PROTECT, related_name="inbox", null=True
    )
    request_id = models.UUIDField()
    correlation_id = models.UUIDField(db_index=True)
    bundle_id = models.CharField(max_length=64, db_index=True)
    event = models.CharField(max_length=60)
    reason = models.CharField(max_length=20, blank=True)
    #: The Bundle.id of ours that this answers, if it answers one.
    answers = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, null=True, related_name="answered_by")
    payload = models.TextField()
    sha256 = models.CharField(max_length=64)
    #: What we answered; a repeat is told that we have it already.
    reply = models.TextField()
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVED)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    #: One sentence for the person on the worklist, without patient data.
    review_reason = models.CharField(max_length=200, blank=True)
    received_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True)
    #: When payload and reply were removed because they were old; the hash stays (exchange.retention).
    content_removed_at = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sender", "request_id", "correlation_id"], name="message_received_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(state="received"), name="inbox_due"),
            models.Index(fields=["state", "received_at"], name="inbox_desk"),
            models.Index(
                fields=["settled_at", "id"], condition=models.Q(content_removed_at=None), name="inbox_with_content"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} from {self.sender_id} ({self.state})"


class Refusal(models.Model):
    """An inbound message that was turned away: ids and reason only."""

    at = models.DateTimeField(auto_now_add=True)
    sender = models.CharField(max_length=12, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    correlation_id = models.CharField(max_length=64, blank=True)
    status = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=40)
    expression = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.status} {self.code}"
