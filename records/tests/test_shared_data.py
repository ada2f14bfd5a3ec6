"""Everybody's public examples: all of it stored but what another validator refuses as well."""

import json
from pathlib import Path
from typing import Any

import pytest

from access.models import Organisation
from records import bodies
from records.models import Patient, Resource
from records.tests.taking import counts, take

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
present = pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data")

#: What FHIR R4 forbids in the two files we turn away, said independently of our validation. The validator of
#: fhirkit-rs 0.1.0, run by hand over all 489 files, refuses the same two and for the same elements.
FAULTS = {
    "Questionnaire-qs1.json": lambda resource: _items_without_link_id(resource) > 0,
    "Extension-UKCore-ConditionEpisode-Example.json": lambda resource: any(
        sum(element.startswith("value") for element in extension) > 1 for extension in resource["extension"]
    ),
}


def _items_without_link_id(node: dict[str, Any]) -> int:
    """Questionnaire.item.linkId is 1..1."""
    items = node.get("item", [])
    return sum(not item.get("linkId") for item in items) + sum(_items_without_link_id(item) for item in items)


@present
@pytest.mark.parametrize(("folder", "at_least"), [("ukcore/examples", 214), ("hl7-r4-examples", 273)])
def test_published_examples(riverside: Organisation, tmp_path: Path, folder: str, at_least: int) -> None:
    rejects = tmp_path / "rejects"
    with rejects.open("w") as file:
        report = take(SHARED / folder, riverside, rejects=file)
    refused = {json.loads(line)["file"] for line in rejects.read_text().splitlines()}
    all_of_them = list((SHARED / folder).glob("*.json"))
    assert len(all_of_them) - len(refused) >= at_least
    assert len(refused) == report.rejected == 1
    for name in refused:
        assert FAULTS[name](json.loads((SHARED / folder / name).read_text()))
    again = take(SHARED / folder, riverside)
    assert (again.stored, again.updated) == (0, 0)


@present
def test_a_whole_patient_and_every_number_as_written(riverside: Organisation) -> None:
    file = min((SHARED / "synthea-r4").glob("*.json"), key=lambda path: path.stat().st_size)
    entries = json.loads(file.read_text(), parse_float=str)["entry"]
    assert counts(take(file, riverside)) == (len(entries), 0, 0, 0)
    person = Patient.objects.get()
    assert Resource.objects.filter(patient=person).count() > len(entries) * 0.8
    stored = {one.source_key: one for one in Resource.objects.all()}
    for entry in entries:
        kept = json.loads(bodies.full(stored[entry["resource"]["id"]]), parse_float=str)
        for element in set(entry["resource"]) - {"id", "meta"}:
            assert _without_references(kept[element]) == _without_references(entry["resource"][element])
    assert not any("urn:uuid:" in one.body for one in stored.values() if one.type == "Encounter")


def _without_references(node: Any) -> Any:
    if isinstance(node, list):
        return [_without_references(one) for one in node]
    if isinstance(node, dict):
        return {key: _without_references(value) for key, value in node.items() if key != "reference"}
    return node
