"""What patients can be referred to, and which of it a practice uses most."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from access.models import Organisation


class Service(models.Model):
    """Something a patient can be referred to (FHIR HealthcareService)."""

    class UseCase(models.TextChoices):
        """What the message is called on the wire: BaRS's own code, or ours where BaRS publishes none."""

        PHARMACY_FIRST = "a5t1", "Pharmacy First (BaRS a5t1)"
        PHARMACY_CONTRACEPTION = "a5t2", "Pharmacy contraception (BaRS a5t2)"
        PHARMACY_BLOOD_PRESSURE = "a5t3", "Pharmacy blood pressure check (BaRS a5t3)"
        GP_TO_HOSPITAL = "gp-to-hospital", "GP to hospital (gpportal's own code)"
        GP_TO_SOCIAL_CARE = "gp-to-social-care", "GP to adult social care (gpportal's own code)"

    class Sex(models.TextChoices):
        FEMALE = "female", "Female patients only"
        MALE = "male", "Male patients only"

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="services")
    #: Directory of Services id (system dos-service-id), the destination on the wire.
    service_id = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    use_case = models.CharField(max_length=20, choices=UseCase.choices)
    #: Words people may look for it by.
    also_known_as = models.CharField(max_length=200, blank=True)
    #: Such as "Cardiology" (FHIR HealthcareService.specialty).
    specialty = models.CharField(max_length=120, blank=True, default="", db_default="")
    #: Whom it takes: whole years, both ends included; "" for everybody.
    from_age = models.PositiveSmallIntegerField(null=True)
    to_age = models.PositiveSmallIntegerField(null=True)
    sex = models.CharField(max_length=10, choices=Sex.choices, blank=True, default="", db_default="")
    #: How long patients wait for a routine appointment at present, and who was asked when.
    waiting_weeks = models.PositiveSmallIntegerField(null=True)
    waiting_said_on = models.DateField(null=True)
    phone = models.CharField(max_length=30, blank=True, default="", db_default="")
    #: Where patients are seen (FHIR Location): address in one line, and degrees north and east.
    place = models.CharField(max_length=300, blank=True, default="", db_default="")
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    accepts_urgent = models.BooleanField(default=True)
    accepts_suspected_cancer = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    #: Columns somebody here changed: an import leaves them as they are.
    by_hand = ArrayField(models.CharField(max_length=40), default=list, db_default=[])

    class Meta:
        ordering: ClassVar = ["name", "organisation__name"]

    def __str__(self) -> str:
        return f"{self.name}, {self.organisation}"


class Favourite(models.Model):
    """A service that a practice wants to see first."""

    practice = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="favourites")

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["practice", "service"], name="favourite_once")]

    def __str__(self) -> str:
        return f"favourite {self.pk}"
