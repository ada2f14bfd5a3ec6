"""Opened from the practice's clinical system: a signed and sealed token names a patient, once and for minutes.

Signed by the clinical system (JWS), then encrypted to us (JWE), so that the address it travels in says nothing. See
docs/suppliers.md for what a supplier sends.
"""

import base64
import binascii
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from joserfc import jwe, jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from exchange import keys
from exchange.fhir import numbers
from exchange.models import ClinicalSystem, UsedContext

SIGNED_WITH: Final = ["ES384", "RS384", "RS512"]
SEALED_WITH: Final = ["ECDH-ES+A256KW", "A256GCM"]
MOST_CHARACTERS: Final = 8000
LONGEST_SECONDS: Final = 300
LEEWAY_SECONDS: Final = 10
_FORM: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}")


class ContextRefused(Exception):
    """A link that opens nothing. `why` names the fault for the audit, never a value."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Context:
    """What a clinical system asks to be opened; `birth_date` is "" where it does not say."""

    system: str
    organisation_id: int
    nhs_number: str
    birth_date: str


def audience() -> str:
    """The address of the link: the audience of every context."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/open/"


def accept(token: str) -> Context:
    """What the token asks for, which is thereby used up. Raises ContextRefused."""
    if len(token) > MOST_CHARACTERS or not _FORM.fullmatch(token):
        raise ContextRefused("not a link of a clinical system")
    system, claims = _proved(_unsealed(token))
    _check(system, claims)
    _use_up(system, claims)
    return Context(system.name, system.organisation_id, claims["nhs_number"], claims.get("birth_date", ""))


def _unsealed(token: str) -> str:
    first = token.split(".", 1)[0]
    try:
        header = numbers.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
        if not isinstance(header, dict) or "zip" in header:  # a small token must not become a large one
            raise ContextRefused("sealed in a way that is not accepted")
        opened = jwe.decrypt_compact(token, keys.sealing(), algorithms=SEALED_WITH).plaintext
        return (opened or b"").decode("ascii")
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, binascii.Error):
        raise ContextRefused("cannot be read with our key") from None


def _proved(signed: str) -> tuple[ClinicalSystem, dict[str, Any]]:
    """The system that signed, and what it claims."""
    try:
        claimed = numbers.loads(jws.extract_compact(signed.encode()).payload)
        issuer = str(claimed["iss"])
        system = ClinicalSystem.objects.filter(issuer=issuer.replace("\0", ""), enabled=True).first()
        if system is None:
            raise ContextRefused("of a system that is not registered")
        claims = jwt.decode(signed, KeySet.import_key_set(system.jwks), algorithms=SIGNED_WITH).claims
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise ContextRefused("not signed by a registered system") from None
    return system, claims


def _check(system: ClinicalSystem, claims: dict[str, Any]) -> None:
    now, expires, issued = time.time(), claims.get("exp"), claims.get("iat")
    times = [one for one in (expires, issued) if isinstance(one, int | float) and not isinstance(one, bool)]
    texts = [claims.get(name) for name in ("jti", "nhs_number", "organisation")]
    if claims.get("aud") != audience():
        raise ContextRefused("meant for another address")
    if len(times) < 2 or times[0] <= now - LEEWAY_SECONDS or times[1] > now + LEEWAY_SECONDS:
        raise ContextRefused("expired")
    if times[0] - times[1] > LONGEST_SECONDS or times[0] > now + LONGEST_SECONDS + LEEWAY_SECONDS:
        raise ContextRefused("valid for too long")
    if not all(isinstance(one, str) and 0 < len(one) <= 200 and "\0" not in one for one in texts):
        raise ContextRefused("incomplete")
    if not isinstance(claims.get("birth_date", ""), str) or not re.fullmatch(r"\d{10}", claims["nhs_number"]):
        raise ContextRefused("incomplete")
    if claims["organisation"] != system.organisation.ods_code:
        raise ContextRefused("of another organisation")


def _use_up(system: ClinicalSystem, claims: dict[str, Any]) -> None:
    """Remember the jti as long as the link could be tried again: the database decides who was first."""
    UsedContext.objects.filter(expires_at__lt=timezone.now()).delete()
    expires = datetime.fromtimestamp(claims["exp"] + 2 * LEEWAY_SECONDS, UTC)
    try:
        with transaction.atomic():
            UsedContext.objects.create(system=system, jti=claims["jti"], expires_at=expires)
    except IntegrityError:
        raise ContextRefused("used before") from None
