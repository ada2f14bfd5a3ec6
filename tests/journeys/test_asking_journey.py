"""A hospital learns something new and the open record shows it; a hospital that is down is said to be, and recovers."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.artefacts import keep
from tests.journeys.conftest import Stack
from tests.journeys.test_referral_journey import open_jane

pytestmark = pytest.mark.xdist_group("stack")
SignIn = Callable[..., Page]
JANE = "9991234578"


def add_result(stack: Stack, value: str) -> None:
    """Somebody at the hospital enters a potassium result."""
    url = f"{stack.sandbox('hospital')}/sandbox/result"
    answer = httpx.post(url, json={"nhs_number": JANE, "value": value}, timeout=10, trust_env=False)
    answer.raise_for_status()


def test_what_the_hospital_has_new_appears_while_the_record_is_open(stack: Stack, sign_in: SignIn) -> None:
    page = sign_in("gp@riverside.example")
    open_jane(page)
    # From here on the page is left alone: it must become true by itself.
    expect(page.locator("#freshness")).to_contain_text("Northern Infirmary answered", timeout=60_000)
    add_result(stack, "6.37")
    page.wait_for_timeout(16_000)  # the demonstration asks a partner again after 15 seconds
    page.reload()
    expect(page.locator("#results")).to_contain_text("6.37", timeout=60_000)


def test_a_hospital_that_is_down_is_said_to_be_and_recovers(stack: Stack, sign_in: SignIn) -> None:
    page = sign_in("gp@riverside.example")
    page.wait_for_timeout(16_000)
    stack.behave("hospital", mode="down")
    try:
        open_jane(page)
        said = page.locator("#results .stale")
        words = re.compile(r"Northern Infirmary has not answered since \d\d:\d\d\. This is what it sent .+ We ")
        expect(said).to_contain_text(words, timeout=60_000)
        expect(page.locator("#medicines .stale")).to_contain_text("Northern Infirmary")
        keep(page, "gp-sources-stale")
    finally:
        stack.behave("hospital", mode="normal")
    expect(said).to_have_count(0, timeout=120_000)
    expect(page.locator("#freshness")).to_contain_text("Northern Infirmary answered", timeout=20_000)


def test_an_operator_asks_the_hospital_about_one_patient(stack: Stack, sign_in: SignIn) -> None:
    page = sign_in("gp@riverside.example")
    open_jane(page)
    patient_id = page.url.rstrip("/").rsplit("/", 1)[-1]
    expect(page.locator("#freshness")).to_contain_text("Northern Infirmary answered", timeout=60_000)
    add_result(stack, "6.41")
    said = stack.manage("pull", patient_id, "--partner", "RZZ01")
    assert (said.returncode, said.stdout) == (0, "Northern Infirmary answered: 1 page, 1 new or changed.\n")
    page.reload()
    expect(page.locator("#results")).to_contain_text("6.41")
    unknown = stack.manage("pull", patient_id, "--partner", "ZZZ99")
    assert unknown.returncode == 1
    assert "No partner with the ODS code ZZZ99 lets us read. Those that do: " in unknown.stderr
    nobody = stack.manage("pull", "9991234578")
    assert nobody.returncode == 1
    assert "That is no patient's id." in nobody.stderr
    assert "9991234578" not in nobody.stderr + nobody.stdout
