"""The exchange desk in a browser, calm, slow and failing: sound at every width, and worked with the keyboard alone."""

import datetime as dt
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from access.models import Organisation
from conftest import Person
from exchange.models import InboxMessage, OutboxMessage, Partner
from exchange.tests.arriving import came_in
from tests.artefacts import keep
from tests.browser.conftest import SignIn
from tests.browser.test_pages import assert_sound

pytestmark = pytest.mark.django_db(transaction=True)
Sent = Callable[..., OutboxMessage]


@pytest.fixture
def partner(infirmary: Organisation) -> Partner:
    nowhere = "http://127.0.0.1:9/"
    return Partner.objects.create(
        organisation=infirmary, endpoint=nowhere, token_url=nowhere, jwks_url=nowhere, last_delivered_at=timezone.now()
    )


@pytest.fixture
def sent(partner: Partner) -> Sent:
    def make(state: str, minutes: int, trouble: str = "") -> OutboxMessage:
        at = timezone.now() - dt.timedelta(minutes=minutes)
        waits = state == "queued"
        message = OutboxMessage.objects.create(
            sender="Y90001",
            to=partner,
            event="servicerequest-request",
            headers={},
            payload="{}",
            sha256="0" * 64,
            bundle_id=str(uuid4()),
            request_id=uuid4(),
            correlation_id=uuid4(),
            concerns="check",
            concerns_id=str(uuid4()),
            state=state,
            due_at=timezone.now() + dt.timedelta(minutes=4) if waits else None,
            settled_at=None if waits else timezone.now(),
            queued_at=at,
            attempts=3,
            trouble=trouble,
        )
        message.tries.create(number=1, started_at=at, ended_at=at, phase="connect", outcome="unreachable")
        return message

    return make


@pytest.fixture
def failing(partner: Partner, sent: Sent) -> OutboxMessage:
    """A partner that has not answered for 90 minutes, a message refused, one that a person has to look at."""
    Partner.objects.update(failing_since=timezone.now() - dt.timedelta(minutes=90))
    for minutes in (90, 40, 12):
        sent("queued", minutes, "unreachable")
    why = "The letter gives no NHS number."
    came_in(partner, state="needs-review", review_reason=why, settled_at=timezone.now())
    return sent("refused", 30, "refused")


@pytest.mark.parametrize("width", [1280, 400])
def test_the_desk_is_sound_when_calm_slow_and_failing(
    width: int, sign_in: SignIn, receptionist: Person, practice_manager: Person, partner: Partner, sent: Sent
) -> None:
    page = sign_in(receptionist, width=width)
    assert_sound(page, "/exchange/")
    expect(page.locator("#desk")).to_contain_text("Nothing waits for you.")
    keep(page, "desk-calm")
    sent("queued", 12, "unreachable")
    Partner.objects.update(failing_since=timezone.now() - dt.timedelta(minutes=12))
    assert_sound(page, "/exchange/")
    expect(page.locator(".partners")).to_contain_text("Northern Infirmary has not answered since")
    expect(page.locator(".partners")).to_contain_text("Nothing to do yet.")
    keep(page, "desk-slow")
    assert_sound(sign_in(practice_manager, width=width), "/exchange/")


@pytest.mark.parametrize("width", [1280, 400])
def test_the_failing_desk_its_lists_and_messages_are_sound(
    width: int, sign_in: SignIn, receptionist: Person, gp: Person, failing: OutboxMessage
) -> None:
    page = sign_in(receptionist, width=width)
    assert_sound(page, "/exchange/")
    expect(page.locator(".partners")).to_contain_text("Ring Northern Infirmary if something cannot wait.")
    keep(page, "desk-failing")
    came = InboxMessage.objects.get()
    for address in (
        "?list=waiting",
        "?list=not-delivered",
        "?list=turned-away",
        f"out/{failing.pk}/",
        f"in/{came.pk}/",
    ):
        assert_sound(page, f"/exchange/{address}")
    assert_sound(sign_in(gp, width=width), f"/exchange/out/{failing.pk}/")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_refused_message_is_sent_again_with_the_keyboard_alone(
    javascript: bool, sign_in: SignIn, receptionist: Person, failing: OutboxMessage
) -> None:
    page = sign_in(receptionist, javascript=javascript)
    page.goto("/exchange/")
    page.locator(f"#m-{failing.pk}").focus()
    page.keyboard.press("Enter")
    again = page.get_by_role("button", name="Send again")
    again.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".said.success")).to_contain_text("It goes again as soon as it can.")
    failing.refresh_from_db()
    assert failing.state == "queued"


def test_the_open_desk_shows_by_itself_what_came_to_be_stuck(
    sign_in: SignIn, receptionist: Person, partner: Partner, sent: Sent
) -> None:
    page = sign_in(receptionist)
    page.goto("/exchange/")
    expect(page.locator("#desk")).to_contain_text("Nothing waits for you.")
    sent("refused", 1, "refused")
    expect(page.locator("#desk table")).to_contain_text("Not accepted by Northern Infirmary", timeout=15_000)
