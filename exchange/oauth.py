"""Tokens both ways: SMART Backend Services (client_credentials with private_key_jwt, RFC 7523)."""

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, RSAKey

from exchange import http, keys, tls
from exchange.errors import ExchangeError, PartnerUnreachable
from exchange.fhir import numbers
from exchange.models import Partner, UsedAssertion

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_ALGORITHMS = [str(one) for one in Partner.Algorithm]
LONGEST_ASSERTION_SECONDS = 300
LEEWAY_SECONDS = 10
TOKEN_SECONDS = 600
WRITE, READ = "bars.write", "system/*.rs"
#: What a token may open: sending us messages; reading is granted to whoever may read.
SCOPES = (WRITE, READ)


class TokenRefused(ExchangeError):
    """A token that is not given or no good. `error` is the OAuth 2.0 code; the text names the fault and no value."""

    code = "token-refused"
    sentence = "The other system could not prove who it is."

    def __init__(self, error: str, text: str) -> None:
        super().__init__(text)
        self.error, self.text = error, text


# Tokens we give -------------------------------------------------------------------------------------------------------
def token_endpoint() -> str:
    """The address of our token endpoint: the audience of a partner's assertion."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/oauth2/token"


def _audience() -> str:
    return f"{settings.PUBLIC_URL.rstrip('/')}/fhir/R4"


def _secret() -> OctKey:
    return OctKey.import_key(salted_hmac("exchange.oauth", "partner tokens", algorithm="sha256").digest())


def bearer(partner: Partner, *, scope: str = WRITE, seconds: int = TOKEN_SECONDS) -> str:
    """An access token of ours for a partner."""
    now = int(time.time())
    claims = {"iss": settings.PUBLIC_URL, "aud": _audience(), "sub": partner.organisation.ods_code, "scope": scope}
    return jwt.encode({"alg": "HS256"}, claims | {"iat": now, "exp": now + seconds, "jti": str(uuid4())}, _secret())


def holder(token: str) -> tuple[Partner, frozenset[str]]:
    """Whose token this is and what it opens. Raises TokenRefused unless we gave it, it still holds and they may."""
    try:
        claims = jwt.decode(token, _secret(), algorithms=["HS256"]).claims
    except (JoseError, ValueError):
        raise TokenRefused("invalid_token", "The token is not one of ours.") from None
    if claims.get("aud") != _audience() or claims.get("iss") != settings.PUBLIC_URL:
        raise TokenRefused("invalid_token", "The token is for another service.")
    if not _is_time(claims.get("exp")) or claims["exp"] <= time.time():
        raise TokenRefused("invalid_token", "The token has expired.")
    return _partner(claims.get("sub")), frozenset(str(claims.get("scope", "")).split())


def grant(form: dict[str, str]) -> dict[str, Any]:
    """The answer of the token endpoint to a form. Raises TokenRefused."""
    if form.get("grant_type") != "client_credentials":
        raise TokenRefused("unsupported_grant_type", "grant_type must be client_credentials.")
    if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
        raise TokenRefused("invalid_client", "A signed client_assertion is required.")
    partner = _prove(form["client_assertion"])
    if form.get("client_id", partner.organisation.ods_code) != partner.organisation.ods_code:
        raise TokenRefused("invalid_client", "client_id and the assertion do not agree.")
    asked = form.get("scope", "").split() or [WRITE]
    given = " ".join(scope for scope in asked if scope in SCOPES)
    if not given:
        raise TokenRefused("invalid_scope", "None of the scopes asked for exists.")
    token = bearer(partner, scope=given)
    return {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": given}


def _partner(ods_code: object) -> Partner:
    found = Partner.objects.select_related("organisation").filter(organisation__ods_code=ods_code, enabled=True)
    if (partner := found.first()) is None:
        raise TokenRefused("invalid_client", "The client is not known.")
    return partner


def _prove(assertion: str) -> Partner:
    """The partner that signed an assertion, which is thereby used up."""
    try:
        unproved = jws.extract_compact(assertion.encode())
        header, claimed = unproved.headers(), numbers.loads(unproved.payload)
    except (JoseError, ValueError):
        raise TokenRefused("invalid_client", "The assertion is not a signed JWT.") from None
    if not isinstance(claimed, dict) or not isinstance(claimed.get("iss"), str) or "\0" in claimed["iss"]:
        raise TokenRefused("invalid_client", "The assertion has no iss.")
    partner = _partner(claimed["iss"])
    try:
        key_set = keys.of_partner(partner, header.get("kid"))
        claims = jwt.decode(assertion, key_set, algorithms=ASSERTION_ALGORITHMS).claims
    except (JoseError, ValueError):
        raise TokenRefused("invalid_client", "The signature, key or algorithm is not acceptable.") from None
    except PartnerUnreachable:
        raise TokenRefused("temporarily_unavailable", "The client's keys could not be fetched.") from None
    _check(claims)
    _use_up(partner, claims)
    return partner


def _check(claims: dict[str, Any]) -> None:
    now = time.time()
    audience = claims.get("aud")
    if claims.get("sub") != claims.get("iss"):
        raise TokenRefused("invalid_client", "iss and sub must be the client.")
    if token_endpoint() not in (audience if isinstance(audience, list) else [audience]):
        raise TokenRefused("invalid_client", "aud is not this token endpoint.")
    if not _is_time(claims.get("exp")) or claims["exp"] <= now - LEEWAY_SECONDS:
        raise TokenRefused("invalid_client", "exp is missing or past.")
    if claims["exp"] > now + LONGEST_ASSERTION_SECONDS + LEEWAY_SECONDS:
        raise TokenRefused("invalid_client", "exp is more than five minutes ahead.")
    if "nbf" in claims and not (_is_time(claims["nbf"]) and claims["nbf"] <= now + LEEWAY_SECONDS):
        raise TokenRefused("invalid_client", "nbf is still to come.")
    if not isinstance(claims.get("jti"), str) or not 0 < len(claims["jti"]) <= 200:
        raise TokenRefused("invalid_client", "jti is missing or too long.")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _use_up(partner: Partner, claims: dict[str, Any]) -> None:
    """Remember the jti until the assertion could not be used any more anyway: the database decides who was first."""
    expires = datetime.fromtimestamp(claims["exp"] + LEEWAY_SECONDS, UTC)
    UsedAssertion.objects.filter(expires_at__lt=timezone.now()).delete()
    try:
        with transaction.atomic():
            UsedAssertion.objects.create(partner=partner, jti=claims["jti"], expires_at=expires)
    except IntegrityError:
        raise TokenRefused("invalid_client", "The assertion was used before.") from None


# Tokens we are given --------------------------------------------------------------------------------------------------
_purse: dict[tuple[str, str, str], tuple[float, str]] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are at a token endpoint: its address, our id there, the key and algorithm that prove it."""

    token_url: str
    client_id: str
    key: ECKey | RSAKey
    algorithm: str
    scope: str = ""
    identity: tls.Identity = tls.PLAIN

    @property
    def purse(self) -> tuple[str, str, str]:
        return self.token_url, self.client_id, self.scope


