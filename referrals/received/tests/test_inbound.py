"""Requests of others: what is turned away before it is stored, what is filed, what is left to a person."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from access.models import AuditEvent, Organisation
from exchange import inbox
from exchange.fhir import validate
from exchange.models import InboxMessage, Partner, Refusal
from exchange.tests.second_opinion import faults
from records.models import Patient, Relationship, Resource
from referrals.received.models import ReceivedEvent, ReceivedRequest
from referrals.received.tests import examples
from referrals.received.tests.conftest import Json, Post, Send
from referrals.tests.conftest import _partner

pytestmark = pytest.mark.django_db
Received = Callable[..., ReceivedRequest]


def told(answer: Any) -> tuple[int, str, str]:
    """Status, BaRS code and issue type of a refusal; and nothing was kept but that it was turned away."""
    (issue,) = json.loads(answer.content)["issue"]
    assert "Smith" not in answer.content.decode()
    assert examples.NUMBER not in answer.content.decode()
    return answer.status_code, issue["details"]["coding"][0]["code"], issue["code"]


def kinds(request: ReceivedRequest) -> list[str]:
    return list(request.events.values_list("kind", flat=True))


# Taken ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["referral", "validation"])
def test_the_examples_of_these_tests_are_valid(kind: str) -> None:
    for message in (examples.request(kind), examples.booking()):
        assert validate.check(message) == []
        assert faults(message) == []


@pytest.mark.requirement("BARS-ACK-4")
@pytest.mark.parametrize("kind", ["referral", "validation", "booking"])
def test_a_request_is_filed_under_the_id_the_sender_was_told(
    jane: Patient, post: Post, riverside: Organisation, kind: str
) -> None:
    message = examples.booking() if kind == "booking" else examples.request(kind)
    answer = post(message)
    reply = json.loads(answer.content)
    assert answer.status_code == 200
    assert validate.check(reply) == []
    assert not ReceivedRequest.objects.exists(), "it is read after the answer"
    inbox.file(InboxMessage.objects.get().pk)
    found = ReceivedRequest.objects.get()
    focus = "Appointment" if kind == "booking" else "ServiceRequest"
    told_id = next(e["resource"]["id"] for e in reply["entry"] if e["resource"]["resourceType"] == focus)
    assert str(found.pk) == told_id
    assert (found.kind, found.patient, found.organisation, found.state) == (kind, jane, riverside, "received")
    assert (found.bundle_id, found.reply_to) == (message["id"], examples.FROM)
    assert found.correlation_id == InboxMessage.objects.get().correlation_id
    assert kinds(found) == ["asked"]
    assert InboxMessage.objects.get().state == "filed"
    sent_by = AuditEvent.objects.get(action="sent us a request")
    assert (sent_by.actor_kind, sent_by.actor_id, sent_by.patient_id) == ("partner", "RZZ01", jane.pk)


def test_nothing_else_of_the_record_changes_and_the_sender_sees_none_of_it(
    jane: Patient, send: Send, infirmary: Organisation, riverside: Organisation
) -> None:
    send(examples.request(beside=(examples.no_known_allergies(),)))
    assert not Resource.objects.exists(), "nothing goes into the record by itself"
    rows = Relationship.objects.filter(patient=jane)
    assert not rows.filter(organisation=infirmary).exists()
    assert set(rows.values_list("organisation", "kind")) == {
        (riverside.pk, "registered"),
        (riverside.pk, "referred"),
    }


def test_what_is_said_is_kept_word_for_word(received: Received) -> None:
    requirement = examples.flag("RA", "Reasonable Adjustment", "Adjust for needle phobia")
    concern = examples.flag("SG", "Safeguarding Concern", "Adult safeguarding concern")
    about = examples.flag("API", "Additional Patient Information", "Does not like animals")
    beside = (requirement, concern, about, examples.no_known_allergies())
    said = received(beside=beside, patientInstruction="Ring if it gets worse.").events.get().says["content"]
    assert said["reasons"] == ["Wheeze"]
    assert said["story"] == ["Wheeze for two days. Please see and review inhalers."]
    hospital = "Northern Infirmary"
    doctor = {"name": "Dr Lee Fenn", "role": "Emergency doctor", "phone": "01632 960211"}
    assert said["requester"] == doctor | {"organisation": hospital}
    assert said["sender"] == {"name": hospital, "ods": "RZZ01", "system": hospital, "phone": "01632 960200"}
    assert (said["safeguarding"], said["requirements"]) == (
        ["Adult safeguarding concern"],
        ["Adjust for needle phobia"],
    )
    assert said["flags"] == [["About the patient", "Does not like animals"]]
    assert said["allergies"] == ["No known allergies"]
    assert said["consent"] == "Direct Care, Implied"
    assert (said["language"], said["instruction"]) == ("Polish", "Ring if it gets worse.")
    assert said["contacts"] == [{"phone": "07700 900148", "relationship": "self"}]
    assert said["wanted_by"] == "2026-11-27T17:00:00+00:00"


def test_of_somebody_labelled_restricted_no_whereabouts_are_kept(received: Received) -> None:
    label = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
    request = received(
        patient=examples.person(meta=label), story="Lives at 41 Unfindable Road, ZZ9 7YW, ring 07700 900148."
    )
    kept = json.dumps(request.events.get().says)
    assert "Unfindable" not in kept
    assert "900148" not in kept


def test_of_somebody_restricted_here_no_new_whereabouts_are_kept_either(
    received: Received, send: Send, jane: Patient
) -> None:
    """The sender does not say that they are restricted, and gives an address that nobody here knew."""
    Patient.objects.filter(pk=jane.pk).update(restricted=True, address="", postcode="", phone="", usual_gp="")
    where = "Lives at 41 Unfindable Road, ZZ9 7YW, ring 07700 900148."
    request = received(story=where)
    send(examples.request(reason="update", their_id=str(request.pk), story=where))
    for event in request.events.all():
        kept = json.dumps(event.says)
        assert "Unfindable" not in kept
        assert "900148" not in kept


# Changed --------------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-CAN-2", "BARS-CODE-2", "BARS-VER-3")
@pytest.mark.parametrize("named_by", ["our id", "identifier", "full url", "bundle id"])
@pytest.mark.parametrize(
    ("reason", "status", "becomes"),
    [
        ("update", "active", "received"),
        ("update", "revoked", "cancelled"),
        ("update", "entered-in-error", "in-error"),
        ("delete", "entered-in-error", "in-error"),
        ("delete", "revoked", "cancelled"),
    ],
)
def test_the_sender_changes_and_takes_back_what_it_asked(
    received: Received, send: Send, named_by: str, reason: str, status: str, becomes: str
) -> None:
    url = str(uuid4())
    request = received(request_url=url, identifier="R-2026-17")
    names: dict[str, dict[str, Any]] = {
        "our id": {"their_id": str(request.pk)},
        "identifier": {"identifier": "R-2026-17"},
        "full url": {"request_url": url},
        "bundle id": {"bundle_id": request.bundle_id},
    }
    later = examples.request(
        reason=reason, status=status, story="Now breathless at rest.", at=examples.AT + dt.timedelta(hours=1),
        **names[named_by],
    )  # fmt: skip
    assert send(later) == request
    assert ReceivedRequest.objects.get().state == becomes
    assert request.events.count() == 2
    first, second = request.events.all()
    assert first.says["content"]["story"] == ["Wheeze for two days. Please see and review inhalers."], "kept"
    if status == "active":
        assert second.says["content"]["story"] == ["Now breathless at rest."]
    reply = json.loads(InboxMessage.objects.order_by("-received_at")[0].reply)
    assert reply["entry"][1]["resource"]["id"] == str(request.pk), "the sender is told our id again"


@pytest.mark.parametrize("status", ["active", "revoked"])
@pytest.mark.parametrize("why", ["unknown", "another sender's"])
def test_what_is_not_theirs_cannot_be_changed(
    received: Received, post: Post, pharmacy: Organisation, status: str, why: str
) -> None:
    request = received(identifier="R-2026-17")
    later = examples.request(reason="update", status=status, identifier="R-2026-18")
    sender = None
    if why == "another sender's":
        sender = _partner(pharmacy, 9)
        later = examples.request(
            reason="update", status=status, identifier="R-2026-17", their_id=str(request.pk),
            bundle_id=request.bundle_id,
        )  # fmt: skip
    assert told(post(later, sender)) == (404, "REC_NOT_FOUND", "not-found")
    assert InboxMessage.objects.count() == 1
    assert request.events.count() == 1


@pytest.mark.parametrize("status", ["active", "revoked", "entered-in-error"])
def test_what_is_closed_is_not_changed(received: Received, send: Send, post: Post, status: str) -> None:
    request = received()
    send(examples.request(reason="update", status="revoked", their_id=str(request.pk)))
    again = examples.request(reason="update", status=status, their_id=str(request.pk))
    assert told(post(again)) == (409, "REC_CONFLICT", "conflict")
    assert ReceivedRequest.objects.get().state == "cancelled"
    assert request.events.count() == 2


@pytest.mark.requirement("BARS-CAN-3")
def test_who_asks_again_cancels_first(received: Received, post: Post, send: Send) -> None:
    request = received(identifier="R-2026-17")
    anew = examples.request(identifier="R-2026-17")
    assert told(post(anew)) == (409, "REC_CONFLICT", "conflict")
    send(examples.request(reason="update", status="revoked", their_id=str(request.pk)))
    assert send(examples.request(identifier="R-2026-17")) != request
    assert ReceivedRequest.objects.count() == 2


def test_an_update_that_overtakes_its_request_waits_for_it(jane: Patient, post: Post) -> None:
    first, url = examples.request(request_url=(url := str(uuid4()))), url
    assert post(first).status_code == 200
    assert post(examples.request(reason="update", status="revoked", request_url=url)).status_code == 200
    early, late = InboxMessage.objects.order_by("received_at")
    with pytest.raises(Exception, match=str(early.pk)):
        inbox.file(late.pk)
    assert InboxMessage.objects.get(pk=late.pk).state == "received"
    inbox.file(early.pk)
    InboxMessage.objects.filter(pk=late.pk).update(due_at=late.received_at)
    assert inbox.file(late.pk) == "filed"
    assert ReceivedRequest.objects.get().state == "cancelled"


def test_a_change_that_names_another_person_is_left_to_a_person(received: Received, send: Send) -> None:
    request = received()
    other = examples.person(birthDate="1971-05-01", name=[{"family": "Jones"}], identifier=[])
    assert send(examples.request(reason="update", their_id=str(request.pk), patient=other)) is None
    assert InboxMessage.objects.filter(state="needs-review").count() == 1
    assert request.events.count() == 1


def test_the_same_message_is_not_entered_twice(received: Received) -> None:
    request = received()
    InboxMessage.objects.update(state="received", due_at=request.received_at)
    assert inbox.file(InboxMessage.objects.get().pk) == "filed"
    assert (ReceivedRequest.objects.count(), ReceivedEvent.objects.count()) == (1, 1)


# Turned away ----------------------------------------------------------------------------------------------------------
def _set(message: Json, number: int, **elements: Any) -> Json:
    message["entry"][number]["resource"] |= elements
    return message


def _without(message: Json, kind: str) -> Json:
    message["entry"] = [e for e in message["entry"] if e["resource"]["resourceType"] != kind]
    return message


def _of(message: Json, kind: str, **elements: Any) -> Json:
    next(e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == kind).update(elements)
    return message


WRONG: dict[str, tuple[Callable[[], Json], int, str, str]] = {
    "category": (lambda: _set(examples.request(), 1, category=[]), 400, "REC_BAD_REQUEST", "structure"),
    "no such category": (
        lambda: _set(examples.request(), 1, category=[{"text": "Please"}]), 400, "REC_BAD_REQUEST", "invariant",
    ),
    "use case": (
        lambda: _set(
            examples.request(), 1,
            category=[{"coding": [{"system": "https://fhir.nhs.uk/CodeSystem/message-category-servicerequest",
                                   "code": "referral"},
                                  {"system": "https://fhir.nhs.uk/CodeSystem/usecases-categories-bars",
                                   "code": "a1t1"}]}],
        ), 422, "REC_UNPROCESSABLE_ENTITY", "not-supported",
    ),
    "new and revoked": (lambda: examples.request(status="revoked"), 400, "REC_BAD_REQUEST", "invariant"),
    "delete and active": (lambda: examples.request(reason="delete"), 400, "REC_BAD_REQUEST", "invariant"),
    "status": (lambda: examples.request(status="completed"), 400, "REC_BAD_REQUEST", "invariant"),
    "patient elsewhere": (
        lambda: _set(examples.request(), 1, subject={"reference": f"urn:uuid:{uuid4()}"}),
        400, "REC_BAD_REQUEST", "required",
    ),
    "no care plan": (lambda: _without(examples.request(), "CarePlan"), 400, "REC_BAD_REQUEST", "required"),
    "no encounter": (lambda: _without(examples.request(), "Encounter"), 400, "REC_BAD_REQUEST", "required"),
    "care plan of a validation": (
        lambda: _of(examples.request("validation"), "CarePlan", status="completed"),
        400, "REC_BAD_REQUEST", "invariant",
    ),
    "care plan of a referral": (
        lambda: _of(examples.request(), "CarePlan", status="active"), 400, "REC_BAD_REQUEST", "invariant",
    ),
    "encounter of a validation": (
        lambda: _of(examples.request("validation"), "Encounter", status="finished"),
        400, "REC_BAD_REQUEST", "invariant",
    ),
    "encounter of a referral": (
        lambda: _of(examples.request(), "Encounter", status="planned"), 400, "REC_BAD_REQUEST", "invariant",
    ),
    "nobody to answer": (
        lambda: _of(examples.request(), "MessageHeader", source={"endpoint": "https://elsewhere.example"}),
        400, "REC_BAD_REQUEST", "value",
    ),
    "focus is the patient": (
        lambda: _of(m := examples.request(), "MessageHeader", focus=[{"reference": m["entry"][2]["fullUrl"]}]),
        400, "REC_BAD_REQUEST", "invariant",
    ),
    "booking with a free slot only": (lambda: examples.booking(status="proposed"), 400, "REC_BAD_REQUEST", "invariant"),
    "null character": (lambda: _set(examples.request(), 1, patientInstruction="a\0b"), 400, "REC_BAD_REQUEST", "value"),
}  # fmt: skip


@pytest.mark.requirement("BARS-ACK-3", "BARS-CODE-3")
@pytest.mark.parametrize("wrong", WRONG)
def test_what_breaks_a_rule_is_turned_away_and_nothing_is_kept(jane: Patient, post: Post, wrong: str) -> None:
    make, *expected = WRONG[wrong]
    assert list(told(post(make()))) == expected
    assert not InboxMessage.objects.exists()
    assert not ReceivedRequest.objects.exists()
    assert Refusal.objects.count() == 1


# Left to a person -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("who", "why"),
    [
        ({"identifier": []}, "no NHS number"),
        ({"identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "3478526985"}]}, "check digit"),
        ({"birthDate": "1970-05-02"}, "another"),
    ],
)
def test_whose_it_is_must_be_certain(jane: Patient, send: Send, who: Json, why: str) -> None:
    assert send(examples.request(patient=examples.person(**who))) is None
    waiting = InboxMessage.objects.get()
    assert (waiting.state, why in waiting.review_reason) == ("needs-review", True)
    assert not ReceivedRequest.objects.exists()
    assert not Relationship.objects.filter(kind="referred").exists()


def test_a_twins_number_is_left_to_a_person(jane: Patient, make_patient: Any, send: Send) -> None:
    make_patient(given="Joan", nhs_number="9991234594")
    twin = examples.person(name=[{"family": "Smith", "given": ["Joan"]}])
    assert send(examples.request(patient=twin)) is None
    assert "first name" in InboxMessage.objects.get().review_reason


def test_a_request_about_somebody_joined_goes_to_whom_they_were_joined_to(
    jane: Patient, make_patient: Any, send: Send
) -> None:
    other = make_patient(nhs_number="9991234594", merged_into=jane)
    assert other.merged_into == jane
    number = [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9991234594"}]
    found = send(examples.request(patient=examples.person(identifier=number)))
    assert found is not None
    assert found.patient == jane


def test_a_change_of_what_waits_for_a_person_is_taken_and_waits_too(jane: Patient, send: Send, post: Post) -> None:
    url = str(uuid4())
    nobody = examples.person(identifier=[])
    assert send(examples.request(request_url=url, patient=nobody)) is None
    assert send(examples.request(reason="update", status="revoked", request_url=url, patient=nobody)) is None
    waiting = InboxMessage.objects.order_by("received_at")
    assert [one.state for one in waiting] == ["needs-review", "needs-review"]
    assert "left to a person" in waiting[1].review_reason


def test_filing_is_all_or_nothing(jane: Patient, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("broken")

    post(examples.request())
    monkeypatch.setattr("referrals.received.actions.relate", broken)
    with pytest.raises(RuntimeError):
        inbox.file(InboxMessage.objects.get().pk)
    assert not ReceivedRequest.objects.exists()
    assert not ReceivedEvent.objects.exists()
    assert InboxMessage.objects.get().state == "received"


def test_one_partner_is_one_sender(received: Received, hospital: Partner) -> None:
    assert received().sender == hospital
