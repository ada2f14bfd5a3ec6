"""The journey of the README, with every process real: a referral goes out and its letter comes back."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.artefacts import keep
from tests.journeys.conftest import Stack, wait_for

pytestmark = pytest.mark.xdist_group("stack")
SignIn = Callable[..., Page]


def open_jane(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("999 123 4578")
    page.locator("#found a").first.click()
    page.wait_for_url(re.compile(r"/patients/[0-9a-f-]{36}/$"))
    expect(page.locator("h1")).to_contain_text("SMITH, Jane")


def refer(page: Page, service: str, reason: str) -> str:
    """Write and send a referral from the one screen; answers with the address of its page."""
    page.keyboard.press("r")
    page.wait_for_url(re.compile(r"/referrals/new/"))
    page.locator("#service-q").fill(service)
    page.locator("#services a", has_text=service).first.click()
    page.get_by_label("Routine", exact=True).check()
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name="Send referral").click()
    page.wait_for_url(re.compile(r"/(referrals|patients)/[0-9a-f-]{36}/"))
    return page.url


def test_a_referral_travels_and_its_letter_comes_back(stack: Stack, sign_in: SignIn) -> None:
    seeded = wait_for(stack.arrivals, 60, "the demonstration's own referral has arrived")
    before = {a["sha256"] for a in seeded}
    page = sign_in("gp@riverside.example")
    open_jane(page)
    for source in ("Northern Infirmary", "Cityview"):
        expect(page.locator("body")).to_contain_text(source)
    expect(page.locator("#medicines")).to_contain_text("Sources disagree")
    keep(page, "gp-one-screen")
    patient = page.url
    refer(page, "Dermatology", "A changing mole on the left forearm.")
    page.goto(patient)
    row = page.locator("#referrals li", has_text="Dermatology").first
    # From here on the page is left alone: it must become true by itself.
    expect(row).to_contain_text("Booked", timeout=60_000)
    expect(row).to_contain_text("Letter received", timeout=60_000)
    keep(page, "gp-letter-received")
    row.get_by_role("link", name="Read the letter").click()
    expect(page.locator("h1")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Dermatology")
    keep(page, "gp-letter-read")
    new = [a for a in stack.arrivals() if a["sha256"] not in before]
    assert len(new) == 1, "one referral is one arrival"


@pytest.mark.requirement("BARS-CAN-1", "BARS-CAN-2")
def test_a_referral_is_withdrawn_at_the_hospital(stack: Stack, sign_in: SignIn) -> None:
    """The hospital is asked, then told; the page becomes true by itself."""
    page = sign_in("gp@riverside.example")
    open_jane(page)
    before = len(stack.arrivals())
    refer(page, "Dermatology", "A rash that has gone since.")
    page.get_by_role("link", name="Withdraw referral").click()
    page.get_by_label("Why is it withdrawn?").fill("The rash has gone")
    page.get_by_role("button", name="Withdraw referral").click()
    expect(page.locator("#stands ~ p").first).to_contain_text("Withdrawn", timeout=60_000)
    expect(page.locator("#referral")).to_contain_text("The rash has gone")
    keep(page, "gp-withdrawn")
    if "before it had left" not in page.locator("#referral").inner_text():
        expect(page.locator("#referral")).to_contain_text("Northern Infirmary has taken it back")
        assert len(stack.arrivals()) == before + 2, "the referral and its withdrawal, each once"


def test_the_hospital_reads_what_was_sent_and_nothing_else(stack: Stack, sign_in: SignIn) -> None:
    gp = sign_in("gp@riverside.example")
    open_jane(gp)
    jane = gp.url
    refer(gp, "Physiotherapy", "Stiff knee after a fall.")
    page = sign_in("clinician@infirmary.example")
    page.goto("/referrals/referred/")
    page.locator("main a", has_text=re.compile("SMITH, Jane")).first.click()
    expect(page.locator("main")).to_contain_text("Reason")
    keep(page, "hospital-referral-received")
    answer = page.goto(jane)
    assert answer is not None
    assert answer.status in (403, 404)


def test_reception_sees_where_it_stands_and_not_the_record(sign_in: SignIn) -> None:
    page = sign_in("reception@riverside.example")
    open_jane(page)
    expect(page.locator("#referrals")).to_be_visible()
    expect(page.locator("#medicines")).to_have_count(0)
    expect(page.locator("#problems")).to_have_count(0)
    keep(page, "reception-patient")


def test_social_care_reads_a_plain_summary(sign_in: SignIn) -> None:
    page = sign_in("social@cityview.example")
    page.goto("/care/")
    page.locator("main a", has_text=re.compile("Smith", re.I)).first.click()
    page.wait_for_url(re.compile(r"/care/[0-9a-f-]{36}/"))
    for heading in ("Whom to ring", "Watch for", "Medicines"):
        expect(page.locator("main")).to_contain_text(heading)
    keep(page, "care-summary")


def test_another_practice_finds_nobody(sign_in: SignIn) -> None:
    page = sign_in("gp@hillside.example")
    page.goto("/patients/?q=999+123+4578")
    expect(page.locator("main")).not_to_contain_text("SMITH, Jane")


def test_a_hospital_that_is_down_is_told_in_words_and_reached_once_it_is_back(stack: Stack, sign_in: SignIn) -> None:
    """The hospital answers 503, the broker and the workers are killed: delivered once, with the same bytes."""
    stack.behave("hospital", mode="down")
    before = len(stack.arrivals())
    page = sign_in("gp@riverside.example")
    open_jane(page)
    patient = page.url
    refer(page, "Cardiology", "Palpitations at rest.")
    page.goto(patient)
    row = page.locator("#referrals li", has_text="Cardiology").first
    expect(row).to_contain_text(
        re.compile(r"has not answered since \d\d:\d\d\. We (try|are trying) again"), timeout=40_000
    )
    keep(page, "gp-hospital-down")
    desk = sign_in("reception@riverside.example")
    desk.goto("/exchange/")
    told = desk.locator(".partners li", has_text="Northern Infirmary")
    expect(told).to_contain_text(
        re.compile(r"has not answered since \d\d:\d\d\. \d+ referrals? waits?; we (try|are trying)")
    )
    keep(desk, "desk-hospital-down")
    stack.kill("valkey")
    stack.kill("worker")
    stack.behave("hospital", mode="normal")
    expect(row).to_contain_text(re.compile("Delivered|Accepted|Booked|Letter"), timeout=120_000)
    wait_for(
        lambda: httpx.get(f"{stack.url}/readyz", trust_env=False).json()["broker"] == "ok", 30, "the broker is back"
    )
    arrived = stack.arrivals()[before:]
    assert len({a["sha256"] for a in arrived}) == 1, "repeats carry identical bytes"
    assert len([a for a in arrived if a["status"] == 200]) == 1, "taken once"
    expect(told).to_contain_text("Nothing to do", timeout=30_000)
    keep(desk, "desk-hospital-back")
