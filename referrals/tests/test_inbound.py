"""Answers, deliveries and letters enter the history; what is not ours or not clear does not."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.errors import NeedsReview, PayloadInvalid
from exchange.fhir.systems import System
from exchange.happenings import happen
from exchange.models import InboxMessage, OutboxMessage, Partner, Service
from records.models import Letter, Patient, Resource
from referrals import inbound
from referrals.models import Referral
from referrals.tests.conftest import response

pytestmark = pytest.mark.django_db
Answers = Callable[..., InboxMessage]
File = Callable[[InboxMessage], None]


def state(referral: Referral) -> str:
    return Referral.objects.get(pk=referral.pk).state


# Answers --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("status", "more", "becomes", "says"),
    [
        ("accepted", {}, "accepted", {}),
        ("on-hold", {"outcome": "Please send recent bloods"}, "asked", {"asks": "Please send recent bloods"}),
        (
            "in-progress",
            {"starts": "2026-12-08T10:20:00+00:00", "place": "Clinic 4, Northern Infirmary"},
            "booked",
            {"starts": "2026-12-08T10:20:00+00:00", "place": "Clinic 4, Northern Infirmary"},
        ),
        ("rejected", {"reason": "Photographs are missing"}, "rejected", {"reason": "Photographs are missing"}),
        ("completed", {"outcome": "Blood pressure 138/82"}, "completed", {"outcome": "Blood pressure 138/82"}),
    ],
)
def test_an_answer_becomes_an_event_of_its_sender(
    make_sent: Callable[..., Referral], answer: Answers, file: File, status: str, more: Any, becomes: str, says: Any
) -> None:
    referral = make_sent()
    message = answer(referral, status, **more)
    file(message)
    event = referral.events.get(inbox_id=message.pk)
    assert (state(referral), event.kind, event.says) == (becomes, becomes, says)
    assert (event.by, event.by_kind) == ("Northern Infirmary", "partner")
    assert AuditEvent.objects.filter(actor_kind="partner", actor_id="RZZ01", patient_id=referral.patient_id).exists()


def test_answers_that_overtake_each_other(make_sent: Callable[..., Referral], answer: Answers, file: File) -> None:
    referral, now = make_sent(), timezone.now()
    file(answer(referral, "in-progress", starts="2026-12-08T10:20:00+00:00", at=now + dt.timedelta(minutes=2)))
    file(answer(referral, "accepted", at=now + dt.timedelta(minutes=1)))
    assert state(referral) == "booked"
    assert referral.events.count() == 4


@pytest.mark.parametrize("broken", ["status", "entry"])
def test_what_is_not_clear_waits_for_a_person(
    make_sent: Callable[..., Referral], answer: Answers, file: File, broken: str
) -> None:
    referral = make_sent()
    message = answer(referral, "draft")
    if broken == "entry":
        message.payload = message.payload.replace('"Task"', '"Basic"')
    with pytest.raises(NeedsReview) as told:
        file(message)
    assert len(told.value.reason) <= 200
    assert state(referral) == "sent"
    assert referral.events.count() == 2


SOMEBODY = {"birthDate": "1938-01-30", "name": [{"family": "Otherwise", "given": ["Quentin"]}]}


def about(message: InboxMessage, **patient: Any) -> InboxMessage:
    """The same answer, with a Patient in it."""
    content = json.loads(message.payload)
    content["entry"].append({"resource": {"resourceType": "Patient", **patient}})
    message.payload = json.dumps(content)
    return message


def number(value: str) -> list[dict[str, str]]:
    return [{"system": System.NHS_NUMBER, "value": value}]


@pytest.mark.parametrize("patient", [{"identifier": number("9990009996"), **SOMEBODY}, SOMEBODY])
def test_an_answer_about_somebody_else_waits_for_a_person(
    make_sent: Callable[..., Referral], answer: Answers, file: File, patient: dict[str, Any]
) -> None:
    referral = make_sent()
    with pytest.raises(NeedsReview, match="another patient") as told:
        file(about(answer(referral, "accepted"), **patient))
    assert "Otherwise" not in told.value.reason
    assert state(referral) == "sent"
    assert referral.events.count() == 2


def test_an_answer_may_name_the_person_as_we_knew_them(
    make_sent: Callable[..., Referral], make_patient: Callable[..., Patient], answer: Answers, file: File
) -> None:
    """By today's number, by the one that was sent and replaced since, by that of whom they were joined to, or not."""
    referral = make_sent()
    before = referral.patient.nhs_number
    file(about(answer(referral, "accepted"), identifier=number(before)))
    file(about(answer(referral, "accepted"), gender="female"))
    Patient.objects.filter(pk=referral.patient_id).update(nhs_number="9990000026")
    file(about(answer(referral, "accepted"), identifier=number(before)))
    file(about(answer(referral, "accepted"), identifier=number("9990000026")))
    kept = make_patient(nhs_number="9990000034")
    Patient.objects.filter(pk=referral.patient_id).update(merged_into=kept)
    file(about(answer(referral, "accepted"), identifier=number("9990000034")))
    assert referral.events.filter(kind="accepted").count() == 5


