"""A request to social care, both ways: found in the directory, sent, accepted, its outcome told, its notice filed."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.artefacts import keep
from tests.journeys.conftest import Stack
from tests.journeys.test_referral_journey import open_jane, refer

pytestmark = pytest.mark.xdist_group("stack")


def test_a_care_needs_assessment_is_asked_for_and_its_notice_comes_back(
    stack: Stack, sign_in: Callable[..., Page]
) -> None:
    page = sign_in("gp@riverside.example")
    open_jane(page)
    patient = page.url
    refer(page, "Care needs assessment", "Cannot wash or dress alone since the fall.")
    page.goto(patient)
    row = page.locator("#referrals li", has_text="Care needs assessment").first
    # From here on the page is left alone: it must become true by itself.
    expect(row).to_contain_text("Accepted by Cityview Adult Social Care", timeout=60_000)
    expect(row).to_contain_text(re.compile("Completed by Cityview.*two visits a day|Letter received"), timeout=60_000)
    expect(page.locator("#letters")).to_contain_text("notice of assessment outcome", timeout=60_000)
    page.reload()
    expect(row).to_contain_text("Letter received")
    keep(page, "gp-social-care-notice")
    row.get_by_role("link", name="Read the letter").click()
    expect(page.locator("main")).to_contain_text("Care Act 2014")
    assert [one["status"] for one in stack.arrivals("socialcare")] == [200]
