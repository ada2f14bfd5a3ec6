"""The person, who says that they know them, and who may reach them."""

import uuid
from typing import ClassVar

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
    #: Set when two were found to be one person, to the one that is kept and itself merged into nobody; cleared when
    #: that is undone.
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
    #: When PDS was last asked about them, and when it last confirmed who they are (records.tracing).
    pds_asked_at = models.DateTimeField(null=True)
    traced_at = models.DateTimeField(null=True)
    #: Names without accents or case, and the postcode without its space: what find matches on.
    search_text = models.CharField(max_length=400, blank=True)
    #: On what their sources disagree, in words: "date of birth" (records.people.comparing).
    disagrees = ArrayField(models.CharField(max_length=40), default=list, db_default=[])
    #: When they were last parted from somebody they had been joined with: who saw that is told (MergeNotice).
    parted_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            # Of a restricted person nothing that is shown can say where they are (records.people.restricted).
            models.CheckConstraint(
                condition=models.Q(restricted=False) | models.Q(address="", postcode="", phone="", usual_gp=""),
                name="restricted_is_nowhere",
            ),
        ]
        indexes: ClassVar = [
            # Without the pending list: someone just taken in is found as quickly as anybody.
            GinIndex(OpClass("search_text", name="gin_trgm_ops"), name="patient_search", fastupdate=False),
            models.Index(fields=["nhs_number"], name="patient_nhs_number"),
            models.Index(fields=["birth_date"], name="patient_birth_date"),
            models.Index(fields=["postcode"], name="patient_postcode"),
            models.Index(fields=["phone"], condition=~models.Q(phone=""), name="patient_phone"),
            models.Index(fields=["merged_into"], condition=models.Q(merged_into__isnull=False), name="patient_merged"),
        ]

    def __str__(self) -> str:
        return str(self.pk)  # never a name: this ends up in logs


class PatientLink(models.Model):
    """That one source's Patient is this person, and on what grounds we say so."""

    class Basis(models.TextChoices):
        FIRST = "first", "First seen from this source"
        NHS_NUMBER = "nhs-number", "NHS number, date of birth and name agree"
        PERSON = "person", "Joined by a person"

    source = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    source_key = models.CharField(max_length=255)
    #: The source's FHIR Patient (records.Resource), whose id `patient=` accepts.
    resource = models.OneToOneField("records.Resource", on_delete=models.PROTECT, related_name="link")
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
    #: The relationship of somebody joined to this patient that this one repeats: reach reads one patient's rows only.
    through = models.ForeignKey("self", on_delete=models.CASCADE, null=True, blank=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["patient", "organisation", "kind"], condition=models.Q(until__isnull=True), name="related_once"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["organisation", "kind", "patient"], name="relationship_reach")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