def test_the_same_message_is_not_entered_twice(make_sent: Callable[..., Referral], answer: Answers, file: File) -> None:
    referral = make_sent()
    message = answer(referral, "accepted")
    file(message)
    file(message)
    assert referral.events.count() == 3
    assert Referral.objects.get().version == 3


def test_what_may_still_be_answered_is_needed(make_sent: Callable[..., Referral]) -> None:
    referral = make_sent()
    sent = OutboxMessage.objects.get(concerns_id=str(referral.pk))
    assert inbound.needed([sent.pk, uuid4()]) == {sent.pk}
    Referral.objects.filter(pk=referral.pk).update(state="completed")
    assert inbound.needed([sent.pk]) == set()


def test_precheck_lets_the_receiver_answer(make_sent: Callable[..., Referral], hospital: Partner) -> None:
    referral = make_sent()
    sent = OutboxMessage.objects.get(concerns_id=str(referral.pk))
    inbound.precheck(response(sent.bundle_id, "accepted", timezone.now()), hospital)


@pytest.mark.parametrize("why", ["unknown", "other sender", "nothing named", "no referral", "empty"])
@pytest.mark.requirement("BARS-RSP-2")
def test_precheck_turns_others_away_alike(
    make_sent: Callable[..., Referral], hospital: Partner, blood_pressure: Service, why: str
) -> None:
    referral = make_sent()
    sent = OutboxMessage.objects.get(concerns_id=str(referral.pk))
    message, sender = response(sent.bundle_id, "accepted", timezone.now()), hospital
    if why == "unknown":
        message = response(str(uuid4()), "accepted", timezone.now())
    elif why == "other sender":
        sender = Partner.objects.get(organisation=blood_pressure.organisation)
    elif why == "nothing named":
        message = response("", "accepted", timezone.now())
    elif why == "no referral":
        OutboxMessage.objects.update(concerns="notice")
    else:
        message = {"resourceType": "Bundle"}
    with pytest.raises(PayloadInvalid) as told:
        inbound.precheck(message, sender)
    assert (told.value.status, told.value.expression) == (404, "MessageHeader.response.identifier")
    assert referral.events.count() == 2


# Happenings -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("delivered", "delivered"),
        ("refused", "not-delivered"),
        ("expired", "not-delivered"),
        pytest.param("uncollected", "not-delivered", marks=pytest.mark.requirement("MESH-13")),
    ],
)
def test_how_delivery_went(make_sent: Callable[..., Referral], name: str, becomes: str) -> None:
    referral = make_sent()
    sent = OutboxMessage.objects.get(concerns_id=str(referral.pk))
    with transaction.atomic():
        happen(name, outbox_id=str(sent.pk), concerns="referral", concerns_id=str(referral.pk))
    event = referral.events.get(number=3)
    assert (state(referral), event.kind, event.outbox_id) == (becomes, name, sent.pk)
    assert event.by == "delivery"


@pytest.mark.parametrize("name", ["delivered", "refused", "expired", "uncollected"])
def test_what_concerns_others_is_not_ours(make_sent: Callable[..., Referral], name: str) -> None:
    referral = make_sent()
    with transaction.atomic():
        happen(name, outbox_id=str(uuid4()), concerns="notice", concerns_id=str(referral.pk))
    assert state(referral) == "sent"
    assert referral.events.count() == 2


