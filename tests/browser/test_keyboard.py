"""The GP's journey by keyboard alone and without scripts; the help; what is exchanged keeps its focus."""

import datetime as dt
import re
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from access.models import AuditEvent, Organisation, User
from conftest import Person
from records.models import LastLooked, LetterRead, Patient, Resource
from records.search import keeping
from records.tests.saying import file_letter, say
from tests.browser.conftest import SignIn
from ui import keys

pytestmark = pytest.mark.django_db(transaction=True)
PARTS = [key for key in keys.SINGLE if key.target not in ("find", "keys", "search", "refer", "to-enter")]


#: What the page hears when a source was heard; done when every part has its answer, so that none outlives the test.
_TELL_THE_PARTS = """() => new Promise((done) => {
  let left = document.querySelectorAll("[hx-trigger*=record-changed]").length;
  document.addEventListener("htmx:afterRequest", () => { left -= 1; if (left === 0) done(); });
  htmx.trigger(document.body, "record-changed");
})"""


def opened(page: Page, jane: Patient) -> Page:
    page.goto(f"/patients/{jane.pk}/")
    return page


# The journey ----------------------------------------------------------------------------------------------------------
def test_the_gps_journey_by_keyboard_alone(sign_in: SignIn, gp: Person, jane: Patient, infirmary: Organisation) -> None:
    page = sign_in(gp)
    page.goto("/")
    press = page.keyboard.press
    press("/")
    page.keyboard.type("smith ja")
    expect(page.locator("#found a")).to_have_count(1)
    press("ArrowDown")
    press("Enter")
    page.wait_for_url(f"**/patients/{jane.pk}/")
    for part in PARTS:
        press(part.key)
        expect(page.locator(f"#{part.target} h2").first).to_be_focused()
    press("u")
    for _ in range(12):
        press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Mark as seen":
            break
    press("Enter")
    expect(page.locator(".said")).to_contain_text("Marked as seen at")
    assert LastLooked.objects.get().user_id == gp.user.pk
    press("l")
    press("Tab")
    press("Enter")
    expect(page.locator("h1")).to_have_text("Discharge summary")
    assert LetterRead.objects.filter(user=gp.user).exists()
    page.go_back()
    press("r")
    page.wait_for_url(re.compile(r"/referrals/new/\?patient="))


