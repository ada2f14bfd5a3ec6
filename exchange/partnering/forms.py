"""A partner's settings, as its page and the command take them."""

import datetime as dt
from decimal import Decimal
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django import forms
from django.conf import settings

from exchange.models import OutboxMessage, Partner
from exchange.partnering.sentences import day

_DAY: Final = 24 * 3600
_NOT_MINUTES: Final = "Enter minutes, growing, with commas between them, such as 1, 5, 15, 60"


class _Keys(forms.JSONField):
    """A JWK Set as text; where there is none the field is empty, not "null"."""

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(value) if value else ""


class _Minutes(forms.Field):
    """Minutes with commas between them, kept as seconds, growing."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(f"{one / 60:g}" for one in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[int]:
        if isinstance(value, list):
            return value
        try:
            found = [Decimal(one.strip()) for one in str(value or "").split(",") if one.strip()]
            seconds = [round(one * 60) for one in found]
        except (ArithmeticError, ValueError):
            raise forms.ValidationError(_NOT_MINUTES) from None
        if any(not 1 <= one <= _DAY for one in seconds) or seconds != sorted(seconds):
            raise forms.ValidationError(_NOT_MINUTES)
        return seconds


class PartnerForm(forms.Form):
    """Who they are, how they are reached, who we are there. The key is never shown: empty keeps the one there is."""

    ods_code = forms.RegexField(
        r"^[A-Za-z0-9]{2,12}$",
        label="ODS code",
        error_messages={
            "required": "Enter their ODS code",
            "invalid": "An ODS code has letters and figures only, such as RZZ01",
        },
    )
    name = forms.CharField(
        label="Name",
        max_length=200,
        help_text="An organisation that is known here already keeps its name.",
        error_messages={"required": "Enter their name"},
    )
    transport = forms.ChoiceField(
        label="How they are reached",
        choices=Partner.Transport.choices,
        initial=Partner.Transport.BARS,
        error_messages={"required": "Choose how they are reached"},
    )
    endpoint = forms.URLField(
        label="FHIR address",
        max_length=300,
        required=False,
        help_text="Not needed for MESH.",
        assume_scheme="https",
        error_messages={
            "invalid": "Enter a whole address, such as https://hospital.example/FHIR/R4",
        },
    )
    token_url = forms.URLField(
        label="Token address",
        max_length=300,
        required=False,
        assume_scheme="https",
        help_text="Where their system lets us in. Not needed for MESH.",
    )
    client_id = forms.CharField(
        label="Our client name there",
        max_length=100,
        initial="gpportal",
        help_text="They give it to us when they let us in.",
        error_messages={"required": "Enter the name they know us by"},
    )
    algorithm = forms.ChoiceField(label="How we sign", choices=Partner.Algorithm.choices, initial="ES384")
    scope = forms.CharField(
        label="Scope for sending",
        max_length=100,
        required=False,
        help_text="Leave empty unless they ask for another than usual.",
    )
    jwks_url = forms.URLField(
        label="Address of their public keys", max_length=300, required=False, assume_scheme="https"
    )
    jwks = _Keys(label="Or their public keys (JWK Set)", required=False)
    versions = forms.CharField(label="Message versions agreed", max_length=100, required=False)
    max_in_flight = forms.IntegerField(label="Most messages at once", min_value=1, max_value=50, initial=4)
    retry_seconds = _Minutes(
        label="Minutes between tries",
        required=False,
        help_text="With commas, such as 1, 5, 15, 60; the last one repeats. Leave empty for the usual.",
    )
    give_up_after_hours = forms.IntegerField(
        label="Hours until we stop trying",
        min_value=1,
        max_value=24 * 14,
        required=False,
        help_text="Then somebody here is told. Leave empty for the usual.",
    )
    ca = forms.CharField(
        label="Their certificate authority (PEM)",
        required=False,
        help_text="Only if they have one of their own. Then no other is trusted.",
    )
    client_certificate = forms.CharField(
        label="Our certificate for them (PEM)", required=False, help_text="Only if they ask for one."
    )
    client_key = forms.CharField(
        label="Key of our certificate (PEM)",
        required=False,
        help_text="Kept encrypted, never shown again. Leave empty to keep it; it goes when our certificate does.",
    )

    def __init__(self, *args: Any, partner: Partner | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self.partner = partner
        if partner is not None:  # who they are stays: others here know the organisation by it
            del self.fields["ods_code"], self.fields["name"]

    def clean_ods_code(self) -> str:
        code = str(self.cleaned_data["ods_code"]).upper()
        if Partner.objects.filter(organisation__ods_code=code).exists():
            raise forms.ValidationError("There is a partner with this ODS code already")
        return code

    def clean_transport(self) -> str:
        chosen = str(self.cleaned_data["transport"])
        waiting = OutboxMessage.objects.filter(to=self.partner, state="queued") if self.partner else None
        if self.partner and waiting is not None and chosen != self.partner.transport and waiting.exists():
            raise forms.ValidationError("Messages wait that were written for the old way: let them go first")
        return chosen

    def clean_endpoint(self) -> str:
        return _secure(str(self.cleaned_data["endpoint"]))

    def clean_token_url(self) -> str:
        return _secure(str(self.cleaned_data["token_url"]))

    def clean_ca(self) -> str:
        return _certificate(str(self.cleaned_data["ca"]))

    def clean_client_certificate(self) -> str:
        return _certificate(str(self.cleaned_data["client_certificate"]))

    def clean(self) -> dict[str, Any]:
        """What only fits together: their keys, and our certificate with its key."""
        found = super().clean() or {}
        if found.get("transport") != Partner.Transport.MESH:
            self._reached_by_fhir(found)
        certificate, key = found.get("client_certificate"), found.get("client_key")
        if certificate and not key and not (self.partner and self.partner.client_certificate == certificate):
            self.add_error("client_key", "Enter the key that belongs to our certificate")
        elif key and not (certificate and _belong(certificate, key)):
            self.add_error("client_key", "This key does not belong to our certificate")
        return found

    def _reached_by_fhir(self, found: dict[str, Any]) -> None:
        """What is asked of everybody but those reached by MESH, whose mailbox stands elsewhere."""
        if found.get("endpoint") == "":
            self.add_error("endpoint", "Enter the address of their system")
        if found.get("token_url") == "":
            self.add_error("token_url", "Enter the address that gives us a token")
        if not found.get("jwks_url") and not found.get("jwks") and not self.errors:
            self.add_error("jwks_url", "Enter the address of their public keys, or the keys themselves")


def _secure(url: str) -> str:
    if url and settings.PRODUCTION and not url.startswith("https://"):
        raise forms.ValidationError("The address must begin with https://")
    return url


def _certificate(pem: str) -> str:
    if not pem:
        return ""
    try:
        first = x509.load_pem_x509_certificates(pem.encode())[0]
    except ValueError:
        raise forms.ValidationError("This is not a certificate: it begins with -----BEGIN CERTIFICATE-----") from None
    if first.not_valid_after_utc < dt.datetime.now(dt.UTC):
        raise forms.ValidationError(f"This certificate ended on {day(first.not_valid_after_utc)}")
    return pem


def _belong(certificate: str, key: str) -> bool:
    try:
        public = load_pem_private_key(key.encode(), password=None).public_key()
        return bool(public == x509.load_pem_x509_certificate(certificate.encode()).public_key())
    except (ValueError, TypeError):
        return False
