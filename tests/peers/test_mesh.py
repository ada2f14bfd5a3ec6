"""Sending by NHS England's own MESH and fetching from it: mesh-sandbox, a process of its own."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from exchange import outbox
from exchange.mesh import tracking
from exchange.mesh.mailbox import look_up
from exchange.models import Handover, Mailbox, OutboxMessage, Partner
from tests.faults.proxy import Harm, Proxy
from tests.peers import mesh
from tests.peers.mesh import THEM, US, Put, Sandbox

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("mesh"),
    pytest.mark.usefixtures("heard"),
]


def due(message: OutboxMessage) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(due_at=timezone.now())


def look_again(days: float = 0) -> None:
    """As if so many days had passed since everything was handed over."""
    then = timezone.now() - timedelta(days=days)
    Handover.objects.filter(returned_at=None, collected_at=None).update(look_at=timezone.now(), handed_at=then)
    OutboxMessage.objects.exclude(handed_over_at=None).update(handed_over_at=then)
    tracking.follow()


# Handing over ---------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("MESH-7", "MESH-8")
def test_a_message_is_with_mesh_until_it_is_collected_and_only_then_delivered(
    put: Put, sandbox: Sandbox, heard: list[Any], hospital: Partner
) -> None:
    message = put()
    assert outbox.deliver(message.pk) == "handed-over"
    message.refresh_from_db()
    assert (message.state, message.due_at, message.settled_at) == ("handed-over", None, None)
    assert heard == []
    handover = message.handovers.get()
    told = sandbox.told(handover.mesh_message_id)
    assert (told["sender"], told["recipient"]) == (US, THEM)
    assert (told["workflow_id"], told["local_id"]) == ("GP_REFERRALS", str(message.pk))
    assert "SECRET" not in str(told)
    look_again()
    message.refresh_from_db()
    assert message.state == "handed-over"
    assert sandbox.collect() == [message.payload.encode()]
    look_again()
    message.refresh_from_db()
    assert (message.state, [name for name, _ in heard]) == ("delivered", ["delivered"])
    hospital.refresh_from_db()
    assert hospital.last_delivered_at is not None
    look_again()
    assert len(heard) == 1


@pytest.mark.requirement("MESH-7")
def test_a_message_whose_answer_was_cut_is_found_by_its_local_id_and_not_sent_twice(
    put: Put, sandbox: Sandbox, mailbox: Mailbox
) -> None:
    proxy = Proxy(to=sandbox.port, port=mesh.free_port(), seed=1)
    proxy.listen()
    mailbox.url = proxy.url
    mailbox.save()
    proxy.hurt(Harm(cuts=1.0))
    message = put()
    assert outbox.deliver(message.pk) == "queued"
    message.refresh_from_db()
    assert (message.trouble, proxy.cut) == ("timed-out", 1)
    assert len(sandbox.waiting(THEM)) == 1
    due(message)
    assert outbox.deliver(message.pk) == "queued"  # nor is the question answered: nothing is sent on suspicion
    assert len(sandbox.waiting(THEM)) == 1
    proxy.calm()
    due(message)
    assert outbox.deliver(message.pk) == "handed-over"
    assert sandbox.waiting(THEM) == [message.handovers.get().mesh_message_id]
    assert [tried.outcome for tried in message.tries.all()] == ["timed-out", "timed-out", "duplicate"]
    proxy.refuse()


def test_a_recipient_that_mesh_does_not_know_goes_to_a_person(put: Put, hospital: Partner, heard: list[Any]) -> None:
    hospital.mailboxes.update(mailbox_id="X26NOBODY")
    message = put()
    assert outbox.deliver(message.pk) == "refused"
    message.refresh_from_db()
    assert (message.state, message.trouble) == ("refused", "unknown-mailbox")
    assert [name for name, _ in heard] == ["refused"]


def test_a_wrong_password_stops_nothing_and_is_said_in_words(put: Put, mailbox: Mailbox, heard: list[Any]) -> None:
    mailbox.password = "wrong"
    mailbox.save()
    message = put()
    assert outbox.deliver(message.pk) == "queued"
    message.refresh_from_db()
    assert (message.state, message.trouble, heard) == ("queued", "mailbox-refused", [])
    mailbox.password = mesh.PASSWORD
    mailbox.save()
    due(message)
    assert outbox.deliver(message.pk) == "handed-over"


def test_without_a_mailbox_a_message_waits(put: Put, mailbox: Mailbox) -> None:
    Mailbox.objects.update(enabled=False)
    message = put()
    assert outbox.deliver(message.pk) == "queued"
    message.refresh_from_db()
    assert message.trouble == "no-mailbox"


# Not collected --------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("MESH-13")
def test_what_mesh_gives_up_goes_to_a_person_once(put: Put, sandbox: Sandbox, heard: list[Any]) -> None:
    message = put()
    outbox.deliver(message.pk)
    sandbox.expire(message.handovers.get().mesh_message_id)
    for _ in range(2):
        look_again()
    message.refresh_from_db()
    assert (message.state, message.trouble) == ("uncollected", "uncollected")
    assert [name for name, _ in heard] == ["uncollected"]


@pytest.mark.requirement("MESH-13")
def test_after_five_days_a_person_is_told_though_mesh_says_nothing_and_it_may_still_arrive(
    put: Put, sandbox: Sandbox, heard: list[Any]
) -> None:
    message = put()
    outbox.deliver(message.pk)
    look_again(days=4.99)
    assert heard == []
    look_again(days=5)
    message.refresh_from_db()
    assert (message.state, [name for name, _ in heard]) == ("uncollected", ["uncollected"])
    sandbox.collect()
    look_again(days=6)
    message.refresh_from_db()
    assert (message.state, [name for name, _ in heard]) == ("delivered", ["uncollected", "delivered"])


def test_what_is_sent_again_goes_anew_and_the_older_one_coming_back_changes_nothing(
    put: Put, sandbox: Sandbox, heard: list[Any]
) -> None:
    message = put()
    outbox.deliver(message.pk)
    look_again(days=5)
    first = message.handovers.get()
    OutboxMessage.objects.update(state="queued", due_at=timezone.now(), settled_at=None)
    assert outbox.deliver(message.pk) == "handed-over"
    second = message.handovers.latest("handed_at")
    assert sandbox.told(second.mesh_message_id)["local_id"] == f"{message.pk}.2"
    sandbox.expire(first.mesh_message_id)
    look_again()
    message.refresh_from_db()
    assert message.state == "handed-over"
    assert [name for name, _ in heard] == ["uncollected"]


@pytest.mark.requirement("MESH-9")
def test_a_mailbox_is_found_by_ods_code_and_workflow(mailbox: Mailbox) -> None:
    assert look_up(mailbox, ods="X26", workflow="TEST_WORKFLOW") == [THEM]
    assert look_up(mailbox, ods="X26", workflow="NOBODY_TAKES_IT") == []
