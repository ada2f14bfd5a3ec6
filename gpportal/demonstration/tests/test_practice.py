"""The practice as a whole: size, identity, references, validity, and the same again tomorrow."""

import hashlib
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest

from exchange.fhir.validate import check
from exchange.tests.second_opinion import faults
from gpportal.demonstration import dumps, write
from gpportal.demonstration.tests.conftest import LATER, PEOPLE_OF, TODAY, Practice, number_of, walk


def test_has_the_size_of_a_small_practice(practice: Practice) -> None:
    assert list(practice.sources) == ["Y90001", "RZZ01", "VZZ01"]
    assert [len(practice.of("Patient", source)) for source in practice.sources] == [500, 120, 60]
    assert 24_000 <= sum(map(len, practice.sources.values())) <= 28_000


def test_one_record_has_five_thousand_resources(practice: Practice) -> None:
    sizes = Counter(resource["id"][:7] for resource in practice.sources["Y90001"] if resource["id"].startswith("rs-"))
    assert sizes["rs-0006"] == 5_000
    assert sizes.most_common(2)[1][1] < 500


@pytest.mark.parametrize("source", PEOPLE_OF)
def test_references_point_back_within_the_source(practice: Practice, source: str) -> None:
    seen: set[str] = set()
    for resource in practice.sources[source]:
        name = f"{resource['resourceType']}/{resource['id']}"
        assert name not in seen
        seen.add(name)
        for part in walk(resource):
            if "reference" in part:
                assert part["reference"] in seen, (name, part["reference"])


def test_ids_are_fhir_ids_and_the_same_on_every_day(practice: Practice, later: Practice) -> None:
    for source, resources in practice.sources.items():
        ids = [(resource["resourceType"], resource["id"]) for resource in resources]
        assert all(re.fullmatch(r"[A-Za-z0-9.-]{1,64}", identity) for _kind, identity in ids)
        assert ids == [(resource["resourceType"], resource["id"]) for resource in later.sources[source]]


def test_recent_events_move_with_today_and_history_does_not(practice: Practice, later: Practice) -> None:
    jane = {when: world.chart("rs-0001", "Encounter") for when, world in (("now", practice), ("later", later))}
    starts = {when: sorted(visit["period"]["start"][:10] for visit in visits) for when, visits in jane.items()}
    assert starts["now"][-1] == "2026-11-12"
    assert starts["later"][-1] == "2028-02-18"
    assert starts["now"][0] == starts["later"][0]


def test_the_same_bytes_in_another_process_with_another_hash_seed(tmp_path: Path) -> None:
    digests = []
    for seed in ("1", "2"):
        folder = tmp_path / seed
        command = [sys.executable, "-m", "gpportal.demonstration", "--to", str(folder), "--today", "2026-11-23"]
        subprocess.run(command, check=True, env={"PYTHONHASHSEED": seed, "PYTHONPATH": _root()}, capture_output=True)
        digests.append([hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())])
    assert digests[0] == digests[1]
    assert len(digests[0]) == 3


def _root() -> str:
    return str(Path(__file__).resolve().parents[3])


def test_writes_what_it_generates(practice: Practice, tmp_path: Path) -> None:
    counts = write(tmp_path, TODAY)
    for source, resources in practice.sources.items():
        lines = (tmp_path / f"{source}.ndjson").read_text(encoding="utf-8").splitlines()
        assert counts[source] == len(lines)
        assert lines == [dumps(resource) for resource in resources]


def _sample(practice: Practice) -> list[dict[str, Any]]:
    """All of Jane, and up to sixty of each type from each source, spread over the file."""
    rows: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for source, resources in practice.sources.items():
        for resource in resources:
            rows[source, resource["resourceType"]].append(resource)
    chosen = [row for group in rows.values() for row in group[:: max(1, len(group) // 60)]]
    jane = [resource for resource in practice.all() if resource["id"].startswith(("rs-0001", "ni-204107", "cv-10303"))]
    return chosen + jane


def test_resources_are_valid_r4(practice: Practice) -> None:
    for resource in _sample(practice):
        assert check(dumps(resource)) == [], resource["id"]
        assert faults(dumps(resource)) == [], resource["id"]
        for part in walk(resource):
            assert all(value not in (None, "", [], {}) for value in part.values()), resource["id"]


# Elements with a required binding, and what this practice may write there (HL7 FHIR R4).
_REQUIRED = {
    ("Patient", "gender"): {"female", "male"},
    ("Practitioner", "gender"): {"female", "male"},
    ("Encounter", "status"): {"finished"},
    ("Observation", "status"): {"final"},
    ("DiagnosticReport", "status"): {"final"},
    ("MedicationRequest", "status"): {"active", "stopped", "completed"},
    ("MedicationRequest", "intent"): {"order"},
    ("Immunization", "status"): {"completed"},
    ("DocumentReference", "status"): {"current"},
    ("DocumentReference", "docStatus"): {"final"},
    ("Procedure", "status"): {"completed"},
    ("Flag", "status"): {"active"},
    ("CarePlan", "status"): {"active", "on-hold"},
    ("CarePlan", "intent"): {"plan"},
    ("CareTeam", "status"): {"active"},
    ("Goal", "lifecycleStatus"): {"active"},
    ("QuestionnaireResponse", "status"): {"completed"},
    ("ServiceRequest", "status"): {"active"},
    ("ServiceRequest", "intent"): {"order"},
    ("ServiceRequest", "priority"): {"urgent"},
    ("Appointment", "status"): {"booked"},
    ("AllergyIntolerance", "type"): {"allergy"},
    ("AllergyIntolerance", "criticality"): {"high"},
}


def test_required_codes_are_right(practice: Practice) -> None:
    seen = defaultdict(set)
    for resource in practice.all():
        for element in (
            "status",
            "intent",
            "gender",
            "priority",
            "docStatus",
            "lifecycleStatus",
            "type",
            "criticality",
        ):
            if isinstance(resource.get(element), str):
                seen[resource["resourceType"], element].add(resource[element])
    assert dict(seen) == _REQUIRED


def test_nothing_is_recorded_in_the_future(practice: Practice, later: Practice) -> None:
    past = ("authoredOn", "effectiveDateTime", "issued", "onsetDateTime", "recordedDate", "occurrenceDateTime", "date")
    for world, today in ((practice, TODAY), (later, LATER)):
        for resource in world.all():
            for element in past:
                assert str(resource.get(element, ""))[:10] <= today.isoformat(), (resource["id"], element)
            assert resource.get("period", {}).get("start", "")[:10] <= today.isoformat()


def test_nothing_happens_before_birth_or_after_death(practice: Practice) -> None:
    for patient in practice.of("Patient"):
        end = patient.get("deceasedDateTime", "9999")
        for kind in ("Encounter", "Observation", "Immunization", "MedicationRequest"):
            for resource in practice.chart(patient["id"], kind):
                when = resource.get("period", {}).get("start") or resource.get("effectiveDateTime")
                when = when or resource.get("occurrenceDateTime") or resource["authoredOn"]
                assert patient["birthDate"] <= when[:10] <= end


def test_other_sources_know_the_same_people_under_ids_of_their_own(practice: Practice) -> None:
    ours = {number_of(patient): patient for patient in practice.of("Patient")}
    for source in ("RZZ01", "VZZ01"):
        for theirs in practice.of("Patient", source):
            assert number_of(theirs) in ours
            assert theirs["id"].startswith(PEOPLE_OF[source])
            assert theirs["identifier"][-1]["system"] != ours[number_of(theirs)]["identifier"][-1]["system"]
