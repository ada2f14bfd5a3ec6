"""What another organisation asks of the practice, and everything that happened to it."""

import uuid
from typing import ClassVar

from django.db import models

from access.models import Organisation
from exchange.models import Partner
from records.models import Patient


class ReceivedRequest(models.Model):
    """A request that came as a message (FHIR ServiceRequest; of a booking, Appointment).

    Its id is the one that the sender was given in our reply. `state` is the fold of its events and is written only by
    `actions.record_event`. What it says stands in the events, every version of it.
    """

    class Kind(models.TextChoices):
        REFERRAL = "referral", "Referral"
        VALIDATION = "validation", "Validation"
        BOOKING = "booking", "Booking"

    class State(models.TextChoices):
        RECEIVED = "received", "To be answered"
        ACCEPTED = "accepted", "Accepted"
        COMPLETED = "completed", "Completed"
        REJECTED = "rejected", "Rejected"
        CANCELLED = "cancelled", "Cancelled by the sender"
        IN_ERROR = "in-error", "Sent in error"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    sender = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    #: Who is asked; its staff see the request.
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="requests_received")
    #: Bundle.id of the first message, which every answer of ours names.
    bundle_id = models.CharField(max_length=64, db_index=True)
    #: The exchange that it began in; our answers are part of it.
    correlation_id = models.UUIDField()
    #: How the sender names it within its messages (Bundle.entry.fullUrl), and by identifier, `system|value`.
    full_url = models.CharField(max_length=200, blank=True, db_index=True)
    identifier = models.CharField(max_length=300, blank=True, db_index=True)
    #: Directory of Services id to which answers go (MessageHeader.source.endpoint), and the use case they follow.
    reply_to = models.CharField(max_length=64)
    use_case = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RECEIVED, editable=False)
    #: Counts the events: what an answer must name (optimistic version).
    version = models.PositiveIntegerField(default=0, editable=False)
    received_at = models.DateTimeField()
    #: By when the sender wants it done (ServiceRequest.occurrencePeriod.end) or the appointment is; drawn from what
    #: counts, for the order of work.
    wanted_by = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["organisation", "state", "wanted_by"], name="received_worklist"),
            models.Index(fields=["patient"], name="received_by_patient"),
        ]

    def __str__(self) -> str:
        return f"received request {self.pk}"


class ReceivedEvent(models.Model):
    """One thing that happened to a received request. Never changed; its state is the fold of these."""

    class Kind(models.TextChoices):
        ASKED = "asked", "Received"
        CHANGED = "changed", "Changed by the sender"
        CANCELLED = "cancelled", "Cancelled by the sender"
        IN_ERROR = "in-error", "Said to be sent in error"
        ACCEPTED = "accepted", "Accepted"
        INTERIM = "interim", "First answer given"
        COMPLETED = "completed", "Completed"
        REJECTED = "rejected", "Rejected"
        ANSWER_DELIVERED = "answer-delivered", "Answer delivered"
        ANSWER_STOPPED = "answer-stopped", "Answer not delivered"
        ANSWER_AGAIN = "answer-again", "Answer sent again"

    request = models.ForeignKey(ReceivedRequest, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=18, choices=Kind.choices)
    at = models.DateTimeField()
    #: Who, as they were called then: a person, a partner or a process.
    by = models.CharField(max_length=160)
    by_kind = models.CharField(max_length=10)
    outbox_id = models.UUIDField(null=True)
    inbox_id = models.UUIDField(null=True)
    #: Of what the sender said: all of it (received.fhir.asked). Of our answers {"text", "further"}; of a delivery {}.
    says = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "number"], name="received_event_number_once"),
            models.UniqueConstraint(
                fields=["request", "inbox_id"], condition=models.Q(inbox_id__isnull=False), name="received_message_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"
