"""Partners, their services, and every message to and from them."""

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone

from access.models import Organisation, User


class Partner(models.Model):
    """Another organisation's system that we exchange messages with, and how it is reached."""

    class Transport(models.TextChoices):
        BARS = "bars", "BaRS over FHIR R4"

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="partner")
    transport = models.CharField(max_length=20, choices=Transport.choices, default=Transport.BARS)
    #: FHIR base, such as https://hospital.example/FHIR/R4.
    endpoint = models.URLField(max_length=300)
    #: Where we ask for our token; the audience of our assertion.
    token_url = models.URLField(max_length=300)
    #: Where the partner publishes the public keys that sign its assertions.
    jwks_url = models.URLField(max_length=300)
    enabled = models.BooleanField(default=True)
    #: Whether its FHIR API is asked for what it holds about our patients.
    pulls = models.BooleanField(default=False, db_default=False)
    max_in_flight = models.PositiveSmallIntegerField(default=4)
    last_delivered_at = models.DateTimeField(null=True)
    last_received_at = models.DateTimeField(null=True)
    #: Since when every try has failed; empty while the partner answers.
    failing_since = models.DateTimeField(null=True)
    #: When whoever runs the exchange was last told by e-mail that something for it is stuck; empty once nothing is.
    alerted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.organisation.name


class Service(models.Model):
    """Something a patient can be referred to (FHIR HealthcareService)."""

    class UseCase(models.TextChoices):
        """What the message is called on the wire: BaRS's own code, or ours where BaRS publishes none."""

        PHARMACY_BLOOD_PRESSURE = "a5t3", "Pharmacy blood pressure check (BaRS a5t3)"
        GP_TO_HOSPITAL = "gp-to-hospital", "GP to hospital (gpportal's own code)"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="services")
    #: Directory of Services id (system dos-service-id), the destination on the wire.
    service_id = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    use_case = models.CharField(max_length=20, choices=UseCase.choices)
    #: Words people may look for it by.
    also_known_as = models.CharField(max_length=200, blank=True)
    accepts_urgent = models.BooleanField(default=True)
    accepts_suspected_cancer = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["name", "organisation__name"]

    def __str__(self) -> str:
        return f"{self.name}, {self.organisation}"


class OutboxMessage(models.Model):
    """A message on its way out, sealed: every try sends the same bytes and ids.

    `due_at` is schedule, lease and back-off in one: a worker claims a due row by moving it on, and a row whose worker
    died is due again when the lease runs out. Empty when there is nothing left to do.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting to go"
        DELIVERED = "delivered", "Delivered"
        REFUSED = "refused", "Refused by the receiver"
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
    #: FHIR Bundle.id, by which an answer names this message.
    bundle_id = models.CharField(max_length=64, unique=True)
    request_id = models.UUIDField(unique=True)
    correlation_id = models.UUIDField(db_index=True)
    #: What it concerns, known only by name and id to this room: ("referral", "<uuid>").
    concerns = models.CharField(max_length=40)
    concerns_id = models.CharField(max_length=64, db_index=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    due_at = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    #: Since when it waits: when it was written or a person last sent it again. Back-off and giving up count from here.
    queued_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    #: The receiver's answer that settled it.
    answer = models.TextField(blank=True)
    #: Why it has not arrived yet: one of exchange.errors' codes, without patient data.
    trouble = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(state="queued"), name="outbox_due"),
            models.Index(fields=["sender", "state", "queued_at"], name="outbox_desk"),
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


class InboxMessage(models.Model):
    """A message as it came in, its bytes kept, and how far its interpretation has come."""

    class State(models.TextChoices):
        RECEIVED = "received", "To be read"
        FILED = "filed", "Filed"
        NEEDS_REVIEW = "needs-review", "Waits for a person"
        DEALT_WITH = "dealt-with", "Dealt with by a person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sender = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="inbox")
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
    assigned_to = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sender", "request_id", "correlation_id"], name="message_received_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(state="received"), name="inbox_due"),
            models.Index(fields=["state", "received_at"], name="inbox_desk"),
        ]

    def __str__(self) -> str:
        return f"{self.event} from {self.sender_id} ({self.state})"


class DeskNote(models.Model):
    """What somebody did or heard about a message, in their own words. Never changed, never taken away."""

    sent = models.ForeignKey(OutboxMessage, on_delete=models.PROTECT, null=True, related_name="notes")
    received = models.ForeignKey(InboxMessage, on_delete=models.PROTECT, null=True, related_name="notes")
    at = models.DateTimeField(auto_now_add=True)
    #: Who, as they were called then.
    by = models.CharField(max_length=120)
    text = models.CharField(max_length=500)

    class Meta:
        ordering: ClassVar = ["at", "pk"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(sent__isnull=True) ^ models.Q(received__isnull=True), name="note_of_one_message"
            ),
        ]

    def __str__(self) -> str:
        return f"note {self.pk}"


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


class UsedAssertion(models.Model):
    """A signed assertion that was traded for a token: its jti is good once."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)
    jti = models.CharField(max_length=200)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "jti"], name="assertion_used_once"),
        ]

    def __str__(self) -> str:
        return self.jti


class Pace(models.Model):
    """When the next call to a service may be made that allows only so many a second (exchange.pace)."""

    name = models.CharField(max_length=20, primary_key=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ClinicalSystem(models.Model):
    """A practice's clinical system that may open a patient here by a signed link (docs/suppliers.md)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    #: The `iss` of its links.
    issuer = models.CharField(max_length=200, unique=True)
    #: Its public keys (JWK Set), as registered.
    jwks = models.JSONField()
    enabled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class UsedContext(models.Model):
    """The `jti` of a link that was used, kept as long as the link could be tried again."""

    system = models.ForeignKey(ClinicalSystem, on_delete=models.CASCADE, related_name="+")
    jti = models.CharField(max_length=200)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["system", "jti"], name="context_once")]

    def __str__(self) -> str:
        return f"context {self.pk}"
