"""Requests of the hospital, posted as it would and filed as the exchange does."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from conftest import Person
from exchange import inbox, keys, oauth
from exchange.models import InboxMessage, Partner
from exchange.tests import messages
from exchange.tests.posting import URL
from records.models import Patient
from referrals.received.models import ReceivedRequest
from referrals.received.tests import examples
from referrals.tests.conftest import _partner, hospital, rung

__all__ = ["_partner", "hospital", "rung"]

Json = dict[str, Any]
Post = Callable[..., Any]
Send = Callable[[Json], ReceivedRequest | None]


@pytest.fixture(autouse=True)
def _own_key(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    settings.SIGNING_KEY_FILE = tmp_path_factory.getbasetemp() / "signing-key.json"
    yield
    keys._kept.clear()


@pytest.fixture
def post(hospital: Partner, riverside: Any) -> Post:
    """Posts a message as the hospital, or as another `sender`."""

    def send(message: Json, sender: Partner | None = None, headers: dict[str, str] | None = None) -> Any:
        bearer = {"Authorization": f"Bearer {oauth.bearer(sender or hospital)}"}
        sent = headers or messages.sent()
        kind = sent.pop("Content-Type")
        return Client().post(URL, data=json.dumps(message), content_type=kind, headers=sent | bearer)

    return send


@pytest.fixture
def send(post: Post) -> Send:
    """Posts a message, has it read, and gives the request that it is about now; None if it waits for a person."""

    def make(message: Json, sender: Partner | None = None) -> ReceivedRequest | None:
        before = set(InboxMessage.objects.values_list("pk", flat=True))
        answered = post(message, sender)
        assert answered.status_code == 200, answered.content.decode()
        (inbox_id,) = set(InboxMessage.objects.values_list("pk", flat=True)) - before
        inbox.file(inbox_id)
        return ReceivedRequest.objects.filter(events__inbox_id=inbox_id).first()

    return make


@pytest.fixture
def jane(make_patient: Callable[..., Patient]) -> Patient:
    return make_patient(nhs_number=examples.NUMBER, phone="01632 960148", postcode="ZZ1 4AB")


@pytest.fixture
def received(jane: Patient, gp: Person, send: Send) -> Callable[..., ReceivedRequest]:
    """A request about Jane, filed."""

    def make(kind: str = "referral", **more: Any) -> ReceivedRequest:
        found = send(examples.booking(**more) if kind == "booking" else examples.request(kind, **more))
        assert found is not None
        return found

    return make
