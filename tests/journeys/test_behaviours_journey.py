"""Every way in which a partner can answer, well or badly, against the whole product: where the referral ends."""

import re
import time
from typing import Any, Final

import httpx
import pytest

from tests.journeys.conftest import Stack, wait_for
from tests.journeys.practice import Practice

pytestmark = pytest.mark.xdist_group("stack")
HEART_FAILURE, BLOOD_PRESSURE = "9000000201", "9000000301"
NOTHING_YET: Final = "Nothing to do yet."
NOT_ANSWERED: Final = r"Delivered .*Northern Infirmary has not answered yet\."
#: Mode of the hospital -> (where the referral ends, whose turn it is), as its page says it.
ANSWERS: Final = {
    "accept": (r"Accepted by Northern Infirmary .*No date yet\.", NOTHING_YET),
    "book": (r"Booked: \w{3} \d+ \w{3}.*, 10:20, Clinic 4, Northern Infirmary", NOTHING_YET),
    "reject": (
        r"Rejected by Dr Laura Fenn, Heart failure clinic .*: This service cannot help",
        "Decide what to do next.",
    ),
    "reject-without-reason": (
        r"Rejected by Dr Laura Fenn.* No reason was given\.",
        "Ask Northern Infirmary why, then decide what to do next.",
    ),
    "reject-unsigned": (r"Rejected by Northern Infirmary .*: This service cannot help", "Decide what to do next."),
    "ask-for-more": (
        r"Northern Infirmary asked for more .*: Please send recent blood results",
        "Send or tell Northern Infirmary what they ask for; they decide when they have it.",
    ),
    "repeat-answers": (r"Letter received .*: Heart failure clinic: discharge letter\.", "To be read."),
    "repeat-with-new-ids": (r"Letter received .*: Heart failure clinic: discharge letter\.", "To be read."),
    "booked-first": (r"Booked: \w{3} \d+ \w{3}.*, 10:20, Clinic 4, Northern Infirmary", NOTHING_YET),
    "invalid-answers": (NOT_ANSWERED, NOTHING_YET),
    "cut-off-answers": (NOT_ANSWERED, NOTHING_YET),
    "wrong-patient": (NOT_ANSWERED, NOTHING_YET),
}
#: Modes in which the pharmacy's system goes wrong: one message each, whichever meets it.
SYSTEM: Final = ("too-many", "down", "never-answers", "ids-not-mirrored", "empty-answer", "refuse")


def sandbox(stack: Stack, name: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{stack.sandbox(name)}/sandbox/arrivals", timeout=10, trust_env=False).json()
    return found


def answer_now(stack: Stack, referral: dict[str, Any]) -> None:
    """Press the button of the last answer of a referral: those before it go first."""
    last = referral["answers"][-1]["kind"]
    form = {"referral": referral["id"], "kind": last}
    httpx.post(f"{stack.sandbox('hospital')}/sandbox/answer", json=form, timeout=10, trust_env=False)


def test_every_behaviour_ends_where_it_should_and_nothing_is_lost(stack: Stack, practice: Practice) -> None:
    """The pharmacy's system goes wrong while the hospital answers in every way; then each referral says where it is."""
    wait_for(lambda: stack.arrivals("pharmacy") and stack.arrivals("hospital"), 60, "the demonstration's own are there")
    before = len(sandbox(stack, "pharmacy")["referrals"])
    for mode in SYSTEM:
        stack.behave("pharmacy", mode=mode, next=1, seconds=1 if mode == "too-many" else 0)
    at_the_pharmacy = [practice.refer(BLOOD_PRESSURE) for _ in SYSTEM]
    ended = {mode: _refer_so(stack, practice, mode) for mode in ANSWERS}
    _end_as_they_should(practice, ended)
    for mode in ("invalid-answers", "cut-off-answers"):
        _was_refused(stack, mode)
    _is_told_once(practice, ended)
    wait_for(lambda: "names another patient" in practice.to_look_at(), 15, "a person is asked about the wrong patient")
    assert "Otherwise" not in practice.to_look_at()
    # The pharmacy: whatever went wrong, each arrived once, and the one it refused is ours to act on.
    stood = wait_for(lambda: _settled(practice, at_the_pharmacy), 60, "every message to the pharmacy has ended")
    refused = [turn for sentence, turn in stood if re.match(r"Not delivered\. .*refused it", sentence)]
    assert refused == ["Ring Market Square Pharmacy: they do not have it."]
    assert len(sandbox(stack, "pharmacy")["referrals"]) == before + len(SYSTEM) - 1
    assert sandbox(stack, "pharmacy")["counts"]["changed"] == 0, "repeats carry identical bytes"


def _refer_so(stack: Stack, practice: Practice, mode: str) -> str:
    """A referral to the hospital that is treated so, and its answers sent at once."""
    there = {one["id"] for one in sandbox(stack, "hospital")["referrals"]}
    stack.behave("hospital", mode=mode, next=1)
    referral = practice.refer(HEART_FAILURE)

    def arrived() -> dict[str, Any] | None:
        new = [one for one in sandbox(stack, "hospital")["referrals"] if one["id"] not in there]
        return new[0] if new else None

    answer_now(stack, wait_for(arrived, 30, f"{mode}: the hospital has it"))
    return referral


def _end_as_they_should(practice: Practice, ended: dict[str, str]) -> None:
    """Each stands where its table says, within half a minute of the last answer."""

    def wrong() -> dict[str, tuple[str, str]]:
        stood = {mode: practice.stands(referral) for mode, referral in ended.items()}
        return {mode: said for mode, said in stood.items() if not _is(said, ANSWERS[mode])}

    end = time.monotonic() + 30
    while (left := wrong()) and time.monotonic() < end:
        time.sleep(0.5)
    assert left == {}


def _is(said: tuple[str, str], expected: tuple[str, str]) -> bool:
    return bool(re.match(expected[0], said[0])) and said[1] == expected[1]


def _was_refused(stack: Stack, mode: str) -> None:
    """The answer of that mode was told what is wrong with it, so that its sender knows."""
    how = {"invalid-answers": "invalid", "cut-off-answers": "cut-off"}[mode]
    answers = [one for referral in sandbox(stack, "hospital")["referrals"] for one in referral["answers"]]
    assert {one["status"] for one in answers if one["how"] == how} == {400}


def _is_told_once(practice: Practice, ended: dict[str, str]) -> None:
    """An answer that comes twice with its ids is in the history once."""
    history = practice.history(ended["repeat-answers"])
    for words in ("Accepted by Northern Infirmary", "Booked by Northern Infirmary", "Letter received from"):
        assert history.count(words) == 1, words


def _settled(practice: Practice, referrals: list[str]) -> list[tuple[str, str]] | None:
    """How each stands, once none is on its way any more."""
    stood = [practice.stands(one) for one in referrals]
    moving = [sentence for sentence, _ in stood if sentence.startswith(("Sent", "On its way", "Waiting to go"))]
    return None if moving else stood
