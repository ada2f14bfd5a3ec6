"""What a partner sends to our $process-message is taken once, and can be read again."""

import json
import threading
from typing import Any

import pytest
from django.db import connections

from access.models import AuditEvent
from exchange import inbox
from exchange.fhir import validate
from exchange.models import InboxMessage, OutboxMessage, Partner, Refusal
from exchange.tests import listening, messages
from exchange.tests.posting import Post


@pytest.mark.django_db
@pytest.mark.requirement("BARS-ACK-1", "BARS-API-3", "BARS-HDR-4", "BARS-RSP-1")
def test_an_answer_is_stored_and_acknowledged(
    post: Post, original: OutboxMessage, hospital: Partner, django_capture_on_commit_callbacks: Any, bell: list[Any]
) -> None:
    bell.clear()
    message, headers = messages.response(original.bundle_id), messages.sent()
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(message, dict(headers))
    assert answer.status_code == 200
    assert answer["X-Request-Id"] == headers["X-Request-Id"]
    assert answer["X-Correlation-Id"] == headers["X-Correlation-Id"]
    reply = json.loads(answer.content)
    assert validate.check(reply) == []
    header = reply["entry"][0]["resource"]
    assert header["response"] == {"identifier": message["id"], "code": "ok"}
    assert reply["entry"][1]["resource"]["id"] == original.concerns_id
    assert header["destination"][0]["endpoint"].endswith("|9000000201")
    assert reply["id"] != message["id"]
    assert "SECRET" not in answer.content.decode()
    stored = InboxMessage.objects.get()
    assert (stored.answers, stored.state, stored.event) == (original, "received", "servicerequest-response")
    assert stored.payload == json.dumps(message)
    assert stored.reply == answer.content.decode()
    assert AuditEvent.objects.filter(action="message received", actor_id="RZZ01").count() == 1
    assert bell == [("exchange.tasks.file", str(stored.pk))]
    hospital.refresh_from_db()
    assert hospital.last_received_at is not None
    assert not Refusal.objects.exists()


@pytest.mark.django_db
@pytest.mark.requirement("BARS-INT-2", "BARS-HDR-4")
def test_a_repeat_is_told_that_we_have_it_and_stores_nothing(post: Post, original: OutboxMessage) -> None:
    message, headers = messages.response(original.bundle_id), messages.sent()
    assert post(message, dict(headers)).status_code == 200
    before = InboxMessage.objects.values().get()
    answer = post(message, dict(headers))
    assert answer.status_code == 409
    (issue,) = json.loads(answer.content)["issue"]
    assert (issue["code"], issue["details"]["coding"][0]["code"]) == ("duplicate", "REC_CONFLICT")
    assert answer["X-Request-Id"] == headers["X-Request-Id"]
    assert InboxMessage.objects.values().get() == before
    assert AuditEvent.objects.filter(action="message received").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("BARS-INT-2")
def test_the_same_message_racing_is_stored_once(post: Post, original: OutboxMessage) -> None:
    message, headers = messages.response(original.bundle_id), messages.sent()
    statuses: list[int] = []

    def send() -> None:
        try:
            statuses.append(post(message, dict(headers)).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses)[0] == 200
    assert set(sorted(statuses)[1:]) <= {409, 425}  # had already, or being processed at that moment
    assert post(message, dict(headers)).status_code == 409
    assert InboxMessage.objects.count() == 1
    assert AuditEvent.objects.filter(action="message received").count() == 1


@pytest.mark.django_db
def test_updates_of_one_conversation_share_a_bundle_id(post: Post, original: OutboxMessage) -> None:
    message = messages.response(original.bundle_id)
    assert post(message).status_code == 200
    assert post(message).status_code == 200  # new request id
    assert InboxMessage.objects.count() == 2


# Reading what was received --------------------------------------------------------------------------------------------
@pytest.fixture
def received(post: Post, original: OutboxMessage) -> InboxMessage:
    assert post(messages.response(original.bundle_id)).status_code == 200
    return InboxMessage.objects.get()


@pytest.mark.django_db
def test_a_received_message_is_filed_once(received: InboxMessage) -> None:
    assert inbox.file(received.pk) == "filed"
    received.refresh_from_db()
    assert (received.state, received.due_at, received.attempts) == ("filed", None, 1)
    assert inbox.file(received.pk) == "not-claimed"
    assert [str(received.pk)] == listening.HANDLED


@pytest.mark.django_db
def test_what_only_a_person_can_settle_waits_and_leaves_nothing_half_done(received: InboxMessage) -> None:
    listening.BROKEN.add("review")
    assert inbox.file(received.pk) == "needs-review"
    received.refresh_from_db()
    assert (received.state, received.due_at) == ("needs-review", None)
    assert received.review_reason == "Nobody here is meant."
    assert received.sender.organisation.letters == "NI"  # what the handler wrote is undone


@pytest.mark.django_db(transaction=True)
def test_a_bug_leaves_it_for_the_sweep_with_growing_pauses(received: InboxMessage, bell: list[Any]) -> None:
    listening.BROKEN.add("handle")
    with pytest.raises(listening.Broken):
        inbox.file(received.pk)
    received.refresh_from_db()
    assert (received.state, received.attempts) == ("received", 1)
    assert received.due_at is not None
    assert received.sender.organisation.letters == "NI"
    bell.clear()
    assert inbox.sweep() == 0  # not yet
    InboxMessage.objects.update(due_at=received.received_at)
    assert inbox.sweep() == 1
    assert bell == [("exchange.tasks.file", str(received.pk))]
    listening.BROKEN.clear()
    assert inbox.file(received.pk) == "filed"


@pytest.mark.django_db
def test_after_many_tries_a_person_is_asked(received: InboxMessage) -> None:
    listening.BROKEN.add("handle")
    InboxMessage.objects.update(attempts=inbox.MOST_TRIES)
    assert inbox.file(received.pk) == "needs-review"
