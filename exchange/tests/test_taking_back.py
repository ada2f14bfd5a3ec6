"""What was sent is taken back only while its receiver calls it active, never before it; what did not go is stopped."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from access.actor import system
from access.models import AuditEvent
from exchange import claims, outbox, recall
from exchange.models import DeliveryAttempt, OutboxMessage
from exchange.tests.stub import Say, Stub, refusal

pytestmark = pytest.mark.django_db(transaction=True)
Put = Callable[..., OutboxMessage]
Heard = list[tuple[str, dict[str, str]]]
BY = system("test")
THEIRS = "236bb75d-90ef-461f-b71e-fde7f899802c"
ACKNOWLEDGED = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "ServiceRequest", "id": THEIRS}}]}
OURS = {
    "resourceType": "ServiceRequest",
    "identifier": [{"system": "https://gpportal.example/Id/referral", "value": "r1"}],
}


def request(status: str) -> Say:
    return Say(200, {"resourceType": "ServiceRequest", "id": THEIRS, "status": status, "intent": "plan"})


@pytest.fixture
def sent(put: Put, stub_partner: Stub) -> OutboxMessage:
    """A message that the receiver acknowledged with an id of its own."""
    stub_partner.says = [Say(200, ACKNOWLEDGED)]
    message = put(concerns_id="r1", payload={"id": "b1", "entry": [{"resource": OURS}]})
    assert outbox.deliver(message.pk) == "delivered"
    message.refresh_from_db()
    stub_partner.arrivals.clear()
    return message


@pytest.fixture
def taking_back(put: Put, sent: OutboxMessage) -> OutboxMessage:
    return put(concerns_id="r1", cancels=sent, correlation_id=sent.correlation_id, payload={"id": "b1"})


@pytest.mark.requirement("BARS-CAN-1")
def test_it_goes_while_the_receiver_calls_it_active(
    taking_back: OutboxMessage, stub_partner: Stub, heard: Heard
) -> None:
    stub_partner.reads = [request("active")]
    assert outbox.deliver(taking_back.pk) == "delivered"
    assert stub_partner.asked == [f"/FHIR/R4/ServiceRequest/{THEIRS}"]
    assert len(stub_partner.arrivals) == 1
    assert heard[-1][0] == "delivered"


@pytest.mark.requirement("BARS-CAN-1")
@pytest.mark.parametrize("status", ["completed", "revoked", "on-hold", "entered-in-error", "draft", "", None])
def test_it_does_not_go_when_it_is_not_active_any_more(
    taking_back: OutboxMessage, stub_partner: Stub, heard: Heard, status: Any
) -> None:
    stub_partner.reads = [request(status)]
    assert outbox.deliver(taking_back.pk) == "refused"
    assert stub_partner.arrivals == []
    taking_back.refresh_from_db()
    assert (taking_back.trouble, json.loads(taking_back.answer)["status"]) == ("not-active", status)
    assert heard[-1] == ("refused", {"outbox_id": str(taking_back.pk), "concerns": "referral", "concerns_id": "r1"})


ASKED_AGAIN = {
    "time-out": refusal(408, "REC_TIMEOUT", "timeout"),
    "busy": refusal(429, "REC_TOO_MANY_REQUESTS"),
    "proxy does not find it": refusal(404, "PROXY_NOT_FOUND", "not-found"),
    "no OperationOutcome": Say(404, b"<html>"),
    "not mirrored": Say(200, {"resourceType": "ServiceRequest", "status": "active"}, mirror=False),
    "something else": Say(200, {"resourceType": "Patient"}),
    "token": refusal(401, "REC_UNAUTHORIZED", "security"),
}


@pytest.mark.requirement("BARS-CAN-1")
@pytest.mark.parametrize("say", ASKED_AGAIN.values(), ids=ASKED_AGAIN)
def test_without_a_clear_answer_it_is_asked_again_later(
    taking_back: OutboxMessage, stub_partner: Stub, heard: Heard, say: Say
) -> None:
    heard.clear()
    stub_partner.reads = [say]
    assert outbox.deliver(taking_back.pk) == "queued"
    assert (stub_partner.arrivals, heard) == ([], [])
    OutboxMessage.objects.filter(pk=taking_back.pk).update(due_at=timezone.now())
    stub_partner.reads = [request("active")]
    assert outbox.deliver(taking_back.pk) == "delivered"


@pytest.mark.parametrize(
    ("say", "trouble"),
    [
        (refusal(404, "REC_NOT_FOUND", "not-found"), "not-there"),
        (refusal(410, "REC_NOT_FOUND", "deleted"), "not-there"),
        (Say(200, {"resourceType": "Bundle", "type": "searchset"}), "not-there"),
        (refusal(403, "REC_FORBIDDEN", "forbidden"), "refused"),
        (refusal(501, "REC_NOT_IMPLEMENTED", "not-supported"), "refused"),
    ],
)
def test_what_they_do_not_know_or_show_is_for_a_person(
    taking_back: OutboxMessage, stub_partner: Stub, say: Say, trouble: str
) -> None:
    stub_partner.reads = [say]
    assert outbox.deliver(taking_back.pk) == "refused"
    taking_back.refresh_from_db()
    assert taking_back.trouble == trouble
    assert stub_partner.arrivals == []


def test_a_token_that_was_forgotten_is_mended_within_the_try(taking_back: OutboxMessage, stub_partner: Stub) -> None:
    stub_partner.reads = [refusal(401, "REC_UNAUTHORIZED", "security"), request("active")]
    assert outbox.deliver(taking_back.pk) == "delivered"
    assert len(stub_partner.asked) == 2


def test_without_their_id_it_is_found_by_ours(put: Put, sent: OutboxMessage, stub_partner: Stub) -> None:
    """An earlier try had arrived, so what settled it was no acknowledgement."""
    OutboxMessage.objects.filter(pk=sent.pk).update(answer=json.dumps(refusal(409, "REC_CONFLICT", "duplicate").body))
    again = put(concerns_id="r1", cancels=sent, payload={"id": "b1"})
    found = {"resourceType": "ServiceRequest", "id": THEIRS, "status": "active"}
    stub_partner.reads = [Say(200, {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": found}]})]
    assert outbox.deliver(again.pk) == "delivered"
    (asked,) = stub_partner.asked
    token = "https%3A%2F%2Fgpportal.example%2FId%2Freferral%7Cr1"
    assert asked == f"/FHIR/R4/ServiceRequest?ServiceRequest.identifier={token}"


@pytest.mark.requirement("BARS-CAN-1", "BARS-INT-6")
def test_when_the_answer_was_lost_revoked_is_what_we_asked_for(taking_back: OutboxMessage, stub_partner: Stub) -> None:
    """The first try may have been taken. The same ids go again, and the receiver says whether it has them."""
    stub_partner.reads = [request("active"), request("revoked")]
    stub_partner.says = [Say(503, b"")]
    assert outbox.deliver(taking_back.pk) == "queued"
    OutboxMessage.objects.filter(pk=taking_back.pk).update(due_at=timezone.now())
    stub_partner.says = [refusal(409, "REC_CONFLICT", "duplicate")]
    assert outbox.deliver(taking_back.pk) == "delivered"
    assert len({arrival.body for arrival in stub_partner.arrivals}) == 1


def test_it_never_overtakes_what_it_takes_back(put: Put, stub_partner: Stub) -> None:
    first = put(concerns_id="r1", payload={"id": "b1", "entry": [{"resource": OURS}]})
    second = put(concerns_id="r1", cancels=first, payload={"id": "b1"})
    stub_partner.reads = [request("active")]
    assert outbox.deliver(second.pk) == "not-claimed"
    stub_partner.says = [refusal(503, "REC_UNAVAILABLE", "transient")]
    assert outbox.deliver(first.pk) == "queued"
    assert outbox.deliver(second.pk) == "not-claimed"
    assert stub_partner.asked == []
    stub_partner.says = [Say(200, ACKNOWLEDGED)]
    OutboxMessage.objects.update(due_at=timezone.now())
    assert outbox.deliver(first.pk) == "delivered"
    assert outbox.deliver(second.pk) == "delivered"
    assert len(stub_partner.arrivals) == 3


# Stopping what has not gone -------------------------------------------------------------------------------------------
def stop() -> bool:
    with transaction.atomic():
        return recall.recall(concerns="referral", concerns_id="r1", by=BY)[1]


def test_outside_a_transaction_nothing_is_stopped(put: Put) -> None:
    message = put(concerns_id="r1")
    with pytest.raises(RuntimeError):
        recall.recall(concerns="referral", concerns_id="r1", by=BY)
    message.refresh_from_db()
    assert message.state == "queued"


def test_what_was_never_tried_is_set_aside_and_does_not_go(put: Put, stub_partner: Stub, heard: Heard) -> None:
    message = put(concerns_id="r1")
    assert stop()
    message.refresh_from_db()
    assert (message.state, message.due_at) == ("set-aside", None)
    assert outbox.deliver(message.pk) == "not-claimed"
    assert outbox.sweep() == 0
    assert (stub_partner.arrivals, heard) == ([], [])
    assert AuditEvent.objects.filter(action="set message aside").count() == 1


def tried(message: OutboxMessage, phase: str, status: int | None = None, *, ended: bool = True) -> None:
    message.attempts += 1
    message.save()
    now = timezone.now()
    end = now if ended else None
    DeliveryAttempt.objects.create(
        message=message, number=message.attempts, started_at=now, ended_at=end, phase=phase, status=status
    )


@pytest.mark.parametrize(
    ("state", "phases", "statuses", "stopped"),
    [
        ("queued", ["connect"], [None], True),
        ("queued", ["connect", "connect"], [None, None], True),
        ("queued", ["await-reply"], [None], False),
        ("queued", ["reply"], [503], False),
        ("queued", [""], [None], False),
        ("queued", ["ours"], [None], False),
        ("queued", ["await-reply", "connect"], [None, None], False),
        ("expired", ["connect"], [None], True),
        ("expired", ["await-reply"], [None], False),
        ("set-aside", ["connect"], [None], True),
        ("set-aside", ["await-reply"], [None], False),
        ("refused", ["reply"], [422], True),
        ("refused", ["await-reply", "reply"], [None, 422], True),
        ("refused", ["reply"], [500], False),
        ("refused", ["reply"], [409], False),
        ("delivered", ["reply"], [200], False),
    ],
)
def test_only_what_certainly_never_arrived_is_stopped(
    put: Put, state: str, phases: list[str], statuses: list[int | None], stopped: bool
) -> None:
    message = put(concerns_id="r1")
    for phase, status in zip(phases, statuses, strict=True):
        tried(message, phase, status, ended=bool(phase))
    OutboxMessage.objects.filter(pk=message.pk).update(state=state)
    assert stop() == stopped
    message.refresh_from_db()
    assert message.state == ("set-aside" if stopped else state)


def test_stopping_and_sending_at_the_same_moment_never_do_both(put: Put, stub_partner: Stub) -> None:
    """Whichever is first: either it is stopped and nothing arrived, or it went and is known to have gone."""
    seen = set()
    for number in range(24):
        OutboxMessage.objects.all().delete()
        stub_partner.arrivals.clear()
        message = put(concerns_id="r1")
        start = threading.Barrier(3)
        stopped: list[bool] = []

        def sending(message: OutboxMessage = message, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                outbox.deliver(message.pk)
            finally:
                connections.close_all()

        def stopping(stopped: list[bool] = stopped, start: threading.Barrier = start) -> None:
            start.wait()
            try:
                stopped.append(stop())
            finally:
                connections.close_all()

        threads = [threading.Thread(target=one) for one in ((sending, stopping) if number % 2 else (stopping, sending))]
        for thread in threads:
            thread.start()
        start.wait()
        for thread in threads:
            thread.join()
        message.refresh_from_db()
        assert stopped == [not stub_partner.arrivals]
        assert message.state == ("set-aside" if stopped[0] else "delivered")
        seen.add(stopped[0])
        DeliveryAttempt.objects.all().delete()
    assert seen <= {True, False}


def test_while_a_worker_holds_it_it_is_not_stopped(put: Put) -> None:
    message = put(concerns_id="r1")
    assert claims.claim(message.pk)
    assert not stop()
    OutboxMessage.objects.update(due_at=timezone.now() - timedelta(hours=1))  # the worker died; what it did is unknown
    assert not stop()
