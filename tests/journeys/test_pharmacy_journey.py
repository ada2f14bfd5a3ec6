"""The other way a referral can go: to a pharmacy, by the use case that BaRS publishes (a5t3, blood pressure check)."""

import json
import re
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from exchange.tests.second_opinion import faults
from referrals.tests.published import TABLES, musts
from tests.artefacts import keep
from tests.journeys.conftest import Stack
from tests.journeys.test_referral_journey import SignIn, open_jane, refer

pytestmark = pytest.mark.xdist_group("stack")


def kept_by_the_pharmacy(data: Path) -> list[dict[str, Any]]:
    """The messages it took, as they came."""
    store = sqlite3.connect(f"file:{data / 'sandbox' / 'pharmacy' / 'sandbox.sqlite3'}?mode=ro", uri=True)
    try:
        return [json.loads(body) for (body,) in store.execute("SELECT body FROM referrals ORDER BY at")]
    finally:
        store.close()


def is_the_published_use_case(message: dict[str, Any]) -> None:
    """Use case and version, every MUST row of the published table, and a second validator."""
    (request,) = [e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == "ServiceRequest"]
    assert "a5t3" in {coding["code"] for category in request["category"] for coding in category["coding"]}
    assert message["meta"]["versionId"] == "1.1.0"
    assert faults(message) == []
    if TABLES.exists():
        assert musts(message)[0] == []


def test_a_blood_pressure_check_is_asked_for_and_its_result_comes_back(stack: Stack, sign_in: SignIn) -> None:
    reason = "Blood pressure 152/94 in the surgery, please check."
    reception = sign_in("reception@riverside.example")
    page = sign_in("gp@riverside.example")
    open_jane(page)
    patient = page.url
    before = len(stack.arrivals("pharmacy"))
    written = f'a[href="{urlsplit(refer(page, "Blood pressure check", reason)).path}"]'
    page.goto(patient)
    reception.goto(patient)
    row = page.locator("#referrals li", has=page.locator(written))
    theirs = reception.locator("#referrals li", has=reception.locator(written))
    # From here on both pages are left alone: they must become true by themselves.
    expect(row).to_contain_text("Accepted by Market Square Pharmacy", timeout=60_000)
    expect(row).to_contain_text(re.compile(r"Completed by .*\d{2,3}/\d{2,3} mmHg"), timeout=60_000)
    expect(theirs).to_contain_text("Completed by Market Square Pharmacy", timeout=30_000)
    expect(theirs).not_to_contain_text("mmHg")  # a result is none of reception's business
    keep(page, "gp-pharmacy-completed")
    assert [arrival["status"] for arrival in stack.arrivals("pharmacy")[before:]] == [200]
    (message,) = [one for one in kept_by_the_pharmacy(stack.data) if reason in json.dumps(one)]
    is_the_published_use_case(message)
