"""Tokens both ways: only for whoever proves who they are, each proof once."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from exchange import keys, oauth
from exchange.models import OutboxMessage, Partner, UsedAssertion
from exchange.tests.stub import Stub

URL = "/oauth2/token"


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    found = {"iss": "RZZ01", "sub": "RZZ01", "aud": oauth.token_endpoint(), "jti": str(uuid4()), "iat": now}
    found |= {"exp": now + 240} | changes
    return {name: value for name, value in found.items() if value is not None}


def assertion(stub: Stub, key: Any = None, header: dict[str, Any] | None = None, **changes: Any) -> str:
    header = {"alg": "ES384", "kid": "stub"} | (header or {})
    return jwt.encode(header, claims(**changes), key or stub.key, algorithms=[header["alg"]])


def ask(signed: str, **changes: Any) -> Any:
    form = {
        "grant_type": "client_credentials",
        "scope": "bars.write",
        "client_assertion_type": oauth.ASSERTION_TYPE,
        "client_assertion": signed,
    }
    return Client().post(URL, {name: value for name, value in (form | changes).items() if value is not None})


@pytest.mark.django_db
def test_a_partner_that_proves_who_it_is_gets_a_token(hospital: Partner, stub_partner: Stub) -> None:
    answer = ask(assertion(stub_partner))
    given = json.loads(answer.content)
    assert (answer.status_code, given["token_type"], given["scope"]) == (200, "Bearer", "bars.write")
    assert answer["Cache-Control"] == "no-store"
    assert oauth.holder(given["access_token"]) == (hospital, frozenset({"bars.write"}))


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ["RS384", "RS512"])
def test_rsa_keys_are_taken_too(hospital: Partner, stub_partner: Stub, algorithm: str) -> None:
    stub_partner.key = RSAKey.generate_key(2048, {"kid": "stub", "use": "sig"})  # type: ignore[assignment]
    signed = assertion(stub_partner, header={"alg": algorithm})
    assert ask(signed).status_code == 200


def unsigned(stub: Stub) -> str:
    parts = ({"alg": "none", "kid": "stub"}, claims())
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, ""])


def with_our_public_key_as_secret(stub: Stub) -> str:
    """The old trick: a public key used as the secret of a symmetric signature."""
    secret = OctKey.import_key(json.dumps(stub.key.as_dict(private=False)))
    return jwt.encode({"alg": "HS256", "kid": "stub"}, claims(), secret, algorithms=["HS256"])


WRONG: dict[str, Any] = {
    "wrong audience": lambda s: assertion(s, aud="http://elsewhere.example/oauth2/token"),
    "no audience": lambda s: assertion(s, aud=None),
    "expired": lambda s: assertion(s, exp=int(time.time()) - 60),
    "no expiry": lambda s: assertion(s, exp=None),
    "expiry that is no time": lambda s: assertion(s, exp="soon"),
    "more than five minutes": lambda s: assertion(s, exp=int(time.time()) + 900),
    "not yet": lambda s: assertion(s, nbf=int(time.time()) + 120),
    "no jti": lambda s: assertion(s, jti=None),
    "jti too long": lambda s: assertion(s, jti="x" * 201),
    "unknown client": lambda s: assertion(s, iss="NOBODY", sub="NOBODY"),
    "sub is another": lambda s: assertion(s, sub="FZZ01"),
    "another key": lambda s: assertion(s, key=ECKey.generate_key("P-384", {"kid": "stub"})),
    "unknown kid": lambda s: assertion(s, header={"kid": "other"}),
    "unsigned": unsigned,
    "public key as secret": with_our_public_key_as_secret,
    "no token": lambda s: "nonsense",
    "empty": lambda s: "",
    "our own token": lambda s: oauth.bearer(Partner.objects.get()),
}


@pytest.mark.django_db
@pytest.mark.parametrize("make", WRONG.values(), ids=WRONG)
def test_whoever_does_not_prove_it_gets_none(hospital: Partner, stub_partner: Stub, make: Any) -> None:
    answer = ask(make(stub_partner))
    said = json.loads(answer.content)
    assert (answer.status_code, said["error"]) == (401, "invalid_client")
    assert "access_token" not in said
    assert not UsedAssertion.objects.exists()


@pytest.mark.django_db
def test_an_assertion_is_good_once(hospital: Partner, stub_partner: Stub) -> None:
    signed = assertion(stub_partner)
    assert ask(signed).status_code == 200
    again = ask(signed)
    assert (again.status_code, json.loads(again.content)["error"]) == (401, "invalid_client")
    assert UsedAssertion.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "error", "status"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type", 400),
        ({"scope": "everything"}, "invalid_scope", 400),
        ({"client_assertion_type": None}, "invalid_client", 401),
        ({"client_id": "FZZ01"}, "invalid_client", 401),
    ],
)
def test_forms_that_ask_for_something_else(
    hospital: Partner, stub_partner: Stub, changes: dict[str, Any], error: str, status: int
) -> None:
    answer = ask(assertion(stub_partner), **changes)
    assert (answer.status_code, json.loads(answer.content)["error"]) == (status, error)


@pytest.mark.django_db
def test_a_partner_that_is_switched_off_or_cannot_be_asked_gets_none(hospital: Partner, stub_partner: Stub) -> None:
    signed = assertion(stub_partner)
    Partner.objects.update(enabled=False)
    assert ask(signed).status_code == 401
    Partner.objects.update(enabled=True, jwks_url="http://127.0.0.1:1/jwks.json")
    later = ask(signed)  # to be asked again: nothing was proved, neither way
    assert (later.status_code, json.loads(later.content)["error"]) == (503, "temporarily_unavailable")
    assert not UsedAssertion.objects.exists()


@pytest.mark.django_db
def test_a_new_key_is_fetched_when_an_assertion_names_it(
    hospital: Partner, stub_partner: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(assertion(stub_partner)).status_code == 200
    stub_partner.key = ECKey.generate_key("P-384", {"kid": "new", "use": "sig"})
    monkeypatch.setattr(keys, "ASK_AGAIN_SECONDS", 0)
    assert ask(assertion(stub_partner, header={"kid": "new"})).status_code == 200


@pytest.mark.django_db
def test_what_is_used_up_is_forgotten_once_it_could_not_be_used_anyway(hospital: Partner, stub_partner: Stub) -> None:
    assert ask(assertion(stub_partner, exp=int(time.time()) + 1)).status_code == 200
    UsedAssertion.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert ask(assertion(stub_partner)).status_code == 200
    assert UsedAssertion.objects.count() == 1


def test_how_to_get_a_token_is_published() -> None:
    for url in ("/.well-known/smart-configuration", "/fhir/R4/.well-known/smart-configuration"):
        found = json.loads(Client().get(url).content)
        assert found["token_endpoint"] == oauth.token_endpoint()
        assert "private_key_jwt" in found["token_endpoint_auth_methods_supported"]


def test_our_key_is_published_without_its_secret_and_kept_for_us_alone(settings: Any) -> None:
    settings.SIGNING_KEY_FILE = settings.SIGNING_KEY_FILE.with_name("only-key.json")
    found, sealing = json.loads(Client().get("/.well-known/jwks.json").content)["keys"]
    assert "d" not in found
    assert "d" not in sealing
    assert found["kid"] == keys.ours().kid
    assert (sealing["kid"], sealing["use"]) == (keys.sealing().kid, "enc")
    assert settings.SIGNING_KEY_FILE.stat().st_mode & 0o777 == 0o600


def test_of_processes_that_start_together_one_key_wins(tmp_path: Path, settings: Any) -> None:
    path = settings.SIGNING_KEY_FILE = tmp_path / "new" / "signing-key.json"
    with ThreadPoolExecutor(4) as pool:
        kids = set(pool.map(lambda _: keys.ours().kid, range(8)))
    assert len(kids) == 1
    assert [one.name for one in path.parent.iterdir()] == [path.name]


# Our own tokens at a partner ------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_we_prove_who_we_are_and_keep_the_token(hospital: Partner, stub_partner: Stub) -> None:
    assert [oauth.token_for(hospital) for _ in range(3)] == ["token-1"] * 3
    (asked,) = stub_partner.tokens
    form = {name: values[0] for name, values in parse_qs(asked).items()}
    assert form["client_assertion_type"] == oauth.ASSERTION_TYPE
    published = KeySet.import_key_set(json.loads(Client().get("/.well-known/jwks.json").content))
    said = jwt.decode(form["client_assertion"], published, algorithms=["ES384"]).claims
    assert (said["iss"], said["sub"], said["aud"]) == ("gpportal", "gpportal", hospital.token_url)
    assert 0 < said["exp"] - time.time() <= 300
    oauth.forget_token(hospital)
    assert oauth.token_for(hospital) == "token-2"


@pytest.mark.django_db
def test_the_command_prints_a_token_in_the_demonstration_only(
    hospital: Partner, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.DEMO = True
    call_command("partner_token", "RZZ01")
    assert oauth.holder(capsys.readouterr().out.strip())[0] == hospital
    for wrong in (["NOBODY"], ["RZZ01", "--scope", "everything"]):
        with pytest.raises(CommandError):
            call_command("partner_token", *wrong)
    settings.DEMO = False
    with pytest.raises(CommandError, match="demonstration"):
        call_command("partner_token", "RZZ01")
    assert not OutboxMessage.objects.exists()
