"""The exchange desk: what is seen there by whom, and what people do to messages that are stuck."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from exchange import inbox, outbox
from exchange.desk import actions, lists, panels, reach
from exchange.desk.actions import NotAllowedNow
from exchange.models import DeskNote, InboxMessage, OutboxMessage, Partner
from exchange.tests import listening
from exchange.tests.listening import Broken
from exchange.tests.stub import Say, Stub, refusal

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]
Bell = list[tuple[str, str]]
REFUSES = refusal(422, "REC_UNPROCESSABLE_ENTITY")


@pytest.fixture
def refused(put: Put, stub_partner: Stub) -> OutboxMessage:
    """A message that the partner's system did not accept."""
    stub_partner.says = [REFUSES]
    message = put(concerns_id="r1")
    assert outbox.deliver(message.pk) == "refused"
    stub_partner.says = [Say()]
    listening.HEARD.clear()
    message.refresh_from_db()
    return message


@pytest.fixture
def odd(hospital: Partner) -> InboxMessage:
    """A message that came in and waits for a person."""
    return InboxMessage.objects.create(
        sender=hospital,
        request_id=uuid4(),
        correlation_id=uuid4(),
        bundle_id=str(uuid4()),
        event="document",
        payload='{"SECRET": 1}',
        sha256="0",
        reply="{}",
        state=InboxMessage.State.NEEDS_REVIEW,
        review_reason="The letter gives no NHS number.",
        settled_at=timezone.now(),
    )


def acts() -> set[str]:
    return set(AuditEvent.objects.values_list("action", flat=True))


