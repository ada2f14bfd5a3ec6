"""When somebody last looked."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from records.models.people import Patient


class LastLooked(models.Model):
    """When a person last opened a patient's screen: what is newer is new for them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "patient"], name="looked_once")]

    def __str__(self) -> str:
        return f"looked {self.pk}"
