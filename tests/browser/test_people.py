"""The pages on who a patient is, in every state they have: nothing for axe to find, no sideways scrolling."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from access.models import Organisation
from conftest import Person
from records.entering.actions import list_to_enter, tick
from records.models import Patient, Trace
from records.people.actions import merge, undo_merge
from records.tests.saying import file_letter, say
from tests.browser.conftest import SignIn
from tests.browser.test_pages import WIDTHS, assert_sound

pytestmark = pytest.mark.django_db(transaction=True)
MakePatient = Callable[..., Patient]
State = Trace.State
LONG = "Referral to the community heart failure and cardiac rehabilitation service, Northern Infirmary"


@pytest.fixture
def other(make_patient: MakePatient, infirmary: Organisation) -> Patient:
    """Who may be Jane: an allergy, a dose and a name that her record has otherwise."""
    patient = make_patient(
        given="Jane Alexandra Wilhelmina", family="Smith-Featherstonehaugh", nhs_number="",
        nhs_number_status="absent", address="14 Millrace Road", postcode="ZZ1 3JS",
    )  # fmt: skip
    say(infirmary, patient, "allergy", "Allergy to latex", "300916003")
    say(infirmary, patient, "medicine", "Bisoprolol 10mg tablets", "318591005", detail={"dose": "10 mg"})
    for kind in ("consent", "task", "form", "message", "request", "goal", "immunisation"):
        say(infirmary, patient, kind, "Something")
    file_letter(infirmary, patient, "<p>Seen</p>")
    return patient


@pytest.mark.parametrize("width", WIDTHS)
def test_previewing_joining_and_parting_are_sound(
    width: int, sign_in: SignIn, gp: Person, jane: Patient, other: Patient, nurse: Person
) -> None:
    page = sign_in(gp, width=width)
    address = f"/patients/{jane.pk}/merge/{other.pk}/"
    assert_sound(page, address, axe=width != 640)
    expect(page.locator("main")).to_contain_text("Latex")
    page.click("text=Join the records")  # no reason: said in words, focus on the summary
    expect(page.locator(".nhsuk-error-summary")).to_be_focused()
    made = merge(kept=jane, other=other, reason="Rang her", by=gp.actor)
    nurse.client.get(f"/patients/{jane.pk}/")
    address = f"/patients/{jane.pk}/merges/{made.pk}/"
    assert_sound(page, address, axe=width != 640)
    expect(page.locator("main")).to_contain_text("Bev Hughes")
    undo_merge(merge=made, reason="Two people", by=gp.actor)
    assert_sound(page, address, axe=width != 640)
    expect(page.locator("h1")).to_have_text("Parted records")
    assert_sound(page, "/patients/to-check/", axe=width != 640)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_still_to_enter_is_sound(
    width: int, sign_in: SignIn, gp: Person, jane: Patient, other: Patient
) -> None:
    with transaction.atomic():
        items = [
            list_to_enter(
                patient=patient, organisation=gp.membership.organisation, title=title, what=what, about="referral",
                about_id=str(number), became="sent", by=gp.actor,
            )
            for number, (patient, title, what) in enumerate(
                [
                    (jane, "Letter from Northern Infirmary: Discharge summary", ""),
                    (other, LONG, "Urgent. " + "Breathless on one flight of stairs, ankles swollen. " * 6),
                    (jane, "Referral sent: Physiotherapy", "Routine. Knee pain"),
                ]
            )
        ]  # fmt: skip
    tick(item=items[2], by=gp.actor, not_needed="entered by phone")
    page = sign_in(gp, width=width)
    assert_sound(page, "/still-to-enter/", axe=width != 640)
    expect(page.locator("main")).to_contain_text("entered by phone")
    assert_sound(page, f"/patients/{jane.pk}/", axe=width != 640)


def found(**fields: Any) -> str:
    """Whom PDS found, as it says so."""
    said = {
        "resourceType": "Patient",
        "id": "9991234578",
        "name": [{"use": "usual", "family": "Smythe", "given": ["Joan", "Alexandra"]}],
        "birthDate": "1970-05-10",
        "gender": "female",
    }
    return json.dumps(said | fields)


def asked(patient: Patient, state: str) -> None:
    """PDS was asked about somebody, and this is where it stands."""
    Trace.objects.all().delete()
    Trace.objects.create(
        patient=patient,
        state=state,
        asked_number=patient.nhs_number,
        found_number="9991234578" if state == State.TRACED else "",
        found=found() if state in (State.DOUBT, State.MATCH) else "",
        trouble="timed-out" if state in (State.FAILED, State.ASKED) else "",
        asked_by="Dr A Khan",
        settled_at=None if state == State.ASKED else timezone.now(),
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_the_panel_of_pds_is_sound_in_every_state(
    width: int, sign_in: SignIn, gp: Person, jane: Patient, settings: Any
) -> None:
    settings.PDS_REFRESH_DAYS = 0
    page = sign_in(gp, width=width)
    address = f"/patients/{jane.pk}/details/"
    settings.PDS_URL = ""
    assert_sound(page, address, axe=width != 640)
    expect(page.locator("#pds")).to_contain_text("PDS is not set up here")
    settings.PDS_URL = "http://127.0.0.1:9/personal-demographics/FHIR/R4"
    assert_sound(page, address, axe=width != 640)
    expect(page.locator("#pds")).to_contain_text("Not checked with PDS yet")
    told = set()
    for state in State:
        asked(jane, state)
        assert_sound(page, address, axe=width != 640)
        told.add(page.locator("#pds p").first.inner_text())
    assert len(told) == len(State)  # each state has a sentence of its own


@pytest.mark.parametrize("width", WIDTHS)
def test_a_link_that_opens_nothing_says_so_soundly(width: int, sign_in: SignIn, gp: Person) -> None:
    page = sign_in(gp, width=width)
    assert_sound(page, "/open/?context=nothing", axe=width != 640)
    expect(page.locator("h1")).to_have_text("Nothing was opened")
