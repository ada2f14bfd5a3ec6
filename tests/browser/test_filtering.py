"""Filtering the timeline exchanges the list and its filters in place, and leaves an address one can come back to."""

import re

import pytest
from playwright.sync_api import expect

from conftest import Person
from records.models import Patient
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_filter_is_exchanged_in_place_and_keeps_its_address(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = sign_in(gp)
    page.goto(f"/patients/{jane.pk}/timeline/")
    page.evaluate("window.same = true")
    page.locator("#timeline .filters a", has_text="Letters").click()
    expect(page.locator("#timeline .filters [aria-current]")).to_have_text("Letters")
    expect(page.locator("#timeline-found")).to_contain_text("Discharge summary")
    expect(page.locator("#timeline-found")).not_to_contain_text("Consultation")
    expect(page).to_have_url(re.compile(r"\?show=letters$"))
    assert page.evaluate("window.same") is True
    assert page.locator("#timeline").count() == 1
    page.reload()
    expect(page.locator("#timeline .filters [aria-current]")).to_have_text("Letters")
