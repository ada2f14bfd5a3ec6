"""Our signing keys change with overlap: published before they sign, gone after they were replaced."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from access.models import AuditEvent
from exchange import keys, oauth, outbox
from exchange.models import OutboxMessage, Partner
from exchange.tests.stub import Stub

HOUR = 3600


@pytest.fixture(autouse=True)
def _own_file(settings: Any, tmp_path: Path) -> None:
    settings.SIGNING_KEY_FILE = tmp_path / "signing-key.json"
    settings.SIGNING_KEY_OVERLAP_HOURS = 24


def published() -> list[str]:
    """The kids of our published signing keys, and that none shows its secret part."""
    found = json.loads(Client().get("/.well-known/jwks.json").content)["keys"]
    assert not [key for key in found if "d" in key or "made" in key]
    return [key["kid"] for key in found if key["use"] == "sig"]


def test_a_new_key_is_published_at_once_signs_later_and_the_old_one_goes_later_still() -> None:
    with time_machine.travel("2026-11-02T09:00:00Z", tick=False) as clock:
        old = keys.ours().kid
        new, begins = keys.rotate()
        assert (begins - time.time(), keys.ours().kid, published()) == (24 * HOUR, old, [new, old])
        clock.shift(24 * HOUR - 1)
        assert keys.ours().kid == old
        clock.shift(1)
        assert (keys.ours().kid, published()) == (new, [new, old])
        clock.shift(24 * HOUR)
        assert (keys.ours().kid, published()) == (new, [new])


def test_another_before_the_new_one_signs_is_too_early_and_changes_nothing() -> None:
    keys.rotate()
    before = published()
    with pytest.raises(keys.TooEarly):
        keys.rotate()
    assert published() == before


def test_two_at_once_make_one_key() -> None:
    def rotate(_: int) -> bool:
        try:
            keys.rotate()
        except keys.TooEarly:
            return False
        return True

    keys.ours()
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(rotate, range(4))) == 1
    assert len(published()) == 2


def test_the_file_of_an_earlier_version_holds_one_key_and_still_signs(settings: Any) -> None:
    old = ECKey.generate_key("P-384", {"use": "sig", "alg": "ES384", "kid": "old"})
    settings.SIGNING_KEY_FILE.write_text(json.dumps(old.as_dict(private=True)))
    assert (keys.ours().kid, published()) == ("old", ["old"])
    new, _ = keys.rotate()
    assert (keys.ours().kid, published()) == ("old", [new, "old"])
    assert settings.SIGNING_KEY_FILE.stat().st_mode & 0o777 == 0o600


@hypothesis_settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waits=st.lists(st.integers(min_value=0, max_value=80), max_size=6))
def test_whatever_signs_has_been_published_for_as_long_as_agreed(waits: list[int], settings: Any) -> None:
    settings.SIGNING_KEY_FILE.unlink(missing_ok=True)
    with time_machine.travel("2026-11-02T09:00:00Z", tick=False) as clock:
        since: dict[str, float] = {}
        first = keys.ours().kid
        for hours in waits:
            clock.shift(hours * HOUR)
            for kid in published():
                since.setdefault(kid, time.time())
            signs = keys.ours().kid
            assert signs in published()
            assert signs == first or time.time() - since[str(signs)] >= 24 * HOUR
            try:
                new, _ = keys.rotate()
            except keys.TooEarly:
                continue
            since[new] = time.time()


@pytest.mark.django_db
@pytest.mark.parametrize("algorithm", ["ES384", "RS384", "RS512"])
def test_each_partner_is_asked_in_its_own_way(hospital: Partner, stub_partner: Stub, algorithm: str) -> None:
    hospital.algorithm, hospital.client_id, hospital.scope = algorithm, "us-there", "system/Everything.write"
    assert oauth.token_for(hospital) == "token-1"
    form = {name: values[0] for name, values in parse_qs(stub_partner.tokens[0]).items()}
    assert form["scope"] == "system/Everything.write"
    known = KeySet.import_key_set(json.loads(Client().get("/.well-known/jwks.json").content))
    said = jwt.decode(form["client_assertion"], known, algorithms=[algorithm])
    assert (said.header["alg"], said.claims["iss"], said.claims["sub"]) == (algorithm, "us-there", "us-there")
    oauth.token_for(hospital, oauth.READ)
    assert parse_qs(stub_partner.tokens[1])["scope"] == [oauth.READ]


@pytest.mark.django_db(transaction=True)
def test_messages_go_through_a_change_of_keys(
    put: Callable[..., OutboxMessage], hospital: Partner, stub_partner: Stub
) -> None:
    kids = []
    with time_machine.travel(time.time(), tick=True) as clock:
        for _ in range(3):
            oauth.forget_token(hospital)
            assert outbox.deliver(put().pk) == "delivered"
            form = parse_qs(stub_partner.tokens[-1])
            known = KeySet.import_key_set(json.loads(Client().get("/.well-known/jwks.json").content))
            kids.append(jwt.decode(form["client_assertion"][0], known, algorithms=["ES384"]).header["kid"])
            if len(kids) == 1:
                keys.rotate()
            clock.shift(13 * HOUR)
    assert kids[0] == kids[1] != kids[2]


@pytest.mark.django_db
def test_the_command_says_when_it_signs_and_is_recorded() -> None:
    out = StringIO()
    call_command("rotate_signing_key", stdout=out)
    assert "published now and signs from" in out.getvalue()
    assert AuditEvent.objects.get(action="made new signing key").note.startswith("ES384 ")
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("rotate_signing_key")
    assert AuditEvent.objects.filter(action="made new signing key").count() == 1
