"""Delivering over real HTTP: exactly the sealed bytes, once, however often it is tried."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from access.models import AuditEvent
from exchange import claims, outbox
from exchange.models import DeliveryAttempt, InboxMessage, OutboxMessage, Partner
from exchange.tests import listening
from exchange.tests.stub import Say, Stub, refusal
from exchange.transports import TRANSPORTS, Answer

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]
Heard = list[tuple[str, dict[str, str]]]


def make_due(message: OutboxMessage) -> None:
    OutboxMessage.objects.filter(pk=message.pk).update(due_at=timezone.now())


@pytest.mark.requirement("BARS-ACK-5", "BARS-HDR-8")
def test_a_message_is_delivered_with_its_sealed_bytes(put: Put, stub_partner: Stub, heard: Heard) -> None:
    message = put(concerns_id="r1")
    assert outbox.deliver(message.pk) == "delivered"
    (arrival,) = stub_partner.arrivals
    assert arrival.body == message.payload.encode()
    assert arrival.headers["Authorization"] == "Bearer token-1"
    assert {name: arrival.headers[name] for name in message.headers} == message.headers
    message.refresh_from_db()
    assert (message.state, message.due_at, message.attempts) == ("delivered", None, 1)
    assert '"Bundle"' in message.answer
    tried = message.tries.get()
    assert (tried.outcome, tried.status, tried.phase) == ("delivered", 200, "reply")
    assert heard == [("delivered", {"outbox_id": str(message.pk), "concerns": "referral", "concerns_id": "r1"})]
    assert AuditEvent.objects.get(action="message delivered").actor_name == "delivery"
    message.to.refresh_from_db()
    assert message.to.last_delivered_at is not None


def test_a_delivered_message_is_not_sent_again(put: Put, stub_partner: Stub, heard: Heard) -> None:
    message = put()
    outbox.deliver(message.pk)
    assert outbox.deliver(message.pk) == "not-claimed"
    assert (len(stub_partner.arrivals), len(heard)) == (1, 1)


AGAIN = {
    "no OperationOutcome": Say(500, b"<html>oh</html>"),
    "ids not mirrored": Say(200, mirror=False),
    "ids not mirrored in a refusal": Say(422, refusal(422, "REC_UNPROCESSABLE_ENTITY").body, mirror=False),
    "200 without a Bundle": Say(200, b"hello"),
    "timeout": refusal(408, "REC_TIMEOUT", "timeout"),
    "too early": refusal(425, "REC_TOO_EARLY"),
    "too many": refusal(429, "REC_TOO_MANY_REQUESTS"),
    "unavailable": refusal(503, "REC_UNAVAILABLE", "transient"),
    "unavailable, the proxy's spelling": refusal(503, "REC_SERVICE_UNAVAILABLE", "transient"),
    "proxy": refusal(404, "PROXY_NOT_FOUND"),
    "token": refusal(401, "REC_UNAUTHORIZED", "security"),
    "token, the proxy's way": refusal(403, "SEND_FORBIDDEN", "forbidden"),
}


@pytest.mark.parametrize("say", AGAIN.values(), ids=AGAIN)
@pytest.mark.requirement("BARS-ERR-6", "BARS-INT-3", "BARS-INT-6", "BARS-INT-8", "BARS-INT-9")
def test_what_may_pass_is_tried_again_with_the_same_ids_and_bytes(
    put: Put, stub_partner: Stub, heard: Heard, say: Say
) -> None:
    stub_partner.says = [say]
    message = put()
    assert outbox.deliver(message.pk) == "queued"
    message.refresh_from_db()
    assert message.trouble == "partner-failed"
    assert message.due_at is not None
    assert message.due_at > timezone.now()
    assert heard == []
    stub_partner.says = [refusal(409, "REC_CONFLICT", "duplicate")]
    make_due(message)
    assert outbox.deliver(message.pk) == "delivered"
    assert len({arrival.body for arrival in stub_partner.arrivals}) == 1
    assert len({arrival.headers["X-Request-Id"] for arrival in stub_partner.arrivals}) == 1
    assert [tried.outcome for tried in message.tries.all()] == ["partner-failed", "duplicate"]


REFUSED = {
    "invalid": refusal(400, "REC_BAD_REQUEST", "structure"),
    "forbidden": refusal(403, "REC_FORBIDDEN", "forbidden"),
    "unprocessable": refusal(422, "REC_UNPROCESSABLE_ENTITY"),
    "conflict that is no duplicate": refusal(409, "REC_CONFLICT", "conflict"),
    "server error goes to a person": refusal(500, "REC_SERVER_ERROR", "exception"),
}


@pytest.mark.parametrize("say", REFUSED.values(), ids=REFUSED)
@pytest.mark.requirement("BARS-INT-4", "BARS-INT-8")
def test_what_will_not_pass_goes_to_a_person_with_the_answer(
    put: Put, stub_partner: Stub, heard: Heard, say: Say
) -> None:
    stub_partner.says = [say]
    message = put()
    assert outbox.deliver(message.pk) == "refused"
    message.refresh_from_db()
    assert (message.state, message.due_at) == ("refused", None)
    assert "OperationOutcome" in message.answer
    assert [name for name, _ in heard] == ["refused"]
    assert outbox.deliver(message.pk) == "not-claimed"
    assert len(stub_partner.arrivals) == 1


@pytest.mark.requirement("BARS-INT-9")
def test_a_token_the_partner_forgot_is_mended_within_the_try(put: Put, stub_partner: Stub) -> None:
    outbox.deliver(put().pk)
    stub_partner.says = [refusal(401, "REC_UNAUTHORIZED", "security"), Say()]
    message = put()
    assert outbox.deliver(message.pk) == "delivered"
    assert [a.headers["Authorization"] for a in stub_partner.arrivals] == [
        "Bearer token-1",
        "Bearer token-1",
        "Bearer token-2",
    ]
    assert message.tries.count() == 1


def test_nobody_there_then_there_again(put: Put, hospital: Partner, stub_partner: Stub) -> None:
    there = hospital.endpoint, hospital.token_url
    Partner.objects.update(endpoint="http://127.0.0.1:1/FHIR/R4", token_url="http://127.0.0.1:1/oauth2/token")
    first, second = put(), put()
    assert outbox.deliver(first.pk) == "queued"
    assert outbox.deliver(second.pk) == "queued"
    hospital.refresh_from_db()
    assert hospital.failing_since is not None
    assert hospital.failing_since == first.tries.get().started_at
    assert first.tries.get().phase == "connect"
    Partner.objects.update(endpoint=there[0], token_url=there[1])
    make_due(first)
    assert outbox.deliver(first.pk) == "delivered"
    assert not Partner.objects.exclude(failing_since=None).exists()
    # The other one need not wait out its back-off now that they answer.
    assert outbox.deliver(second.pk) == "delivered"
    assert len(stub_partner.arrivals) == 2


def test_no_answer_in_time_is_perhaps_received(put: Put, stub_partner: Stub, settings: Any) -> None:
    settings.PARTNER_TIMEOUT_SECONDS = 0.2
    stub_partner.says = [Say(wait=0.6)]
    message = put()
    assert outbox.deliver(message.pk) == "queued"
    tried = message.tries.get()
    assert (tried.outcome, tried.phase) == ("timed-out", "await-reply")


@pytest.mark.requirement("BARS-INT-10")
def test_after_days_of_trying_it_is_given_up(put: Put, stub_partner: Stub, settings: Any, heard: Heard) -> None:
    stub_partner.says = [refusal(503, "REC_UNAVAILABLE")]
    message = put()
    long_ago = timezone.now() - timedelta(hours=settings.GIVE_UP_AFTER_HOURS)
    OutboxMessage.objects.filter(pk=message.pk).update(queued_at=long_ago)
    assert outbox.deliver(message.pk) == "expired"
    message.refresh_from_db()
    assert (message.state, message.due_at) == ("expired", None)
    assert [name for name, _ in heard] == ["expired"]


@pytest.mark.requirement("BARS-INT-7")
def test_pauses_grow_and_end_at_the_last_step(settings: Any) -> None:
    from exchange.patience import next_try

    settings.RETRY_SECONDS = [10, 30, 60]
    random.seed(1)
    pauses = [(next_try(n) - timezone.now()).total_seconds() for n in (1, 2, 3, 4, 50)]
    for pause, step in zip(pauses, (10, 30, 60, 60, 60), strict=True):
        assert step * 0.89 < pause < step * 1.11
    assert (next_try(1, asked=120) - timezone.now()).total_seconds() > 119
    assert (next_try(1, asked=10**9) - timezone.now()).total_seconds() < 3601


def test_when_what_hears_of_it_fails_the_delivery_is_not_settled_either(put: Put, stub_partner: Stub) -> None:
    listening.BROKEN.add("delivered")
    message = put()
    with pytest.raises(listening.Broken):
        outbox.deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.answer) == ("queued", "")
    assert not AuditEvent.objects.filter(action="message delivered").exists()
    # The lease runs out, the same message goes again, the receiver says it has it: nothing is lost or doubled.
    listening.BROKEN.clear()
    stub_partner.says = [refusal(409, "REC_CONFLICT", "duplicate")]
    make_due(message)
    assert outbox.deliver(message.pk) == "delivered"
    assert [tried.outcome for tried in message.tries.all()] == ["lost", "duplicate"]


def test_a_fault_of_ours_leaves_a_trace_and_is_tried_again(put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(message: OutboxMessage) -> None:
        raise ValueError("our bug")

    monkeypatch.setitem(TRANSPORTS, "bars", fail)
    message = put()
    assert outbox.deliver(message.pk) == "queued"
    message.refresh_from_db()
    assert message.trouble == "our-fault"
    message.to.refresh_from_db()
    assert message.to.failing_since is None


@pytest.mark.django_db(transaction=True)
def test_the_call_is_made_outside_any_transaction_and_after_the_try_is_noted(
    put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, int]] = []

    def call(message: OutboxMessage) -> Answer:
        seen.append((connection.in_atomic_block, message.tries.filter(ended_at=None).count()))
        return Answer(200, "{}")

    monkeypatch.setitem(TRANSPORTS, "bars", call)
    assert outbox.deliver(put().pk) == "delivered"
    assert seen == [(False, 1)]


def test_messages_about_one_thing_keep_their_order(put: Put, stub_partner: Stub, bell: list[Any]) -> None:
    first, second, other = put(concerns_id="same"), put(concerns_id="same"), put(concerns_id="another")
    assert outbox.deliver(second.pk) == "not-claimed"
    assert outbox.deliver(other.pk) == "delivered"
    bell.clear()
    assert outbox.deliver(first.pk) == "delivered"
    assert bell == [("exchange.tasks.deliver", str(second.pk))]
    assert outbox.deliver(second.pk) == "delivered"


def in_threads(work: Callable[[int], Any], count: int) -> None:
    def one(number: int) -> None:
        try:
            work(number)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_many_workers_one_message_one_delivery(put: Put, stub_partner: Stub, heard: Heard) -> None:
    stub_partner.says = [Say(wait=0.2)]
    message = put()
    ended: list[str] = []
    in_threads(lambda _: ended.append(outbox.deliver(message.pk)), 6)
    assert sorted(ended) == ["delivered"] + ["not-claimed"] * 5
    assert (len(stub_partner.arrivals), len(heard), message.tries.count()) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_no_more_at_once_than_a_partner_takes(put: Put, hospital: Partner, stub_partner: Stub) -> None:
    Partner.objects.update(max_in_flight=2, last_delivered_at=timezone.now())
    stub_partner.says = [Say(wait=0.2)]
    messages = [put() for _ in range(6)]
    in_threads(lambda number: outbox.deliver(messages[number].pk), 6)
    assert stub_partner.most_at_once == 2
    for _ in range(6):
        for message_id in claims.due().values_list("pk", flat=True):
            outbox.deliver(message_id)
    assert OutboxMessage.objects.filter(state="delivered").count() == 6
    assert len(stub_partner.arrivals) == 6


@pytest.mark.django_db(transaction=True)
def test_who_delivered_nothing_lately_is_first_tried_with_one(put: Put, hospital: Partner, stub_partner: Stub) -> None:
    """So that a partner that is gone holds one worker and not all of them."""
    stub_partner.says = [Say(wait=0.2)]
    messages = [put() for _ in range(3)]
    in_threads(lambda number: outbox.deliver(messages[number].pk), 3)
    assert len(stub_partner.arrivals) == 1
    in_threads(lambda number: outbox.deliver(messages[number].pk), 3)
    assert (len(stub_partner.arrivals), stub_partner.most_at_once) == (3, 2)


def test_a_late_answer_counts_although_the_lease_was_lost(put: Put, stub_partner: Stub, heard: Heard) -> None:
    message = put()
    first = claims.claim(message.pk)
    assert first is not None
    make_due(message)
    second = claims.claim(message.pk)
    assert second is not None
    from exchange import settling
    from exchange.errors import PartnerTimedOut

    assert settling.arrived(first, Answer(200, "{}"), by=outbox.BY) == "delivered"
    assert settling.failed(second, PartnerTimedOut(), by=outbox.BY) == "overtaken"
    message.refresh_from_db()
    assert message.state == "delivered"
    assert [name for name, _ in heard] == ["delivered"]


@pytest.mark.parametrize("state", ["refused", "expired", "set-aside"])
def test_what_arrives_after_it_was_stopped_is_delivered(state: str, put: Put, heard: Heard) -> None:
    message = put()
    first = claims.claim(message.pk)
    assert first is not None
    OutboxMessage.objects.filter(pk=message.pk).update(state=state, due_at=None, settled_at=timezone.now())
    from exchange import settling

    assert settling.arrived(first, Answer(200, "{}"), by=outbox.BY) == "delivered"
    assert settling.arrived(first, Answer(200, "{}"), by=outbox.BY) == "overtaken"
    message.refresh_from_db()
    assert message.state == "delivered"
    assert [name for name, _ in heard] == ["delivered"]


@pytest.mark.django_db(transaction=True)
def test_an_answer_is_stored_while_the_delivery_it_answers_is_settled(put: Put, hospital: Partner) -> None:
    """Else each waits for what the other holds, the message here and the partner there."""
    from exchange import settling

    message = put()
    attempt = claims.claim(message.pk)
    assert attempt is not None

    def answer(_: int) -> None:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '2s'")
            Partner.objects.filter(pk=hospital.pk).update(last_received_at=timezone.now())
            InboxMessage.objects.create(
                sender=hospital, request_id=uuid4(), correlation_id=uuid4(), bundle_id="a", answers=message, event="e"
            )

    with transaction.atomic():
        settling._locked(attempt)
        in_threads(answer, 1)
    assert InboxMessage.objects.get().answers == message


KILLED = """
import django; django.setup()
from django.db import connections
from django.conf import settings
from pathlib import Path
import sys
connections["default"].settings_dict["NAME"] = sys.argv[2]
settings.MESSAGES = "exchange.tests.listening"
settings.SIGNING_KEY_FILE = Path(sys.argv[3])
from exchange import outbox
outbox.deliver(sys.argv[1])
"""


def killed_while_delivering(message: OutboxMessage, stub_partner: Stub, project: Path, key_file: Path) -> None:
    """A worker of its own process takes the message to the partner and dies before it hears an answer."""
    arrived = len(stub_partner.arrivals)
    name = connection.settings_dict["NAME"]
    command = [sys.executable, "-c", KILLED, str(message.pk), name, str(key_file)]
    worker = subprocess.Popen(command, cwd=project, env=os.environ | {"PYTHONPATH": str(project)})
    give_up = time.monotonic() + 30
    while len(stub_partner.arrivals) == arrived and time.monotonic() < give_up:
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert len(stub_partner.arrivals) == arrived + 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kills", [1, pytest.param(12, marks=pytest.mark.faults)])
@pytest.mark.requirement("BARS-INT-6")
def test_workers_killed_in_mid_delivery_lose_and_double_nothing(
    put: Put, stub_partner: Stub, heard: Heard, project: Path, settings: Any, kills: int
) -> None:
    stub_partner.says = [*[Say(wait=5)] * kills, refusal(409, "REC_CONFLICT", "duplicate")]
    message = put()
    for kill in range(1, kills + 1):
        killed_while_delivering(message, stub_partner, project, settings.SIGNING_KEY_FILE)
        message.refresh_from_db()
        assert (message.state, message.attempts) == ("queued", kill)
        assert DeliveryAttempt.objects.latest("pk").ended_at is None
        assert outbox.deliver(message.pk) == "not-claimed"  # the lease of the dead worker still holds
        make_due(message)  # and now it has run out
        assert outbox.sweep() == 1
    assert outbox.deliver(message.pk) == "delivered"
    assert len({one.body for one in stub_partner.arrivals}) == 1
    same = ("X-Request-Id", "X-Correlation-Id", "NHSD-Target-Identifier")
    assert len({tuple(one.headers[name] for name in same) for one in stub_partner.arrivals}) == 1
    assert [tried.outcome for tried in message.tries.all()] == [*["lost"] * kills, "duplicate"]
    assert [name for name, _ in heard] == ["delivered"]
