"""Taking files in: what is stored, what is not, and that a second time changes nothing."""

import gzip
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.db import DataError

from access.models import AuditEvent, Organisation
from records.ingest import letters, rows, storing
from records.ingest.identity import row_id
from records.ingest.intake import Intake
from records.ingest.reading import Entry
from records.models import Finding, Letter, Patient, Received, Relationship, Resource, ResourceVersion
from records.tests.taking import BY, bundle, condition, counts, patient, take, write

pytestmark = pytest.mark.django_db
PATIENT_URL, CONDITION_URL = (
    "urn:uuid:0f2a1c1e-7a43-4f0e-9b1d-2f0d6a4c7e90",
    "urn:uuid:1f2a1c1e-7a43-4f0e-9b1d-2f0d6a4c7e91",
)


def body(type_: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Resource.objects.get(type=type_).body)
    return found


# Formats --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["transaction", "batch", "collection", "searchset", "document", "message", "history"])
def test_a_bundle_of_any_kind(tmp_path: Path, riverside: Organisation, kind: str) -> None:
    file = write(tmp_path / "b.json", bundle(kind, patient(), condition()))
    assert counts(take(file, riverside)) == (2, 0, 0, 0)
    assert Resource.objects.get(type="Condition").patient == Patient.objects.get()


def test_single_resource_pretty_printed(tmp_path: Path, riverside: Organisation) -> None:
    (tmp_path / "p.json").write_text(json.dumps(patient(), indent=2))
    assert counts(take(tmp_path, riverside)) == (1, 0, 0, 0)


@pytest.mark.parametrize("name", ["all.ndjson", "all.jsonl", "all.json", "all.txt"])
def test_ndjson_whatever_it_is_called(tmp_path: Path, riverside: Organisation, name: str) -> None:
    file = write(tmp_path / name, patient(), condition(), condition("c2"))
    assert counts(take(file, riverside)) == (3, 0, 0, 0)


def test_gzip_and_folders(tmp_path: Path, riverside: Organisation) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (deep / "c.ndjson.gz").write_bytes(gzip.compress(json.dumps(condition()).encode() + b"\n"))
    write(tmp_path / "p.json", patient())
    (tmp_path / "README.md").write_text("not FHIR")
    assert counts(take(tmp_path, riverside)) == (2, 0, 0, 0)


def test_a_bundle_on_a_line_of_ndjson(tmp_path: Path, riverside: Organisation) -> None:
    file = write(tmp_path / "a.ndjson", bundle("transaction", patient(), condition()), condition("c2"))
    assert counts(take(file, riverside)) == (3, 0, 0, 0)


def test_more_lines_than_one_batch(tmp_path: Path, riverside: Organisation) -> None:
    file = write(tmp_path / "a.ndjson", *(condition(f"c{n}") for n in range(1100)), patient())
    assert counts(take(file, riverside)) == (1101, 0, 0, 0)
    assert Resource.objects.filter(type="Condition", patient=Patient.objects.get()).count() == 1100
    assert not Finding.objects.exists()


# What is kept ---------------------------------------------------------------------------------------------------------
def test_the_body_is_what_was_received_but_for_id_meta_and_references(tmp_path: Path, riverside: Organisation) -> None:
    text = (
        '{"resourceType":"Observation","id":"o1","meta":{"profile":["https://example.org/p"]},"status":"final",'
        '"code":{"text":"Gewicht ½ é \\u00e9"},"subject":{"reference":"Patient/p1","display":"Jane"},'
        '"valueQuantity":{"value":142.50,"unit":"kg"},"component":[{"code":{"text":"x"},"valueQuantity":{"value":1.0e2}}]}'
    )
    (tmp_path / "a.ndjson").write_text(json.dumps(patient()) + "\n" + text + "\n", encoding="utf-8")
    take(tmp_path, riverside)
    stored = Resource.objects.get(type="Observation")
    patient_row = Resource.objects.get(type="Patient")
    assert '"value":142.50,' in stored.body
    assert '"value":1.0e2}' in stored.body
    assert stored.value == "142.50"
    received, kept = json.loads(text), json.loads(stored.body)
    assert kept.pop("id") == str(stored.pk)
    meta = kept.pop("meta")
    assert (meta["versionId"], meta["profile"]) == ("1", ["https://example.org/p"])
    assert meta["source"].endswith("|Y90001")
    assert kept.pop("subject") == {"reference": f"Patient/{patient_row.pk}", "display": "Jane"}
    assert kept == {k: v for k, v in received.items() if k not in ("id", "meta", "subject")}


