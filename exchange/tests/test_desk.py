"""What people do at the exchange desk to messages that are stuck."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from exchange import inbox, outbox
from exchange.desk import actions
from exchange.desk.actions import NotAllowedNow
from exchange.models import DeskNote, InboxMessage, OutboxMessage
from exchange.tests import listening
from exchange.tests.listening import Broken
from exchange.tests.stub import Say, Stub, refusal

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]
Bell = list[tuple[str, str]]
REFUSES = refusal(422, "REC_UNPROCESSABLE_ENTITY")


def acts() -> set[str]:
    return set(AuditEvent.objects.values_list("action", flat=True))


# Sending again --------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-INT-6")
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


def test_what_mesh_has_is_not_sent_twice_nor_stopped(put: Put, gp: Person, heard: Any) -> None:
    message = put()
    OutboxMessage.objects.update(state="handed-over", due_at=None, handed_over_at=timezone.now())
    with pytest.raises(NotAllowedNow, match="MESH has this message"):
        actions.send_again(message=message, by=gp.actor)
    with pytest.raises(NotAllowedNow, match="nothing to stop"):
        actions.set_aside(message=message, why="rang them", by=gp.actor)
    message.refresh_from_db()
    assert (message.state, message.due_at) == ("handed-over", None)
    assert heard == []
    assert acts() == set()


@pytest.mark.parametrize("state", ["refused", "expired", "set-aside", "handed-over", "uncollected"])
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
