"""Keys that sign and prove assertions: our own, changed with overlap, and those partners publish.

Our signing keys lie in one file per algorithm (JWK Set, newest first, `made` in seconds since 1970). A new key is
published beside the old one at once and signs only after SIGNING_KEY_OVERLAP_HOURS, when every partner has fetched it;
as long afterwards the old one is published no more. Nothing but the clock moves a key on.
"""

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeyParameters, KeySet, RSAKey

from exchange import http, tls
from exchange.errors import PartnerUnreachable
from exchange.models import Partner

ALGORITHM, CURVE = "ES384", "P-384"
NATIONAL_ALGORITHM, NATIONAL_BITS = "RS512", 4096
BITS = 3072
KEPT_SECONDS = 300
ASK_AGAIN_SECONDS = 5


class TooEarly(Exception):
    """The newest key does not sign yet: another one now would leave partners without one that they know."""


# Our signing keys -----------------------------------------------------------------------------------------------------
def ours(algorithm: str = ALGORITHM) -> ECKey | RSAKey:
    """Our private key that signs now: made once where there is none, kept for us alone (mode 600)."""
    return _load(_signing(algorithm)[0])


def published() -> dict[str, Any]:
    """Our public keys as a JWK Set, for partners to check our assertions with."""
    ours()  # there is always one
    found = [_load(one) for path in _signing_files() for one in _to_publish(_read_signing(path))]
    found += [sealing(), *([national()] if settings.PDS_URL else [])]
    return {"keys": [key.as_dict(private=False) for key in found]}


def rotate(algorithm: str = ALGORITHM) -> tuple[str, float]:
    """Make a new key of an algorithm. Returns its kid and when it begins to sign. Raises TooEarly.

    Keys that are published no more are forgotten.
    """
    path = _signing_file(algorithm)
    _signing(algorithm)
    with _alone(path):
        known = _read_signing(path)
        if known[0]["made"] + _overlap() > time.time():
            raise TooEarly(known[0]["kid"])
        new = _new_signing(algorithm, time.time())
        _replace(path, [new, *_to_publish(known)])
    return new["kid"], new["made"] + _overlap()


def _overlap() -> float:
    return float(settings.SIGNING_KEY_OVERLAP_HOURS) * 3600


def _signing(algorithm: str) -> list[dict[str, Any]]:
    """The keys of an algorithm, the one that signs now first: the newest that is known long enough, else the oldest."""
    path = _signing_file(algorithm)
    if not path.exists():
        _keep(path, {"keys": [_new_signing(algorithm, 0)]})  # the first one is known as soon as it is used
    known = _read_signing(path)
    start = next((n for n, key in enumerate(known) if key["made"] + _overlap() <= time.time()), len(known) - 1)
    return known[start:]


def _to_publish(known: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What partners are shown, newest first: a key goes when the one after it has signed for as long as it waited."""
    now = time.time()
    return [key for n, key in enumerate(known) if n == 0 or known[n - 1]["made"] + 2 * _overlap() > now]


def _signing_file(algorithm: str) -> Path:
    first: Path = settings.SIGNING_KEY_FILE
    return first if algorithm == ALGORITHM else first.with_name(f"{first.stem}-{algorithm.lower()}{first.suffix}")


def _signing_files() -> list[Path]:
    return [path for one in Partner.Algorithm if (path := _signing_file(one)).exists()]


def _read_signing(path: Path) -> list[dict[str, Any]]:
    found = json.loads(path.read_text())
    listed = found.get("keys", [found])  # one key alone is the file of an earlier version
    return [{"made": 0, **key} for key in listed]


def _new_signing(algorithm: str, made: float) -> dict[str, Any]:
    about: KeyParameters = {"use": "sig", "alg": algorithm, "kid": secrets.token_hex(8)}
    elliptic = algorithm == ALGORITHM
    new = ECKey.generate_key(CURVE, about) if elliptic else RSAKey.generate_key(BITS, about)
    return {**new.as_dict(private=True), "made": made}


def _load(jwk: dict[str, Any]) -> ECKey | RSAKey:
    return _imported(json.dumps({name: value for name, value in jwk.items() if name != "made"}))


@lru_cache(maxsize=16)
def _imported(text: str) -> ECKey | RSAKey:
    jwk = json.loads(text)
    return ECKey.import_key(jwk) if jwk["kty"] == "EC" else RSAKey.import_key(jwk)


# Our other keys -------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=4)
def _read_national(path: Path, kid: str) -> RSAKey:
    if not path.exists():
        made = RSAKey.generate_key(NATIONAL_BITS, {"use": "sig", "alg": NATIONAL_ALGORITHM, "kid": kid})
        _keep(path, made.as_dict(private=True))
    return RSAKey.import_key(json.loads(path.read_text()), {"kid": kid})


def national() -> RSAKey:
    """Our private key for the NHS's own services, which take RS512 only; kept in settings.PDS_KEY_FILE."""
    return _read_national(settings.PDS_KEY_FILE, settings.PDS_KEY_ID)


@lru_cache(maxsize=4)
def _read_sealing(path: Path) -> ECKey:
    if not path.exists():
        made = ECKey.generate_key("P-256", {"use": "enc", "alg": "ECDH-ES+A256KW", "kid": secrets.token_hex(8)})
        _keep(path, made.as_dict(private=True))
    return ECKey.import_key(json.loads(path.read_text()))


def sealing() -> ECKey:
    """Our private key for what is encrypted to us: made once, kept beside the signing key with mode 600."""
    return _read_sealing(settings.SIGNING_KEY_FILE.with_name("sealing-key.json"))


# Files ----------------------------------------------------------------------------------------------------------------
def _keep(path: Path, content: Any) -> None:
    """Write a new file in one step: of several processes that start together, one key wins."""
    partial = _partial(path, content)
    with suppress(FileExistsError):  # another process was first: its key is the one
        os.link(partial, path)
    partial.unlink()


def _replace(path: Path, known: list[dict[str, Any]]) -> None:
    _partial(path, {"keys": known}).replace(path)


def _partial(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file)
    return partial


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two rotations at once make one key each, one after the other: the second finds that it is too early."""
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# Partners' keys -------------------------------------------------------------------------------------------------------
_kept: dict[str, tuple[float, KeySet]] = {}
_lock = threading.Lock()


def of_partner(partner: Partner, kid: object) -> KeySet:
    """The public keys of a partner: those given to us, else those it publishes, kept for five minutes and asked for
    again when `kid` is not among them.

    Raises PartnerUnreachable when they cannot be had.
    """
    if partner.jwks:
        return _key_set(partner.jwks)
    with _lock:
        at, found = _kept.get(partner.jwks_url, (0.0, None))
        age = time.monotonic() - at
        known = found is not None and any(key.kid == kid for key in found.keys)
        if found is not None and age < (KEPT_SECONDS if known else ASK_AGAIN_SECONDS):
            return found
    fetched = _fetch(partner.jwks_url, tls.of(partner))
    with _lock:
        _kept[partner.jwks_url] = (time.monotonic(), fetched)
    return fetched


def _fetch(url: str, identity: tls.Identity) -> KeySet:
    return _key_set(http.get_json(url, identity))


def _key_set(found: Any) -> KeySet:
    try:
        return KeySet.import_key_set(found)
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PartnerUnreachable(type(error).__name__) from None