def test_the_bytes_of_the_file_are_kept_once(tmp_path: Path, riverside: Organisation) -> None:
    file = write(tmp_path / "a.ndjson", patient(), condition())
    take(file, riverside)
    take(file, riverside)
    received = Received.objects.get()
    pieces = [gzip.decompress(bytes(piece.gzipped)) for piece in received.pieces.order_by("number")]
    assert b"".join(pieces) == file.read_bytes()
    assert received.length == len(file.read_bytes())
    assert {one.received for one in Resource.objects.all()} == {received}


def test_each_file_is_in_the_audit(tmp_path: Path, riverside: Organisation) -> None:
    take(write(tmp_path / "a.json", patient()), riverside)
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name, event.note) == ("took in a file", "test", "from Y90001")


def test_the_same_resource_always_lands_on_the_same_row(
    tmp_path: Path, riverside: Organisation, hillside: Organisation
) -> None:
    file = write(tmp_path / "a.json", patient())
    take(file, riverside)
    take(file, hillside)
    by_source = {one.source.ods_code: one.pk for one in Resource.objects.all()}
    assert len(set(by_source.values())) == 2

    assert by_source["Y90001"] == row_id("Y90001", "Patient", "p1")


# Twice ----------------------------------------------------------------------------------------------------------------
def test_a_second_time_changes_nothing(tmp_path: Path, riverside: Organisation) -> None:
    file = write(
        tmp_path / "a.json",
        bundle("collection", patient(), condition(), {"resourceType": "Basic", "code": {"text": "x"}}),
    )
    assert counts(take(file, riverside, riverside)) == (3, 0, 0, 0)
    before = list(Resource.objects.order_by("pk").values())
    assert counts(take(file, riverside, riverside)) == (0, 0, 3, 0)
    assert list(Resource.objects.order_by("pk").values()) == before
    assert not ResourceVersion.objects.exists()
    assert Relationship.objects.count() == 1
    assert Patient.objects.count() == 1


def test_a_change_keeps_the_earlier_version(tmp_path: Path, riverside: Organisation) -> None:
    take(write(tmp_path / "a.ndjson", patient(), condition()), riverside)
    first = Resource.objects.get(type="Condition").body
    changed = condition(code={"text": "Asthma, severe"})
    assert counts(take(write(tmp_path / "a.ndjson", patient(), changed), riverside)) == (0, 1, 1, 0)
    stored = Resource.objects.get(type="Condition")
    assert (stored.version, stored.display, json.loads(stored.body)["meta"]["versionId"]) == (2, "Asthma, severe", "2")
    assert stored.versions.get().body == first


def test_an_older_file_taken_in_again_takes_nothing_back(tmp_path: Path, riverside: Organisation) -> None:
    old = write(tmp_path / "old.json", condition(code={"text": "old"}))
    new = write(tmp_path / "new.json", condition(code={"text": "new"}))
    take(old, riverside)
    take(new, riverside)
    assert counts(take(old, riverside)) == (0, 0, 1, 0)
    assert Resource.objects.get().display == "new"


def test_two_words_on_one_thing_in_a_file(tmp_path: Path, riverside: Organisation) -> None:
    file = write(tmp_path / "a.ndjson", condition(code={"text": "one"}), condition(code={"text": "two"}))
    assert counts(take(file, riverside)) == (1, 1, 0, 0)
    assert counts(take(file, riverside)) == (0, 0, 2, 0)
    assert Resource.objects.get().display == "two"


