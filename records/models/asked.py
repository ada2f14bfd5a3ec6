"""What came of asking another organisation about a patient."""

import uuid
from typing import ClassVar

from django.db import models

from access.models import Organisation
from records.models.people import Patient


class SourceCheck(models.Model):
    """One patient at one partner that we ask: when we asked, when it answered, what failed and when we ask again.

    `due_at` is schedule, lease and back-off in one, as with exchange.OutboxMessage; empty when nothing is to be done.
    """

    class State(models.TextChoices):
        NEVER = "never", "Not asked yet"
        HEARD = "heard", "Answered"
        NOT_KNOWN = "not-known", "Does not know the patient"
        INCOMPLETE = "incomplete", "Answered in part"
        MIXED_UP = "mixed-up", "Answered with another patient's entries"
        FAILED = "failed", "Did not answer"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="checks")
    source = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="checks")
    #: How the last try ended.
    state = models.CharField(max_length=12, choices=State.choices, default=State.NEVER)
    due_at = models.DateTimeField(null=True)
    #: When the last try began; with `due_at` in the future and `asking` it is under way.
    asked_at = models.DateTimeField(null=True)
    asking = models.BooleanField(default=False)
    #: Tries since it last answered.
    tries = models.PositiveIntegerField(default=0)
    #: When it last answered in full.
    heard_at = models.DateTimeField(null=True)
    #: From when on changes are asked for; empty asks for everything.
    since = models.DateTimeField(null=True)
    #: When an answer last brought something new or changed, and how many entries.
    changed_at = models.DateTimeField(null=True)
    changed = models.PositiveIntegerField(default=0)
    #: Pages of the last answer, and how many there should have been (0: not known).
    pages = models.PositiveIntegerField(default=0)
    of = models.PositiveIntegerField(default=0)
    #: Entries of the last answer that are not valid FHIR.
    left_out = models.PositiveIntegerField(default=0)
    #: Since when every try has failed; empty while it answers.
    failing_since = models.DateTimeField(null=True)
    #: Why, a code of exchange.errors.
    trouble = models.CharField(max_length=40, blank=True)
    #: Address -> entity tag of what was last answered.
    tags = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["patient", "source"], name="one_check_per_source"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="check_due"),
        ]

    def __str__(self) -> str:
        return f"check {self.pk} ({self.state})"
