"""The pages in a browser: nothing for axe to find, no sideways scrolling, keyboard alone, without scripts."""

import json
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from access.models import Organisation
from conftest import Person
from exchange.models import Partner
from records.models import Letter, Patient, Resource
from records.questionnaires import actions
from records.tests.questionnaires.test_engine import item, questionnaire
from records.tests.saying import file_letter
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)
#: A desk, 200% zoom on a desk, and a phone.
WIDTHS = [1280, 640, 400]
GP_PAGES = [
    "/",
    "/patients/",
    "/patients/?q=smith",
    "/patients/?q=nobody",
    "/choose-role/",
    "/help/keys/",
    "/still-to-enter/",
    "/letters/",
    "/referrals/?pick=1",
    "/referrals/received/",
    "/patients/to-check/",
    "/patients/{jane}/",
    "/patients/{jane}/changed/",
    "/patients/{jane}/details/",
    "/patients/{jane}/problems/past/",
    "/patients/{jane}/medicines/past/",
    "/patients/{jane}/results/",
    "/patients/{jane}/results/find/",
    "/patients/{jane}/results/{result}/",
    "/patients/{jane}/reports/",
    "/patients/{jane}/summary/",
    "/patients/{jane}/reports/{report}/",
    "/patients/{jane}/timeline/",
    "/patients/{jane}/timeline/?show=results",
    "/patients/{jane}/timeline/?show=letters&period=year",
    "/patients/{jane}/timeline/?since=nonsense",
    "/patients/{jane}/timeline/?taken_back=on&period=ahead",
    "/patients/{jane}/search/",
    "/patients/{jane}/letters/?unread=1",
    "/patients/{jane}/letters/",
    "/patients/{jane}/letters/{letter}/",
    "/not-there/",
]


def addresses(pages: list[str], jane: Patient) -> list[str]:
    letter = Letter.objects.get()
    result = Resource.objects.filter(kind="result").first()
    assert result is not None
    report = Resource.objects.get(kind="report")
    return [page.format(jane=jane.pk, letter=letter.pk, result=result.pk, report=report.pk) for page in pages]


def forms_of(manager: Person) -> list[str]:
    """The pages of a form with two versions, of which one is in use."""
    older, newer = questionnaire(item("a")), questionnaire(item("a", required=True), item("b", "attachment"))
    first = actions.take_in(text=json.dumps(older), name="Falls", service_id="", by=manager.actor)
    actions.start(version=first, day=timezone.localdate(), by=manager.actor)
    actions.take_in_next(form=first.form, text=json.dumps(newer), by=manager.actor)
    page = f"/settings/forms/{first.form_id}/"
    return [page, f"{page}?older=1&newer=2", f"{page}2/preview/"]


