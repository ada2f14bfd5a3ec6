"""A request for another service to see a patient, and everything that happened to it."""

import datetime as dt
import uuid
from typing import ClassVar, Final

from django.conf import settings
from django.db import models

from access.models import Organisation
from exchange.models import Service
from records.models import Patient
from referrals.received.models import ReceivedEvent, ReceivedRequest
from work.models import Clock

__all__ = ["ReceivedEvent", "ReceivedRequest", "Referral", "ReferralEvent"]


#: Nothing is waited for, save that a letter is read.
CLOSED: Final = ("answered", "completed", "withdrawn", "closed")


class Referral(models.Model):
    """A request for another service to see a patient (FHIR ServiceRequest).

    `state` is the fold of its events and is written only by `actions.record_event`.
    """

    class Priority(models.TextChoices):
        ROUTINE = "routine", "Routine"
        URGENT = "urgent", "Urgent"
        SUSPECTED_CANCER = "suspected-cancer", "Urgent suspected cancer"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        SENT = "sent", "Sent, not yet delivered"
        DELIVERED = "delivered", "Delivered"
        ACCEPTED = "accepted", "Accepted"
        ASKED = "asked", "More information asked for"
        BOOKED = "booked", "Booked"
        REJECTED = "rejected", "Rejected"
        NOT_DELIVERED = "not-delivered", "Could not be delivered"
        ANSWERED = "answered", "Letter received"
        COMPLETED = "completed", "Completed"
        WITHDRAWN = "withdrawn", "Withdrawn"
        CLOSED = "closed", "Closed here"

    class Withdrawal(models.TextChoices):
        """How it is with taking back what was sent; empty when nobody asked for it or it is settled."""

        ON_ITS_WAY = "on-its-way", "On its way to the receiver"
        FAILED = "failed", "The receiver did not take it"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="referrals")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="referrals")
    #: The organisation that refers; its staff see the referral.
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="referrals")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    priority = models.CharField(max_length=20, choices=Priority.choices, default=Priority.ROUTINE)
    reason = models.TextField()
    clinical_summary = models.TextField(blank=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.DRAFT, editable=False)
    #: Like the state a fold of the events (states.withdrawal).
    withdrawal = models.CharField(max_length=12, choices=Withdrawal.choices, blank=True, db_default="", editable=False)
    #: Counts the events: what a polling page shows and what an edit must name (optimistic version).
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, editable=False)
    #: Who has to act, and by when: follows the history (clocks.wind), written with the state.
    clock = models.OneToOneField(Clock, null=True, editable=False, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["patient", "-created_at"], name="referral_by_patient"),
            models.Index(fields=["organisation", "state"], name="referral_by_state"),
            models.Index(
                fields=["organisation", "-created_at"], name="referral_closed", condition=models.Q(state__in=CLOSED)
            ),
        ]

    def __str__(self) -> str:
        return f"referral {self.pk}"

    @property
    def due_on(self) -> dt.date | None:
        """By when the next thing is expected; None when nothing is."""
        return self.clock.due_on if self.clock is not None and self.clock.open else None


class ReferralEvent(models.Model):
    """One thing that happened to a referral. Never changed; the referral's state is the fold of these."""

    class Kind(models.TextChoices):
        DRAFTED = "drafted", "Written"
        EDITED = "edited", "Changed"
        SENT = "sent", "Sent"
        DELIVERED = "delivered", "Delivered"
        ACCEPTED = "accepted", "Accepted"
        ASKED = "asked", "More information asked for"
        BOOKED = "booked", "Booked"
        REJECTED = "rejected", "Rejected"
        REFUSED = "refused", "Refused by the receiving system"
        EXPIRED = "expired", "Could not be delivered"
        UNCOLLECTED = "uncollected", "Not collected by the receiver"
        SET_ASIDE = "set-aside", "Set aside at the exchange desk"
        SENT_AGAIN = "sent-again", "Sent again from the exchange desk"
        LETTER_FILED = "letter-filed", "Letter received"
        COMPLETED = "completed", "Completed"
        WITHDRAWN = "withdrawn", "Withdrawn"
        WITHDRAWING = "withdrawing", "Withdrawal sent"
        STOPPED = "stopped", "Withdrawn before it left"
        TAKEN_BACK = "taken-back", "Withdrawn at the receiver"
        NOT_WITHDRAWN = "not-withdrawn", "Could not be withdrawn"
        LET_STAND = "let-stand", "Left with the receiver"
        DIED = "died", "The patient died"
        LEFT = "left", "The patient left the practice"
        KEPT = "kept", "It still stands"
        CLOSED = "closed", "Closed here"

    referral = models.ForeignKey(Referral, on_delete=models.PROTECT, related_name="events")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=Kind.choices)
    at = models.DateTimeField()
    #: Who, as they were called then: a person, a partner or a process.
    by = models.CharField(max_length=120)
    by_kind = models.CharField(max_length=10)
    outbox_id = models.UUIDField(null=True)
    inbox_id = models.UUIDField(null=True)
    #: What the event says: {"starts", "place"} for booked, {"reason"} for rejected, {"asks"} for asked,
    #: {"outcome"} for completed, {"letter", "title"} for letter-filed, {"reason"} for what is withdrawn,
    #: {"why", "status"} for not-withdrawn, {"why", "note"} for closed.
    says = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["referral", "number"], name="event_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"
