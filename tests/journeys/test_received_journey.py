"""Somebody asks something of the practice, with every process real: it is read, answered, and taken back."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from tests.artefacts import keep
from tests.journeys.conftest import Stack, wait_for
from tests.journeys.test_asking_journey import JANE
from tests.journeys.test_referral_journey import SignIn

pytestmark = pytest.mark.xdist_group("stack")


def ask(stack: Stack, **said: str) -> dict[str, Any]:
    """What the practice answered at once to the hospital."""
    url = f"{stack.sandbox('hospital')}/sandbox/request"
    told: dict[str, Any] = httpx.post(url, json=said, timeout=15, trust_env=False).raise_for_status().json()
    return told


def hospital_page(stack: Stack) -> str:
    return httpx.get(stack.sandbox("hospital"), timeout=10, trust_env=False).text


def test_what_the_hospital_asks_is_answered_and_what_it_takes_back_is_gone(stack: Stack, sign_in: SignIn) -> None:
    told = ask(stack, kind="referral", nhs_number=JANE, reason="Please review the wheeze")
    assert told["status"] == 200, told
    validation = ask(stack, kind="validation", nhs_number=JANE, reason="Palpitations since this morning")
    booking = ask(stack, kind="booking", nhs_number=JANE, reason="Dressing change")
    assert (validation["status"], booking["status"]) == (200, 200), (validation, booking)
    page = sign_in("gp@riverside.example")
    row = page.locator("tr", has_text="Please see this patient")

    def arrived() -> bool:
        page.goto(f"{stack.url}/referrals/received/")
        return row.count() == 1 and page.locator("tr", has_text="Please validate this case").count() == 1

    wait_for(arrived, 60, "the requests are read")
    row.get_by_role("link").click()
    expect(page.get_by_text("Please review the wheeze").first).to_be_visible()
    keep(page, "received-referral")
    page.get_by_role("button", name="Accept").click()
    page.get_by_role("link", name="Complete with outcome").click()
    page.get_by_label("What came of it?").fill("Seen, inhaler changed")
    page.get_by_role("button", name="Send answer").click()
    wait_for(lambda: "Task completed" in hospital_page(stack), 60, "the hospital has the answer")

    def delivered() -> int:
        page.reload()
        return page.get_by_text("Northern Infirmary has our answer").count()

    wait_for(lambda: delivered() == 2, 60, "both answers are delivered")
    revoked = ask(stack, request=validation["request"], act="revoked")
    assert revoked["status"] == 200, revoked

    def gone() -> bool:
        page.goto(f"{stack.url}/referrals/received/?list=closed")
        return (
            page.locator("tr", has_text="Please validate this case").get_by_text("Cancelled by the sender").count() > 0
        )

    wait_for(gone, 60, "the validation is cancelled")
    over = ask(stack, request=validation["request"], act="again")
    assert over["code"] in ("duplicate", "REC_CONFLICT", ""), over
    reception = sign_in("reception@riverside.example")
    reception.goto(f"{stack.url}/referrals/received/")
    reception.locator("tr", has_text="Appointment").get_by_role("link").click()
    reception.get_by_role("button", name="Confirm").click()
    wait_for(lambda: "Appointment booked" in hospital_page(stack), 60, "the hospital knows that it is confirmed")
