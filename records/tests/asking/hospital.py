"""What the pretend hospital holds of Jane, and a word to ask it and to read what came of it."""

from typing import Any

from django.utils import timezone

from conftest import Person
from exchange.fhir.systems import System
from exchange.tests.reader import Json
from records.models import Patient, Resource, SourceCheck
from records.pulling import actions
from records.screen import freshness
from records.screen.held import Held

NUMBER = "9991234578"
State = SourceCheck.State


def jane_there(**changed: Any) -> Json:
    number = {"system": System.NHS_NUMBER.value, "value": NUMBER}
    made = {"resourceType": "Patient", "id": "h1", "identifier": [number], "birthDate": "1970-05-01"}
    return made | {"name": [{"family": "Smith", "given": ["Jane"]}]} | changed


def potassium(record_id: str, whose: str = "Patient/h1") -> Json:
    code = {"coding": [{"system": System.LOINC.value, "code": "2823-3"}], "text": "Potassium"}
    made = {"resourceType": "Observation", "id": record_id, "status": "final", "code": code}
    return made | {"subject": {"reference": whose}, "valueQuantity": {"value": 5, "unit": "mmol/L"}}


def ask(check: SourceCheck) -> str:
    """Ask now, whatever pause there is."""
    SourceCheck.objects.filter(pk=check.pk).update(due_at=timezone.now(), asking=False)
    ended = actions.ask(check_id=check.pk)
    check.refresh_from_db()
    return ended


def said(gp: Person, patient: Patient, panel: str = "results") -> str:
    return " ".join(freshness.lines(Held(gp.actor, patient), panel))


def results() -> list[str]:
    return sorted(Resource.objects.filter(type="Observation").values_list("source_key", flat=True))