# Rejections -----------------------------------------------------------------------------------------------------------
def test_a_bad_entry_does_not_stop_the_others(tmp_path: Path, riverside: Organisation) -> None:
    said: list[str] = []
    file = write(tmp_path / "a.ndjson", patient(), condition(code=[]), condition("c2"))
    assert counts(take(file, riverside, tell=said.append)) == (2, 0, 0, 1)
    assert said == ["a.ndjson: entry 2: Condition.code is not an object"] or said[0].startswith(
        "a.ndjson: entry 2: Condition.code"
    )
    assert set(Resource.objects.values_list("source_key", flat=True)) == {"p1", "c2"}


def test_a_transaction_is_stored_as_a_whole_or_not_at_all(tmp_path: Path, riverside: Organisation) -> None:
    said: list[str] = []
    file = write(
        tmp_path / "a.json", bundle("transaction", patient(), condition(clinicalStatus="active"), condition("c2"))
    )
    assert counts(take(file, riverside, tell=said.append)) == (0, 0, 0, 3)
    assert not Resource.objects.exists()
    assert not Patient.objects.exists()
    assert said[0].startswith("a.json: entry 2: Condition.clinicalStatus")


def test_a_transaction_whose_last_write_fails_leaves_nothing(tmp_path: Path, riverside: Organisation) -> None:
    file = write(tmp_path / "a.json", bundle("transaction", patient(), condition()))
    with patch.object(letters, "file", side_effect=DataError):
        assert counts(take(file, riverside, riverside)) == (0, 0, 0, 2)
    assert not Resource.objects.exists()
    assert not Patient.objects.exists()
    assert not Relationship.objects.exists()


def test_a_value_the_database_refuses_spoils_no_other(tmp_path: Path, riverside: Organisation) -> None:
    insert = rows.insert

    def refuse(new: list[rows.Row]) -> None:
        if any(one["source_key"] == "bad" for one in new):
            raise DataError
        insert(new)

    file = write(tmp_path / "a.ndjson", patient(), condition("bad"), condition("c2"))
    with patch.object(rows, "insert", refuse):
        assert counts(take(file, riverside)) == (2, 0, 0, 1)
    assert Resource.objects.get(type="Condition").patient == Patient.objects.get()
    assert body("Condition")["subject"]["reference"] == f"Patient/{Resource.objects.get(type='Patient').pk}"


def test_what_was_meant_for_a_patient_who_could_not_be_stored_waits(tmp_path: Path, riverside: Organisation) -> None:
    insert = rows.insert

    def refuse(new: list[rows.Row]) -> None:
        if any(one["type"] == "Patient" for one in new):
            raise DataError
        insert(new)

    file = write(tmp_path / "a.ndjson", patient(), condition())
    with patch.object(rows, "insert", refuse):
        assert counts(take(file, riverside)) == (1, 0, 0, 1)
    assert Resource.objects.get().patient is None
    assert not Patient.objects.exists()
    assert Finding.objects.get().kind == Finding.Kind.DANGLING


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"5",
        b'{"no": "resource"}',
        b"\xff\xfe\x00",
        b'{"resourceType":"Bundle"}',
        b'{"resourceType":"Bundle","type":"collection","entry":{}}',
        b'{"resourceType":"Bundle","type":"collection","entry":[5]}',
        b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":5}]}',
        b'{"resourceType":"Patient","name":[{"family":"a\\u0000b"}]}',
        b'{"resourceType":"Patient","name":[{"family":"\\ud800"}]}',
        b"""{"resourceType":"Patient","contained":[{"resourceType":"Basic","text":{"status":"empty","div":"\\u0000"}}]}""",
        b'{"resourceType":"Patient","id":["a"]}',
        b"[" * 100_000,
        b"\x1f\x8b\x08\x00broken",
    ],
)
def test_what_is_not_fhir_is_rejected_and_nothing_stored(
    tmp_path: Path, riverside: Organisation, content: bytes
) -> None:
    (tmp_path / "a.json").write_bytes(content)
    report = take(tmp_path, riverside)
    assert counts(report) == (0, 0, 0, 1)
    assert not Resource.objects.exists()


