"""Opened from the practice's clinical system: a signed and sealed token names a patient, once and for minutes.

Signed by the clinical system (JWS), then encrypted to us (JWE), so that the address it travels in says nothing. See
docs/suppliers.md for what a supplier sends.
"""

import base64
import binascii
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeGuard

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
_LAST_SECOND: Final = 10_000_000_000
_LONGEST_TEXT: Final = 200
_FORM: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){4}")
_NUMBER: Final = re.compile(r"[0-9]{10}")
#: A FHIR date, which may be a year or a month only, or nothing.
_BIRTH_DATE: Final = re.compile(r"([0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?)?")


class ContextRefused(Exception):
    """A link that opens nothing. `why` names the fault, never a value.

    `system` is the name of the clinical system that certainly made the link, while it is valid; "" when anybody
    may have made it, or kept an old one, which can be sent for ever.
    """

    def __init__(self, why: str, system: str = "") -> None:
        super().__init__(why)
        self.why, self.system = why, system


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
    expires = _in_time(claims)
    if fault := _fault(system, claims):
        raise ContextRefused(fault, system.name)
    _use_up(system, claims["jti"], expires)
    return Context(system.name, system.organisation_id, claims["nhs_number"], claims.get("birth_date", ""))


def _unsealed(token: str) -> str:
    first = token.split(".", 1)[0]
    try:
        header = numbers.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
        if not isinstance(header, dict) or "zip" in header:  # a small token must not become a large one
            raise ContextRefused("sealed in a way that is not accepted")
        opened = jwe.decrypt_compact(token, keys.sealing(), algorithms=SEALED_WITH).plaintext
        return (opened or b"").decode("ascii")
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error):
        raise ContextRefused("cannot be read with our key") from None


def _proved(signed: str) -> tuple[ClinicalSystem, dict[str, Any]]:
    """The system that signed, and what it claims."""
    try:
        issuer = numbers.loads(jws.extract_compact(signed.encode()).payload)["iss"]
        if not _is_text(issuer):
            raise ContextRefused("of a system that is not registered")
        system = ClinicalSystem.objects.filter(issuer=issuer, enabled=True).first()
        if system is None:
            raise ContextRefused("of a system that is not registered")
        claims = jwt.decode(signed, KeySet.import_key_set(system.jwks), algorithms=SIGNED_WITH).claims
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise ContextRefused("not signed by a registered system") from None
    return system, claims


def _in_time(claims: dict[str, Any]) -> datetime:
    """When it expires, if it is valid now. Whatever JSON can say may stand there: NaN, a list, 400 figures."""
    now, expires, issued = time.time(), claims.get("exp"), claims.get("iat")
    if not (_is_time(expires) and _is_time(issued)):
        raise ContextRefused("without the times of its validity")
    if expires <= now - LEEWAY_SECONDS or issued > now + LEEWAY_SECONDS:
        raise ContextRefused("expired")
    if expires - issued > LONGEST_SECONDS or expires > now + LONGEST_SECONDS + LEEWAY_SECONDS:
        raise ContextRefused("valid for too long")
    return datetime.fromtimestamp(expires, UTC)


def _is_time(value: object) -> TypeGuard[float]:
    """Seconds since 1970, until the year 2286."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LAST_SECOND


def _is_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_TEXT and value.isprintable()


def _fault(system: ClinicalSystem, claims: dict[str, Any]) -> str:
    """What else is wrong with it; "" if nothing is."""
    if claims.get("aud") != audience():
        return "meant for another address"
    if not all(_is_text(claims.get(name)) for name in ("jti", "nhs_number", "organisation")):
        return "incomplete"
    born = claims.get("birth_date", "")
    if not _NUMBER.fullmatch(claims["nhs_number"]) or not isinstance(born, str) or not _BIRTH_DATE.fullmatch(born):
        return "incomplete"
    return "" if claims["organisation"] == system.organisation.ods_code else "of another organisation"


def _use_up(system: ClinicalSystem, jti: str, expires: datetime) -> None:
    """Remember the jti as long as the link could be tried again: the database decides who was first."""
    UsedContext.objects.filter(expires_at__lt=timezone.now()).delete()
    until = expires + timedelta(seconds=2 * LEEWAY_SECONDS)
    try:
        with transaction.atomic():
            UsedContext.objects.create(system=system, jti=jti, expires_at=until)
    except IntegrityError:
        raise ContextRefused("used before", system.name) from None
