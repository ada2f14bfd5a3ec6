"""People, what each source says of them as FHIR resources, and who may reach whom."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models

from access.models import Organisation


class Patient(models.Model):
    """The person. Its UUID stands in URLs and foreign keys; what sources say of them hangs on PatientLink.

    The demographic columns are drawn from the source that leads (the practice the person is registered with, else the
    first that told us) for the banner and for finding. A restricted person's address, phone and GP are never drawn.
    """

    class NhsNumber(models.TextChoices):
        """How far the NHS number can be trusted (UK Core NHSNumberVerificationStatus and our Modulus 11 check)."""

        VERIFIED = "verified", "Verified"
        PRESENT = "present", "Present, not verified"
        FAILING = "failing", "Fails its check digit"
        ABSENT = "absent", "Not known"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    #: Set when two were found to be one person; cleared when that is undone.
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True)
    title = models.CharField(max_length=30, blank=True)
    given = models.CharField(max_length=120, blank=True)
    family = models.CharField(max_length=120, blank=True)
    birth_date = models.DateField(null=True)
    #: FHIR dates may be a year or a month only: as the source wrote it.
    birth_date_written = models.CharField(max_length=10, blank=True)
    gender = models.CharField(max_length=10, blank=True)
    nhs_number = models.CharField(max_length=20, blank=True)
    nhs_number_status = models.CharField(max_length=10, choices=NhsNumber.choices, default=NhsNumber.ABSENT)
    address = models.CharField(max_length=300, blank=True)
    postcode = models.CharField(max_length=10, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    usual_gp = models.CharField(max_length=120, blank=True)
    deceased = models.BooleanField(default=False)
    deceased_on = models.DateField(null=True)
    restricted = models.BooleanField(default=False)
    #: Names without accents or case, and the postcode without its space: what find matches on.
    search_text = models.CharField(max_length=400, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes: ClassVar = [
            # Without the pending list: someone just taken in is found as quickly as anybody.
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="patient_search", fastupdate=False),
            models.Index(fields=["nhs_number"], name="patient_nhs_number"),
            models.Index(fields=["birth_date"], name="patient_birth_date"),
            models.Index(fields=["postcode"], name="patient_postcode"),
        ]

    def __str__(self) -> str:
        return str(self.pk)  # never a name: this ends up in logs


class Received(models.Model):
    """The bytes of a file or message as they came, kept once, gzipped in pieces of about a megabyte."""

    class Via(models.TextChoices):
        IMPORT = "import", "Imported file"
        MESSAGE = "message", "Message"

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

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "type", "source_key"], name="one_row_per_source_key"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["patient", "kind", "-date"], name="resource_for_panel"),
            models.Index(fields=["patient", "type", "-date"], name="resource_for_search"),
            models.Index(fields=["patient", "-date"], name="resource_for_timeline"),
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


class PatientLink(models.Model):
    """That one source's Patient is this person, and on what grounds we say so."""

    class Basis(models.TextChoices):
        FIRST = "first", "First seen from this source"
        NHS_NUMBER = "nhs-number", "NHS number, date of birth and name agree"
        PERSON = "person", "Joined by a person"

    source = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    source_key = models.CharField(max_length=255)
    #: The source's FHIR Patient (records.Resource), whose id `patient=` accepts.
    resource = models.OneToOneField(Resource, on_delete=models.PROTECT, related_name="link")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="links")
    basis = models.CharField(max_length=12, choices=Basis.choices)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "source_key"], name="one_link_per_source_patient"),
        ]

    def __str__(self) -> str:
        return f"link {self.pk}"


class Relationship(models.Model):
    """Why an organisation may reach a patient: the only ground of records.reach."""

    class Kind(models.TextChoices):
        REGISTERED = "registered", "Registered with the practice"
        REFERRED = "referred", "Referred to them"
        CASELOAD = "caseload", "On their caseload"
        APPOINTMENT = "appointment", "Has an appointment with them"

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="relationships")
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True, blank=True)
    #: In words, for the patient who asks: "referral to the heart failure clinic".
    why = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient", "organisation", "kind"], condition=models.Q(until__isnull=True), name="related_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "kind", "patient"], name="relationship_reach")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Finding(models.Model):
    """Something about stored data that a person has to look at: a worklist row, never a reason to drop anything."""

    class Kind(models.TextChoices):
        SAME_NUMBER = "same-number", "Two patients with one NHS number"
        FAILING_NUMBER = "failing-number", "NHS number fails its check digit"
        DANGLING = "dangling", "Refers to something we do not have"
        OTHER_PATIENT = "other-patient", "A source moved a resource to another patient"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    resource = models.ForeignKey(Resource, on_delete=models.CASCADE, related_name="findings")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="findings")
    #: A FHIRPath or another resource's id; never patient data.
    about = models.CharField(max_length=255, blank=True)
    found_at = models.DateTimeField(auto_now_add=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "resource", "about"], name="found_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


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
        indexes: ClassVar = [models.Index(fields=["patient", "-written_at"], name="letter_by_patient")]

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


class LastLooked(models.Model):
    """When a person last opened a patient's screen: what is newer is new for them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "patient"], name="looked_once")]

    def __str__(self) -> str:
        return f"looked {self.pk}"
