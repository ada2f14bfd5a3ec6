"""Sealing: everything a message is made of is fixed in the sender's transaction."""

import base64
import hashlib
import json
import socket
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access.actor import system
from conftest import Person
from exchange import doorbell, outbox
from exchange.models import DeliveryAttempt, OutboxMessage, Partner, Service

Put = Callable[..., OutboxMessage]


@pytest.mark.django_db(transaction=True)
def test_put_outside_a_transaction_is_refused_and_stores_nothing(hospital: Partner, clinic: Service) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        outbox.put(
            to=hospital,
            event="servicerequest-request",
            payload={"id": "x"},
            service=clinic,
            concerns="referral",
            concerns_id="1",
            by=system("test"),
        )
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("BARS-HDR-7")
def test_what_is_put_is_sealed_and_rings_once_committed(put: Put, bell: list[Any], gp: Person) -> None:
    correlation = uuid4()
    with transaction.atomic():
        message = put(by=gp.actor, correlation_id=correlation)
        assert bell == []
    assert bell == [("exchange.tasks.deliver", str(message.pk))]
    message.refresh_from_db()
    assert message.sha256 == hashlib.sha256(message.payload.encode()).hexdigest()
    assert message.bundle_id == json.loads(message.payload)["id"]
    assert message.correlation_id == correlation
    assert message.headers["X-Request-Id"] == str(message.request_id)
    assert "Authorization" not in message.headers
    decoded = {n: json.loads(base64.b64decode(message.headers[n])) for n in message.headers if n.startswith("NHSD")}
    assert decoded["NHSD-Target-Identifier"]["value"] == "9000000201"
    assert decoded["NHSD-End-User-Organisation"]["identifier"][0]["value"] == "Y90001"
    assert decoded["NHSD-Requesting-Practitioner"]["practitioner"]["display"] == "Dr A Khan"


@pytest.mark.django_db
@pytest.mark.requirement("BARS-HDR-1", "BARS-HDR-2", "BARS-HDR-3", "BARS-HDR-5", "BARS-HDR-6")
def test_every_header_the_published_contract_requires_is_sealed(put: Put, gp: Person, project: Path) -> None:
    contract = project.parent / "shared" / "data" / "openapi" / "bars-1.4.0" / "booking-and-referral-1.4.0.json"
    if not contract.exists():
        pytest.skip("no ../shared/data")
    published = json.loads(contract.read_text())
    parameters = published["components"]["parameters"]
    of_message = [one["$ref"].rpartition("/")[2] for one in published["paths"]["/$process-message"]["parameters"]]
    required = {parameters[name]["name"] for name in of_message if parameters[name].get("required")}
    sealed = put(by=gp.actor).headers
    assert len(required) == 7
    assert required <= set(sealed)
    assert sealed["use-context"] == "gp-to-hospital|referral|servicerequest-request|new"


@pytest.mark.django_db(transaction=True)
def test_a_broken_transaction_leaves_no_message_and_no_ring(put: Put, bell: list[Any]) -> None:
    def put_and_fail() -> None:
        with transaction.atomic():
            put()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        put_and_fail()
    assert not OutboxMessage.objects.exists()
    assert bell == []


def test_a_dead_broker_never_fails_and_does_not_keep_the_page_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorbell, "current_app", celery_at("redis://127.0.0.1:1/0"))
    started = time.monotonic()
    doorbell.ring("exchange.tasks.deliver", uuid4())
    assert time.monotonic() - started < 1


def test_a_broker_that_does_not_answer_keeps_the_page_waiting_for_seconds_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setattr(doorbell, "current_app", celery_at(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"))
        started = time.monotonic()
        doorbell.ring("exchange.tasks.deliver", uuid4())
        assert time.monotonic() - started < 3


def celery_at(broker: str) -> Celery:
    """Our Celery with its settings, but another broker."""
    app = Celery("elsewhere", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    quick = settings.CELERY_BROKER_TRANSPORT_OPTIONS | {"socket_timeout": 0.5}
    app.conf.update(broker_url=broker, broker_transport_options=quick)
    return app


@pytest.mark.django_db
def test_the_sweep_rings_for_what_is_due_and_for_nothing_else(put: Put, bell: list[Any]) -> None:
    due, leased, done = put(), put(), put()
    OutboxMessage.objects.filter(pk=leased.pk).update(due_at=timezone.now() + timedelta(seconds=30))
    OutboxMessage.objects.filter(pk=done.pk).update(state="delivered", due_at=None)
    bell.clear()
    assert outbox.sweep() == 1
    assert bell == [("exchange.tasks.deliver", str(due.pk))]


@pytest.mark.django_db
def test_progress_tells_of_the_newest_message_in_one_query(put: Put, django_assert_num_queries: Any) -> None:
    put(concerns_id="a")
    newest = put(concerns_id="a")
    failing, trying = put(concerns_id="b"), put(concerns_id="c")
    now = timezone.now()
    DeliveryAttempt.objects.create(message=failing, number=1, started_at=now, ended_at=now, outcome="unreachable")
    OutboxMessage.objects.filter(pk=failing.pk).update(
        attempts=1, trouble="unreachable", due_at=now + timedelta(seconds=9)
    )
    DeliveryAttempt.objects.create(message=trying, number=1, started_at=now)
    OutboxMessage.objects.filter(pk=trying.pk).update(attempts=1, due_at=now + timedelta(seconds=30))
    with django_assert_num_queries(1):
        found = outbox.progress(concerns="referral", ids=["a", "b", "c", "absent"])
    assert set(found) == {"a", "b", "c"}
    assert found["a"].outbox_id == newest.pk
    assert (found["a"].state, found["a"].failing_since, found["a"].partner) == ("queued", None, "Northern Infirmary")
    assert (found["b"].failing_since, found["b"].trouble, found["b"].trying_now) == (now, "unreachable", False)
    assert found["b"].next_try_at == now + timedelta(seconds=9)
    assert (found["c"].trying_now, found["c"].next_try_at) == (True, None)
