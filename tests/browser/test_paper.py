"""The summary as a browser prints it: only the sheet, with name and page number on each page."""

import io

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from access.models import Organisation
from conftest import Person
from records.models import Patient
from records.tests.saying import say
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_printed_page_says_whose_it_is(
    sign_in: SignIn, gp: Person, jane: Patient, riverside: Organisation
) -> None:
    long = "something whose name takes more than one line of a narrow column on paper"
    for number in range(25):
        say(riverside, jane, "problem", f"Problem {number}, {long}", str(number))
        say(riverside, jane, "medicine", f"Medicine {number}, {long}", str(number))
    page = sign_in(gp, javascript=False)
    page.goto(f"/patients/{jane.pk}/summary/")
    back = page.get_by_role("link", name="Back to the record")
    expect(back).to_have_attribute("href", f"/patients/{jane.pk}/")
    page.emulate_media(media="print")
    expect(back).to_be_hidden()
    printed = PdfReader(io.BytesIO(page.pdf(prefer_css_page_size=True, format="A4")))
    assert len(printed.pages) > 1
    for number, one in enumerate(printed.pages, 1):
        text = " ".join(one.extract_text().split())
        assert "SMITH, Jane" in text
        assert f"Page {number} of {len(printed.pages)}" in text
        for beside in ("Open as PDF", "Back to the record", "Sign out", "Demonstration data"):
            assert beside not in text
