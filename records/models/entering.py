"""What was written here and is still to be entered in the practice's clinical system."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from access.models import Organisation
from records.models.people import Patient


class ToEnter(models.Model):
    """One thing that a person has to enter in the clinical system: never assumed entered, ticked off by somebody."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="to_enter")
    #: Whose clinical system is to know it.
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    #: What everyone at the practice may read: "Referral sent: Physiotherapy".
    title = models.CharField(max_length=300)
    #: What clinicians read and copy besides; "" if the title says it all.
    what = models.TextField(blank=True)
    #: What it is about, known by name and id only ("referral", "<uuid>"), and what became of it ("sent").
    about = models.CharField(max_length=40)
    about_id = models.CharField(max_length=64)
    became = models.CharField(max_length=20)
    since = models.DateTimeField(auto_now_add=True)
    #: Who did it, in words.
    by = models.CharField(max_length=120)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    #: Why it need not be entered; "" where it was entered.
    not_needed = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["organisation", "about", "about_id", "became"],
                condition=models.Q(settled_at__isnull=True),
                name="to_enter_once",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["organisation", "since"], condition=models.Q(settled_at__isnull=True), name="to_enter_list"
            ),
            models.Index(fields=["patient"], name="to_enter_by_patient"),
        ]

    def __str__(self) -> str:
        return f"to enter {self.pk}"
