"""Messages on their way out, and every try to deliver them."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from access.models import User
from exchange.models.partners import Partner


class OutboxMessage(models.Model):
    """A message on its way out, sealed: every try sends the same bytes and ids.

    `due_at` is schedule, lease and back-off in one: a worker claims a due row by moving it on, and a row whose worker
    died is due again when the lease runs out. Empty when there is nothing left to do.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting to go"
        #: MESH has it; whether the receiver will, nobody knows yet.
        HANDED_OVER = "handed-over", "With MESH, not collected yet"
        DELIVERED = "delivered", "Delivered"
        REFUSED = "refused", "Refused by the receiver"
        UNCOLLECTED = "uncollected", "Not collected from MESH"
        EXPIRED = "expired", "Given up after days of trying"
        SET_ASIDE = "set-aside", "Set aside by a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: ODS code of the organisation here that sends it, and whose desk shows it.
    sender = models.CharField(max_length=12, db_default="")
    to = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="outbox")
    event = models.CharField(max_length=60)
    #: Destination service and the HTTP headers that are part of the message, as sent.
    headers = models.JSONField()
    payload = models.TextField()
    sha256 = models.CharField(max_length=64)
    #: FHIR Bundle.id, by which an answer names this message. Later messages of one conversation share it.
    bundle_id = models.CharField(max_length=64, db_index=True)
    request_id = models.UUIDField(unique=True)
    correlation_id = models.UUIDField(db_index=True)
    #: What it concerns, known only by name and id to this room: ("referral", "<uuid>").
    concerns = models.CharField(max_length=40)
    concerns_id = models.CharField(max_length=64, db_index=True)
    #: The earlier message that this one takes back, which it may only do while the receiver calls that active.
    cancels = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="cancelled_by")
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    #: Since when it waits: when it was written or a person last sent it again. Back-off and giving up count from here.
    queued_at = models.DateTimeField(default=timezone.now)
    #: When a post office took it; the receiver may not have collected it yet.
    handed_over_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    #: The receiver's answer that settled it.
    answer = models.TextField(blank=True)
    #: When payload and answer were removed because they were old; the hash stays (exchange.retention).
    content_removed_at = models.DateTimeField(null=True)
    #: Why it has not arrived yet: one of exchange.errors' codes, without patient data.
    trouble = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(state="queued"), name="outbox_due"),
            models.Index(fields=["to", "due_at"], condition=models.Q(state="queued"), name="outbox_due_by_partner"),
            models.Index(fields=["sender", "state", "queued_at"], name="outbox_desk"),
            models.Index(
                fields=["settled_at", "id"], condition=models.Q(content_removed_at=None), name="outbox_with_content"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} to {self.to_id} ({self.state})"


class DeliveryAttempt(models.Model):
    """One try to deliver: what it reached, how it ended and how long it took. Never the content."""

    message = models.ForeignKey(OutboxMessage, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    #: connect, await-reply, reply or ours: where it ended. Empty while under way or when the worker died.
    phase = models.CharField(max_length=20, blank=True)
    status = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=40, blank=True)

    class Meta:
        ordering: ClassVar = ["started_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["message", "number"], name="one_attempt_per_number"),
        ]

    def __str__(self) -> str:
        return f"try {self.number}: {self.outcome or 'under way'}"
