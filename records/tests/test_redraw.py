"""Stored rows drawn again: their columns change, and nothing else does."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from access.actor import system
from access.models import AuditEvent, Organisation
from records.ingest import ingest
from records.ingest.redrawing import redraw
from records.models import Patient, Resource, ResourceVersion
from records.tests.saying import say

pytestmark = pytest.mark.django_db
OBSERVATION = {
    "resourceType": "Observation",
    "id": "o1",
    "status": "final",
    "code": {"text": "Ferritin"},
    "subject": {"reference": "Patient/p1"},
    "performer": [{"reference": "Organization/lab"}],
    "valueQuantity": {"value": 142.5, "unit": "ug/L", "comparator": "<"},
    "effectiveDateTime": "2026-07-01",
}


@pytest.fixture
def stored(tmp_path: Path, riverside: Organisation) -> Resource:
    people = [
        {"resourceType": "Patient", "id": "p1", "name": [{"family": "Smith"}], "birthDate": "1970-05-01"},
        {"resourceType": "Organization", "id": "lab", "name": "The laboratory"},
    ]
    path = tmp_path / "all.ndjson"
    path.write_text("\n".join(json.dumps(one) for one in [*people, OBSERVATION]))
    ingest([path], source=riverside, by=system("test"), practice=riverside)
    return Resource.objects.get(type="Observation")


def kept(row: Resource) -> tuple[object, ...]:
    return (row.body, row.version, row.stored_at, row.changed_at, row.sha256, row.patient_id)


def test_what_an_older_release_drew_is_drawn_anew_and_nothing_else_changes(stored: Resource) -> None:
    drawn = (stored.value, stored.display, stored.kind, stored.detail)
    assert stored.detail == {"comparator": "<", "performer": "The laboratory"}
    Resource.objects.filter(pk=stored.pk).update(value="", display="Old", kind="other", detail={}, tokens=["x"])
    assert redraw(by=system("test")) == 1
    again = Resource.objects.get(pk=stored.pk)
    assert (again.value, again.display, again.kind, again.detail) == drawn
    assert again.tokens == []
    assert kept(again) == kept(stored)
    assert not ResourceVersion.objects.exists()


def test_a_kind_that_was_drawn_as_another_is_drawn_as_what_it_is_now(stored: Resource, tmp_path: Path) -> None:
    score = OBSERVATION | {"id": "o2", "category": [{"coding": [{"code": "survey"}]}]}
    task = {"resourceType": "Task", "id": "t1", "status": "requested", "intent": "order", "description": "Ring",
            "for": {"reference": "Patient/p1"}}  # fmt: skip
    path = tmp_path / "more.ndjson"
    path.write_text("\n".join(json.dumps(one) for one in (score, task)))
    ingest([path], source=stored.source, by=system("test"), practice=stored.source)
    older = {"o2": "result", "t1": "other"}
    for row in Resource.objects.filter(source_key__in=older):
        Resource.objects.filter(pk=row.pk).update(kind=older[row.source_key])
    assert redraw(by=system("test")) == 2
    assert dict(Resource.objects.filter(source_key__in=older).values_list("source_key", "kind")) == {
        "o2": "survey",
        "t1": "task",
    }


def test_a_second_run_changes_nothing(stored: Resource) -> None:
    assert redraw(by=system("test")) == 0
    assert AuditEvent.objects.filter(action="drew columns again").count() == 1


def test_more_than_a_batch_and_one_type_only(
    stored: Resource, make_patient: Callable[..., Patient], riverside: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.ingest.redrawing._BATCH", 2)
    patient = make_patient(nhs_number="9991234528")
    for number in range(5):
        say(riverside, patient, "result", f"Old {number}", body=OBSERVATION | {"code": {"text": f"New {number}"}})
    say(riverside, patient, "flag", "Old flag", body={"resourceType": "Flag", "code": {"text": "New flag"}})
    out = StringIO()
    call_command("redraw", "--type", "Observation", stdout=out)
    assert out.getvalue().strip() == "5 of 6 rows drawn otherwise than before"
    assert set(Resource.objects.filter(type="Observation").values_list("display", flat=True)) == {
        "Ferritin", *(f"New {number}" for number in range(5))
    }  # fmt: skip
    assert Resource.objects.get(type="Flag").display == "Old flag"


def test_where_a_restricted_person_is_does_not_come_back(
    make_patient: Callable[..., Patient], riverside: Organisation
) -> None:
    patient = make_patient(nhs_number="9991234528", restricted=True)
    contact = {"resourceType": "RelatedPerson", "name": [{"family": "Smith"}]}
    where = {"address": [{"line": ["1 Hidden Lane"]}], "telecom": [{"system": "phone", "value": "07700 900999"}]}
    row = say(riverside, patient, "contact", "", body=contact | where)
    note = {"text": {"status": "generated", "div": "<div>Seen at 1 Hidden Lane</div>"}}
    say(riverside, patient, "encounter", "", body={"resourceType": "Encounter", "status": "finished", **note})
    assert redraw(by=system("test")) == 2
    assert Resource.objects.get(pk=row.pk).display == "Smith"
    drawn = str(list(Resource.objects.values_list("display", "value", "detail")))
    assert "Hidden" not in drawn
    assert "900999" not in drawn
