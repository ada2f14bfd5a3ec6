"""Sending to a hospital that somebody else wrote: plain FHIR, and that a repeat makes nothing twice there."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db import transaction
from django.utils import timezone

from access.actor import system
from access.models import Organisation
from exchange import doorbell, http, oauth, outbox
from exchange.fhir.systems import System
from exchange.models import OutboxMessage, Partner, Service
from exchange.tests import listening
from exchange.tests.reader import Json, serving

GOLDEN = Path(__file__).resolve().parents[2] / "referrals" / "tests" / "golden"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("sekmet")]
Send = Callable[..., OutboxMessage]


@pytest.fixture
def send(
    sekmet: str,
    infirmary: Organisation,
    riverside: Organisation,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Send]:
    """Seals a payload for sekmet. It gives out no tokens of our kind, so another server does that."""
    settings.SIGNING_KEY_FILE, settings.MESSAGES = tmp_path / "signing-key.json", listening.__name__
    monkeypatch.setattr(doorbell, "ring", lambda task, message_id: True)
    with serving() as tokens:
        hospital = Partner.objects.create(
            organisation=infirmary, endpoint=sekmet, token_url=f"{tokens.url}/oauth2/token", transport="fhir"
        )
        clinic = Service.objects.create(organisation=infirmary, service_id="9000000201", name="Heart failure clinic")

        def put(payload: Json) -> OutboxMessage:
            about: dict[str, Any] = {"concerns": "referral", "concerns_id": str(uuid4())}
            with transaction.atomic():
                return outbox.put(
                    to=hospital,
                    service=clinic,
                    payload=payload,
                    by=system("test"),
                    **about,
                    event="servicerequest-request",
                )

        yield put
    listening.forget()
    oauth._purse.clear()
    http.close_all()


def _again(message: OutboxMessage) -> str:
    """As after an answer that was lost: the same once more."""
    OutboxMessage.objects.filter(pk=message.pk).update(state="queued", due_at=timezone.now())
    return outbox.deliver(message.pk)


def _count(base: str, kind: str) -> int:
    answer = httpx.get(f"{base}/{kind}", params={"_count": "0", "_total": "accurate"}, timeout=10, trust_env=False)
    total: int = answer.json()["total"]
    return total


def _referral() -> Json:
    message: Json = json.loads((GOLDEN / "hospital.json").read_text())
    return message


def test_a_referral_stands_there_once_however_often_it_is_sent(sekmet: str, send: Send) -> None:
    payload = _referral()
    kinds = {one["resource"]["resourceType"] for one in payload["entry"]} - {"MessageHeader"}
    sent = send(payload)
    assert outbox.deliver(sent.pk) == "delivered", sent.tries.get().outcome
    first = {kind: _count(sekmet, kind) for kind in kinds}
    assert all(first.values())
    assert [_again(sent) for _ in range(2)] == ["delivered", "delivered"]
    assert {kind: _count(sekmet, kind) for kind in kinds} == first
    assert list(sent.tries.values_list("outcome", flat=True)) == ["delivered", "duplicate", "duplicate"]


def test_what_is_taken_back_is_changed_there_and_nothing_is_added(sekmet: str, send: Send) -> None:
    outbox.deliver(send(_referral()).pk)
    before = {kind: _count(sekmet, kind) for kind in ("ServiceRequest", "Task", "Patient")}
    changed = _referral() | {"id": str(uuid4())}
    for entry in changed["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "MessageHeader":
            resource["reason"]["coding"][0]["code"] = "update"
        if resource["resourceType"] == "ServiceRequest":
            resource["status"] = "revoked"
    sent = send(changed)
    assert [outbox.deliver(sent.pk), _again(sent)] == ["delivered", "delivered"]
    found = httpx.get(f"{sekmet}/ServiceRequest", timeout=10, trust_env=False).json()["entry"]
    assert [one["resource"]["status"] for one in found] == ["revoked"]
    assert {kind: _count(sekmet, kind) for kind in before} == before


def test_one_resource_is_made_once_and_updated_in_the_version_it_names(sekmet: str, send: Send) -> None:
    task: Json = {"resourceType": "Task", "status": "requested", "intent": "order"}
    task |= {"identifier": [{"system": System.URI.value, "value": f"urn:uuid:{uuid4()}"}]}
    sent = send(task)
    assert [outbox.deliver(sent.pk), _again(sent)] == ["delivered", "delivered"]
    assert _count(sekmet, "Task") == 1
    held = httpx.get(f"{sekmet}/Task", timeout=10, trust_env=False).json()["entry"][0]["resource"]
    update = send(task | {"id": held["id"], "meta": {"versionId": held["meta"]["versionId"]}, "status": "accepted"})
    assert [outbox.deliver(update.pk), _again(update)] == ["delivered", "delivered"]
    late = send(task | {"id": held["id"], "meta": {"versionId": held["meta"]["versionId"]}, "status": "rejected"})
    assert outbox.deliver(late.pk) == "refused"
    now = httpx.get(f"{sekmet}/Task/{held['id']}", timeout=10, trust_env=False).json()
    assert now["status"] == "accepted"
