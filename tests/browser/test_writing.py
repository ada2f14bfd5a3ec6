"""Writing a referral in a browser: nothing for axe to find, and an invalid form leaves nobody lost."""

import pytest
from playwright.sync_api import Page, expect

from access.models import Organisation
from conftest import Person
from exchange.models import Partner, Service
from records.models import Patient
from referrals.models import Referral
from tests.browser.conftest import SignIn
from tests.browser.test_pages import assert_sound

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clinic(infirmary: Organisation) -> Service:
    Partner.objects.create(organisation=infirmary, endpoint="http://127.0.0.1:9/FHIR/R4")
    return Service.objects.create(
        organisation=infirmary,
        service_id="9000000201",
        name="Heart failure clinic",
        use_case="gp-to-hospital",
        also_known_as="breathlessness, echo",
    )


def filled(page: Page, patient: Patient) -> None:
    page.goto(f"/referrals/new/?patient={patient.pk}")
    page.get_by_role("link", name="Heart failure clinic").click()


@pytest.mark.parametrize("width", [1280, 400])
def test_what_is_missing_is_said_and_focused(
    sign_in: SignIn, gp: Person, jane: Patient, clinic: Service, width: int
) -> None:
    """The form is swapped in place, with a text box that was pulled larger; the policy has nothing to complain of."""
    page = sign_in(gp, width=width)
    assert_sound(page, f"/referrals/new/?patient={jane.pk}")
    filled(page, jane)
    page.get_by_label("Reason").evaluate("box => { box.style.height = '300px'; }")  # what pulling its corner does
    page.get_by_role("button", name="Send referral").click()
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("Enter the reason for referral")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert not Referral.objects.exists()


@pytest.mark.parametrize("width", [1280, 400])
def test_a_draft_and_its_page(sign_in: SignIn, gp: Person, jane: Patient, clinic: Service, width: int) -> None:
    page = sign_in(gp, width=width)
    filled(page, jane)
    page.get_by_label("Routine", exact=True).check()
    page.get_by_label("Reason").fill("Breathless on one flight of stairs.")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Referral to Heart failure clinic")
    draft = Referral.objects.get()
    assert draft.state == "draft"
    for address in (f"/referrals/{draft.pk}/", f"/referrals/{draft.pk}/edit/", "/referrals/"):
        assert_sound(page, address)


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize("javascript", [True, False])
def test_what_was_sent_is_withdrawn_by_keyboard_and_without_scripts(
    sign_in: SignIn, gp: Person, jane: Patient, clinic: Service, width: int, javascript: bool
) -> None:
    page = sign_in(gp, width=width, javascript=javascript)
    filled(page, jane)
    page.get_by_label("Routine", exact=True).check()
    page.get_by_label("Reason").fill("Breathless on one flight of stairs.")
    page.get_by_role("button", name="Send referral").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Referral to Heart failure clinic")
    sent = Referral.objects.get()
    page.get_by_role("link", name="Withdraw referral").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Withdraw the referral to Heart failure clinic")
    if javascript:
        assert_sound(page, f"/referrals/{sent.pk}/withdraw/")
    page.get_by_role("button", name="Withdraw referral").press("Enter")
    expect(page.locator(".nhsuk-error-summary")).to_contain_text("Enter why it is withdrawn")
    page.get_by_label("Why is it withdrawn?").fill("Sent for the wrong knee")
    page.get_by_role("button", name="Withdraw referral").press("Enter")
    expect(page.locator("main")).to_contain_text("before it had left")
    sent.refresh_from_db()
    assert sent.state == "withdrawn"
