"""Files into entries, whatever their ends of line, and references into rows."""

import gzip
import json
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.ingest.identity import row_id, source_key
from records.ingest.reading import groups
from records.ingest.references import Scope, resolve
from records.tests.taking import bundle, condition, patient

ids = st.text("abcXYZ019-.", min_size=1, max_size=64)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("read")


@given(
    st.lists(st.sampled_from(["resource", "blank", "broken"]), max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_every_line_becomes_an_entry(folder: Path, lines: list[str], end: str, ended: bool, zipped: bool) -> None:
    text = {"resource": json.dumps(condition()), "blank": "  ", "broken": '{"resourceType":'}
    content = end.join(text[line] for line in lines).encode() + (end.encode() if ended else b"")
    file = folder / f"{uuid4()}.ndjson"
    file.write_bytes(gzip.compress(content) if zipped else content)
    told: list[int] = []
    found = [entry for group in groups(file, told.append) for entry in group.entries]
    assert [entry.number for entry in found] == [n for n, line in enumerate(lines, 1) if line != "blank"]
    assert [bool(entry.problem) for entry in found] == [line == "broken" for line in lines if line != "blank"]
    assert sum(told) == file.stat().st_size


def test_a_byte_order_mark_is_no_part_of_the_text(folder: Path) -> None:
    file = folder / "bom.json"
    file.write_bytes(b"\xef\xbb\xbf" + json.dumps(patient()).encode())
    ((entry,),) = [group.entries for group in groups(file)]
    assert entry.resource["id"] == "p1"


def test_what_only_asks_has_nothing_to_store(folder: Path) -> None:
    made = bundle("batch", patient())
    made["entry"] += [{"request": {"method": "GET", "url": "Patient/1"}}, {"response": {"status": "200"}}]
    file = folder / "asks.json"
    file.write_text(json.dumps(made))
    (group,) = groups(file)
    assert [entry.number for entry in group.entries] == [1]


def test_a_patch_is_no_resource(folder: Path) -> None:
    made = bundle("transaction", patient())
    made["entry"][0]["request"]["method"] = "PATCH"
    file = folder / "patch.json"
    file.write_text(json.dumps(made))
    (group,) = groups(file)
    assert group.entries[0].problem == "Bundle.entry[0] is a patch, not a resource"


@given(ids, st.sampled_from(["", "/_history/1"]))
def test_a_reference_is_resolved_by_computing(key: str, version: str) -> None:
    resource = condition(of=f"Patient/{key}{version}")
    (pointer,) = resolve(resource, Scope("Y90001"))
    assert pointer.target == row_id("Y90001", "Patient", key)
    assert resource["subject"] == {"reference": f"Patient/{pointer.target}"}
    assert pointer.path == "Condition.subject"
    assert row_id("Y90002", "Patient", key) != pointer.target != row_id("Y90001", "Group", key)


@given(st.sampled_from(["#in", "https://x.example/fhir/Patient/1", "http://x.example/Patient/1"]))
def test_contained_and_foreign_references_are_left(written: str) -> None:
    resource = condition(of=written)
    assert resolve(resource, Scope("Y90001")) == []
    assert resource == condition(of=written)


@given(
    st.none() | st.text(max_size=300) | st.integers(), st.text(max_size=300), st.text("0123456789abcdef", max_size=64)
)
def test_there_is_always_a_key_that_fits(given_id: object, full_url: str, sha256: str) -> None:
    key = source_key({"id": given_id}, full_url, sha256)
    assert 0 < len(key) <= 255
    assert key in (given_id, full_url, f"sha256:{sha256}")
