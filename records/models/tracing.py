"""What PDS was asked about whom, and what came of it."""

import uuid
from typing import ClassVar

from django.db import models

from records.models.people import Patient


class Trace(models.Model):
    """One question to PDS about one patient.

    The row is the queue: `due_at` is schedule, lease and back-off, empty when nothing is left to do. A worker claims it
    by moving `due_at` on, and one whose worker died is due again.
    """

    class State(models.TextChoices):
        ASKED = "asked", "PDS is being asked"
        TRACED = "traced", "Traced"
        DOUBT = "doubt", "PDS has another name or date of birth under this number"
        MATCH = "match", "One person at PDS fits and waits to be confirmed"
        TAKEN = "taken", "The number is another patient's here"
        NONE = "none", "Nobody at PDS fits"
        MANY = "many", "Several people at PDS fit"
        NOT_KNOWN = "not-known", "PDS does not know the number"
        INVALID = "invalid", "The number is no longer valid"
        FAILED = "failed", "PDS could not be asked"
        DISMISSED = "dismissed", "Found not to be the same person"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="traces")
    state = models.CharField(max_length=12, choices=State.choices, default=State.ASKED)
    #: Reused on every try (PDS tells repeats by it).
    request_id = models.UUIDField(default=uuid.uuid4, unique=True)
    #: The number asked about; empty when PDS was searched by name and date of birth.
    asked_number = models.CharField(max_length=10, blank=True)
    #: The number PDS answered with: another one when that asked about was superseded.
    found_number = models.CharField(max_length=10, blank=True)
    #: PDS's version of the record (ETag).
    version = models.CharField(max_length=20, blank=True)
    #: FHIR Patient as PDS gave it, while a person has to look at it; what is taken over is a Resource.
    found = models.TextField(blank=True)
    #: The code of the last error (exchange.errors); never what was asked.
    trouble = models.CharField(max_length=30, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    asked_by = models.CharField(max_length=120)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient"], condition=models.Q(state="asked"), name="asked_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(state="asked"), name="trace_due"),
            models.Index(fields=["patient", "-asked_at"], name="trace_by_patient"),
        ]

    def __str__(self) -> str:
        return f"trace {self.pk} ({self.state})"