def test_the_gps_journey_without_scripts(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = sign_in(gp, javascript=False)
    page.goto("/")
    page.fill("#find", "smith")
    page.press("#find", "Enter")
    page.click("#found a")
    for part in ("problems", "medicines", "results", "letters", "referrals", "care", "timeline"):
        expect(page.locator(f"#{part} h2").first).to_be_visible()
    page.click("#timeline .filters a >> text=Letters")
    expect(page.locator("#timeline")).to_contain_text("Discharge summary")
    page.go_back()
    page.click("#letters li a")
    expect(page.locator("h1")).to_have_text("Discharge summary")
    page.click("text=Back to the record")
    page.click("text=Mark as seen")
    expect(page.locator(".said")).to_contain_text("Marked as seen at")
    page.click("text=Take back")
    expect(page.locator(".said")).to_contain_text("The mark is taken back")
    page.click("#refer")
    expect(page).to_have_url(re.compile(r"/referrals/new/\?patient="))
    page.click("text=Keyboard")
    expect(page.locator("h1")).to_have_text("Keyboard")


def test_opening_in_the_background_marks_nothing(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    opened(sign_in(gp), jane)
    assert not LastLooked.objects.exists()


# The help -------------------------------------------------------------------------------------------------------------
def test_the_help_lists_what_this_page_offers_and_nothing_else(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = opened(sign_in(gp), jane)
    page.keyboard.press("?")
    dialog = page.locator("#keys")
    expect(dialog).to_be_visible()
    for key in keys.SINGLE:
        there = page.locator(f"#{key.target}").count() > 0
        expect(dialog.locator(f"[data-goes={key.target}]")).to_be_visible(visible=there)
    assert [v["id"] for v in Axe().run(page).response["violations"]] == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.goto("/letters/")
    page.click("text=Keyboard")
    expect(dialog).to_be_visible()
    expect(dialog.locator("[data-goes=problems]")).to_be_hidden()
    expect(dialog.locator("[data-goes=find]")).to_be_visible()


def test_single_letters_can_be_switched_off_and_stay_off(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = opened(sign_in(gp), jane)
    page.keyboard.press("?")
    page.click("text=Switch single-letter keys off")
    expect(page).to_have_url(re.compile(f"/patients/{jane.pk}/$"))
    assert not User.objects.get(pk=gp.user.pk).single_keys
    for key in ("p", "r", "?", "/"):
        page.keyboard.press(key)
    expect(page).to_have_url(re.compile(f"/patients/{jane.pk}/$"))
    expect(page.locator("#keys")).to_be_hidden()
    assert page.evaluate("document.activeElement === document.body || document.activeElement.id === 'main'")
    page.click("text=Keyboard")
    page.click("text=Switch single-letter keys on")
    expect(page.locator("body")).not_to_have_attribute("data-single-keys", "off")
    page.wait_for_load_state()
    page.keyboard.press("p")
    expect(page.locator("#problems h2")).to_be_focused()
    assert AuditEvent.objects.filter(action="switched single-letter keys").count() == 2


def test_no_letter_acts_while_one_types(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = opened(sign_in(gp), jane)
    page.locator("#search").focus()
    page.keyboard.type("pmaelfctsur?")
    expect(page.locator("#search")).to_have_value("pmaelfctsur?")
    expect(page.locator("#keys")).to_be_hidden()


def test_the_first_links_of_a_record_go_to_its_parts(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = opened(sign_in(gp), jane)
    page.locator(".jump a", has_text="Medicines").focus()
    expect(page.locator(".jump a", has_text="Medicines")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#medicines h2")).to_be_focused()


# Headings and landmarks -----------------------------------------------------------------------------------------------
def test_every_part_is_named_by_its_heading_and_headings_leave_no_gap(
    sign_in: SignIn, gp: Person, jane: Patient
) -> None:
    page = opened(sign_in(gp), jane)
    unnamed = page.evaluate(
        "[...document.querySelectorAll('main section[id]')].filter(s => !document.getElementById("
        "s.getAttribute('aria-labelledby'))?.matches('h2')).map(s => s.id)"
    )
    assert unnamed == []
    levels = page.evaluate("[...document.querySelectorAll('main :is(h1,h2,h3,h4)')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


# Focus ----------------------------------------------------------------------------------------------------------------
def test_the_focus_survives_the_exchange_of_its_part_and_the_change_is_said(
    sign_in: SignIn, gp: Person, jane: Patient, infirmary: Organisation
) -> None:
    page = opened(sign_in(gp), jane)
    link = page.locator("#letters li a").first
    link.focus()
    where = link.get_attribute("href")
    file_letter(infirmary, jane, "<p>x</p>", title="Clinic letter", written_at=timezone.now() + dt.timedelta(hours=1))
    expect(page.locator("#letters")).to_contain_text("Clinic letter", timeout=25_000)
    expect(page.locator(f'#letters a[href="{where}"]')).to_be_focused()  # once htmx has settled what it swapped in
    expect(page.locator("#announced")).to_contain_text("Letters 2 unread")


def test_what_changed_shows_more_when_the_record_changed_and_the_focus_stays(
    sign_in: SignIn, gp: Person, jane: Patient, infirmary: Organisation
) -> None:
    page = opened(sign_in(gp), jane)
    button = page.locator("#changed").get_by_role("button", name="Mark as seen")
    button.focus()
    say(infirmary, jane, "problem", "Sarcoidosis", date=timezone.now())
    expect(page.locator("#changed")).not_to_contain_text("Sarcoidosis")
    page.evaluate(_TELL_THE_PARTS)
    expect(page.locator("#changed")).to_contain_text("Sarcoidosis")
    expect(button).to_be_focused()
    assert not LastLooked.objects.exists()


PANELS = ("problems", "medicines", "allergies", "results", "care", "timeline")


def redrawn(page: Page) -> None:
    """The panels have fetched themselves again, as after an answer of a partner; letters only if there is a new one."""
    page.evaluate(f"{list(PANELS)}.forEach(id => document.getElementById(id).dataset.before = 'yes')")
    page.evaluate(_TELL_THE_PARTS)
    expect(page.locator("[data-before]")).to_have_count(0)
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("part", [one for one in PANELS if one != "care"])
def test_the_focus_survives_when_every_panel_is_redrawn(
    part: str, sign_in: SignIn, gp: Person, jane: Patient, infirmary: Organisation
) -> None:
    page = opened(sign_in(gp), jane)
    row = page.locator(f"#{part} :is(a[href], summary):visible").first
    row.focus()
    said = row.text_content()
    say(infirmary, jane, "problem", "Sarcoidosis", date=timezone.now())
    redrawn(page)
    expect(page.locator("#problems")).to_contain_text("Sarcoidosis")
    assert page.evaluate("document.activeElement.textContent") == said
    assert page.evaluate(f"document.getElementById('{part}').contains(document.activeElement)")


def test_a_half_typed_word_its_caret_and_what_it_found_survive_a_redrawn_panel(
    sign_in: SignIn, gp: Person, jane: Patient, infirmary: Organisation
) -> None:
    keeping.again(Resource.objects.filter(patient=jane))
    page = opened(sign_in(gp), jane)
    box = page.locator("#search")
    box.press_sequentially("ferri")
    found = page.locator("#timeline-found")
    expect(found).to_contain_text("with ferri")
    page.keyboard.press("ArrowLeft")
    say(infirmary, jane, "result", "Ferritin again", "22", value="6", unit="ug/L", date=timezone.now())
    redrawn(page)
    expect(box).to_be_focused()
    expect(box).to_have_value("ferri")
    assert page.evaluate("document.getElementById('search').selectionStart") == 4
    expect(found).to_contain_text("with ferri")
    page.keyboard.press("End")
    page.keyboard.type("zz")
    expect(box).to_have_value("ferrizz")
    expect(found).to_contain_text("Nothing here holds")


def test_a_half_typed_word_survives_before_it_was_looked_for(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    keeping.again(Resource.objects.filter(patient=jane))
    page = opened(sign_in(gp), jane)
    page.evaluate(_TELL_THE_PARTS)
    page.locator("#search").press_sequentially("ferr", delay=60)
    page.wait_for_load_state("networkidle")
    redrawn(page)
    expect(page.locator("#search")).to_have_value("ferr")
    expect(page.locator("#search")).to_be_focused()
    expect(page.locator("#timeline-found")).to_contain_text("with ferr")


# Small and large ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("width", [320, 640])
def test_nothing_scrolls_sideways_at_320_pixels_and_at_twice_the_size(
    width: int, sign_in: SignIn, gp: Person, jane: Patient, riverside: Organisation
) -> None:
    say(riverside, jane, "problem", "Pneumonoultramicroscopicsilicovolcanoconiosis" * 2)
    page = sign_in(gp, width=width)
    for address in (f"/patients/{jane.pk}/", f"/patients/{jane.pk}/changed/", "/help/keys/", "/"):
        page.goto(address)
        sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        wide = page.evaluate(
            "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth)"
            ".map(e => e.outerHTML.slice(0, 120))"
        )
        assert sideways <= 0, (address, wide[-3:])
