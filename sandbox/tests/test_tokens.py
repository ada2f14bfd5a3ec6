"""The token endpoint: who gets a token and who does not; and the tokens the partner fetches for itself."""

import base64
import json
import stat
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from sandbox.tests.conftest import Site
from sandbox.tests.practice import token_form
from sandbox.tokens import own_key


def ask(site: Site, assertion: str, **changed: str) -> httpx.Response:
    return site.client.post(f"{site.url}/oauth2/token", data=token_form(assertion, **changed))


def audience(site: Site) -> str:
    return f"{site.url}/oauth2/token"


def test_a_token_opens_the_door_and_survives_a_restart(start: Callable[..., Site]) -> None:
    first = start(directory="kept")
    assert first.send().status_code == 200
    again = start(directory="kept")
    again.token = first.token
    assert again.send().status_code == 200


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "https://elsewhere.example/oauth2/token"},
        {"aud": None},
        {"exp": int(time.time()) - 60},
        {"exp": int(time.time()) + 3600},
        {"exp": None},
        {"exp": "soon"},
        {"iss": "somebody"},
        {"sub": "somebody"},
        {"jti": None},
        {"jti": ""},
    ],
)
def test_an_assertion_with_a_wrong_claim_gets_no_token(the_hospital: Site, changed: dict[str, object]) -> None:
    claims = {"aud": audience(the_hospital), **changed}
    answer = ask(the_hospital, the_hospital.practice.assertion(str(claims.pop("aud")), changed=claims))
    if changed.get("aud", 0) is None:
        answer = ask(the_hospital, the_hospital.practice.assertion("", changed={"aud": None}))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "access_token" not in answer.text


def test_an_assertion_works_once(the_hospital: Site) -> None:
    assertion = the_hospital.practice.assertion(audience(the_hospital))
    assert ask(the_hospital, assertion).status_code == 200
    assert ask(the_hospital, assertion).status_code == 401


def test_an_unsigned_assertion_gets_no_token(the_hospital: Site) -> None:
    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    now = int(time.time())
    claims: dict[str, object] = {"iss": "gpportal", "sub": "gpportal", "aud": audience(the_hospital), "exp": now + 60}
    assertion = f"{part({'alg': 'none', 'kid': 'practice-1'})}.{part({**claims, 'jti': str(uuid.uuid4())})}."
    assert ask(the_hospital, assertion).status_code == 401


def test_a_symmetric_algorithm_with_the_public_key_gets_no_token(the_hospital: Site) -> None:
    claims = {"iss": "gpportal", "sub": "gpportal", "aud": audience(the_hospital), "jti": "1"}
    signed = jwt.encode({"alg": "HS256", "kid": "practice-1"}, {**claims, "exp": int(time.time()) + 60}, _shared())
    assert ask(the_hospital, signed).status_code == 401


def _shared() -> KeySet:
    return KeySet.import_key_set(
        {"keys": [{"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "practice-1"}]}
    )


def test_somebody_elses_key_gets_no_token(the_hospital: Site) -> None:
    stranger = ECKey.generate_key("P-384", {"kid": "practice-1"})
    assertion = the_hospital.practice.assertion(audience(the_hospital), key=stranger)
    assert ask(the_hospital, assertion).status_code == 401


@pytest.mark.parametrize("nonsense", ["", "x", "a.b.c", "..", "eyJhbGciOiJFUzM4NCJ9.e30.AA", "\u2603"])
def test_nonsense_gets_no_token(the_hospital: Site, nonsense: str) -> None:
    assert ask(the_hospital, nonsense).status_code == 401


def test_the_grant_must_be_client_credentials(the_hospital: Site) -> None:
    assertion = the_hospital.practice.assertion(audience(the_hospital))
    assert ask(the_hospital, assertion, grant_type="password").status_code == 401


def test_keys_are_kept_and_read_again_when_the_practice_changes_them(the_hospital: Site) -> None:
    practice = the_hospital.practice
    for _ in range(3):
        assert ask(the_hospital, practice.assertion(audience(the_hospital))).status_code == 200
    assert practice.keys_read == 1
    practice.key = ECKey.generate_key("P-384", {"kid": "practice-2", "alg": "ES384"})
    assert ask(the_hospital, practice.assertion(audience(the_hospital))).status_code == 200
    assert practice.keys_read == 2


@pytest.mark.parametrize("algorithm", ["RS384", "RS512"])
def test_rsa_keys_are_taken_too(the_hospital: Site, algorithm: str) -> None:
    practice = the_hospital.practice
    key = RSAKey.generate_key(2048, {"kid": "rsa"})
    practice.key = key  # type: ignore[assignment]
    claims = {"iss": "gpportal", "sub": "gpportal", "aud": audience(the_hospital), "jti": str(uuid.uuid4())}
    header = {"alg": algorithm, "kid": "rsa"}
    signed = jwt.encode(header, {**claims, "exp": int(time.time()) + 60}, key, [algorithm])
    assert ask(the_hospital, signed).status_code == 200


def test_no_keys_no_token(the_hospital: Site) -> None:
    the_hospital.practice.stop()
    stranger = ECKey.generate_key("P-384", {"kid": "unknown"})
    assert ask(the_hospital, the_hospital.practice.assertion(audience(the_hospital), key=stranger)).status_code == 401


def test_the_partners_own_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    first, again = own_key(tmp_path / "d"), own_key(tmp_path / "d")
    assert first.as_dict() == again.as_dict()
    assert stat.S_IMODE((tmp_path / "d" / "key.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("smart", [True, False])
def test_the_partner_signs_in_to_the_practice(start: Callable[..., Site], smart: bool) -> None:
    site = start(seconds=0)
    site.practice.smart = smart
    site.send()
    received = site.practice.await_messages(3)
    assert len(site.practice.token_forms) == 1
    keys = KeySet.import_key_set(site.client.get(f"{site.url}/.well-known/jwks.json").json())
    decoded = jwt.decode(site.practice.token_forms[0]["client_assertion"], keys, algorithms=["ES384"])
    assert decoded.claims["iss"] == decoded.claims["sub"] == "RZZ01"
    assert decoded.claims["aud"] == f"{site.practice.url}/oauth2/token"
    assert decoded.claims["exp"] - time.time() < 300
    assert {one.headers["Authorization"] for one in received} == {"Bearer given"}
