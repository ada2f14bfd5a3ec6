"""Up to when somebody has seen a patient's record."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from records.models.people import Patient


class LastLooked(models.Model):
    """Up to when a person has seen a patient's record: what changed later is new for them.

    Written by one act, "mark as seen", under every id the person's entries stand under; opening a page writes nothing.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    #: The moment of the page that was marked: all that stood on it had changed by then.
    at = models.DateTimeField()
    #: What `at` was before the last mark, so that the mark can be taken back; None if there was none.
    before = models.DateTimeField(null=True)
    #: When the mark was made; None once it was taken back.
    marked_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "patient"], name="looked_once")]

    def __str__(self) -> str:
        return f"looked {self.pk}"