# Letters --------------------------------------------------------------------------------------------------------------
@pytest.fixture
def make_letter() -> Callable[..., Letter]:
    def make(patient: Patient, sender: Organisation) -> Letter:
        document = Resource.objects.create(
            id=uuid4(), source=sender, type="DocumentReference", source_key=str(uuid4()), patient=patient, body="{}"
        )
        return Letter.objects.create(
            patient=patient, sender=sender, document=document, title="Discharge letter", written_at=timezone.now()
        )

    return make


def filed(letter: Letter, answers: str) -> UUID:
    inbox_id = uuid4()
    with transaction.atomic():
        happen("letter_filed", letter_id=str(letter.pk), inbox_id=str(inbox_id), answers=answers)
    return inbox_id


def test_a_letter_is_tied_to_its_referral(
    make_sent: Callable[..., Referral], make_letter: Callable[..., Letter], hospital: Partner
) -> None:
    referral = make_sent()
    letter = make_letter(referral.patient, hospital.organisation)
    inbox_id = filed(letter, f"{System.OUR_REFERRAL}|{referral.pk}")
    event = referral.events.get(inbox_id=inbox_id)
    assert (state(referral), event.kind) == ("answered", "letter-filed")
    assert event.says == {"letter": str(letter.pk), "title": "Discharge letter"}


def test_a_second_letter_is_kept_too(
    make_sent: Callable[..., Referral], make_letter: Callable[..., Letter], hospital: Partner
) -> None:
    referral = make_sent()
    for _ in range(2):
        filed(make_letter(referral.patient, hospital.organisation), f"{System.OUR_REFERRAL}|{referral.pk}")
    assert state(referral) == "answered"
    assert referral.events.filter(kind="letter-filed").count() == 2


def test_a_letter_is_tied_after_a_merge(
    make_sent: Callable[..., Referral],
    make_letter: Callable[..., Letter],
    make_patient: Callable[..., Patient],
    hospital: Partner,
) -> None:
    referral, kept = make_sent(), make_patient(nhs_number="9990000018")
    Patient.objects.filter(pk=referral.patient_id).update(merged_into=kept)
    filed(make_letter(kept, hospital.organisation), f"{System.OUR_REFERRAL}|{referral.pk}")
    assert state(referral) == "answered"


@pytest.mark.parametrize("why", ["other patient", "other sender", "unknown", "not ours", "no id", "draft"])
def test_a_letter_that_does_not_fit_ties_nothing(
    make_sent: Callable[..., Referral],
    make_letter: Callable[..., Letter],
    make_patient: Callable[..., Patient],
    hospital: Partner,
    pharmacy: Organisation,
    why: str,
) -> None:
    referral = make_sent()
    patient = make_patient(family="Other") if why == "other patient" else referral.patient
    sender = pharmacy if why == "other sender" else hospital.organisation
    answers = {
        "unknown": f"{System.OUR_REFERRAL}|{uuid4()}",
        "not ours": f"{System.UUID}|{referral.pk}",
        "no id": f"{System.OUR_REFERRAL}|the-one-of-last-week",
        "draft": "",
    }.get(why, f"{System.OUR_REFERRAL}|{referral.pk}")
    filed(make_letter(patient, sender), answers)
    assert state(referral) == "sent"
    assert referral.events.count() == 2


def test_the_whole_way(
    make_sent: Callable[..., Referral],
    answer: Answers,
    file: File,
    make_letter: Callable[..., Letter],
    hospital: Partner,
    gp: Person,
) -> None:
    referral = make_sent()
    sent = OutboxMessage.objects.get(concerns_id=str(referral.pk))
    reached = [state(referral)]
    with transaction.atomic():
        happen("delivered", outbox_id=str(sent.pk), concerns="referral", concerns_id=str(referral.pk))
    reached.append(state(referral))
    for status, more in (("accepted", {}), ("in-progress", {"starts": "2026-12-08T10:20:00+00:00"})):
        file(answer(referral, status, **more))
        reached.append(state(referral))
    filed(make_letter(referral.patient, hospital.organisation), f"{System.OUR_REFERRAL}|{referral.pk}")
    assert [*reached, state(referral)] == ["sent", "delivered", "accepted", "booked", "answered"]
