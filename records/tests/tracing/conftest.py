"""The sandbox PDS in a process of its own, and people it knows."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from exchange import doorbell, http, keys, oauth
from records.models import Patient
from records.tests import pds_program
from records.tests.pds_program import Pds
from records.tests.tracing.national import (
    JANE,
    PIOTR,
    MakePatient,
)
from records.tracing import asking


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short key: a real one of 4096 bits takes seconds to make."""
    path = tmp_path_factory.mktemp("pds-key") / "key.json"
    made = RSAKey.generate_key(2048, {"use": "sig", "kid": "test-1"})
    keys._keep(path, made.as_dict(private=True))
    return path


@pytest.fixture(scope="session")
def program(key_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pds]:
    published = {"keys": [keys._read_national(key_file, "test-1").as_dict(private=False)]}
    with pds_program.running(tmp_path_factory.mktemp("pds"), published) as pds:
        yield pds


@pytest.fixture
def pds(program: Pds, key_file: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pds]:
    settings.PDS_URL = f"{program.url}/personal-demographics/FHIR/R4"
    settings.PDS_TOKEN_URL = f"{program.url}/oauth2/token"
    settings.PDS_API_KEY, settings.PDS_KEY_FILE, settings.PDS_KEY_ID = pds_program.API_KEY, key_file, "test-1"
    settings.PDS_PER_SECOND = 1000
    settings.PARTNER_TIMEOUT_SECONDS = 30
    monkeypatch.setattr(doorbell, "ring", lambda task, message_id: None)
    program.change("", "reset")
    yield program
    oauth._purse.clear()
    http.close_all()


@pytest.fixture
def jane(make_patient: MakePatient) -> Patient:
    return make_patient(
        nhs_number=JANE, nhs_number_status=Patient.NhsNumber.PRESENT, address="Flat 1, 14 Millrace Road, Harrowmere",
        postcode="ZZ1 3JS", phone="01632 960148",
    )  # fmt: skip


@pytest.fixture
def piotr(make_patient: MakePatient) -> Patient:
    return make_patient(
        title="Mr", given="Piotr", family="Nowak", birth_date=dt.date(1981, 6, 12), birth_date_written="1981-06-12",
        gender="male", nhs_number=PIOTR,
    )  # fmt: skip


@pytest.fixture
def ioana(make_patient: MakePatient) -> Patient:
    return make_patient(
        title="Ms", given="Ioana", family="Dumitrescu", birth_date=dt.date(1999, 7, 21),
        birth_date_written="1999-07-21",
        nhs_number="", nhs_number_status=Patient.NhsNumber.ABSENT, postcode="ZZ1 8JT",
    )  # fmt: skip


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_AT_ONCE", (0, 1))