def token_for(partner: Partner, scope: str = WRITE) -> str:
    """A bearer token for a partner's system, kept until shortly before it ends. Raises PartnerUnreachable.

    For sending, the partner's own name of the scope is asked for where it has one.
    """
    return token_at(_at(partner, (partner.scope or scope) if scope == WRITE else scope))


def forget_token(partner: Partner) -> None:
    """The partner did not take the token: get another one next time."""
    forget_token_at(partner.token_url)


def _at(partner: Partner, scope: str) -> Client:
    key = keys.ours(partner.algorithm)
    return Client(partner.token_url, partner.client_id, key, partner.algorithm, scope, tls.of(partner))


def token_at(client: Client) -> str:
    """The same for any token endpoint."""
    with _lock:
        until, token = _purse.get(client.purse, (0.0, ""))
    if time.monotonic() < until:
        return token
    return _ask(client)


def forget_token_at(token_url: str) -> None:
    with _lock:
        for known in [one for one in _purse if one[0] == token_url]:
            del _purse[known]


def _ask(client: Client) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": _assertion(client),
    }
    form |= {"scope": client.scope} if client.scope else {}
    heard = http.post_form(client.token_url, form, client.identity)
    try:
        given = numbers.loads(heard.text)
        token, seconds = str(given["access_token"]), float(given.get("expires_in", 60))
    except (numbers.JsonError, KeyError, TypeError, ValueError, AttributeError):
        # Nothing of the message was sent yet, so whatever went wrong here can be tried again.
        raise PartnerUnreachable("no token", status=heard.status) from None
    with _lock:
        _purse[client.purse] = (time.monotonic() + seconds - 30, token)
    return token


def _assertion(client: Client) -> str:
    now = int(time.time())
    claims = {"iss": client.client_id, "sub": client.client_id, "aud": client.token_url, "jti": str(uuid4())}
    header = {"alg": client.algorithm, "kid": client.key.kid, "typ": "JWT"}
    return jwt.encode(header, claims | {"iat": now, "exp": now + 240}, client.key, algorithms=[client.algorithm])
