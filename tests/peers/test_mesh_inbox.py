"""Fetching from NHS England's own MESH: kept before it is acknowledged, read once, never dropped."""

import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as used
from django.db import connection
from django.utils import timezone

from conftest import Person
from exchange import inbox, outbox
from exchange.desk import actions
from exchange.mesh import polling
from exchange.mesh.mailbox import MOST_LISTED, Talk
from exchange.models import Arrival, InboxMessage, Mailbox, OutboxMessage, Partner, PartnerMailbox
from exchange.tests import listening
from exchange.tests.messages import response
from tests.peers import mesh
from tests.peers.looking import answer, look_now, waits
from tests.peers.mesh import SOMEBODY, THEM, Put, Sandbox

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("mesh"),
    pytest.mark.usefixtures("heard"),
]
PROJECT = Path(__file__).resolve().parents[2]


def read_again(message: InboxMessage, by: Person) -> str:
    actions.read_again(message=message, by=by.actor)
    return inbox.file(message.pk)


# What is filed --------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("MESH-1", "MESH-6")
def test_an_answer_is_kept_acknowledged_and_filed(sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage) -> None:
    body = answer(sent)
    mesh_id = sandbox.send(body)
    assert look_now(mailbox) == "polled"
    message = InboxMessage.objects.get()
    assert (message.state, message.event, message.answers) == ("filed", "servicerequest-response", sent)
    assert (message.payload.encode(), message.sender) == (body, sent.to)
    assert (message.arrival.mesh_message_id, message.arrival.came_from) == (mesh_id, THEM)
    assert sandbox.waiting() == []
    assert message.arrival.acknowledged_at is not None
    assert [str(message.pk)] == listening.HANDLED
    sent.refresh_from_db()
    assert sent.state == "delivered"  # whoever answers has collected it
    mailbox.refresh_from_db()
    assert None not in (mailbox.shook_hands_at, mailbox.succeeded_at)
    assert (mailbox.trouble, mailbox.failing_since, mailbox.leased_until) == ("", None, None)


@pytest.mark.requirement("MESH-4")
@pytest.mark.parametrize("compress", [True, False])
def test_chunks_are_put_together_and_unpacked(
    compress: bool, sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage
) -> None:
    body = answer(sent)
    mesh_id = sandbox.send(body, max_chunk_size=100, compress=compress)
    assert sandbox.told(mesh_id)["chunk_count"] > 10
    look_now(mailbox)
    message = InboxMessage.objects.get()
    assert (message.state, message.payload.encode()) == ("filed", body)
    assert sandbox.waiting() == []


