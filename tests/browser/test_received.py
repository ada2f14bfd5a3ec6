"""Requests of others in a browser: sound at every width, answered by keyboard alone and without scripts."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from access.models import Organisation
from conftest import Person
from exchange import doorbell, inbox
from exchange.fhir.replies import acknowledgement
from exchange.models import OutboxMessage, Partner
from exchange.tests.arriving import came_in
from records.models import Patient
from referrals.received.models import ReceivedRequest
from referrals.received.tests import examples
from tests.artefacts import keep
from tests.browser.conftest import SignIn
from tests.browser.test_pages import WIDTHS, assert_sound

pytestmark = pytest.mark.django_db(transaction=True)
Ask = Callable[..., ReceivedRequest | None]


@pytest.fixture
def ask(infirmary: Organisation, riverside: Organisation, jane: Patient, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The hospital asks something about Jane, and it is read."""
    monkeypatch.setattr(doorbell, "ring", lambda task, message_id: None)
    Patient.objects.filter(pk=jane.pk).update(nhs_number=examples.NUMBER)
    nowhere = "http://127.0.0.1:9/"
    partner = Partner.objects.create(organisation=infirmary, endpoint=nowhere, token_url=nowhere, jwks_url=nowhere)

    def make(message: dict[str, Any]) -> ReceivedRequest | None:
        event = message["entry"][0]["resource"]["eventCoding"]["code"]
        reply = acknowledgement(
            message, reply_id=uuid4(), at=timezone.now(), ods_code="Y90001",
            name="Riverside Surgery", phone="", service_id=examples.US,
        )  # fmt: skip
        arrived = came_in(
            partner, json.dumps(message), event=event, reason="new", bundle_id=message["id"], reply=json.dumps(reply),
            due_at=timezone.now(),
        )  # fmt: skip
        inbox.file(arrived.pk)
        return ReceivedRequest.objects.filter(bundle_id=message["id"]).first()

    return make


@pytest.fixture
def full(ask: Ask) -> ReceivedRequest:
    """A referral that says everything, a validation, a booking, and one that is nobody's."""
    beside = (
        examples.flag("RA", "Reasonable Adjustment", "Adjust for needle phobia"),
        examples.flag("SG", "Safeguarding Concern", "Adult safeguarding concern"),
        examples.flag("API", "Additional Patient Information", "Does not like animals"),
        examples.no_known_allergies(),
    )
    ask(examples.request("validation", story="Palpitations since this morning, breathing worse in the last hour."))
    ask(examples.booking())
    ask(examples.request(patient=examples.person(identifier=[])))
    found = ask(examples.request(beside=beside, priority="urgent", patientInstruction="Ring 111 if it gets worse."))
    assert found is not None
    return found


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pages_of_requests_are_sound(
    width: int, sign_in: SignIn, gp: Person, receptionist: Person, full: ReceivedRequest
) -> None:
    validation = ReceivedRequest.objects.get(kind="validation")
    booking = ReceivedRequest.objects.get(kind="booking")
    here = "/referrals/received/"
    pages = [
        here,
        f"{here}?list=closed",
        f"{here}{full.pk}/",
        f"{here}{booking.pk}/",
        f"{here}{validation.pk}/complete/",
    ]
    page = sign_in(gp, width=width)
    for number, address in enumerate(pages):
        assert_sound(page, address, axe=width != 640)
        keep(page, f"received-gp-{number}-{width}")
    page = sign_in(receptionist, width=width)
    for number, address in enumerate((here, f"{here}{full.pk}/")):
        assert_sound(page, address, axe=width != 640)
        keep(page, f"received-reception-{number}-{width}")


def test_a_gp_rejects_with_the_keyboard_alone_and_without_scripts(
    sign_in: SignIn, gp: Person, full: ReceivedRequest
) -> None:
    page = sign_in(gp, javascript=False)
    page.goto("/referrals/")
    page.locator("#list-received").focus()
    page.keyboard.press("Enter")
    page.locator(f"#q-{full.pk}").focus()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Reject").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Send answer").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Enter why")
    assert not OutboxMessage.objects.exists()
    page.get_by_label("Why is it rejected?").focus()
    page.keyboard.type("Photographs are missing")
    page.get_by_role("button", name="Send answer").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your answer goes to Northern Infirmary.")).to_be_visible()
    sent = json.loads(OutboxMessage.objects.get().payload)
    task = next(e["resource"] for e in sent["entry"] if e["resource"]["resourceType"] == "Task")
    assert task["statusReason"] == {"text": "Photographs are missing"}


def test_reception_confirms_a_booking_and_answers_no_referral(
    sign_in: SignIn, receptionist: Person, full: ReceivedRequest
) -> None:
    booking = ReceivedRequest.objects.get(kind="booking")
    page = sign_in(receptionist)
    page.goto(f"/referrals/received/{full.pk}/")
    expect(page.get_by_text("A clinician answers this.")).to_be_visible()
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    page.goto(f"/referrals/received/{booking.pk}/")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Your answer goes to Northern Infirmary.")).to_be_visible()
    assert OutboxMessage.objects.get().event == "booking-response"
