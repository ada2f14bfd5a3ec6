"""A hospital asks the practice: referral, validation and booking arrive and are answered, over HTTP both ways."""

from typing import Any

import httpx
import pytest

from tests.journeys.conftest import Stack, wait_for
from tests.journeys.practice import Practice

pytestmark = pytest.mark.xdist_group("stack")
JANE = "9991234578"


def ask(stack: Stack, **fields: str) -> dict[str, Any]:
    """What the hospital is told at once."""
    url = f"{stack.sandbox('hospital')}/sandbox/request"
    told: dict[str, Any] = httpx.post(url, json=fields, timeout=20, trust_env=False).raise_for_status().json()
    return told


def asked(stack: Stack, request: str) -> dict[str, Any]:
    """How the hospital says that its request stands."""
    found = httpx.get(f"{stack.sandbox('hospital')}/sandbox/arrivals", timeout=10, trust_env=False).json()["asked"]
    return next(one for one in found if one["id"] == request)


def begin(stack: Stack, practice: Practice, kind: str) -> tuple[str, str]:
    """(the hospital's id, ours) of a request that was taken and can be opened."""
    told = ask(stack, kind=kind, nhs_number=JANE)
    assert (told["status"], told["code"]) == (200, "ok"), kind
    theirs = asked(stack, told["request"])["theirs"]
    where = f"/referrals/received/{theirs}/"
    wait_for(lambda: practice.client.get(where).status_code == 200, 20, f"the {kind} is filed")
    assert "SMITH" in practice.client.get(where).text
    return told["request"], theirs


def test_what_a_hospital_asks_is_answered_changed_and_revoked(stack: Stack, practice: Practice) -> None:
    referral, ours = begin(stack, practice, "referral")
    practice.answer(ours, "accept")
    wait_for(lambda: asked(stack, referral)["stands"] == "Task accepted", 30, "the acceptance has come")
    practice.answer(ours, "complete", text="Seen and treated.")
    wait_for(lambda: asked(stack, referral)["over"], 30, "the outcome has come")
    validation, ours = begin(stack, practice, "validation")
    before = practice.history_of(ours)
    assert ask(stack, request=validation, act="update")["status"] == 200
    wait_for(lambda: practice.history_of(ours) > before, 20, "the update is filed")
    practice.answer(ours, "reject", text="Not ours to validate.")
    wait_for(lambda: asked(stack, validation)["over"], 30, f"the rejection has come: {asked(stack, validation)}")
    booking, ours = begin(stack, practice, "booking")
    assert ask(stack, request=booking, act="again")["code"] == "duplicate"
    assert ask(stack, request=booking, act="revoked")["status"] == 200
    wait_for(lambda: "ancelled" in practice.client.get(f"/referrals/received/{ours}/").text, 20, "the booking is over")
