"""A partner with a pretend system behind it, and a doorbell that nobody hears."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from access.actor import system
from access.models import Organisation
from exchange import doorbell, http, keys, oauth, outbox
from exchange.models import InboxMessage, OutboxMessage, Partner, Service
from exchange.tests import listening, messages, stub
from exchange.tests.arriving import came_in
from exchange.tests.posting import URL, Post
from exchange.tests.second_opinion import faults


@pytest.fixture(autouse=True)
def _own_key(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    settings.SIGNING_KEY_FILE = tmp_path_factory.getbasetemp() / "signing-key.json"


@pytest.fixture(autouse=True)
def _clean_caches() -> Iterator[None]:
    yield
    oauth._purse.clear()
    keys._kept.clear()
    http.close_all()


@pytest.fixture(autouse=True)
def heard(settings: Any) -> Iterator[list[tuple[str, dict[str, str]]]]:
    """What happened, as heard by whoever listens."""
    settings.MESSAGES = listening.__name__
    listening.forget()
    yield listening.HEARD
    listening.forget()


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Rings of the doorbell, as (task, id); no broker is asked."""
    rung: list[tuple[str, str]] = []
    monkeypatch.setattr(doorbell, "ring", lambda task, message_id: rung.append((task, str(message_id))))
    return rung


@pytest.fixture
def stub_partner() -> Iterator[stub.Stub]:
    with stub.running() as running:
        yield running


@pytest.fixture
def hospital(infirmary: Organisation, riverside: Organisation, stub_partner: stub.Stub) -> Partner:
    """Northern Infirmary, reached at the stub."""
    return Partner.objects.create(
        organisation=infirmary,
        endpoint=f"{stub_partner.url}/FHIR/R4",
        token_url=f"{stub_partner.url}/oauth2/token",
        jwks_url=f"{stub_partner.url}/.well-known/jwks.json",
    )


@pytest.fixture
def clinic(infirmary: Organisation) -> Service:
    return Service.objects.create(
        organisation=infirmary, service_id="9000000201", name="Heart failure clinic", use_case="gp-to-hospital"
    )


@pytest.fixture
def put(hospital: Partner, clinic: Service, bell: list[Any]) -> Callable[..., OutboxMessage]:
    """Puts a message into the outbox and commits."""

    def make(**fields: Any) -> OutboxMessage:
        given: dict[str, Any] = {
            "to": hospital,
            "service": clinic,
            "event": "servicerequest-request",
            "concerns": "referral",
        }
        given |= {"concerns_id": str(uuid4()), "by": system("test"), "payload": {"id": str(uuid4()), "ö": 1}}
        with transaction.atomic():
            return outbox.put(**(given | fields))

    return make


@pytest.fixture
def refused(put: Callable[..., OutboxMessage], stub_partner: stub.Stub) -> OutboxMessage:
    """A message that the partner's system did not accept."""
    stub_partner.says = [stub.refusal(422, "REC_UNPROCESSABLE_ENTITY")]
    message = put(concerns_id="r1")
    assert outbox.deliver(message.pk) == "refused"
    stub_partner.says = [stub.Say()]
    listening.HEARD.clear()
    message.refresh_from_db()
    return message


@pytest.fixture
def odd(hospital: Partner) -> InboxMessage:
    """A message that came in and waits for a person."""
    why = "The letter gives no NHS number."
    return came_in(hospital, '{"SECRET": 1}', state="needs-review", review_reason=why, settled_at=timezone.now())


@pytest.fixture
def project() -> Path:
    return Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def original(put: Callable[..., OutboxMessage]) -> OutboxMessage:
    """A message of ours that can be answered."""
    return put(concerns_id=str(uuid4()))


@pytest.fixture
def post(hospital: Partner, bell: list[Any]) -> Post:
    """Sends a message as the hospital. Every answer has passed the second validator."""

    def send(message: Any, headers: dict[str, str] | None = None, token: str | None = None, **extra: Any) -> Any:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        headers = headers or messages.sent()
        bearer = {"Authorization": f"Bearer {token or oauth.bearer(hospital)}"}
        kind = headers.pop("Content-Type", "application/fhir+json")
        answer = Client().post(URL, data=body, content_type=kind, headers=headers | bearer, **extra)
        assert faults(answer.content.decode()) == []  # whatever we answer is R4 to the second validator too
        return answer

    return send
