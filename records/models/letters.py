"""Letters filed to patients, and who has read them."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from access.models import Organisation
from records.models.people import Patient
from records.models.store import Resource


class Letter(models.Model):
    """A letter that came in and was filed to a patient (FHIR DocumentReference with its document)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="letters")
    sender = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    #: The DocumentReference that describes it and the Composition or Binary that is its text.
    document = models.OneToOneField(Resource, on_delete=models.PROTECT, related_name="letter")
    title = models.CharField(max_length=200)
    department = models.CharField(max_length=120, blank=True)
    author = models.CharField(max_length=120, blank=True)
    written_at = models.DateTimeField()
    #: What it asks the practice to do, in the sender's words; empty if nothing.
    gp_actions = models.TextField(blank=True)
    #: Identifier of the referral it answers, as the letter names it (system|value).
    answers = models.CharField(max_length=200, blank=True)
    #: exchange.InboxMessage id it came by; empty for imported letters.
    message_id = models.CharField(max_length=64, blank=True)
    filed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["patient", "-written_at"], name="letter_by_patient"),
            models.Index(fields=["message_id"], condition=~models.Q(message_id=""), name="letter_by_message"),
        ]

    def __str__(self) -> str:
        return f"letter {self.pk}"


class LetterRead(models.Model):
    """That a person opened a letter."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="reads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["letter", "user"], name="read_once")]

    def __str__(self) -> str:
        return f"read {self.pk}"
