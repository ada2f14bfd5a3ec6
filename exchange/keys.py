"""Keys that sign and prove assertions: our own, and those partners publish."""

import json
import os
import secrets
import threading
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from exchange import http
from exchange.errors import PartnerUnreachable
from exchange.models import Partner

ALGORITHM, CURVE = "ES384", "P-384"
NATIONAL_ALGORITHM, NATIONAL_BITS = "RS512", 4096
KEPT_SECONDS = 300
ASK_AGAIN_SECONDS = 5


@lru_cache(maxsize=4)
def _read(path: Path) -> ECKey:
    if not path.exists():
        _keep(path, ECKey.generate_key(CURVE, {"use": "sig", "alg": ALGORITHM, "kid": secrets.token_hex(8)}))
    return ECKey.import_key(json.loads(path.read_text()))


@lru_cache(maxsize=4)
def _read_national(path: Path, kid: str) -> RSAKey:
    if not path.exists():
        _keep(path, RSAKey.generate_key(NATIONAL_BITS, {"use": "sig", "alg": NATIONAL_ALGORITHM, "kid": kid}))
    return RSAKey.import_key(json.loads(path.read_text()), {"kid": kid})


def ours() -> ECKey:
    """Our private signing key: made once, kept in settings.SIGNING_KEY_FILE with mode 600."""
    return _read(settings.SIGNING_KEY_FILE)


def national() -> RSAKey:
    """Our private key for the NHS's own services, which take RS512 only; kept in settings.PDS_KEY_FILE."""
    return _read_national(settings.PDS_KEY_FILE, settings.PDS_KEY_ID)


@lru_cache(maxsize=4)
def _read_sealing(path: Path) -> ECKey:
    if not path.exists():
        _keep(path, ECKey.generate_key("P-256", {"use": "enc", "alg": "ECDH-ES+A256KW", "kid": secrets.token_hex(8)}))
    return ECKey.import_key(json.loads(path.read_text()))


def sealing() -> ECKey:
    """Our private key for what is encrypted to us: made once, kept beside the signing key with mode 600."""
    return _read_sealing(settings.SIGNING_KEY_FILE.with_name("sealing-key.json"))


def published() -> dict[str, Any]:
    """Our public keys as a JWK Set, for partners to check our assertions with."""
    keys: list[ECKey | RSAKey] = [ours(), sealing(), *([national()] if settings.PDS_URL else [])]
    return {"keys": [key.as_dict(private=False) for key in keys]}


def _keep(path: Path, key: ECKey | RSAKey) -> None:
    """Write a new key in one step: of several processes that start together, one key wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(key.as_dict(private=True), file)
    with suppress(FileExistsError):  # another process was first: its key is the one
        os.link(partial, path)
    partial.unlink()


# Partners' keys -------------------------------------------------------------------------------------------------------
_kept: dict[str, tuple[float, KeySet]] = {}
_lock = threading.Lock()


def of_partner(partner: Partner, kid: object) -> KeySet:
    """The public keys of a partner, kept for five minutes; asked for again when `kid` is not among them.

    Raises PartnerUnreachable when they cannot be had.
    """
    with _lock:
        at, found = _kept.get(partner.jwks_url, (0.0, None))
        age = time.monotonic() - at
        known = found is not None and any(key.kid == kid for key in found.keys)
        if found is not None and age < (KEPT_SECONDS if known else ASK_AGAIN_SECONDS):
            return found
    fetched = _fetch(partner.jwks_url)
    with _lock:
        _kept[partner.jwks_url] = (time.monotonic(), fetched)
    return fetched


def _fetch(url: str) -> KeySet:
    try:
        return KeySet.import_key_set(http.get_json(url))  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PartnerUnreachable(type(error).__name__) from None
