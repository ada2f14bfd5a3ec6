"""A link as a clinical system makes one, so that anybody can try it in the demonstration (docs/suppliers.md)."""

import secrets
import time
from typing import Final
from urllib.parse import urlencode

from django.db import transaction
from joserfc import jwe, jwt
from joserfc.jwk import ECKey

from access import audit
from access.actor import system
from access.models import Organisation
from exchange import context, keys
from exchange.models import ClinicalSystem
from gpportal.demonstration.cast import CAST, JANE
from gpportal.demonstration.people import Person
from gpportal.demonstration.places import RIVERSIDE

ISSUER: Final = "https://clinical-system.example"
NAME: Final = "The demonstration's clinical system"
_SIGNED: Final = "ES384"
#: Public keys that are kept: links printed a moment ago go on working. The private ones are forgotten at once.
_KEYS_KEPT: Final = 10


def whom() -> Person:
    """Whom the demonstration's link opens."""
    return CAST[JANE - 1]


def link() -> str:
    """An address that opens her once, for five minutes. Raises Organisation.DoesNotExist before the seeding."""
    key = ECKey.generate_key("P-384", {"use": "sig", "alg": _SIGNED, "kid": secrets.token_hex(8)})
    organisation = _register(key)
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": context.audience(),
        "iat": now,
        "exp": now + context.LONGEST_SECONDS,
        "jti": secrets.token_hex(16),
        "organisation": organisation.ods_code,
        "nhs_number": whom().nhs_number,
        "birth_date": whom().born.isoformat(),
    }
    signed = jwt.encode({"alg": _SIGNED, "kid": key.kid}, claims, key, algorithms=[_SIGNED])
    sealing = keys.sealing()
    how, content = context.SEALED_WITH
    header = {"alg": how, "enc": content, "kid": sealing.kid, "cty": "JWT"}
    token = jwe.encrypt_compact(header, signed, sealing, algorithms=context.SEALED_WITH)
    return f"{context.audience()}?{urlencode({'context': token})}"


@transaction.atomic
def _register(key: ECKey) -> Organisation:
    organisation = Organisation.objects.get(ods_code=RIVERSIDE)
    known = ClinicalSystem.objects.select_for_update().filter(issuer=ISSUER).first()
    kept = known.jwks["keys"][: _KEYS_KEPT - 1] if known else []
    found, _ = ClinicalSystem.objects.update_or_create(
        issuer=ISSUER,
        defaults={
            "organisation": organisation,
            "name": NAME,
            "jwks": {"keys": [key.as_dict(private=False), *kept]},
            "enabled": True,
        },
    )
    audit.record(by=system("demonstration"), action="registered clinical system", of=found, note=found.name)
    return organisation
