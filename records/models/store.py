"""What was received, and the FHIR resources read out of it."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Func

from access.models import Organisation
from records.models.people import Patient


class ClockTimestamp(Func):
    """The database's clock as it goes on within a transaction, unlike now()."""

    function = "CLOCK_TIMESTAMP"
    arity = 0
    output_field = models.DateTimeField()


class Received(models.Model):
    """The bytes of a file or message as they came, kept once, gzipped in pieces of about a megabyte."""

    class Via(models.TextChoices):
        IMPORT = "import", "Imported file"
        MESSAGE = "message", "Message"
        PULL = "pull", "Asked for"

    source = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    via = models.CharField(max_length=10, choices=Via.choices)
    #: File name without its folder, or the inbox message's id.
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    length = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "sha256", "name"], name="received_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_via_display()} {self.pk}"


class ReceivedPiece(models.Model):
    received = models.ForeignKey(Received, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    gzipped = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["received", "number"], name="piece_once"),
        ]

    def __str__(self) -> str:
        return f"piece {self.number}"


class Resource(models.Model):
    """One FHIR R4 resource as one source says it.

    `body` is text, numbers as written; it differs from what was received only in id, meta and resolved references.
    The other columns are drawn from it by records.kinds for screens and searches.
    """

    #: uuid5 of (source ODS code, type, source key): the same resource always lands on the same row.
    id = models.UUIDField(primary_key=True, editable=False)
    source = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=40)
    #: The id the source gave it, else its fullUrl.
    source_key = models.CharField(max_length=255)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="resources")
    received = models.ForeignKey(Received, on_delete=models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    #: SHA-256 of what was received for it, by which a repeat is recognised.
    sha256 = models.CharField(max_length=64)
    body = models.TextField()
    kind = models.CharField(max_length=20, blank=True)
    code = models.CharField(max_length=60, blank=True)
    code_system = models.CharField(max_length=120, blank=True)
    display = models.CharField(max_length=400, blank=True)
    category = ArrayField(models.CharField(max_length=80), default=list)
    status = models.CharField(max_length=40, blank=True)
    date = models.DateTimeField(null=True)
    #: The date as the source wrote it: "2014" is not 1 January 2014.
    date_written = models.CharField(max_length=40, blank=True)
    value = models.CharField(max_length=400, blank=True)
    unit = models.CharField(max_length=60, blank=True)
    security = ArrayField(models.CharField(max_length=20), default=list)
    tokens = ArrayField(models.CharField(max_length=200), default=list)
    #: What only this kind has: dosage, reference range, reaction, author … (records.kinds says which).
    detail = models.JSONField(default=dict)
    stored_at = models.DateTimeField(auto_now=True)
    #: When what a clinician reads of it last changed (records.ingest.meaning): a version that only renumbers or sends
    #: again moves `stored_at` and not this. The database's clock, read when it is written.
    changed_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "type", "source_key"], name="one_row_per_source_key"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "kind", "-date"], name="resource_for_panel"),
            models.Index(fields=["patient", "type", "-date"], name="resource_for_search"),
            models.Index(fields=["patient", "-date"], name="resource_for_timeline"),
            models.Index(fields=["patient", "-changed_at"], name="resource_for_news"),
            models.Index(fields=["type", "date"], condition=models.Q(type="Appointment"), name="appointment_day"),
            GinIndex(fields=["tokens"], name="resource_tokens"),
        ]

    def __str__(self) -> str:
        return f"{self.type}/{self.pk}"


class ResourceVersion(models.Model):
    """An earlier version of a resource, moved here when a newer one came."""

    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    body = models.TextField()
    stored_at = models.DateTimeField()
    #: The drawn columns of that version, so that a change can be worded: {"display": …, "status": …}.
    drawn = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["resource", "version"], name="version_once"),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class Attachment(models.Model):
    """Inline data over 64 kB, kept once by its SHA-256 and put back on read and export."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    #: The base64 text as received, so that what is put back is what was sent.
    base64 = models.TextField()

    def __str__(self) -> str:
        return self.sha256
