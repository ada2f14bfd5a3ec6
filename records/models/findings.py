"""What somebody has to look at."""

from typing import ClassVar

from django.db import models

from records.models.people import Patient
from records.models.store import Resource


class Finding(models.Model):
    """Something about stored data that a person has to look at: a worklist row, never a reason to drop anything."""

    class Kind(models.TextChoices):
        SAME_NUMBER = "same-number", "Two patients with one NHS number"
        FAILING_NUMBER = "failing-number", "NHS number fails its check digit"
        DANGLING = "dangling", "Refers to something we do not have"
        OTHER_PATIENT = "other-patient", "A source moved a resource to another patient"
        MIXED_UP = "mixed-up", "A source answered with another patient's entries; nothing of it was kept"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="findings")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="findings")
    #: A FHIRPath or another resource's id; never patient data.
    about = models.CharField(max_length=255, blank=True)
    found_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    #: Who settled it and why, where a person did: then finding it again does not open it again.
    settled_by = models.CharField(max_length=120, blank=True, db_default="")
    why = models.CharField(max_length=300, blank=True, db_default="")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "resource", "about"], name="found_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
