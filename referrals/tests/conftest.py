"""Partners with services, a doorbell that nobody hears, and referrals at any point of their way."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from access.models import Organisation
from conftest import Person
from exchange import doorbell
from exchange.models import InboxMessage, OutboxMessage, Partner, Service
from records.models import Patient
from referrals import actions
from referrals.models import Referral


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Messages for whose delivery the doorbell was rung; no broker is asked."""
    heard: list[str] = []
    monkeypatch.setattr(doorbell, "ring", lambda task, message_id: heard.append(str(message_id)))
    return heard


def _partner(organisation: Organisation, port: int) -> Partner:
    base = f"http://127.0.0.1:{port}"
    return Partner.objects.create(
        organisation=organisation,
        endpoint=f"{base}/FHIR/R4",
        token_url=f"{base}/oauth2/token",
        jwks_url=f"{base}/.well-known/jwks.json",
    )


@pytest.fixture
def hospital(infirmary: Organisation) -> Partner:
    return _partner(infirmary, 9)


@pytest.fixture
def clinic(hospital: Partner) -> Service:
    return Service.objects.create(
        organisation=hospital.organisation,
        service_id="9000000201",
        name="Heart failure clinic",
        also_known_as="breathlessness, ankle swelling, cardiac",
        use_case=Service.UseCase.GP_TO_HOSPITAL,
        accepts_suspected_cancer=False,
    )


@pytest.fixture
def blood_pressure(pharmacy: Organisation) -> Service:
    _partner(pharmacy, 9)
    return Service.objects.create(
        organisation=pharmacy,
        service_id="9000000301",
        name="Blood pressure check",
        also_known_as="hypertension, ABPM",
        use_case=Service.UseCase.PHARMACY_BLOOD_PRESSURE,
        accepts_urgent=False,
    )


@pytest.fixture
def make_draft(gp: Person, clinic: Service, make_patient: Callable[..., Patient]) -> Callable[..., Referral]:
    """Makes a draft by the GP about a new patient, unless told otherwise."""

    def make(by: Person = gp, **fields: Any) -> Referral:
        given: dict[str, Any] = {
            "service": clinic,
            "priority": Referral.Priority.URGENT,
            "reason": "Breathless on one flight of stairs",
            "clinical_summary": "Problems\n- Essential hypertension",
        }
        if "patient" not in fields:
            given["patient"] = make_patient(phone="01632 960148", postcode="ZZ1 4AB")
        return actions.draft(by=by.actor, **(given | fields))

    return make


@pytest.fixture
def make_sent(make_draft: Callable[..., Referral], gp: Person) -> Callable[..., Referral]:
    """Makes a referral that was sent and not yet delivered."""

    def make(**fields: Any) -> Referral:
        referral = make_draft(**fields)
        actions.send(referral=referral, version=referral.version, by=fields.get("by", gp).actor)
        return Referral.objects.get(pk=referral.pk)

    return make


@pytest.fixture
def answer() -> Callable[..., InboxMessage]:
    """Makes an answer of the receiver as it lies in the inbox; not yet handled."""

    def make(referral: Referral, status: str, *, at: dt.datetime | None = None, **more: Any) -> InboxMessage:
        sent = OutboxMessage.objects.get(concerns_id=str(referral.pk))
        message = response(sent.bundle_id, status, at or timezone.now(), **more)
        return InboxMessage.objects.create(
            sender=sent.to,
            request_id=uuid4(),
            correlation_id=sent.correlation_id,
            bundle_id=message["id"],
            event="servicerequest-response",
            answers=sent,
            payload=json.dumps(message),
            sha256="",
            reply="{}",
        )

    return make


def response(
    bundle_id: str,
    status: str,
    at: dt.datetime,
    *,
    starts: str = "",
    place: str = "",
    reason: str = "",
    outcome: str = "",
) -> dict[str, Any]:
    """The least a servicerequest-response says (FHIR message Bundle)."""
    task: dict[str, Any] = {"resourceType": "Task", "status": status, "intent": "order", "authoredOn": at.isoformat()}
    if reason:
        task["statusReason"] = {"text": reason}
    if outcome:
        task["description"] = outcome
    header = {"resourceType": "MessageHeader", "response": {"identifier": bundle_id, "code": "ok"}}
    found: list[dict[str, Any]] = [header, {"resourceType": "ServiceRequest", "status": "active"}, task]
    if starts:
        where = [{"actor": {"type": "Location", "display": place}, "status": "accepted"}]
        found.append({"resourceType": "Appointment", "status": "booked", "start": starts, "participant": where})
    return {"resourceType": "Bundle", "id": str(uuid4()), "type": "message", "entry": [{"resource": r} for r in found]}


@pytest.fixture
def file() -> Callable[[InboxMessage], None]:
    """Hands an inbox message to its handler, in a transaction, as the exchange does."""
    from referrals import inbound

    def hand(message: InboxMessage) -> None:
        with transaction.atomic():
            inbound.handle(message)

    return hand
