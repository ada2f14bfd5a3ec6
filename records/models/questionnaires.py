"""Forms that a practice asks people to fill in: every version as it was received, and from when each is used."""

from typing import ClassVar

from django.db import models

from access.models import Organisation


class Form(models.Model):
    """A form of a practice (FHIR Questionnaire), through all its versions."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    #: exchange.Service.service_id of the service that asks for it; empty if none does.
    service_id = models.CharField(max_length=60, blank=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["organisation", "name"], name="form_name_once")]

    def __str__(self) -> str:
        return f"form {self.pk}"


class FormVersion(models.Model):
    """One version of a form. Never changed: what was sent on it can always be read against it."""

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    #: The Questionnaire as it was received, character for character.
    source = models.TextField()
    title = models.CharField(max_length=200)
    #: What it holds that is kept and not used, in words.
    unsupported = models.JSONField(default=list)
    by = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["form", "number"], name="form_number_once")]

    def __str__(self) -> str:
        return f"version {self.number} of form {self.form_id}"


class FormStart(models.Model):
    """That somebody made a version the one in use from a day on. Never changed; the last said for a day wins."""

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="starts")
    version = models.ForeignKey(FormVersion, on_delete=models.PROTECT, related_name="starts")
    day = models.DateField()
    by = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["form", "day"], name="form_start_day")]

    def __str__(self) -> str:
        return f"start {self.pk}"
