"""What the records say: plausible, safe, and in disagreement where it was meant."""

import base64
from collections import Counter
from typing import Any

from gpportal.demonstration.tests.conftest import Practice

Json = dict[str, Any]


def _words(resource: Json, element: str = "code") -> str:
    return str(resource[element]["text"])


def _medicines(resources: list[Json], status: str) -> set[str]:
    return {_words(row, "medicationCodeableConcept") for row in resources if row["status"] == status}


def test_nobody_takes_what_they_are_allergic_to(practice: Practice) -> None:
    allergic = 0
    for patient in practice.of("Patient"):
        known = {
            _words(row)
            for row in practice.chart(patient["id"], "AllergyIntolerance")
            if row["verificationStatus"]["coding"][0]["code"] == "confirmed"
        }
        taken = " ".join(
            _words(row, "medicationCodeableConcept") for row in practice.chart(patient["id"], "MedicationRequest")
        )
        if known & {"Penicillin allergy", "Amoxicillin"}:
            allergic += 1
            assert "Amoxicillin" not in taken
            assert "Flucloxacillin" not in taken
    assert allergic > 10


def test_allergies_come_in_every_state(practice: Practice) -> None:
    rows = practice.of("AllergyIntolerance")
    states = Counter(row["verificationStatus"]["coding"][0]["code"] for row in rows)
    assert set(states) == {"confirmed", "unconfirmed", "refuted", "entered-in-error"}
    assert sum(_words(row) == "No known allergies" for row in rows) > 100
    assert sum("coding" not in row["code"] for row in rows) >= 5
    wrong = [row for row in rows if row["verificationStatus"]["coding"][0]["code"] == "entered-in-error"]
    assert all("clinicalStatus" not in row for row in wrong)


def test_regular_medicines_say_what_they_are_for_and_how_to_take_them(practice: Practice) -> None:
    for row in practice.of("MedicationRequest"):
        assert row["dosageInstruction"][0]["text"]
        assert row["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["value"]
        if row["status"] == "active":
            assert row["reasonReference"][0]["reference"].startswith("Condition/")


def test_results_carry_a_range_and_say_high_or_low(practice: Practice) -> None:
    seen = Counter[str]()
    for row in practice.of("Observation"):
        if row["category"][0]["coding"][0]["code"] == "laboratory":
            value, limits = row["valueQuantity"]["value"], row["referenceRange"][0]
            high, low = limits.get("high", {}).get("value"), limits.get("low", {}).get("value")
            expected = "H" if high and value > high else ("L" if low and value < low else "N")
            assert row["interpretation"][0]["coding"][0]["code"] == expected, row["id"]
            seen[expected] += 1
    assert set(seen) == {"H", "L", "N"}


def test_many_tests_can_be_drawn_as_a_trend(practice: Practice) -> None:
    series = Counter(
        (row["subject"]["reference"], _words(row)) for row in practice.of("Observation") if "valueQuantity" in row
    )
    assert sum(count >= 4 for count in series.values()) > 150


def test_practice_and_hospital_disagree_in_all_the_ways_meant(practice: Practice) -> None:
    found = Counter[str]()
    for theirs in practice.of("Patient", "RZZ01"):
        ours = practice.same_person(theirs, "Y90001")
        assert ours
        repeats = _medicines(practice.chart(ours["id"], "MedicationRequest"), "active")
        discharge = practice.chart(theirs["id"], "MedicationRequest")
        found["stopped there, on repeat here"] += bool(repeats & _medicines(discharge, "stopped"))
        names = {repeat.split()[0]: repeat for repeat in repeats}
        found["dose"] += any(names.get(row.split()[0], row) != row for row in _medicines(discharge, "active"))
        stages = [{_words(row) for row in practice.chart(patient["id"], "Condition")} for patient in (ours, theirs)]
        found["kidneys"] += any("3A" in row for row in stages[0]) and any("3B" in row for row in stages[1])
        allergies = practice.chart(theirs["id"], "AllergyIntolerance")
        found["refuted"] += any(row["verificationStatus"]["coding"][0]["code"] == "refuted" for row in allergies)
    assert found["dose"] >= 15
    assert found["stopped there, on repeat here"] >= 10
    assert found["kidneys"] >= 4
    assert found["refuted"] >= 4


def test_letters_can_be_read_and_some_ask_something_of_the_gp(practice: Practice) -> None:
    rows = [row for source in practice.sources for row in practice.of("DocumentReference", source)]
    asking = [row for row in rows if "GP to do: " in row.get("text", {}).get("div", "")]
    assert len(asking) > 80
    for row in rows:
        attachment = row["content"][0]["attachment"]
        page = base64.b64decode(attachment["data"]).decode()
        assert page.startswith("<!DOCTYPE html>")
        assert "<script" not in page
        assert ("Actions for GP" in page) == (row in asking)


def test_social_care_says_who_to_ring_and_what_matters(practice: Practice) -> None:
    for patient in practice.of("Patient", "VZZ01"):
        charts = {kind: practice.chart(patient["id"], kind) for kind in ("CareTeam", "CarePlan", "RelatedPerson")}
        assert all(len(rows) == 1 for rows in charts.values())
        assert charts["CareTeam"][0]["telecom"][0]["value"]
        assert charts["RelatedPerson"][0]["telecom"][0]["value"]
        about = practice.chart(patient["id"], "QuestionnaireResponse")[0]
        assert len(about["item"][0]["item"]) >= 5
        assert about["author"]["display"]
    paused = [row for row in practice.of("CarePlan", "VZZ01") if row["status"] == "on-hold"]
    assert 2 <= len(paused) <= 10
