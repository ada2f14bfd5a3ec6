"""Asking a hospital that somebody else wrote: sekmet-fhir, a FHIR R4 server in a process of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.utils import timezone

from access.models import Organisation
from conftest import Person
from exchange import http as our_http
from exchange import oauth
from exchange.fhir.systems import System
from exchange.models import Partner
from exchange.pulling import offered
from exchange.tests.reader import Json, serving
from records.models import Patient, Resource, SourceCheck
from records.pulling import actions

NUMBER = "9991234578"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("sekmet")]


def _load(base: str, *resources: Json) -> None:
    """Put resources there by a transaction, under the ids they have."""
    entries = [
        {"resource": one, "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}}
        for one in resources
    ]
    answer = httpx.post(
        base, json={"resourceType": "Bundle", "type": "transaction", "entry": entries}, timeout=30, trust_env=False
    )
    assert answer.status_code == 200, answer.text[:500]


def _record(results: int) -> list[Json]:
    """Jane with so many results, a problem and a medicine that names its Medication; and a result of Bob's."""
    about = {"subject": {"reference": "Patient/jane-there"}}
    jane: Json = {"resourceType": "Patient", "id": "jane-there", "birthDate": "1970-05-01"}
    jane |= {"name": [{"family": "Smith", "given": ["Jane"]}]}
    jane |= {"identifier": [{"system": System.NHS_NUMBER.value, "value": NUMBER}]}
    other = jane | {"id": "bob-there", "identifier": [{"system": System.NHS_NUMBER.value, "value": "9990000018"}]}
    potassium: Json = {"resourceType": "Observation", "status": "final", "effectiveDateTime": "2026-11-20T09:00:00Z"}
    potassium |= {"code": {"coding": [{"system": System.LOINC.value, "code": "2823-3"}], "text": "Potassium"}}
    potassium |= about | {"valueQuantity": {"value": 4.7, "unit": "mmol/L"}}
    potassiums = [potassium | {"id": f"potassium-{number}"} for number in range(results)]
    kidneys: Json = {"resourceType": "Condition", "id": "kidneys", "code": {"text": "Chronic kidney disease"}} | about
    medicine: Json = {"resourceType": "MedicationRequest", "id": "ramipril", "status": "active", "intent": "order"}
    medicine |= about | {"medicationReference": {"reference": "Medication/ramipril-5"}}
    drug: Json = {"resourceType": "Medication", "id": "ramipril-5", "code": {"text": "Ramipril 5mg capsules"}}
    bobs = potassium | {"id": "bobs", "subject": {"reference": "Patient/bob-there"}}
    return [jane, other, drug, *potassiums, kidneys, medicine, bobs]


@pytest.fixture
def check(
    sekmet: str, infirmary: Organisation, make_patient: Callable[..., Patient], settings: Any, tmp_path: Path
) -> Iterator[SourceCheck]:
    """Jane at sekmet. It gives out no tokens of our kind, so another server does that."""
    settings.SIGNING_KEY_FILE = tmp_path / "signing-key.json"
    offered.forget()
    with serving() as tokens:
        Partner.objects.create(
            organisation=infirmary, endpoint=sekmet, token_url=f"{tokens.url}/oauth2/token", jwks_url="", pulls=True
        )
        jane = make_patient(nhs_number=NUMBER)
        yield SourceCheck.objects.create(patient=jane, source=infirmary, due_at=timezone.now())
    oauth._purse.clear()
    our_http.close_all()


@pytest.mark.parametrize("results", [30, pytest.param(1000, marks=pytest.mark.peers)])
def test_what_an_independent_server_holds_is_kept_whole_and_what_is_new_follows(
    sekmet: str, check: SourceCheck, gp: Person, results: int
) -> None:
    _load(sekmet, *_record(results))
    assert actions.ask(check_id=check.pk) == "heard"
    stored = Resource.objects.filter(patient=check.patient)
    assert stored.filter(type="Observation").count() == results
    assert not Resource.objects.filter(source_key="bobs").exists()
    assert stored.get(type="Condition").display == "Chronic kidney disease"
    assert stored.get(type="MedicationRequest").display == "Ramipril 5mg capsules"
    assert Patient.objects.count() == 1
    page = gp.client.get(f"/patients/{check.patient_id}/").content.decode()
    assert "Chronic kidney disease" in page
    later = next(one for one in _record(1) if one["id"] == "potassium-0") | {"id": "potassium-new"}
    _load(sekmet, later)
    SourceCheck.objects.update(due_at=timezone.now())
    assert actions.ask(check_id=check.pk) == "heard"
    assert stored.filter(type="Observation").count() == results + 1
    check.refresh_from_db()
    assert check.failing_since is None