def test_a_truncated_gzip_keeps_what_came_before(tmp_path: Path, riverside: Organisation) -> None:
    lines = "".join(json.dumps(condition(f"c{n}")) + "\n" for n in range(3000)).encode()
    (tmp_path / "a.ndjson.gz").write_bytes(gzip.compress(lines)[:-2000])
    report = take(tmp_path, riverside)
    assert report.rejected == 1
    assert report.stored == Resource.objects.count() > 0


# References -----------------------------------------------------------------------------------------------------------
def test_urns_and_absolute_urls_of_the_bundle(tmp_path: Path, riverside: Organisation) -> None:
    made = [patient(), condition(of=PATIENT_URL), condition("c2", of="https://other.example/fhir/Patient/p1")]
    del made[0]["id"], made[1]["id"]
    urls = [PATIENT_URL, CONDITION_URL]
    take(write(tmp_path / "a.json", bundle("transaction", *made, urls=urls)), riverside)
    person, row = Patient.objects.get(), Resource.objects.get(type="Patient")
    assert row.source_key == PATIENT_URL
    near = Resource.objects.get(source_key=CONDITION_URL)
    assert json.loads(near.body)["subject"]["reference"] == f"Patient/{row.pk}"
    assert near.patient == person
    foreign = Resource.objects.get(source_key="c2")
    assert json.loads(foreign.body)["subject"]["reference"] == "https://other.example/fhir/Patient/p1"
    assert foreign.patient is None


def test_an_absolute_url_that_is_a_full_url_of_the_bundle(tmp_path: Path, riverside: Organisation) -> None:
    url = "https://other.example/fhir/Patient/p1"
    take(write(tmp_path / "a.json", bundle("collection", patient(), condition(of=url), urls=[url])), riverside)
    assert Resource.objects.get(type="Condition").patient == Patient.objects.get()


def test_conditional_references_in_bundle_and_store(tmp_path: Path, riverside: Organisation) -> None:
    doctor = {
        "resourceType": "Practitioner",
        "id": "d1",
        "identifier": [{"system": "https://x.example", "value": "77"}],
    }
    asked = {"reference": "Practitioner?identifier=https://x.example|77"}
    lost = {"reference": "Practitioner?identifier=https://x.example|78"}
    take(write(tmp_path / "a.json", bundle("collection", patient(), doctor, condition(recorder=asked))), riverside)
    take(write(tmp_path / "b.json", condition("c2", recorder=asked, asserter=lost)), riverside)
    wanted = f"Practitioner/{Resource.objects.get(type='Practitioner').pk}"
    bodies = {one.source_key: json.loads(one.body) for one in Resource.objects.filter(type="Condition")}
    assert bodies["c1"]["recorder"]["reference"] == wanted
    assert bodies["c2"]["recorder"]["reference"] == wanted
    assert bodies["c2"]["asserter"] == lost
    assert [one.about for one in Finding.objects.all()] == ["Condition.asserter"]


def test_a_subject_named_by_number_only(tmp_path: Path, riverside: Organisation) -> None:
    take(write(tmp_path / "a.json", patient()), riverside)
    subject = {"identifier": patient()["identifier"][0]}
    take(write(tmp_path / "b.ndjson", condition(subject=subject)), riverside)
    assert Resource.objects.get(type="Condition").patient == Patient.objects.get()


