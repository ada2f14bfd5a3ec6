"""What changed, in words; and which new versions say nothing new."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.ingest.meaning import says_more
from records.screen import changes
from records.screen.claims import Claim
from records.tests.claiming import GP, LATER, NI, claim, medicine

Words = dict[str, Any]


@pytest.mark.parametrize(
    ("kind", "before", "now", "words"),
    [
        ("medicine", {"detail": {"dose": "2.5 mg"}}, {"detail": {"dose": "5 mg"}}, "raised to 5 mg (was 2.5 mg)"),
        ("medicine", {"detail": {"dose": "10 mg"}}, {"detail": {"dose": "5 mg"}}, "lowered to 5 mg (was 10 mg)"),
        ("medicine", {"detail": {"dose": "5 mg"}}, {"detail": {"dose": "5 ml"}}, "now 5 ml (was 5 mg)"),
        ("medicine", {}, {"status": "stopped"}, "stopped"),
        ("medicine", {}, {"status": "stopped", "detail": {"status_reason": "cough"}}, "stopped: cough"),
        ("medicine", {"status": "stopped"}, {"status": "active"}, "active again"),
        ("medicine", {}, {"status": "on-hold"}, "now on hold"),
        ("medicine", {"detail": {"directions": "one"}}, {"detail": {"directions": "two"}}, "directions now: two"),
        ("problem", {}, {"status": "resolved"}, "resolved"),
        ("problem", {"display": "CKD 3a"}, {"display": "CKD 3b"}, "was “CKD 3a”"),
        ("problem", {"date_written": "2014"}, {"date_written": "2015"}, "date changed"),
        ("problem", {"detail": {"verification": "unconfirmed"}}, {"detail": {"verification": "confirmed"}},
         "now confirmed"),
        ("allergy", {}, {"detail": {"verification": "refuted"}}, "refuted"),
        ("result", {"value": "8.5", "unit": "mmol/L"}, {"value": "5.8", "unit": "mmol/L"},
         "corrected, was 8.5 mmol/L"),
        ("result", {"value": ""}, {"value": "5.8"}, "result is in"),
        ("problem", {}, {"status": "entered-in-error"}, "taken back: entered in error"),
        ("problem", {"status": "entered-in-error"}, {}, "no longer said to be an error"),
        ("problem", {"detail": {"note": "a"}}, {"detail": {"note": "b"}}, "changed"),
    ],
)  # fmt: skip
def test_a_change_is_worded(kind: str, before: Words, now: Words, words: str) -> None:
    assert changes.said(_claim(kind, now), _claim(kind, before)) == words


def _claim(kind: str, words: Words) -> Claim:
    return replace(claim(1, GP, "X", kind=kind), **words)


def test_a_new_dose_is_put_beside_the_last_of_the_same_source_else_of_another() -> None:
    gps = medicine(1, GP, "Bisoprolol 2.5mg tablets", "1", "2.5 mg")
    new = medicine(2, NI, "Bisoprolol 5mg tablets", "2", "5 mg", date=LATER)
    assert changes.against(new, (new, gps)) == "raised to 5 mg (GP: 2.5 mg)"
    own = medicine(3, NI, "Bisoprolol 10mg tablets", "3", "10 mg")
    assert changes.against(new, (new, gps, own)) == "lowered to 5 mg (was 10 mg)"
    assert changes.against(gps, (new, gps)) == ""
    assert changes.against(new, (new,)) == ""


@pytest.mark.parametrize(
    ("now", "before", "words"),
    [
        ({"value": "58"}, {"value": "51"}, "up from 51"),
        ({"value": "44"}, {"value": "51"}, "down from 51"),
        ({"value": "51"}, {"value": "51"}, "same as 51"),
        ({"value": "58", "unit": "%"}, {"value": "51", "unit": "mmol/mol"}, ""),
        ({"value": "58", "detail": {"comparator": "<"}}, {"value": "51"}, ""),
        ({"value": "132/78"}, {"value": "120/70"}, ""),
        ({"value": "positive"}, {"value": "51"}, ""),
    ],
)
def test_a_result_is_put_beside_the_one_before(now: Words, before: Words, words: str) -> None:
    newest = claim(2, GP, "HbA1c", "1", kind="result", date=LATER, **now)
    assert changes.since_last(newest, [newest, claim(1, GP, "HbA1c", "1", kind="result", **before)]) == words
    assert changes.since_last(newest, []) == ""


def test_of_a_restricted_person_no_earlier_words_are_taken() -> None:
    drawn = {"display": "Lives at 1 Hidden Lane", "status": "active", "detail": {"place": "Hidden Lane"}}
    now = claim(1, GP, "Lives at [not shown]", status="resolved")
    before = changes.earlier(now, drawn, restricted=True)
    assert before is not None
    assert before.display == "Lives at [not shown]"
    assert changes.said(now, before) == "resolved"


# Which versions are news ----------------------------------------------------------------------------------------------
MEDICINE: dict[str, Any] = {
    "resourceType": "MedicationRequest",
    "status": "active",
    "intent": "order",
    "medicationCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "1", "display": "X 5mg"}]},
    "subject": {"reference": "Patient/1"},
    "authoredOn": "2026-11-01",
    "dosageInstruction": [{"text": "one daily"}],
}
technical = st.fixed_dictionaries(
    {},
    optional={
        "id": st.text(min_size=1),
        "meta": st.fixed_dictionaries({"versionId": st.text(), "lastUpdated": st.just("2026-11-01T00:00:00Z")}),
        "identifier": st.lists(st.fixed_dictionaries({"system": st.just("urn:x"), "value": st.text(min_size=1)})),
        "implicitRules": st.just("urn:x"),
        "language": st.just("en"),
    },
)


@given(technical, technical)
def test_what_only_renumbers_is_never_news(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not says_more(MEDICINE | one, MEDICINE | other)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "stopped"},
        {"authoredOn": "2026-11-02"},
        {"dosageInstruction": [{"text": "two daily"}]},
        {"note": [{"text": "watch the pulse"}]},
        {"medicationCodeableConcept": {"text": "X 10mg"}},
    ],
)
def test_what_a_clinician_reads_is_news(change: dict[str, Any]) -> None:
    assert says_more(deepcopy(MEDICINE), MEDICINE | change)


def test_another_text_of_a_letter_is_news() -> None:
    letter = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": {"data": "YQ=="}}]}
    assert says_more(letter, letter | {"content": [{"attachment": {"data": "Yg=="}}]})
