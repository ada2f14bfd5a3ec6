"""The timeline and the search in a browser: scrolling, the keyboard, the live region, and without scripts."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from access.models import Organisation
from conftest import Person
from records.models import Patient, Resource
from records.search import keeping
from records.tests.saying import say
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)
ENTRIES = 130


@pytest.fixture
def long(jane: Patient, riverside: Organisation) -> Patient:
    """Somebody whose timeline has several pages."""
    for number in range(ENTRIES):
        date = timezone.now() - dt.timedelta(days=number * 3 + 30)
        body = {"note": [{"text": "Metoprolol reviewed"}]}
        say(riverside, jane, "encounter", f"Visit {number}", body=body, date=date)
    say(riverside, jane, "appointment", "Review", status="booked", date=timezone.now() + dt.timedelta(days=9))
    keeping.again(Resource.objects.filter(patient=jane))
    return jane


def test_it_loads_as_one_scrolls_and_says_so(sign_in: SignIn, gp: Person, long: Patient) -> None:
    page = sign_in(gp)
    page.goto(f"/patients/{long.pk}/timeline/")
    rows = page.locator("#timeline-found > ol > li")
    before = rows.count()
    page.mouse.wheel(0, 20_000)
    expect(page.locator("#timeline-said")).to_contain_text("more entries loaded")
    page.wait_for_function(f"document.querySelectorAll('#timeline-found > ol > li').length > {before}")
    for _ in range(6):
        page.mouse.wheel(0, 20_000)
        page.wait_for_timeout(300)
    expect(page.locator("#timeline-found a[rel=next]")).to_have_count(0)
    ids = page.locator("#timeline-found [id^=item-]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    assert len([one for one in ids if one]) >= ENTRIES
    headings = page.locator("#timeline-found h2.month").all_inner_texts()
    assert len(headings) == len(set(headings))


def test_the_focus_goes_on_where_the_link_was(sign_in: SignIn, gp: Person, long: Patient) -> None:
    page = sign_in(gp)
    page.goto(f"/patients/{long.pk}/timeline/")
    page.locator("#timeline-found a[rel=next]").first.evaluate("one => one.focus()")
    expect(page.locator("#timeline-said")).to_contain_text("more entries loaded")
    expect(page.locator("#timeline-found > ol").nth(1).locator(":focus")).to_have_count(0)
    assert page.evaluate("document.activeElement.closest('#timeline-found li') !== null")


def test_typing_searches_and_marks_what_it_finds(sign_in: SignIn, gp: Person, long: Patient) -> None:
    page = sign_in(gp)
    page.goto(f"/patients/{long.pk}/")
    page.locator("#search").press_sequentially("meto rev", delay=30)
    expect(page.locator("#timeline-found mark").first).to_have_text("Metoprolol")
    expect(page.locator("#timeline-said")).to_contain_text(f"{ENTRIES} entries with meto rev")
    expect(page.locator("#search")).to_be_focused()
    assert "meto" not in page.url
    page.locator("#search").press("Enter")
    page.wait_for_url(f"**/patients/{long.pk}/search/*")
    assert "meto" not in page.url
    expect(page.locator("#search")).to_have_value("meto rev")


def test_filters_and_search_work_without_scripts(sign_in: SignIn, gp: Person, long: Patient) -> None:
    page = sign_in(gp, javascript=False)
    page.goto(f"/patients/{long.pk}/timeline/")
    page.select_option("#narrow-show", "consultations")
    page.fill("#narrow-since", "31/2/2026")
    page.select_option("#narrow-period", "dates")
    page.click(".narrow button")
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("From must be a date")
    page.fill("#narrow-since", "1 Jan 2020")
    page.click(".narrow button")
    expect(page.locator(".hintline")).to_contain_text("entries")
    page.click("a[rel=next]")
    expect(page).to_have_url(re.compile("after="))
    expect(page.locator("a[rel=prev]")).to_have_count(1)
    page.fill("#search", "metoprolol")
    page.click("form[role=search] button:has-text('Search')")
    expect(page.locator("mark").first).to_have_text("Metoprolol")
    page.go_back()
    expect(page.locator("h1")).to_have_text("Timeline")
