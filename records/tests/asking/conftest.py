"""A pretend hospital that is asked about Jane, and a doorbell that nobody hears."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from access.models import Organisation
from exchange import doorbell, http, oauth
from exchange.models import Partner
from exchange.pulling import offered
from exchange.tests.reader import Reply, Server, bundle, serving, statement
from records.models import Patient, SourceCheck
from records.tests.asking.hospital import NUMBER, jane_there, potassium


@pytest.fixture(autouse=True)
def _own_key_and_clean_caches(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    settings.SIGNING_KEY_FILE = tmp_path_factory.getbasetemp() / "signing-key.json"
    settings.PULL_AGAIN_SECONDS = 60
    yield
    oauth._purse.clear()
    offered.forget()
    http.close_all()


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Rings of the doorbell; no broker is asked."""
    heard: list[str] = []

    def ring(task: object, check_id: object) -> bool:
        heard.append(str(check_id))
        return True

    monkeypatch.setattr(doorbell, "ring", ring)
    return heard


@pytest.fixture
def server() -> Iterator[Server]:
    """A hospital that knows Jane and one result of hers."""
    with serving() as here:
        here.replies["/metadata"] = Reply(body=statement("Observation", "Condition"))
        here.replies["/Patient?identifier="] = Reply(body=bundle(jane_there()))
        here.replies["/Patient/h1"] = Reply(body=jane_there())
        here.replies["/Patient/h1/$everything"] = Reply(body=bundle(jane_there(), potassium("k1")))
        yield here


@pytest.fixture
def hospital(infirmary: Organisation, server: Server) -> Partner:
    return Partner.objects.create(
        organisation=infirmary, endpoint=server.base, token_url=f"{server.url}/oauth2/token", jwks_url="", pulls=True
    )


@pytest.fixture
def jane(make_patient: Callable[..., Patient]) -> Patient:
    return make_patient(nhs_number=NUMBER, nhs_number_status=Patient.NhsNumber.VERIFIED)


@pytest.fixture
def check(jane: Patient, hospital: Partner) -> SourceCheck:
    return SourceCheck.objects.create(patient=jane, source=hospital.organisation, due_at=timezone.now())
