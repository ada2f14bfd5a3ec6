"""`manage.py clinical_system`: whose links are taken, and the demonstration's own link."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from joserfc.jwk import ECKey
from pytest_django import Settings

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.models import ClinicalSystem
from gpportal.demonstration_link import whom
from records.models import Patient

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db
ISSUER = "https://clinical.example"


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("clinical_system", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue().strip()


@pytest.fixture
def demonstration(settings: Settings, riverside: Organisation) -> None:
    settings.DEMO = True


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A supplier's key set, from which the private part was not taken out."""
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [ECKey.generate_key("P-384", {"kid": "k1"}).as_dict(private=True)]}))
    return file


def test_it_is_registered_by_its_public_keys_and_disabled(riverside: Organisation, key_file: Path) -> None:
    given = ("Y90001", "Clinical", "--issuer", ISSUER, "--jwks", str(key_file))
    assert run(*given) == "Clinical may open patients"
    kept = ClinicalSystem.objects.get()
    assert (kept.organisation, kept.issuer, kept.enabled) == (riverside, ISSUER, True)
    assert [(one["kid"], "d" in one) for one in kept.jwks["keys"]] == [("k1", False)]
    assert run(*given, "--disable") == "Clinical is refused"
    kept.refresh_from_db()
    assert not kept.enabled
    assert AuditEvent.objects.filter(action="registered clinical system", object_id=str(kept.pk)).count() == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["Y99999", "Clinical", "--issuer", ISSUER, "--jwks", "{file}"], "no organisation"),
        (["Y90001", "Clinical", "--issuer", ISSUER, "--jwks", "{file}.missing"], "no JWK Set"),
        (["Y90001", "Clinical", "--issuer", ISSUER, "--jwks", __file__], "no JWK Set"),
        (["Y90001", "Clinical", "--jwks", "{file}"], "are needed"),
        (["Y90001"], "are needed"),
        ([], "are needed"),
        (["Y90001", "--demo-link"], "stands alone"),
        (["--demo-link", "--disable"], "stands alone"),
    ],
)
def test_what_is_wrong_is_said_and_registers_nothing(
    arguments: list[str], says: str, demonstration: None, key_file: Path
) -> None:
    with pytest.raises(CommandError, match=says):
        run(*(one.replace("{file}", str(key_file)) for one in arguments))
    assert not ClinicalSystem.objects.exists()
    assert not AuditEvent.objects.exists()


def test_the_demonstrations_link_opens_its_patient_once(
    demonstration: None, make_patient: MakePatient, gp: Person
) -> None:
    jane = make_patient(nhs_number=whom().nhs_number, birth_date_written=whom().born.isoformat())
    make_patient()
    first, second = run("--demo-link"), run("--demo-link")
    assert str(whom().nhs_number) not in first
    for link in (first, second):  # printing another takes nothing from the one before
        where = urlsplit(link)
        answer = gp.client.get(f"{where.path}?{where.query}", follow=True)
        assert answer.redirect_chain[-1][0] == f"/patients/{jane.pk}/"
        assert gp.client.get(f"{where.path}?{where.query}", follow=True).status_code == 400
    assert ClinicalSystem.objects.count() == 1
    assert not any("d" in key for key in ClinicalSystem.objects.get().jwks["keys"])


def test_the_last_keys_only_are_kept(demonstration: None) -> None:
    for _ in range(12):
        run("--demo-link")
    assert len(ClinicalSystem.objects.get().jwks["keys"]) == 10


def test_outside_a_demonstration_it_is_refused(settings: Settings, riverside: Organisation) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="GP_DEMO"):
        run("--demo-link")
    assert not ClinicalSystem.objects.exists()
    assert not AuditEvent.objects.exists()


def test_before_the_seeding_it_says_what_is_missing(settings: Settings) -> None:
    settings.DEMO = True
    with pytest.raises(CommandError, match=r"\./gp run"):
        run("--demo-link")
