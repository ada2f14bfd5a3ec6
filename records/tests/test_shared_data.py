"""Everybody's public examples: all of them stored but what a second validator refuses as well."""

import json
from pathlib import Path
from typing import Any

import pytest

from access.models import Organisation
from exchange.tests.second_opinion import faults
from records import bodies
from records.models import Patient, Resource
from records.tests.taking import counts, take

pytestmark = pytest.mark.django_db
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
#: What the second validator has against the two files we turn away. It has nothing against the other 487.
FAULTS = {
    "Questionnaire-qs1.json": "Questionnaire.item[0].item[0].linkId: required element missing",
    "Extension-UKCore-ConditionEpisode-Example.json": "Condition.extension[0].value[x]: only one type may be given",
}
present = pytest.mark.skipif(not SHARED.is_dir(), reason="no ../shared/data")


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
    opinions = {file.name: faults(file.read_bytes()) for file in all_of_them}
    assert {name for name, found in opinions.items() if found} == refused, "the second validator says the same of all"
    assert all(any(fault.startswith(FAULTS[name]) for fault in opinions[name]) for name in refused)
    again = take(SHARED / folder, riverside)
    assert (again.stored, again.updated) == (0, 0)


@present
def test_generated_records_please_the_second_validator_too() -> None:
    """Those of synthea-r4, of which everything is stored (`./gp bench ingest` counts them)."""
    files = sorted((SHARED / "synthea-r4").glob("*.json"), key=lambda path: path.stat().st_size)[:8]
    assert files
    assert {file.name: found for file in files if (found := faults(file.read_bytes()))} == {}


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
