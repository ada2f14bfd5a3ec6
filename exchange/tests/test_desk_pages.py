"""The exchange desk's pages: who enters, what is shown, and what follows a click."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from exchange import outbox
from exchange.desk import actions, lists, panels, reach
from exchange.models import DeskNote, InboxMessage, OutboxMessage, Partner
from exchange.tests.stub import Stub, refusal

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]
Bell = list[tuple[str, str]]
REFUSES = refusal(422, "REC_UNPROCESSABLE_ENTITY")


def acts() -> set[str]:
    return set(AuditEvent.objects.values_list("action", flat=True))


# Whose it is to see ---------------------------------------------------------------------------------------------------
def test_another_practice_sees_nothing_and_changes_nothing(
    refused: OutboxMessage, odd: InboxMessage, stranger: Person
) -> None:
    assert not reach.sent(stranger.actor).exists()
    assert not reach.received(stranger.actor).exists()
    for way, message in (("out", refused), ("in", odd)):
        address = f"/exchange/{way}/{message.pk}/"
        assert stranger.client.get(address).status_code == 404
        assert stranger.client.get(f"/exchange/{way}/{message.pk}/sealed/").status_code == 404
        for act in ("send-again", "set-aside", "read-again", "deal-with", "note", "assign"):
            assert stranger.client.post(f"{address}{act}/", {"text": "x"}).status_code == 404
    assert not DeskNote.objects.exists()
    refused.refresh_from_db()
    odd.refresh_from_db()
    assert (refused.state, odd.state) == ("refused", "needs-review")


def test_the_receptionist_handles_messages_and_never_reads_them(refused: OutboxMessage, receptionist: Person) -> None:
    page = receptionist.client.get(f"/exchange/out/{refused.pk}/")
    assert "not accepted by northern infirmary" in page.content.decode().lower()
    assert b"as it was exchanged" not in page.content
    assert receptionist.client.get(f"/exchange/out/{refused.pk}/sealed/").status_code == 403
    assert "downloaded message as it was exchanged" not in acts()
    answer = receptionist.client.post(f"/exchange/out/{refused.pk}/send-again/")
    assert answer.status_code == 302
    refused.refresh_from_db()
    assert refused.state == "queued"


def test_the_gp_downloads_it_as_it_was_and_that_is_recorded(refused: OutboxMessage, gp: Person) -> None:
    answer = gp.client.get(f"/exchange/out/{refused.pk}/sealed/")
    assert answer.content.decode() == refused.payload
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "downloaded message as it was exchanged" in acts()


def test_social_care_and_hospital_do_not_enter(refused: OutboxMessage, social_worker: Person) -> None:
    for address in ("/exchange/", "/exchange/part/", f"/exchange/out/{refused.pk}/"):
        assert social_worker.client.get(address).status_code == 403


# The pages ------------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-ERR-5", "BARS-UI-1")
def test_the_desk_says_what_to_act_on_and_shows_no_ids_or_codes(
    refused: OutboxMessage, odd: InboxMessage, receptionist: Person
) -> None:
    html = receptionist.client.get("/exchange/").content.decode()
    shown = re.sub(r"<[^>]*>", " ", html)
    assert "Not accepted by Northern Infirmary" in shown
    assert "The letter gives no NHS number." in shown
    assert "SECRET" not in html
    assert not re.search(r"REC_|[0-9a-f]{8}-[0-9a-f]{4}", shown)
    event = AuditEvent.objects.get(action="opened exchange desk")
    assert event.organisation == "Y90001"


def test_a_partner_that_fails_also_says_when_something_last_came_through(put: Put, gp: Person) -> None:
    now = timezone.now()
    partner = put().to
    Partner.objects.filter(pk=partner.pk).update(failing_since=now, last_delivered_at=now - timedelta(minutes=20))
    page = " ".join(gp.client.get("/exchange/").content.decode().split())
    assert "has not answered since" in page
    assert "1 referral waits" in page
    assert "Last delivered 20 min ago." in page


def test_every_list_opens_filters_and_says_when_it_is_empty(
    refused: OutboxMessage, odd: InboxMessage, receptionist: Person
) -> None:
    client = receptionist.client
    for one in lists.LISTS:
        page = client.get(f"/exchange/?list={one.name}")
        assert page.status_code == 200
        held = {"not-delivered": "Referral", "to-look-at": "Letter"}.get(one.name)
        assert (one.empty in page.content.decode()) is (held is None)
        nobody = client.get(f"/exchange/?list={one.name}&partner=NOBODY").content.decode()
        assert "Show the whole list" in nobody
    assert client.get("/exchange/?list=nonsense&page=-3").status_code == 200


@pytest.mark.parametrize(
    "asked",
    [
        "list=waiting&partner=%00",
        "list=to-look-at&partner=a%00",
        "list=turned-away&partner=%00",
        "list=%00",
        "page=99999",
    ],
)
def test_an_odd_address_opens_the_desk_all_the_same(asked: str, put: Put, receptionist: Person) -> None:
    put()
    for address in ("/exchange/", "/exchange/part/"):
        assert receptionist.client.get(f"{address}?{asked}").status_code == 200


def test_odd_words_are_noted_without_what_cannot_be_stored(refused: OutboxMessage, receptionist: Person) -> None:
    address = f"/exchange/out/{refused.pk}"
    assert receptionist.client.post(f"{address}/note/", {"text": "Rang\x00 them"}).status_code == 302
    assert receptionist.client.post(f"{address}/set-aside/", {"text": "\x00"}).status_code == 302
    assert [one.text for one in DeskNote.objects.all()] == ["Rang them"]
    refused.refresh_from_db()
    assert refused.state == "refused"


@pytest.mark.parametrize("to", ["9" * 5000, "9" * 30, "\x00", "-1"])
def test_an_odd_owner_is_refused_in_words(to: str, refused: OutboxMessage, receptionist: Person) -> None:
    answer = receptionist.client.post(f"/exchange/out/{refused.pk}/assign/", {"to": to}, follow=True)
    assert "Choose somebody who works here" in answer.content.decode()
    refused.refresh_from_db()
    assert refused.assigned_to is None


def test_the_page_is_polled_with_what_it_shows(put: Put, receptionist: Person, stub_partner: Stub) -> None:
    message = put()
    seen = panels.desk(receptionist.actor, panels.Asked())["seen"]
    assert receptionist.client.get(f"/exchange/part/?seen={seen}").status_code == 204
    life = panels.life(receptionist.actor, reach.message_or_404(receptionist.actor, "out", message.pk))["seen"]
    assert receptionist.client.get(f"/exchange/out/{message.pk}/part/?seen={life}").status_code == 204
    before = AuditEvent.objects.filter(action__startswith="opened").count()
    outbox.deliver(message.pk)
    assert receptionist.client.get(f"/exchange/part/?seen={seen}").status_code == 200
    assert receptionist.client.get(f"/exchange/out/{message.pk}/part/?seen={life}").status_code == 286
    assert AuditEvent.objects.filter(action__startswith="opened").count() == before


def test_a_note_and_an_owner_are_shown(refused: OutboxMessage, receptionist: Person, gp: Person) -> None:
    client, address = receptionist.client, f"/exchange/out/{refused.pk}/"
    client.post(f"{address}note/", {"text": "Rang them at ten"})
    client.post(f"{address}assign/", {"to": str(gp.user.pk)})
    page = client.get(address).content.decode()
    assert "Rang them at ten" in page
    assert f"With {gp.user.name}." in page
    assert gp.user.name in client.get("/exchange/").content.decode()


@pytest.mark.parametrize("way", ["out", "in"])
def test_an_open_page_shows_what_colleagues_do_meanwhile(
    way: str, refused: OutboxMessage, odd: InboxMessage, receptionist: Person, gp: Person
) -> None:
    message = refused if way == "out" else odd
    address, mine = f"/exchange/{way}/{message.pk}/part/", receptionist.actor

    def seen() -> str:
        if way == "out":
            return str(panels.life(mine, OutboxMessage.objects.get(pk=message.pk))["seen"])
        return str(panels.life(mine, InboxMessage.objects.get(pk=message.pk))["seen"])

    before = seen()
    assert receptionist.client.get(f"{address}?seen={before}").status_code == 204
    actions.note(message=message, text="Rang them at ten", by=gp.actor)
    assert receptionist.client.get(f"{address}?seen={before}").status_code == 200
    before = seen()
    actions.assign(message=message, to=gp.user, by=gp.actor)
    assert receptionist.client.get(f"{address}?seen={before}").status_code == 200


def test_it_is_given_only_to_somebody_who_works_here(
    refused: OutboxMessage, receptionist: Person, stranger: Person
) -> None:
    answer = receptionist.client.post(f"/exchange/out/{refused.pk}/assign/", {"to": stranger.user.pk}, follow=True)
    assert "Choose somebody who works here" in answer.content.decode()
    refused.refresh_from_db()
    assert refused.assigned_to is None


def test_queries_do_not_grow_with_the_list(
    put: Put, receptionist: Person, django_assert_max_num_queries: Any, stub_partner: Stub
) -> None:
    for _ in range(12):
        put()
    client = receptionist.client
    with django_assert_max_num_queries(20):
        client.get("/exchange/?list=waiting")
    with django_assert_max_num_queries(20):
        client.get("/exchange/")


# Partners -------------------------------------------------------------------------------------------------------------
def test_a_partner_is_switched_off_and_on_by_the_manager_only(
    put: Put, hospital: Partner, practice_manager: Person, receptionist: Person, stub_partner: Stub
) -> None:
    address = f"/exchange/partners/{hospital.pk}/switch/"
    assert receptionist.client.post(address, {"on": "0"}).status_code == 403
    hospital.refresh_from_db()
    assert hospital.enabled
    practice_manager.client.post(address, {"on": "0"})
    message = put()
    assert outbox.deliver(message.pk) == "not-claimed"
    assert "Switched off: nothing is sent to Northern Infirmary. 1 referral waits." in re.sub(
        r"\s+", " ", practice_manager.client.get("/exchange/").content.decode()
    )
    OutboxMessage.objects.update(due_at=timezone.now() + timedelta(hours=4))
    practice_manager.client.post(address, {"on": "1"})
    assert outbox.deliver(message.pk) == "delivered"
    assert {"switched partner off", "switched partner on"} <= acts()
