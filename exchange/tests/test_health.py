"""/readyz: what came through lately, and how long what is due has waited."""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone
from redis import Redis

from exchange import health
from exchange.models import OutboxMessage, Partner


@pytest.fixture(autouse=True)
def _own_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests that run side by side share the broker."""
    monkeypatch.setattr(health, "_SWEPT", f"gpportal:swept:{uuid4()}")


def ready(client: Client) -> dict[str, Any]:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    found: dict[str, Any] = json.loads(answer.content)
    return found


@pytest.mark.django_db
def test_all_is_well_after_a_sweep(client: Client) -> None:
    health.note_sweep()
    found = ready(client)
    assert {found[part] for part in ("status", "database", "broker", "workers", "outbox", "inbox")} == {"ok"}


@pytest.mark.django_db
def test_without_a_sweep_for_long_workers_are_degraded(client: Client, settings: Any) -> None:
    with Redis.from_url(settings.REDIS_URL) as broker:
        broker.set(health._SWEPT, str(time.time() - 600))
    found = ready(client)
    assert (found["status"], found["broker"], found["workers"]) == ("degraded", "ok", "degraded")
    assert found["figures"]["last_sweep_seconds_ago"] >= 600


@pytest.mark.django_db
def test_a_dead_broker_degrades_and_does_not_stop_us(client: Client, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    found = ready(client)
    assert (found["status"], found["broker"], found["workers"]) == ("degraded", "degraded", "degraded")


@pytest.mark.django_db
def test_a_queue_that_is_late_shows(client: Client, put: Callable[..., OutboxMessage]) -> None:
    health.note_sweep()
    put()
    assert ready(client)["outbox"] == "ok"
    OutboxMessage.objects.update(due_at=timezone.now() - timedelta(seconds=90))
    Partner.objects.update(failing_since=timezone.now())
    found = ready(client)
    assert (found["status"], found["outbox"]) == ("degraded", "degraded")
    assert found["figures"]["outbox"] == {"waiting": 1, "overdue_seconds": 90}
    assert found["figures"]["partners_not_answering"] == ["RZZ01"]


@pytest.mark.django_db
def test_what_waits_for_its_turn_is_not_late(client: Client, put: Callable[..., OutboxMessage]) -> None:
    health.note_sweep()
    first, second = put(concerns_id="same"), put(concerns_id="same")
    OutboxMessage.objects.filter(pk=first.pk).update(due_at=timezone.now() + timedelta(hours=1))
    OutboxMessage.objects.filter(pk=second.pk).update(due_at=timezone.now() - timedelta(hours=1))
    found = ready(client)
    assert found["outbox"] == "ok"
    assert found["figures"]["outbox"] == {"waiting": 2, "overdue_seconds": 0}


def test_an_unusable_database_is_503(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> dict[str, Any]:
        raise DatabaseError

    monkeypatch.setattr(health, "state", fail)
    answer = client.get("/readyz")
    assert (answer.status_code, json.loads(answer.content)["database"]) == (503, "unusable")
