"""Other organisations' systems and what they offer, and what proves that one is who it says."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from access.models import Organisation
from exchange.models.sealed import SealedTextField


class Partner(models.Model):
    """Another organisation's system that we exchange messages with, and how it is reached."""

    class Transport(models.TextChoices):
        BARS = "bars", "BaRS over FHIR R4"
        FHIR = "fhir", "Plain FHIR R4"
        MESH = "mesh", "MESH"

    class Algorithm(models.TextChoices):
        """How assertions are signed (RFC 7518); SMART wants the first two, the NHS's own services the third."""

        ES384 = "ES384", "ES384"
        RS384 = "RS384", "RS384"
        RS512 = "RS512", "RS512"

    organisation = models.OneToOneField(Organisation, on_delete=models.PROTECT, related_name="partner")
    transport = models.CharField(max_length=20, choices=Transport.choices, default=Transport.BARS)
    #: FHIR base, such as https://hospital.example/FHIR/R4.
    endpoint = models.URLField(max_length=300)
    #: Where we ask for our token; the audience of our assertion.
    token_url = models.URLField(max_length=300)
    #: Who we are there: iss and sub of our assertion, how it is signed, and the scope that lets us send.
    client_id = models.CharField(max_length=100, default="gpportal", db_default="gpportal")
    algorithm = models.CharField(
        max_length=8, choices=Algorithm.choices, default=Algorithm.ES384, db_default=Algorithm.ES384
    )
    scope = models.CharField(max_length=100, blank=True, default="", db_default="")
    #: Where the partner publishes the public keys that sign its assertions; or those keys (JWK Set), as given to us.
    jwks_url = models.URLField(max_length=300, blank=True)
    jwks = models.JSONField(null=True, blank=True)
    #: The message versions it was agreed that it takes, with commas; empty: not agreed.
    versions = models.CharField(max_length=100, blank=True, default="", db_default="")
    #: Its certificate authority alone is trusted (PEM, one or several); empty: those the system trusts.
    ca = models.TextField(blank=True, default="", db_default="")
    #: Our certificate towards it (PEM, with what lies between it and its authority), and the key of that.
    client_certificate = models.TextField(blank=True, default="", db_default="")
    client_key = SealedTextField()
    #: Off: nothing goes either way. Each flow has its own switch; exchange.models.Switching says who and when.
    enabled = models.BooleanField(default=True)
    #: We send to it, it sends to us.
    sends = models.BooleanField(default=True, db_default=True)
    receives = models.BooleanField(default=True, db_default=True)
    #: Whether its FHIR API is asked for what it holds about our patients.
    pulls = models.BooleanField(default=False, db_default=False)
    max_in_flight = models.PositiveSmallIntegerField(default=4)
    #: Seconds between tries, growing, the last one repeating; empty for settings.RETRY_SECONDS.
    retry_seconds = ArrayField(models.PositiveIntegerField(), default=list, db_default=[], blank=True)
    #: Until a message is given up; empty for settings.GIVE_UP_AFTER_HOURS.
    give_up_after_hours = models.PositiveIntegerField(null=True, blank=True)
    last_delivered_at = models.DateTimeField(null=True)
    last_received_at = models.DateTimeField(null=True)
    #: Since when every try has failed; empty while the partner answers.
    failing_since = models.DateTimeField(null=True)
    #: How many tries in a row nobody there answered (exchange.resting).
    unanswered = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: Nothing is tried before, then one message at a time; empty while the partner answers.
    rest_until = models.DateTimeField(null=True)
    #: When whoever runs the exchange was last told by e-mail that something for it is stuck; empty once nothing is.
    alerted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.organisation.name


class UsedAssertion(models.Model):
    """A signed assertion that was traded for a token: its jti is good once."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE)
    jti = models.CharField(max_length=200)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["partner", "jti"], name="assertion_used_once"),
        ]

    def __str__(self) -> str:
        return self.jti


class Pace(models.Model):
    """When the next call to a service may be made that allows only so many a second (exchange.pace)."""

    name = models.CharField(max_length=20, primary_key=True)
    next_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
