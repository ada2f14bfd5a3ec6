"""What is stuck for long: in /readyz, in /metrics and by e-mail, once."""

import smtplib
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from exchange import alerts
from exchange.models import OutboxMessage, Partner
from exchange.tests.test_health import ready

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]


@pytest.fixture
def stuck(put: Put, settings: Any) -> OutboxMessage:
    """A message that has waited for more than an hour at a partner that does not answer."""
    settings.EXCHANGE_ALERT_TO = ["desk@riverside.example"]
    message = put()
    at = timezone.now() - timedelta(minutes=settings.EXCHANGE_FAIL_MINUTES + 1)
    OutboxMessage.objects.update(queued_at=at, due_at=timezone.now() + timedelta(minutes=9))
    Partner.objects.update(failing_since=at)
    return message


def test_what_is_stuck_degrades_readiness_and_nothing_else(client: Client, stuck: OutboxMessage) -> None:
    found = ready(client)
    assert (found["status"], found["partners"], found["outbox"]) == ("degraded", "degraded", "ok")
    assert found["figures"]["partners_stuck"] == ["RZZ01"]
    Partner.objects.update(enabled=False)
    assert ready(client)["partners"] == "ok"


def test_it_is_told_once_and_again_when_it_comes_back(stuck: OutboxMessage, mailoutbox: list[Any]) -> None:
    assert [alerts.tell(), alerts.tell()] == [1, 0]
    (sent,) = mailoutbox
    assert sent.to == ["desk@riverside.example"]
    assert sent.subject.startswith("Northern Infirmary has not answered since")
    assert "Waiting: 1" in sent.body
    assert str(stuck.pk) not in sent.body
    OutboxMessage.objects.update(state="delivered")
    assert alerts.tell() == 0
    assert Partner.objects.get().alerted_at is None
    OutboxMessage.objects.update(state="queued")
    assert alerts.tell() == 1
    assert len(mailoutbox) == 2


def test_an_email_that_could_not_go_is_tried_again(
    stuck: OutboxMessage, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> int:
        raise smtplib.SMTPServerDisconnected("gone")

    with monkeypatch.context() as broken:
        broken.setattr(alerts, "send_mail", refuse)
        assert alerts.tell() == 0
    assert Partner.objects.get().alerted_at is None
    assert alerts.tell() == 1
    assert len(mailoutbox) == 1


def test_a_worker_that_dies_before_the_email_went_loses_none(
    stuck: OutboxMessage, mailoutbox: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any, **kwargs: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(alerts, "send_mail", die)
        with pytest.raises(KeyboardInterrupt):
            alerts.tell()
    assert Partner.objects.get().alerted_at is None
    assert (alerts.tell(), len(mailoutbox)) == (1, 1)


def _address() -> str:
    """Where another worker would connect to."""
    at = connection.settings_dict
    return psycopg.conninfo.make_conninfo(
        host=at["HOST"], port=at["PORT"], user=at["USER"], password=at["PASSWORD"], dbname=at["NAME"]
    )


def test_two_workers_tell_once(stuck: OutboxMessage, mailoutbox: list[Any]) -> None:
    with psycopg.connect(_address()) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [alerts.TURN])
        assert alerts.tell() == 0
        assert (len(mailoutbox), Partner.objects.get().alerted_at) == (0, None)
    assert (alerts.tell(), len(mailoutbox)) == (1, 1)


def test_a_partner_that_answers_is_not_blamed_for_what_waits(stuck: OutboxMessage, mailoutbox: list[Any]) -> None:
    Partner.objects.update(failing_since=None)
    OutboxMessage.objects.update(trouble="our-fault")
    assert alerts.tell() == 1
    (sent,) = mailoutbox
    assert sent.subject.startswith("What is for Northern Infirmary waits since")
    assert "has not answered" not in sent.body
    assert "1 of them fail by a fault in our own system" in sent.body


def test_a_mail_server_that_says_nothing_does_not_hold_a_worker(stuck: OutboxMessage, settings: Any) -> None:
    assert 0 < settings.EMAIL_TIMEOUT <= 30
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = silent.getsockname()
        settings.EMAIL_TIMEOUT = 0.2
        assert alerts.tell() == 0
    assert Partner.objects.get().alerted_at is None


def test_nobody_named_nobody_told(stuck: OutboxMessage, mailoutbox: list[Any], settings: Any) -> None:
    settings.EXCHANGE_ALERT_TO = []
    assert alerts.tell() == 0
    assert mailoutbox == []


def test_a_short_wait_is_no_alarm(put: Put, mailoutbox: list[Any], settings: Any) -> None:
    settings.EXCHANGE_ALERT_TO = ["desk@riverside.example"]
    put()
    assert alerts.tell() == 0
    assert mailoutbox == []


# /metrics -------------------------------------------------------------------------------------------------------------
def test_metrics_give_what_waits_by_partner(client: Client, stuck: OutboxMessage) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = dict(line.rsplit(" ", 1) for line in answer.content.decode().splitlines() if not line.startswith("#"))
    assert lines['gpportal_outbox_waiting{partner="RZZ01"}'] == "1.0"
    assert float(lines['gpportal_outbox_oldest_seconds{partner="RZZ01"}']) > 3600
    assert float(lines['gpportal_partner_failing_seconds{partner="RZZ01"}']) > 3600
    assert lines['gpportal_ok{part="partners"}'] == "0.0"
    assert lines['gpportal_ok{part="database"}'] == "1.0"


@pytest.mark.parametrize(
    ("token", "address", "sent", "status"),
    [
        ("", "203.0.113.9", {}, 403),
        ("", "127.0.0.1", {"X-Forwarded-For": "203.0.113.9"}, 403),
        ("", "127.0.0.1", {"X-Forwarded-Proto": "https"}, 403),
        ("", "127.0.0.1", {"Forwarded": "for=203.0.113.9"}, 403),
        ("", "127.0.0.1", {"X-Real-Ip": "203.0.113.9"}, 403),
        ("", "127.0.0.1", {}, 200),
        ("secret", "127.0.0.1", {}, 403),
        ("secret", "127.0.0.1", {"Authorization": "Bearer wrong"}, 403),
        ("secret", "203.0.113.9", {"Authorization": "Bearer secret"}, 200),
    ],
)
def test_metrics_are_for_this_machine_or_whoever_has_the_token(
    token: str, address: str, sent: dict[str, str], status: int, settings: Any
) -> None:
    settings.METRICS_TOKEN = token
    answer = Client(headers=sent, REMOTE_ADDR=address).get("/metrics")
    assert answer.status_code == status
    assert (b"gpportal_ok" in answer.content) is (status == 200)
