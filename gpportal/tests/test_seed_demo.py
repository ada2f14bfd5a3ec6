"""Seeding: logins, partners, records and today's appointments, once and again, on a few of the invented patients."""

import io
import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from access.models import Membership, Organisation, User
from exchange.models import Partner, Service
from gpportal import demonstration
from gpportal.demonstration import dumps
from records.models import Patient, Relationship, Resource

pytestmark = pytest.mark.django_db
LOGINS = {
    *("gp@riverside.example", "nurse@riverside.example", "reception@riverside.example", "manager@riverside.example"),
    *("privacy@riverside.example", "gp@hillside.example", "social@cityview.example", "clinician@infirmary.example"),
}


def patient(key: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": key, "name": [{"family": "Smith"}], "birthDate": "1970-05-01"}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> None:
    """One patient for each source, and one appointment a day, so that the test is quick; a folder for the logins."""

    def write(directory: Path, today: date) -> None:
        for source in demonstration.SOURCES:
            (directory / f"{source}.ndjson").write_text(dumps(patient("p1")) + "\n")

    def appointments(day: date) -> list[dict[str, Any]]:
        whom = {"actor": {"reference": "Patient/p1"}, "status": "accepted"}
        return [{"resourceType": "Appointment", "id": f"a-{day}", "status": "booked", "participant": [whom]}]

    monkeypatch.setattr(demonstration, "write", write)
    monkeypatch.setattr(demonstration, "appointments", appointments)
    monkeypatch.delenv("GP_DEMO_PASSWORD", raising=False)
    settings.DATA_DIR = tmp_path
    settings.SANDBOX_HOSPITAL_URL, settings.SANDBOX_PHARMACY_URL = "http://127.0.0.1:1", "http://127.0.0.1:2"
    settings.SANDBOX_SOCIALCARE_URL = "http://127.0.0.1:3"


def seed(*arguments: str) -> None:
    call_command("seed_demo", *arguments, stdout=io.StringIO(), stderr=io.StringIO())


def test_everything_is_there() -> None:
    seed()
    assert set(User.objects.values_list("email", flat=True)) == LOGINS
    assert Membership.objects.count() == len(LOGINS)
    assert Organisation.objects.count() == 5
    assert Service.objects.count() == 9
    assert Resource.objects.filter(type="Appointment", patient__isnull=False).count() == 1
    registered = Relationship.objects.get(kind=Relationship.Kind.REGISTERED)
    assert registered.organisation.ods_code == "Y90001"
    caseload = Relationship.objects.get(kind=Relationship.Kind.CASELOAD)
    assert caseload.organisation.ods_code == "VZZ01"
    assert not Relationship.objects.filter(kind=Relationship.Kind.REFERRED).exists()
    assert Patient.objects.count() == 3  # without NHS numbers nobody is joined


def test_partners_are_where_the_sandbox_is_today(settings: Settings) -> None:
    seed()
    settings.SANDBOX_HOSPITAL_URL = "http://127.0.0.1:9"
    seed("--today")
    hospital = Partner.objects.get(organisation__ods_code="RZZ01")
    assert hospital.endpoint == "http://127.0.0.1:9/FHIR/R4"
    assert hospital.jwks_url == "http://127.0.0.1:9/.well-known/jwks.json"
    assert Partner.objects.count() == 3


def test_the_password_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    seed()
    file = tmp_path / "demo-logins.txt"
    password = file.read_text().split()[-1]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert all(user.check_password(password) for user in User.objects.all())


def test_a_password_that_is_given_is_used_and_written_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GP_DEMO_PASSWORD", "given-for-the-day")
    seed()
    assert User.objects.get(email="gp@riverside.example").check_password("given-for-the-day")
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not any("given-for-the-day" in file.read_text() for file in written)


def test_again_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seed()
    before = list(User.objects.order_by("pk").values()), list(Resource.objects.order_by("pk").values())
    seed()
    seed("--if-empty")
    assert (list(User.objects.order_by("pk").values()), list(Resource.objects.order_by("pk").values())) == before


def test_not_into_a_database_that_holds_something(riverside: Organisation) -> None:
    seed("--if-empty")
    assert not User.objects.exists()
    assert not Resource.objects.exists()


def test_todays_appointments_of_nobody_are_none() -> None:
    seed("--today")
    assert not Resource.objects.exists()


def test_refused_outside_the_demonstration(settings: Settings) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError, match="GP_DEMO"):
        seed()
    assert not Organisation.objects.exists()
