"""The pages of received requests: what each reader sees, who may answer, and that every act works without scripts."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from conftest import Person
from exchange.models import OutboxMessage
from records.models import Patient, Relationship
from referrals.received.models import ReceivedRequest
from referrals.received.tests import examples
from referrals.tests.pages import audits, page, text_of

pytestmark = pytest.mark.django_db
Received = Callable[..., ReceivedRequest]
CLINICAL = ("Wheeze", "review inhalers", "Adult safeguarding concern", "No known allergies", "Does not like animals")


def act(person: Person, request: ReceivedRequest, name: str, **written: Any) -> Any:
    request.refresh_from_db()
    url = reverse("referrals:received-answer", args=[request.pk, name])
    return person.client.post(url, {"version": request.version} | written)


@pytest.fixture
def full(received: Received) -> ReceivedRequest:
    return received(
        beside=(
            examples.flag("RA", "Reasonable Adjustment", "Adjust for needle phobia"),
            examples.flag("SG", "Safeguarding Concern", "Adult safeguarding concern"),
            examples.flag("API", "Additional Patient Information", "Does not like animals"),
            examples.no_known_allergies(),
        ),
        priority="urgent",
    )


@pytest.mark.requirement("BARS-UI-1", "BARS-UI-2", "BARS-UI-3", "BARS-UI-4")
def test_a_gp_reads_who_asks_for_whom_what_for_and_by_when(full: ReceivedRequest, gp: Person) -> None:
    listed = text_of(page(gp.client, "received"))
    for text in ("SMITH, Jane", "Please see this patient: Wheeze", "Northern Infirmary · urgent", "27 Nov"):
        assert text in listed
    opened = page(gp.client, "received-one", full.pk)
    told = text_of(opened)
    for text in (*CLINICAL, "Dr Lee Fenn, Emergency doctor", "01632 960211", "Fri 27 Nov", "Direct Care, Implied"):
        assert text in told
    for text in ("Adjust for needle phobia", "Polish", "07700 900148", "999 123 4500"):
        assert text in told
    body = opened.content.decode()
    assert str(full.pk) not in told
    assert full.bundle_id not in body
    assert "REC_" not in body
    assert audits("opened request received") == 1
    assert audits("opened requests received") == 1


def test_a_receptionist_reads_the_administrative_part(full: ReceivedRequest, receptionist: Person) -> None:
    listed = text_of(page(receptionist.client, "received"))
    told = text_of(page(receptionist.client, "received-one", full.pk))
    for text in CLINICAL:
        assert text not in listed
        assert text not in told
    for text in ("Please see this patient", "Northern Infirmary", "Dr Lee Fenn", "Fri 27 Nov", "07700 900148"):
        assert text in told
    assert "Adjust for needle phobia" in told
    assert "A clinician answers this." in told
    for name in ("accept", "reject", "complete"):
        assert act(receptionist, full, name, text="x").status_code == 403
    assert not OutboxMessage.objects.exists()


def test_a_receptionist_answers_a_booking(received: Received, receptionist: Person) -> None:
    booked = received("booking")
    told = text_of(page(receptionist.client, "received-one", booked.pk))
    assert "Appointment Thu 26 Nov, 10:20" in told
    assert act(receptionist, booked, "accept").status_code == 302
    assert ReceivedRequest.objects.get().state == "accepted"
    assert OutboxMessage.objects.get().event == "booking-response"


@pytest.mark.parametrize("who", ["social_worker", "privacy_officer", "hospital_clinician"])
def test_who_is_not_of_the_practice_sees_none_of_it(
    request: pytest.FixtureRequest, full: ReceivedRequest, who: str
) -> None:
    other: Person = request.getfixturevalue(who)
    assert page(other.client, "received").status_code == 403
    assert page(other.client, "received-one", full.pk).status_code == 403
    assert act(other, full, "accept").status_code == 403
    assert not OutboxMessage.objects.exists()


def test_another_practice_sees_none_of_it(full: ReceivedRequest, stranger: Person) -> None:
    assert "SMITH" not in text_of(page(stranger.client, "received"))
    assert page(stranger.client, "received-one", full.pk).status_code == 404
    assert page(stranger.client, "received-one", uuid4()).status_code == 404
    assert act(stranger, full, "accept").status_code == 404
    assert not OutboxMessage.objects.exists()


def test_somebody_who_has_left_is_still_answered_and_nothing_else_of_them_is_shown(
    full: ReceivedRequest, gp: Person, jane: Patient
) -> None:
    Relationship.objects.filter(kind="registered").update(until=timezone.now())
    told = text_of(page(gp.client, "received-one", full.pk))
    assert "SMITH, Jane" in told
    assert "no longer here" in told
    assert gp.client.get(f"/patients/{jane.pk}/").status_code == 404
    assert act(gp, full, "complete", text="Seen").status_code == 302
    assert ReceivedRequest.objects.get().state == "completed"


@pytest.mark.parametrize(
    ("kind", "name", "written", "wanted"),
    [
        ("referral", "reject", {}, "Enter why"),
        ("referral", "reject", {"text": "  "}, "Enter why"),
        ("referral", "complete", {}, "Enter what came of it"),
        ("validation", "complete", {"text": "Cat 4"}, "Say whether they have to act"),
        ("booking", "reject", {}, "Enter why"),
    ],
)
def test_what_is_missing_is_said_and_nothing_goes_out(
    received: Received, gp: Person, kind: str, name: str, written: Any, wanted: str
) -> None:
    answered = act(gp, received(kind), name, **written)
    assert answered.status_code == 422
    assert wanted in text_of(answered)
    assert not OutboxMessage.objects.exists()
    assert ReceivedRequest.objects.get().state == "received"


def test_a_gp_rejects_signed_with_reason(full: ReceivedRequest, gp: Person) -> None:
    opened = page(gp.client, "received-answer", full.pk, "reject")
    assert ">None<" not in opened.content.decode()
    form = text_of(opened)
    assert "signed: Dr A Khan, GP, Riverside Surgery" in form
    assert act(gp, full, "reject", text="Photographs are missing").status_code == 302
    told = text_of(page(gp.client, "received-one", full.pk))
    assert "Rejected by Dr A Khan, GP: Photographs are missing" in told
    assert "Send answer" not in told
    assert "To answer" in text_of(page(gp.client, "received"))
    assert "SMITH" not in text_of(page(gp.client, "received"))
    assert "SMITH" in text_of(page(gp.client, "received", list="closed"))


def test_a_validation_is_taken_up_and_answered(received: Received, gp: Person) -> None:
    request = received("validation")
    act(gp, request, "interim", text="We ring now")
    act(gp, request, "complete", text="No ambulance needed", further="no")
    told = text_of(page(gp.client, "received-one", request.pk))
    assert "Being validated, said by Dr A Khan, GP: We ring now" in told
    assert "Validated by Dr A Khan, GP: No ambulance needed" in told
    assert OutboxMessage.objects.count() == 2


def test_a_second_click_answers_once(full: ReceivedRequest, gp: Person) -> None:
    assert act(gp, full, "accept").status_code == 302
    assert act(gp, full, "accept").status_code == 302
    assert OutboxMessage.objects.count() == 1
    assert page(gp.client, "received-answer", full.pk, "nonsense").status_code == 404


def test_an_old_page_answers_nothing(full: ReceivedRequest, gp: Person) -> None:
    url = reverse("referrals:received-answer", args=[full.pk, "accept"])
    answered = gp.client.post(url, {"version": 0}, follow=True)
    assert "Something happened to this request" in text_of(answered)
    assert not OutboxMessage.objects.exists()


def test_of_a_restricted_patient_no_contact_is_shown(full: ReceivedRequest, gp: Person, jane: Patient) -> None:
    Patient.objects.filter(pk=jane.pk).update(restricted=True, address="", postcode="", phone="", usual_gp="")
    body = page(gp.client, "received-one", full.pk).content.decode()
    assert "900148" not in body
    assert "Wheeze" in body


def test_what_is_nobodys_yet_is_on_the_page_with_the_reason(
    jane: Patient, send: Any, receptionist: Person, stranger: Person
) -> None:
    send(examples.request(patient=examples.person(identifier=[])))
    told = text_of(page(receptionist.client, "received"))
    assert "We do not know whose these are" in told
    assert "The request gives no NHS number." in told
    assert "We do not know" not in text_of(page(stranger.client, "received"))


def test_an_answer_that_did_not_arrive_is_ours_to_mend(full: ReceivedRequest, gp: Person) -> None:
    from exchange.happenings import happen

    act(gp, full, "accept")
    sent = OutboxMessage.objects.get()
    happen("refused", outbox_id=str(sent.pk), concerns=sent.concerns, concerns_id=sent.concerns_id)
    told = text_of(page(gp.client, "received-one", full.pk))
    assert "Our answer has not reached Northern Infirmary" in told
    assert "Ring Northern Infirmary." in told


def test_the_list_asks_the_same_whatever_its_length(
    received: Received, gp: Person, django_assert_max_num_queries: Any
) -> None:
    client = gp.client
    for _ in range(3):
        received()
    with django_assert_max_num_queries(20):
        assert page(client, "received").status_code == 200


def test_what_waits_for_an_answer_is_counted_where_people_look(full: ReceivedRequest, gp: Person) -> None:
    listed = text_of(page(gp.client, "worklist"))
    assert "Asked of us 1" in listed
    assert "Referrals 1 to do" in listed
    act(gp, full, "reject", text="Not ours")
    listed = text_of(page(gp.client, "worklist"))
    assert "Asked of us" in listed
    assert "Asked of us 1" not in listed
    assert "Referrals 1 to do" not in listed