def test_contained_and_foreign_references_stay(tmp_path: Path, riverside: Organisation) -> None:
    inner = {"resourceType": "Practitioner", "id": "in", "name": [{"family": "Khan", "prefix": ["Dr"]}]}
    made = condition(contained=[inner], recorder={"reference": "#in"})
    take(write(tmp_path / "a.ndjson", patient(), made), riverside)
    stored = Resource.objects.get(type="Condition")
    assert json.loads(stored.body)["recorder"] == {"reference": "#in"}
    assert stored.detail["recorder"] == "Dr Khan"


def test_what_leads_nowhere_is_stored_and_listed(tmp_path: Path, riverside: Organisation) -> None:
    report = take(write(tmp_path / "a.json", condition(of="Patient/nobody")), riverside)
    assert counts(report) == (1, 0, 0, 0)
    assert Resource.objects.get().patient is None
    found = Finding.objects.get()
    assert found.kind == Finding.Kind.DANGLING
    assert found.about.startswith("Condition.subject Patient/")


def test_a_patient_who_comes_later_gets_what_was_waiting(tmp_path: Path, riverside: Organisation) -> None:
    take(write(tmp_path / "a.json", condition()), riverside)
    assert Finding.objects.filter(settled_at__isnull=True).count() == 1
    take(write(tmp_path / "b.json", patient()), riverside)
    assert Resource.objects.get(type="Condition").patient == Patient.objects.get()
    assert not Finding.objects.filter(settled_at__isnull=True).exists()


def test_files_of_one_type_each_in_any_order(tmp_path: Path, riverside: Organisation) -> None:
    write(tmp_path / "Condition.ndjson", condition(), condition("c2"))
    write(tmp_path / "Patient.ndjson", patient())
    take(tmp_path, riverside)
    assert Resource.objects.filter(patient=Patient.objects.get()).count() == 3
    assert not Finding.objects.exists()


def test_a_resource_moved_to_another_patient_is_pointed_out(tmp_path: Path, riverside: Organisation) -> None:
    people = [patient(), patient("p2", number="9992041188", family="Patel")]
    take(write(tmp_path / "a.ndjson", *people, condition()), riverside)
    first = Resource.objects.get(type="Condition").patient
    take(write(tmp_path / "b.ndjson", condition(of="Patient/p2")), riverside)
    found = Finding.objects.get(kind=Finding.Kind.OTHER_PATIENT)
    assert found.about == str(first.pk if first else "")
    assert found.patient == Resource.objects.get(type="Condition").patient != first


# Letters --------------------------------------------------------------------------------------------------------------
def test_an_imported_letter_is_filed_and_its_text_is_the_patients(
    tmp_path: Path, riverside: Organisation, infirmary: Organisation
) -> None:
    letter = {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "description": "Heart clinic",
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>GP to do: repeat bloods</p></div>',
        },
        "subject": {"reference": "Patient/p1"},
        "date": "2026-11-03T10:00:00Z",
        "author": [{"display": "Dr L Fenn"}],
        "custodian": {"display": "Northern Infirmary"},
        "content": [{"attachment": {"contentType": "text/plain", "url": "Binary/b1"}}],
    }
    text = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": "SGVsbG8="}
    take(write(tmp_path / "a.ndjson", patient(), letter, text), riverside)
    filed = Letter.objects.get()
    assert (filed.sender, filed.title, filed.author, filed.gp_actions) == (
        infirmary,
        "Heart clinic",
        "Dr L Fenn",
        "repeat bloods",
    )
    binary = Resource.objects.get(type="Binary")
    assert binary.patient == filed.patient == Patient.objects.get()
    assert body("DocumentReference")["content"][0]["attachment"]["url"] == f"Binary/{binary.pk}"


# The caller's transaction ---------------------------------------------------------------------------------------------
def test_within_a_transaction_one_bad_entry_refuses_all(riverside: Organisation) -> None:
    entries = [Entry(1, patient()), Entry(2, condition(code=[]))]
    with pytest.raises(ValueError, match=r"entry 2: Condition\.code"):
        storing.store_within(Intake(riverside, BY), entries)
    assert not Resource.objects.exists()