@pytest.mark.requirement("MESH-2")
def test_a_full_page_of_the_list_is_followed_by_the_next(
    sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_LISTED == 500
    monkeypatch.setattr(polling, "MOST_LISTED", 10)
    for _ in range(21):
        sandbox.send(answer(sent))
    look_now(mailbox)
    assert InboxMessage.objects.filter(state="filed").count() == 21
    assert sandbox.waiting() == []


@pytest.mark.peers
def test_six_hundred_messages_each_way_are_each_taken_once(sandbox: Sandbox, mailbox: Mailbox, put: Put) -> None:
    ours = [put(bulk="x" * 2000) for _ in range(600)]
    for message in ours:
        assert outbox.deliver(message.pk) == "handed-over"
        sandbox.send(answer(message))
    assert sorted(sandbox.collect() + sandbox.collect()) == sorted(one.payload.encode() for one in ours)
    look_now(mailbox)
    assert InboxMessage.objects.filter(state="filed").count() == 600
    assert len(set(listening.HANDLED)) == len(listening.HANDLED) == 600
    assert OutboxMessage.objects.filter(state="delivered").count() == 600


def test_the_same_bytes_under_two_ids_are_filed_once(sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage) -> None:
    body = answer(sent)
    sandbox.send(body)
    sandbox.send(body)
    look_now(mailbox)
    assert InboxMessage.objects.filter(state="filed").count() == 2
    assert len(listening.HANDLED) == 1
    later = InboxMessage.objects.latest("received_at")
    assert "came before" in later.notes.get().text


# Dying in the middle --------------------------------------------------------------------------------------------------
KILLED = """
import os, signal, sys
import django; django.setup()
from django.db import connections
from django.conf import settings
connections["default"].settings_dict["NAME"] = sys.argv[2]
settings.MESSAGES = "exchange.tests.listening"
from exchange.mesh import polling
def die(*args, **kwargs): os.kill(os.getpid(), signal.SIGKILL)
setattr(polling, sys.argv[3], die) if "." not in sys.argv[3] else setattr(polling.audit, "record", die)
polling.poll(int(sys.argv[1]))
"""


def killed(mailbox: Mailbox, at: str) -> None:
    """A worker of its own process looks into the mailbox and is killed there."""
    command = [sys.executable, "-c", KILLED, str(mailbox.pk), connection.settings_dict["NAME"], at]
    ended = subprocess.run(command, cwd=PROJECT, env=os.environ | {"PYTHONPATH": str(PROJECT)}, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL


@pytest.mark.requirement("MESH-6")
@pytest.mark.parametrize(
    ("at", "kept"), [("_acknowledge", 1), ("audit.record", 0)], ids=["after it was stored", "while it is stored"]
)
def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(
    at: str, kept: int, sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage
) -> None:
    sandbox.send(answer(sent))
    killed(mailbox, at)
    assert InboxMessage.objects.count() == kept
    assert len(sandbox.waiting()) == 1
    assert look_now(mailbox) == "not-claimed"  # the dead worker's lease still holds
    Mailbox.objects.update(leased_until=timezone.now())
    assert look_now(mailbox) == "polled"
    assert sandbox.waiting() == []
    assert InboxMessage.objects.get().state == "filed"
    assert len(listening.HANDLED) == 1


def test_two_workers_one_looks(sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage) -> None:
    sandbox.send(answer(sent))
    first = polling._claim(mailbox.pk)
    assert first is not None
    Mailbox.objects.update(poll_due_at=timezone.now())
    assert polling.poll(mailbox.pk) == "not-claimed"
    assert not InboxMessage.objects.exists()
    Mailbox.objects.update(leased_until=timezone.now() + timedelta(seconds=99))  # another took it over meanwhile
    assert polling._empty(first) == 0
    polling._release(first, "timed-out")
    mailbox.refresh_from_db()
    assert (mailbox.leased_until is not None, mailbox.trouble) == (True, "")
    assert not InboxMessage.objects.exists()


@pytest.mark.requirement("MESH-3")
def test_a_mailbox_is_looked_into_every_five_minutes_and_not_oftener(
    sandbox: Sandbox, mailbox: Mailbox, bell: list[Any]
) -> None:
    assert 300 <= used.MESH_POLL_SECONDS <= 24 * 3600
    assert polling.poll(mailbox.pk) == "polled"
    assert (polling.poll(mailbox.pk), polling.sweep()) == ("not-claimed", 0)
    mailbox.refresh_from_db()
    assert mailbox.poll_due_at >= timezone.now() + timedelta(seconds=used.MESH_POLL_SECONDS - 30)
    Mailbox.objects.update(poll_due_at=timezone.now())
    assert polling.sweep() == 1
    assert bell == [("exchange.tasks.poll_mailbox", str(mailbox.pk))]


@pytest.mark.requirement("MESH-1")
def test_hands_are_shaken_once_a_day(sandbox: Sandbox, mailbox: Mailbox) -> None:
    look_now(mailbox)
    first = Mailbox.objects.get().shook_hands_at
    look_now(mailbox)
    assert Mailbox.objects.get().shook_hands_at == first
    Mailbox.objects.update(shook_hands_at=timezone.now() - timedelta(hours=23, minutes=1))
    look_now(mailbox)
    again = Mailbox.objects.get().shook_hands_at
    assert again is not None
    assert again > timezone.now() - timedelta(minutes=1)


# What waits for a person ----------------------------------------------------------------------------------------------
def test_an_unknown_sender_is_kept_and_read_once_it_is_known(
    sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage, gp: Person
) -> None:
    sandbox.send(answer(sent), sender=SOMEBODY)
    look_now(mailbox)
    message = waits("belongs to none of our partners")
    assert sandbox.waiting() == []
    page = gp.client.get(f"/exchange/in/{message.pk}/").content.decode()
    assert "Message from an unknown MESH mailbox" in page
    assert "unknown MESH mailbox" in gp.client.get("/exchange/").content.decode()
    PartnerMailbox.objects.create(partner=sent.to, mailbox_id=SOMEBODY)
    assert read_again(message, gp) == "filed"
    message.refresh_from_db()
    assert message.sender == sent.to


@pytest.mark.requirement("MESH-14")
def test_an_unknown_workflow_is_parked_and_read_once_it_is_expected(
    sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage, gp: Person
) -> None:
    sandbox.send(answer(sent), workflow="PATHOLOGY")
    look_now(mailbox)
    message = waits("a kind of message by MESH that is not expected here")
    assert sandbox.waiting() == []
    Mailbox.objects.update(workflows=[*mailbox.workflows, "PATHOLOGY"])
    assert read_again(message, gp) == "filed"


def test_a_partner_that_is_switched_off_is_kept_waiting(
    sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage, gp: Person
) -> None:
    Partner.objects.update(receives=False)
    sandbox.send(answer(sent))
    look_now(mailbox)
    message = waits("Messages from Northern Infirmary are switched off")
    Partner.objects.update(receives=True)
    assert read_again(message, gp) == "filed"


BROKEN = {
    "truncated": b'{"resourceType": "Bundle", "SECRET": ',
    "not a Bundle": b'{"resourceType": "Patient"}',
    "text": b"Dear colleague",
    "no text": b"\x89PNG\r\n\x00\xff",
    "a null": b'{"SECRET": "\x00"}',
    "deep": b"[" * 10_000 + b"]" * 10_000,
    "gzip that is none": b"\x1f\x8bSECRET",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_is_no_message_is_kept_byte_for_byte_with_a_reason(
    body: bytes, sandbox: Sandbox, mailbox: Mailbox, hospital: Partner, gp: Person
) -> None:
    sandbox.send(body)
    look_now(mailbox)
    message = waits("This breaks a rule of messages, so nothing was filed. Ask Northern Infirmary to mend it.")
    assert message.arrival.problem
    assert "SECRET" not in message.arrival.problem
    assert sandbox.waiting() == []
    got = gp.client.get(f"/exchange/in/{message.pk}/sealed/")
    assert (got.status_code, got.content) == (200, body)


def test_a_message_for_somebody_else_is_not_filed(sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage) -> None:
    sandbox.send(json.dumps(response(sent.bundle_id, destination="9000000999")).encode())
    look_now(mailbox)
    assert waits("breaks a rule").arrival.problem.startswith("The message is not addressed to us.")
    sent.refresh_from_db()
    assert sent.state == "handed-over"


def test_an_answer_to_another_partners_message_is_not_filed(
    sandbox: Sandbox, mailbox: Mailbox, hospital: Partner
) -> None:
    sandbox.send(json.dumps(response(str(uuid4()))).encode())
    look_now(mailbox)
    waits("breaks a rule")


@pytest.mark.parametrize(
    ("workflow", "body", "sentence", "called"),
    [
        ("TOC_FHIR_IP_DISCH", b"<Bundle xmlns='http://hl7.org/fhir'/>", "A discharge document in an", "Discharge"),
        ("TOC_FHIR_OP_ATTEN", b"SECRET", "An outpatient letter in an", "Outpatient"),
        (
            "GP_LETTERS",
            b'{"resourceType":"Bundle","type":"document","meta":{"profile":["https://fhir.nhs.uk/STU3/X"]}}',
            "A document in an",
            "Older",
        ),
        (
            "GP_LETTERS",
            b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MessageHeader","event":{}}}]}',
            "A document in an",
            "Older",
        ),
    ],
)
def test_a_document_in_an_older_format_is_kept_for_a_person_and_can_be_downloaded(
    workflow: str, body: bytes, sentence: str, called: str, sandbox: Sandbox, mailbox: Mailbox, hospital: Any, gp: Any
) -> None:
    sandbox.send(body, workflow=workflow)
    look_now(mailbox)
    message = waits(f"{sentence} older format (STU3). It cannot be filed by itself yet")
    page = gp.client.get(f"/exchange/in/{message.pk}/").content.decode()
    assert f"{called} " in page
    assert f"/exchange/in/{message.pk}/sealed/" in page
    assert gp.client.get(f"/exchange/in/{message.pk}/sealed/").content == body


def test_a_message_that_is_too_large_stays_at_mesh_and_a_person_is_told_once(
    sandbox: Sandbox, mailbox: Mailbox, hospital: Partner, settings: Any, gp: Person
) -> None:
    settings.MESH_LIMIT_BYTES = 1024 * 1024
    sandbox.send(b"x" * (1024 * 1024 + 1), compress=True)
    for _ in range(2):
        look_now(mailbox)
    message = waits("A message of more than 1 MB waits in our MESH mailbox.")
    assert len(sandbox.waiting()) == 1
    assert Arrival.objects.get().acknowledged_at is None
    assert gp.client.get(f"/exchange/in/{message.pk}/").status_code == 200
    assert gp.client.get(f"/exchange/in/{message.pk}/sealed/").status_code == 403


@pytest.mark.requirement("MESH-5")
def test_a_message_that_is_gone_is_passed_over(
    sandbox: Sandbox, mailbox: Mailbox, sent: OutboxMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, there = sandbox.send(answer(sent)), sandbox.send(answer(sent))
    sandbox.expire(gone)
    asked: list[str] = []
    fetched = Talk.retrieve_message
    monkeypatch.setattr(Talk, "list_messages", lambda self, max_results: [gone, there])

    def retrieve(self: Talk, message_id: str) -> Any:
        asked.append(message_id)
        return fetched(self, message_id)

    monkeypatch.setattr(Talk, "retrieve_message", retrieve)
    assert look_now(mailbox) == "polled"
    assert InboxMessage.objects.get().arrival.mesh_message_id == there
    assert asked == [gone, there]


def test_a_wrong_password_is_said_of_the_mailbox(sandbox: Sandbox, mailbox: Mailbox, gp: Person) -> None:
    mailbox.password = "wrong"
    mailbox.save()
    assert look_now(mailbox) == "mailbox-refused"
    mailbox.refresh_from_db()
    assert (mailbox.trouble, mailbox.succeeded_at) == ("mailbox-refused", None)
    assert mailbox.failing_since is not None
    assert "MESH did not accept our password." in gp.client.get("/exchange/").content.decode()
    mailbox.password = mesh.PASSWORD
    mailbox.save()
    assert look_now(mailbox) == "polled"
    mailbox.refresh_from_db()
    assert mailbox.trouble == ""
    assert mailbox.failing_since is None