def assert_sound(page: Page, address: str, *, axe: bool = True) -> None:
    page.goto(address)
    if axe:
        found = Axe().run(page).response["violations"]
        assert [(v["id"], v["nodes"][0]["html"]) for v in found] == [], address
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert sideways <= 0, f"{address} scrolls sideways by {sideways}"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_gps_pages_are_sound(width: int, sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = sign_in(gp, width=width)
    for address in addresses(GP_PAGES, jane):
        assert_sound(page, address, axe=width != 640)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_others_pages_are_sound(
    width: int,
    sign_in: SignIn,
    receptionist: Person,
    social_worker: Person,
    privacy_officer: Person,
    practice_manager: Person,
    jane: Patient,
    failing_partner: Partner,
) -> None:
    theirs = failing_partner.pk
    for person, pages in (
        (receptionist, ["/", "/patients/{jane}/", "/patients/{jane}/letters/", "/patients/{jane}/results/"]),
        (social_worker, ["/care/", "/care/?q=nobody", "/care/{jane}/"]),
        (
            practice_manager,
            ["/settings/", "/settings/deadlines/", "/settings/services/", "/settings/services/9000000201/"],
        ),
        (practice_manager, [f"/exchange/partners/{part}" for part in ("", "new/", f"{theirs}/", f"{theirs}/edit/")]),
        (practice_manager, ["/settings/forms/", *forms_of(practice_manager)]),
        (privacy_officer, ["/"]),
    ):
        page = sign_in(person, width=width)
        for address in addresses(pages, jane):
            assert_sound(page, address, axe=width != 640)
    assert_sound(sign_in(None, width=width), "/sign-in/")


def test_the_keyboard_alone_finds_opens_and_refers(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = sign_in(gp)
    page.goto("/")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    page.keyboard.type("smith ja")
    expect(page.locator("#found a")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#found a")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/patients/{jane.pk}/")
    page.keyboard.press("r")
    page.wait_for_url(re.compile(r"/referrals/new/\?patient="))


def test_escape_closes_what_was_found_and_typing_never_triggers_shortcuts(
    sign_in: SignIn, gp: Person, jane: Patient
) -> None:
    page = sign_in(gp)
    page.goto(f"/patients/{jane.pk}/")
    page.locator("#find").fill("")
    page.locator("#find").press_sequentially("r/smith")
    expect(page.locator("#find")).to_have_value("r/smith")
    expect(page).to_have_url(re.compile(rf"/patients/{jane.pk}/$"))
    page.locator("#find").fill("smith")
    expect(page.locator("#found a")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#found a")).to_have_count(0)


def test_everything_works_without_scripts(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = sign_in(gp, javascript=False)
    page.goto("/")
    page.fill("#find", "smith")
    page.press("#find", "Enter")
    page.click("#found a")
    expect(page.locator("h1")).to_contain_text("SMITH, Jane")
    page.click("#letters a")
    expect(page.locator("h1")).to_have_text("Discharge summary")
    page.click("details.me summary")
    page.click("text=Sign out")
    expect(page).to_have_url(re.compile("/sign-in/"))


@pytest.mark.parametrize("javascript", [True, False])
def test_a_partner_is_added_by_keyboard_alone(javascript: bool, sign_in: SignIn, practice_manager: Person) -> None:
    page = sign_in(practice_manager, javascript=javascript)
    page.goto("/settings/")
    page.locator("main a", has_text="Partners").press("Enter")
    page.locator("a", has_text="Add a partner").press("Enter")
    page.locator("[name=ods_code]").press("Enter")
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("Enter their ODS code")
    expect(page.locator(".nhsuk-error-summary")).not_to_contain_text("certificate")
    for name, typed in (
        *(("ods_code", "RZZ77"), ("name", "Southern Infirmary"), ("endpoint", "https://south.example/R4")),
        *(("token_url", "https://south.example/token"), ("jwks_url", "https://south.example/jwks")),
    ):
        page.locator(f"[name={name}]").fill(typed)
    page.locator("[name=jwks_url]").press("Enter")
    expect(page.locator("h1")).to_have_text("Southern Infirmary")
    page.locator("a", has_text="Change settings").press("Enter")
    for name in ("jwks", "ca", "client_certificate", "client_key"):
        expect(page.locator(f"[name={name}]")).to_have_value("")
    page.locator("[name=max_in_flight]").fill("2")
    page.locator("[name=max_in_flight]").press("Enter")
    expect(page.locator("h1")).to_have_text("Southern Infirmary")
    assert Partner.objects.get(organisation__ods_code="RZZ77").max_in_flight == 2


def test_signing_in_wrongly_says_so_and_right_opens_the_day(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = sign_in(None)
    page.goto(f"/patients/{jane.pk}/")
    page.fill("[name=username]", "gp@riverside.example")
    page.fill("[name=password]", "wrong")
    page.click("main button")
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    page.fill("[name=password]", "correct-horse-battery")
    page.click("main button")
    expect(page.locator("h1")).to_contain_text("SMITH, Jane")


def test_a_letter_that_comes_in_appears_by_itself(
    sign_in: SignIn, gp: Person, jane: Patient, infirmary: Organisation
) -> None:
    page = sign_in(gp)
    page.goto(f"/patients/{jane.pk}/")
    expect(page.locator("#letters")).to_contain_text("1 unread")
    file_letter(infirmary, jane, "<p>x</p>", title="Clinic letter")
    expect(page.locator("#letters")).to_contain_text("Clinic letter", timeout=25_000)
    expect(page.locator("#letters")).to_contain_text("2 unread")


def test_the_name_stays_in_sight_while_scrolling(sign_in: SignIn, gp: Person, jane: Patient) -> None:
    page = sign_in(gp)
    page.set_viewport_size({"width": 1280, "height": 500})
    page.goto(f"/patients/{jane.pk}/")
    page.mouse.wheel(0, 600)
    page.wait_for_function("window.scrollY > 200")
    assert page.locator(".patient h1").evaluate("e => e.getBoundingClientRect().top") >= 0
