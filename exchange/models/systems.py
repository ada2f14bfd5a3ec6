"""Clinical systems that open a patient here."""

from typing import ClassVar

from django.db import models

from access.models import Organisation


class ClinicalSystem(models.Model):
    """A practice's clinical system that may open a patient here by a signed link (docs/suppliers.md)."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    #: The `iss` of its links.
    issuer = models.CharField(max_length=200, unique=True)
    #: Its public keys (JWK Set), as registered.
    jwks = models.JSONField()
    enabled = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class UsedContext(models.Model):
    """The `jti` of a link that was used, kept as long as the link could be tried again."""

    system = models.ForeignKey(ClinicalSystem, on_delete=models.CASCADE, related_name="+")
    jti = models.CharField(max_length=200)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["system", "jti"], name="context_once")]

    def __str__(self) -> str:
        return f"context {self.pk}"
