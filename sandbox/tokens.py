"""Tokens both ways (SMART Backend Services, private_key_jwt): our own key, those we give out, those we fetch."""

import base64
import hashlib
import json
import os
import secrets
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from sandbox.bars.names import Json
from sandbox.store import Store

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("ES384", "RS384", "RS512")
LONGEST_ASSERTION = 300
LEEWAY = 10
TOKEN_SECONDS = 600
SCOPE = "bars.write"
READ = "system/*.rs"


class NotTrusted(Exception):
    """A token request that is not to be answered with a token; the text names the fault and no value."""


class NoToken(Exception):
    """We could not get a token ourselves."""


def own_key(directory: Path) -> ECKey:
    """Our ES384 key: made once, kept in `directory` with mode 600."""
    path = directory / "key.json"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        made = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384", "kid": str(uuid.uuid4())})
        partial = directory / "key.json.partial"
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(made.as_dict(private=True), file)
        partial.replace(path)
    return ECKey.import_key(json.loads(path.read_text()))


def public_keys(key: ECKey) -> Json:
    """The JWK set we publish."""
    return {"keys": [key.as_dict(private=False)]}


@dataclass(slots=True)
class Issuer:
    """Gives out access tokens to one known client after checking its signed assertion (RFC 7523)."""

    store: Store
    client_id: str
    keys_url: str
    audience: str
    http: httpx.Client
    algorithms: Sequence[str] = ALGORITHMS
    _keys: KeySet | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, form: dict[str, str]) -> Json:
        """Answer of the token endpoint. Raises NotTrusted for a wrong, expired, replayed or unsigned assertion."""
        if form.get("grant_type") != "client_credentials" or form.get("client_assertion_type") != ASSERTION_TYPE:
            raise NotTrusted("grant_type or client_assertion_type is not the expected one")
        claims = self._claims(form.get("client_assertion", ""))
        self._check(claims)
        if not self.store.first_sight(self.client_id, str(claims["jti"]), float(claims["exp"]) + LEEWAY):
            raise NotTrusted("the assertion was used before")
        token = secrets.token_urlsafe(32)
        asked = form.get("scope", SCOPE).split()
        scope = " ".join(one for one in (SCOPE, READ) if one in asked)
        if not scope:
            raise NotTrusted("none of the scopes asked for exists")
        self.store.keep_token(_digest(token), self.client_id, time.time() + TOKEN_SECONDS, scope)
        return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": scope}

    def client(self, authorization: str | None, scope: str = SCOPE) -> str | None:
        """Whose bearer token this header carries, or None when it is none of ours or not for this."""
        scheme, _, token = (authorization or "").partition(" ")
        return self.store.token_client(_digest(token.strip()), scope) if scheme.lower() == "bearer" else None

    def _claims(self, assertion: str) -> dict[str, Any]:
        kid = _header(assertion).get("kid")
        try:
            keys = self._keys_with(kid)
            return jwt.decode(assertion, keys, algorithms=list(self.algorithms)).claims
        except (JoseError, ValueError):
            raise NotTrusted("the assertion's signature, key or algorithm is not acceptable") from None
        except httpx.HTTPError:
            raise NotTrusted("the client's keys could not be fetched") from None

    def _keys_with(self, kid: object) -> KeySet:
        with self._lock:
            known = self._keys is not None and any(key.kid == kid for key in self._keys.keys)
            if self._keys is None or not known:
                answer = self.http.get(self.keys_url)
                answer.raise_for_status()
                self._keys = KeySet.import_key_set(answer.json())
            return self._keys

    def _check(self, claims: dict[str, Any]) -> None:
        audience = claims.get("aud")
        expires, now = claims.get("exp"), time.time()
        if claims.get("iss") != self.client_id or claims.get("sub") != self.client_id:
            raise NotTrusted("iss and sub are not a known client")
        if self.audience not in (audience if isinstance(audience, list) else [audience]):
            raise NotTrusted("aud is not this token endpoint")
        if isinstance(expires, bool) or not isinstance(expires, int | float) or expires < now - LEEWAY:
            raise NotTrusted("exp is missing or past")
        if expires > now + LONGEST_ASSERTION + LEEWAY:
            raise NotTrusted("exp is more than five minutes ahead")
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            raise NotTrusted("jti is missing")


@dataclass(slots=True)
class Purse:
    """Fetches and keeps our own access token for gpportal until shortly before it expires."""

    key: ECKey
    client_id: str
    gpportal: str
    http: httpx.Client
    _token: str = ""
    _until: float = 0.0

    def token(self) -> str:
        """An access token that holds for some time yet. Raises NoToken."""
        if time.time() < self._until - 30:
            return self._token
        try:
            endpoint = self._endpoint()
            answer = self.http.post(endpoint, data=self._form(endpoint))
            granted = answer.json() if answer.status_code == 200 else {}
            self._token = str(granted["access_token"])
            self._until = time.time() + float(granted.get("expires_in", 60))
        except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise NoToken(type(error).__name__) from None
        return self._token

    def drop(self) -> None:
        """Forget the token: it was not accepted."""
        self._until = 0.0

    def _endpoint(self) -> str:
        found = self.http.get(f"{self.gpportal}/fhir/R4/.well-known/smart-configuration")
        usual = f"{self.gpportal}/oauth2/token"
        return str(found.json().get("token_endpoint") or usual) if found.status_code == 200 else usual

    def _form(self, endpoint: str) -> dict[str, str]:
        now = int(time.time())
        claims = {"iss": self.client_id, "sub": self.client_id, "aud": endpoint, "jti": str(uuid.uuid4())}
        times = {"iat": now, "exp": now + 240}
        assertion = jwt.encode({"alg": "ES384", "kid": str(self.key.kid)}, {**claims, **times}, self.key, ["ES384"])
        return {
            "grant_type": "client_credentials",
            "scope": SCOPE,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _header(assertion: str) -> dict[str, Any]:
    try:
        first = assertion.split(".")[0]
        header = json.loads(base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)))
    except ValueError:
        raise NotTrusted("the assertion is not a JWT") from None
    if not isinstance(header, dict):
        raise NotTrusted("the assertion is not a JWT")
    return header
