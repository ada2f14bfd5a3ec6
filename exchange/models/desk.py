"""What people note at the exchange desk."""

from typing import ClassVar

from django.db import models

from exchange.models.incoming import InboxMessage
from exchange.models.outgoing import OutboxMessage


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
