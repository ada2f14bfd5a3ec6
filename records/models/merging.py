"""Two that may be one person, two that were joined, and whom to tell when they were parted again."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from records.models.people import Patient


class DuplicateSuggestion(models.Model):
    """That two patients may be one person: reasons, how likely, and what somebody decided. `first` has the lower id."""

    class Grade(models.TextChoices):
        CERTAIN = "certain", "Almost certainly one person"
        LIKELY = "likely", "Likely one person"
        POSSIBLE = "possible", "Possibly one person"

    class State(models.TextChoices):
        OPEN = "open", "To be decided"
        JOINED = "joined", "Joined"
        NOT_SAME = "not-same", "Not the same person"

    first = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+")
    grade = models.CharField(max_length=10, choices=Grade.choices)
    #: Sentences for the person who decides; without values, so that nothing of a restricted person stands here.
    reasons = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    found_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=120, blank=True)
    why = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["first", "second"], name="suggested_once"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="suggested_in_order"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["first"], condition=models.Q(state="open"), name="suggestion_open"),
        ]

    def __str__(self) -> str:
        return f"suggestion {self.pk}"


class Merge(models.Model):
    """That a person found two patients to be one, and perhaps later that they are not. Never deleted.

    `Patient.merged_into` is the fold of the merges in force: the one that was kept, at the end of the chain.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kept = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_kept")
    other = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="merges_away")
    at = models.DateTimeField(auto_now_add=True)
    by = models.CharField(max_length=120)
    reason = models.CharField(max_length=300)
    #: What followed from it: {"reach": who newly reaches the kept, in words; "findings": ids closed by it}.
    facts = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=120, blank=True)
    undone_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["other"], condition=models.Q(undone_at__isnull=True), name="joined_once"),
        ]

    def __str__(self) -> str:
        return f"merge {self.pk}"


class MergeNotice(models.Model):
    """Somebody who opened a joined record that was parted again: to be told once, on opening either patient."""

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="notices")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    told_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["merge", "user"], name="told_once")]

    def __str__(self) -> str:
        return f"notice {self.pk}"
