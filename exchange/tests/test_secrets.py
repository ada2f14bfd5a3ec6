"""Secrets: encrypted in the database, shown nowhere, their keys changed with overlap."""

import json
import logging
import pickle
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import connection

from access.models import AuditEvent
from exchange import secret_box
from exchange.models import Partner
from exchange.models.sealed import HIDDEN, Secret

TEXT = "a long secret: xyzzy"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture(autouse=True)
def _keys(settings: Any) -> None:
    settings.SECRET_BOX_KEYS = [OLD]


@pytest.fixture
def kept(hospital: Partner) -> Partner:
    hospital.client_key = TEXT
    hospital.save()
    return Partner.objects.get(pk=hospital.pk)


def in_database(partner: Partner) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_key FROM exchange_partner WHERE id = %s", [partner.pk])
        found: str = cursor.fetchone()[0]
        return found


def test_the_database_holds_it_encrypted_and_only_its_use_opens_it(kept: Partner) -> None:
    assert "xyzzy" not in in_database(kept)
    assert kept.client_key
    assert kept.client_key.reveal() == TEXT


def test_it_shows_itself_nowhere(kept: Partner, caplog: pytest.LogCaptureFixture) -> None:
    fresh = Partner(client_key=TEXT)
    with caplog.at_level(logging.INFO):
        logging.getLogger("t").info("%s %r %s", fresh.client_key, kept.client_key, vars(kept))
    shown = [str(kept.client_key), repr(kept.client_key), f"{fresh.client_key!r}", caplog.text]
    shown += [serializers.serialize("json", [kept]), repr(pickle.dumps(kept)), json.dumps(vars(kept), default=str)]
    assert not [one for one in shown if "xyzzy" in one]
    assert str(kept.client_key) == HIDDEN


def test_none_is_empty_and_stays_so(hospital: Partner) -> None:
    found = Partner.objects.get(pk=hospital.pk)
    assert not found.client_key
    assert (str(found.client_key), found.client_key.reveal(), in_database(found)) == ("", "", "")


def test_saving_a_row_again_does_not_seal_it_anew(kept: Partner) -> None:
    before = in_database(kept)
    kept.save()
    assert in_database(kept) == before


def test_a_row_whose_key_is_lost_can_still_be_read_and_shown(kept: Partner, settings: Any) -> None:
    settings.SECRET_BOX_KEYS = [NEW]
    found = Partner.objects.get(pk=kept.pk)
    assert str(found.client_key) == HIDDEN
    with pytest.raises(secret_box.CannotOpen, match="GP_SECRET_BOX_KEYS") as error:
        found.client_key.reveal()
    assert in_database(kept) not in str(error.value)


def test_keys_change_with_overlap(kept: Partner, settings: Any) -> None:
    settings.SECRET_BOX_KEYS = [NEW, OLD]
    assert Partner.objects.get(pk=kept.pk).client_key.reveal() == TEXT
    out = StringIO()
    call_command("reseal_secrets", stdout=out)
    assert "1" in out.getvalue()
    settings.SECRET_BOX_KEYS = [NEW]
    assert Partner.objects.get(pk=kept.pk).client_key.reveal() == TEXT
    assert AuditEvent.objects.get(action="sealed secrets anew").note == "1 of them"


def test_sealing_anew_without_the_old_key_changes_nothing(kept: Partner, settings: Any) -> None:
    before = in_database(kept)
    settings.SECRET_BOX_KEYS = [NEW]
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("reseal_secrets")
    assert in_database(kept) == before
    assert not AuditEvent.objects.filter(action="sealed secrets anew").exists()


def test_what_was_tampered_with_does_not_open() -> None:
    sealed = secret_box.seal("a")
    broken = sealed[:-4] + ("AAAA" if not sealed.endswith("AAAA") else "BBBB")
    with pytest.raises(secret_box.CannotOpen):
        Secret.stored(broken).reveal()


@pytest.fixture
def no_keys(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.SECRET_BOX_KEYS = []
    settings.SECRET_BOX_KEY_FILE = tmp_path / "made" / "secret-box-key"
    secret_box._made_once.cache_clear()
    yield settings.SECRET_BOX_KEY_FILE
    secret_box._made_once.cache_clear()


def test_the_demonstration_makes_its_key_once_and_for_its_user_only(no_keys: Path) -> None:
    sealed = secret_box.seal("a")
    secret_box._made_once.cache_clear()
    assert secret_box.open_sealed(sealed) == "a"
    assert no_keys.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in no_keys.parent.iterdir()] == [no_keys.name]