# Sending again --------------------------------------------------------------------------------------------------------
def test_a_refused_message_is_sent_again_with_the_same_bytes_and_ids(
    refused: OutboxMessage, stub_partner: Stub, gp: Person, heard: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        actions.send_again(message=refused, by=gp.actor)
    assert [name for name, _ in heard] == ["sent_again"]
    assert "sent message again" in acts()
    assert outbox.deliver(refused.pk) == "delivered"
    first, second = stub_partner.arrivals
    assert first.body == second.body
    assert {n: first.headers[n] for n in refused.headers} == {n: second.headers[n] for n in refused.headers}
    assert [one.number for one in refused.tries.order_by("number")] == [1, 2]


def test_it_rings_the_doorbell_once_committed(
    refused: OutboxMessage, gp: Person, bell: Bell, django_capture_on_commit_callbacks: Any
) -> None:
    bell.clear()
    with django_capture_on_commit_callbacks(execute=True):
        actions.send_again(message=refused, by=gp.actor)
    assert bell == [("exchange.tasks.deliver", str(refused.pk))]


def test_back_off_and_giving_up_count_anew(refused: OutboxMessage, stub_partner: Stub, gp: Person) -> None:
    long_ago = timezone.now() - timedelta(hours=settings.GIVE_UP_AFTER_HOURS + 1)
    OutboxMessage.objects.filter(pk=refused.pk).update(created_at=long_ago, queued_at=long_ago, attempts=9)
    refused.tries.update(started_at=long_ago)
    actions.send_again(message=refused, by=gp.actor)
    stub_partner.says = [Say(503, b"")]
    assert outbox.deliver(refused.pk) == "queued"
    refused.refresh_from_db()
    assert refused.due_at is not None
    assert (refused.due_at - timezone.now()).total_seconds() <= settings.RETRY_SECONDS[0] * 1.1


def test_what_was_delivered_is_not_sent_again(put: Put, gp: Person, heard: Any) -> None:
    message = put()
    outbox.deliver(message.pk)
    heard.clear()
    with pytest.raises(NotAllowedNow, match="delivered meanwhile"):
        actions.send_again(message=message, by=gp.actor)
    assert heard == []
    message.refresh_from_db()
    assert message.state == "delivered"
    assert "sent message again" not in acts()


@pytest.mark.parametrize("act", ["send_again", "set_aside"])
def test_while_a_worker_is_calling_nothing_is_changed(act: str, put: Put, gp: Person, heard: Any) -> None:
    message = put()
    message.tries.create(number=1, started_at=timezone.now())
    due = timezone.now() + timedelta(seconds=20)
    OutboxMessage.objects.filter(pk=message.pk).update(due_at=due)
    given = {"why": "no longer needed"} if act == "set_aside" else {}
    with pytest.raises(NotAllowedNow, match="being sent at this moment"):
        getattr(actions, act)(message=message, by=gp.actor, **given)
    message.refresh_from_db()
    assert (message.state, message.due_at, heard) == ("queued", due, [])
    assert not DeskNote.objects.exists()


def test_one_that_waits_is_tried_at_once_and_nobody_hears_of_it(put: Put, gp: Person, heard: Any) -> None:
    message = put()
    OutboxMessage.objects.filter(pk=message.pk).update(due_at=timezone.now() + timedelta(hours=4))
    actions.send_again(message=message, by=gp.actor)
    message.refresh_from_db()
    assert message.due_at is not None
    assert message.due_at <= timezone.now()
    assert heard == []


# Setting aside --------------------------------------------------------------------------------------------------------
def test_set_aside_stops_it_keeps_why_and_can_be_taken_back(
    put: Put, stub_partner: Stub, gp: Person, heard: Any
) -> None:
    message = put(concerns_id="r1")
    actions.set_aside(message=message, why=" Patient went private ", by=gp.actor)
    assert outbox.deliver(message.pk) == "not-claimed"
    assert stub_partner.arrivals == []
    assert [name for name, _ in heard] == ["set_aside"]
    written = DeskNote.objects.get()
    assert (written.text, written.by, written.sent) == ("Patient went private", gp.user.name, message)
    actions.send_again(message=message, by=gp.actor)
    assert outbox.deliver(message.pk) == "delivered"


def test_what_waited_behind_it_may_go(put: Put, gp: Person) -> None:
    first, second = put(concerns_id="r1"), put(concerns_id="r1")
    assert outbox.deliver(second.pk) == "not-claimed"
    actions.set_aside(message=first, why="sent twice", by=gp.actor)
    assert outbox.deliver(second.pk) == "delivered"


@pytest.mark.parametrize("why", ["", "   ", "x" * 501])
def test_without_a_fitting_reason_nothing_is_set_aside(why: str, refused: OutboxMessage, gp: Person) -> None:
    with pytest.raises(NotAllowedNow, match="Nothing was changed"):
        actions.set_aside(message=refused, why=why, by=gp.actor)
    refused.refresh_from_db()
    assert refused.state == "refused"
    assert not DeskNote.objects.exists()
    assert "set message aside" not in acts()


@pytest.mark.parametrize("act", ["send_again", "set_aside"])
def test_when_whoever_listens_fails_nothing_is_stored(act: str, refused: OutboxMessage, gp: Person) -> None:
    listening.BROKEN.add("sent_again" if act == "send_again" else "set_aside")
    given = {"why": "no longer needed"} if act == "set_aside" else {}
    with pytest.raises(Broken):
        getattr(actions, act)(message=refused, by=gp.actor, **given)
    refused.refresh_from_db()
    assert refused.state == "refused"
    assert not DeskNote.objects.exists()
    assert not {"sent message again", "set message aside"} & acts()


# What came in ---------------------------------------------------------------------------------------------------------
def test_what_waits_for_a_person_is_read_again_after_a_mend(odd: InboxMessage, gp: Person, bell: Bell) -> None:
    actions.read_again(message=odd, by=gp.actor)
    assert inbox.file(odd.pk) == "filed"
    assert list(listening.HANDLED) == [str(odd.pk)]
    with pytest.raises(NotAllowedNow, match="before you"):
        actions.read_again(message=odd, by=gp.actor)


def test_it_is_closed_with_how_it_was_dealt_with(odd: InboxMessage, gp: Person) -> None:
    actions.deal_with(message=odd, how="Came by post too, scanned", by=gp.actor)
    odd.refresh_from_db()
    assert odd.state == "dealt-with"
    assert DeskNote.objects.get().text == "Came by post too, scanned"
    assert inbox.file(odd.pk) == "not-claimed"
    assert listening.HANDLED == []


@pytest.mark.parametrize("state", ["refused", "expired", "set-aside"])
@pytest.mark.parametrize("reading", ["", "review"])
def test_whoever_answers_has_it(
    state: str, reading: str, refused: OutboxMessage, odd: InboxMessage, heard: Any
) -> None:
    OutboxMessage.objects.filter(pk=refused.pk).update(state=state)
    InboxMessage.objects.update(state="received", answers=refused, due_at=timezone.now())
    listening.BROKEN.add(reading)
    assert inbox.file(odd.pk) == ("needs-review" if reading else "filed")
    refused.refresh_from_db()
    assert (refused.state, refused.trouble) == ("delivered", "")
    assert [name for name, _ in heard] == ["delivered"]


def test_an_answer_to_what_is_still_tried_leaves_it_to_its_tries(put: Put, odd: InboxMessage, heard: Any) -> None:
    message = put()
    InboxMessage.objects.update(state="received", answers=message, due_at=timezone.now())
    assert inbox.file(odd.pk) == "filed"
    message.refresh_from_db()
    assert (message.state, heard) == ("queued", [])
    assert outbox.deliver(message.pk) == "delivered"


# Whose it is to see ---------------------------------------------------------------------------------------------------
def test_another_practice_sees_nothing_and_changes_nothing(
    refused: OutboxMessage, odd: InboxMessage, stranger: Person
) -> None:
    assert not reach.sent(stranger.actor).exists()
    assert not reach.received(stranger.actor).exists()
    for way, message in (("out", refused), ("in", odd)):
        address = f"/exchange/{way}/{message.pk}/"
        assert stranger.client.get(address).status_code == 404
        assert stranger.client.get(f"/exchange/sealed/{way}/{message.pk}/").status_code == 404
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
    assert receptionist.client.get(f"/exchange/sealed/out/{refused.pk}/").status_code == 403
    assert "downloaded message as it was exchanged" not in acts()
    answer = receptionist.client.post(f"/exchange/out/{refused.pk}/send-again/")
    assert answer.status_code == 302
    refused.refresh_from_db()
    assert refused.state == "queued"


def test_the_gp_downloads_it_as_it_was_and_that_is_recorded(refused: OutboxMessage, gp: Person) -> None:
    answer = gp.client.get(f"/exchange/sealed/out/{refused.pk}/")
    assert answer.content.decode() == refused.payload
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "downloaded message as it was exchanged" in acts()


def test_social_care_and_hospital_do_not_enter(refused: OutboxMessage, social_worker: Person) -> None:
    for address in ("/exchange/", "/exchange/part/", f"/exchange/out/{refused.pk}/"):
        assert social_worker.client.get(address).status_code == 403


# The pages ------------------------------------------------------------------------------------------------------------
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
    life = panels.sent(receptionist.actor, reach.sent_or_404(receptionist.actor, message.pk))["seen"]
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
            return str(panels.sent(mine, OutboxMessage.objects.get(pk=message.pk))["seen"])
        return str(panels.received(mine, InboxMessage.objects.get(pk=message.pk))["seen"])

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
    assert "Switched off: nothing is sent to Northern Infirmary. 1 message waits." in re.sub(
        r"\s+", " ", practice_manager.client.get("/exchange/").content.decode()
    )
    practice_manager.client.post(address, {"on": "1"})
    assert outbox.deliver(message.pk) == "delivered"
    assert {"switched partner off", "switched partner on"} <= acts()
