"""Our answers: who may give which when, what goes out, and that nothing is half done."""

import itertools
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.models import AuditEvent, User
from conftest import Person
from exchange.fhir import validate
from exchange.happenings import happen
from exchange.models import InboxMessage, OutboxMessage
from exchange.tests import contract
from exchange.tests.second_opinion import faults
from records.models import Patient, ToEnter
from referrals.actions import ChangedMeanwhile
from referrals.received import actions, states
from referrals.received.models import ReceivedEvent, ReceivedRequest
from referrals.received.tests import examples
from referrals.states import NotAllowedNow
from referrals.tests.published import musts

pytestmark = pytest.mark.django_db
Received = Callable[..., ReceivedRequest]
Kind, State = ReceivedEvent.Kind, ReceivedRequest.State


def answer(request: ReceivedRequest, act: str, by: Person, text: str = "Seen, inhaler changed", **more: Any) -> Any:
    request.refresh_from_db()
    sent = actions.answer(request=request, act=act, version=request.version, text=text, by=by.actor, **more)
    request.refresh_from_db()
    return sent


def resource(message: dict[str, Any], kind: str, last: bool = False) -> dict[str, Any]:
    found = [e["resource"] for e in message["entry"] if e["resource"]["resourceType"] == kind]
    one: dict[str, Any] = found[-1 if last else 0]
    return one


# The table ------------------------------------------------------------------------------------------------------------
@given(st.lists(st.sampled_from([kind.value for kind in Kind]), max_size=12))
def test_whatever_happens_there_is_one_state_and_what_closed_it_first_counts(happened: list[str]) -> None:
    events = [SimpleNamespace(number=number, kind=kind) for number, kind in enumerate(happened)]
    reached = [states.fold(events[:upto]) for upto in range(len(events) + 1)]
    assert set(reached) <= set(State)
    closed = [state for state in reached if state not in states.OPEN]
    assert len(set(closed)) <= 1
    assert states.fold(reversed(events)) == reached[-1], "the order of reading does not count"


def test_every_open_state_has_a_way_out_and_no_closed_one_an_act() -> None:
    for kind, state in itertools.product(ReceivedRequest.Kind, State):
        acts = states.ALLOWED.get((kind, state), ())
        assert bool(acts) == (state in states.OPEN)
        leads = {states.TRANSITIONS.get((state, states.ENTERS[act])) for act in acts}
        assert not acts or leads & {State.COMPLETED, State.REJECTED}, (kind, state)
    assert set(states.REQUEST_STATUS) == set(states.APPOINTMENT_STATUS) == set(State)


# What goes out --------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-ACK-4", "BARS-RSP-1", "BARS-RSP-3")
@pytest.mark.parametrize(
    ("kind", "act", "event", "becomes"),
    [
        ("referral", "accept", "servicerequest-response", "accepted"),
        ("referral", "reject", "servicerequest-response", "rejected"),
        ("referral", "complete", "servicerequest-response", "completed"),
        ("validation", "interim", "servicerequest-response", "accepted"),
        ("validation", "complete", "servicerequest-response", "completed"),
        ("validation", "reject", "servicerequest-response", "rejected"),
        ("booking", "accept", "booking-response", "accepted"),
        ("booking", "reject", "booking-response", "rejected"),
    ],
)
def test_an_answer_is_part_of_the_exchange_it_answers(
    received: Received, gp: Person, kind: str, act: str, event: str, becomes: str
) -> None:
    request = received(kind)
    asked = InboxMessage.objects.get()
    sent = answer(request, act, gp)
    message = json.loads(sent.payload)
    assert validate.check(message) == []
    assert faults(message) == []
    assert not contract.FOLDER.is_dir() or contract.faults(message, "MessageBundle") == []
    header = resource(message, "MessageHeader")
    assert (sent.event, header["eventCoding"]["code"]) == (event, event)
    assert header["response"] == {"identifier": asked.bundle_id, "code": "ok"}
    assert header["destination"][0]["endpoint"].endswith(f"|{examples.FROM}")
    assert (sent.correlation_id, sent.to) == (asked.correlation_id, asked.sender)
    assert sent.request_id != asked.request_id
    assert message["id"] != asked.bundle_id
    assert message["meta"]["versionId"] == "1.1.0", "as it was asked"
    assert request.state == becomes
    assert [e.kind for e in request.events.all()] == ["asked", states.ENTERS[act]]
    assert AuditEvent.objects.filter(action=actions.ACTS[act][0], patient_id=request.patient_id).count() == 1
    focus = "Appointment" if kind == "booking" else "ServiceRequest"
    assert resource(message, focus)["id"] == str(request.pk)
    if kind != "booking":
        assert resource(message, "Practitioner")["name"][0]["text"] == "Dr A Khan"


@pytest.mark.requirement("BARS-VAL-2")
@pytest.mark.parametrize(
    ("act", "further", "table", "encounter"),
    [
        ("interim", False, "BaRS-APP4/Interim-Validation-Response-Payload", "in-progress"),
        ("reject", False, "BaRS-APP4/Interim-Validation-Response-Payload", "cancelled"),
        ("complete", False, "BaRS-APP4/Validation-Response-Payload", "finished"),
        ("complete", True, "BaRS-APP4/Validation-Response-Payload", "triaged"),
    ],
)
def test_a_validation_is_answered_as_published(
    received: Received, gp: Person, act: str, further: bool, table: str, encounter: str
) -> None:
    User.objects.update(professional_number="9999001")
    request = received("validation")
    message = json.loads(answer(request, act, gp, further=further).payload)
    ours = resource(message, "Encounter", last=True)
    assert ours["status"] == encounter
    assert resource(message, "ServiceRequest")["status"] == "active"
    theirs = resource(message, "Encounter")
    assert theirs["identifier"] == [{"system": "https://hospital.example/Id/case", "value": "H1"}]
    assert theirs["episodeOfCare"] == ours["episodeOfCare"]
    if act == "reject":
        assert ours["reasonCode"][0]["text"] == "Seen, inhaler changed"
    if act == "complete":
        plan = resource(message, "CarePlan")
        assert plan["status"] == ("active" if further else "completed")
        assert plan["activity"][0]["outcomeCodeableConcept"][0]["text"] == "Seen, inhaler changed"
    missing, met = musts(message, table)
    assert set(missing) <= NOT_OURS
    assert met > 40


#: Rows of the tables that need what a practice does not have or what the sender did not tell.
NOT_OURS = {
    "MessageHeader.extension",  # software that decides: a clinician does, here
    "ServiceRequest.locationReference",  # an incident's place, for ambulances
    "Patient.communication",
}


def test_a_referral_is_answered_with_reason_and_name(received: Received, gp: Person) -> None:
    message = json.loads(answer(received(), "reject", gp, "Photographs are missing").payload)
    task = resource(message, "Task")
    assert (task["status"], task["statusReason"]) == ("rejected", {"text": "Photographs are missing"})
    assert task["owner"]["display"] == "Dr A Khan, GP, Riverside Surgery"
    assert resource(message, "Encounter")["status"] == "cancelled"


def test_a_second_answer_is_an_update_in_the_same_exchange(received: Received, gp: Person) -> None:
    request = received("validation")
    first = answer(request, "interim", gp, "We ring now")
    second = answer(request, "complete", gp)
    reasons = [json.loads(m.payload)["entry"][0]["resource"]["reason"]["coding"][0]["code"] for m in (first, second)]
    assert reasons == ["new", "update"]
    assert first.correlation_id == second.correlation_id
    assert first.request_id != second.request_id
    assert (first.concerns, first.concerns_id) == (second.concerns, second.concerns_id), "so they stay in order"


def test_of_a_restricted_patient_nothing_goes_out_that_says_where_they_are(
    received: Received, gp: Person, jane: Patient
) -> None:
    request = received()
    Patient.objects.filter(pk=jane.pk).update(restricted=True, address="", postcode="", phone="", usual_gp="")
    text = answer(request, "accept", gp).payload
    assert "ZZ1" not in text
    assert "960148" not in text
    assert "Unfindable" not in text


def test_a_completed_request_is_listed_to_be_entered(received: Received, gp: Person) -> None:
    answer(received(), "complete", gp)
    entry = ToEnter.objects.get()
    assert (entry.title, entry.what) == ("Referral from Northern Infirmary completed", "Seen, inhaler changed")


# When and by whom -----------------------------------------------------------------------------------------------------
def test_what_is_closed_is_not_answered_and_nothing_goes_out(received: Received, gp: Person, send: Any) -> None:
    request = received()
    send(examples.request(reason="update", status="revoked", their_id=str(request.pk)))
    with pytest.raises(NotAllowedNow, match="cancelled"):
        answer(request, "accept", gp)
    assert not OutboxMessage.objects.exists()
    assert request.events.count() == 2


def test_an_answer_to_what_has_changed_meanwhile_overwrites_nothing(received: Received, gp: Person, send: Any) -> None:
    request = received()
    send(examples.request(reason="update", their_id=str(request.pk)))
    with pytest.raises(ChangedMeanwhile):
        actions.answer(request=request, act="accept", version=1, text="", by=gp.actor)
    assert not OutboxMessage.objects.exists()
    assert ReceivedRequest.objects.get().state == "received"


def test_an_answer_is_all_or_nothing(received: Received, gp: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: Any) -> None:
        raise RuntimeError("broken")

    request = received()
    monkeypatch.setattr("referrals.received.actions.record_event", broken)
    with pytest.raises(RuntimeError):
        answer(request, "accept", gp)
    assert not OutboxMessage.objects.exists()
    assert not AuditEvent.objects.filter(action="accepted received request").exists()


def test_a_cancellation_that_crosses_our_answer_stays_in_the_history(received: Received, gp: Person, post: Any) -> None:
    from exchange import inbox

    request = received()
    cancel = examples.request(reason="update", status="revoked", their_id=str(request.pk))
    assert post(cancel).status_code == 200
    answer(request, "complete", gp)
    inbox.file(InboxMessage.objects.get(state="received").pk)
    request.refresh_from_db()
    assert request.state == "completed"
    assert [e.kind for e in request.events.all()] == ["asked", "completed", "cancelled"]


@pytest.mark.parametrize(
    ("happening", "kind"),
    [("delivered", "answer-delivered"), ("refused", "answer-stopped"), ("expired", "answer-stopped")],
)
def test_how_an_answer_went_enters_the_history(received: Received, gp: Person, happening: str, kind: str) -> None:
    request = received()
    sent = answer(request, "accept", gp)
    happen(happening, outbox_id=str(sent.pk), concerns=sent.concerns, concerns_id=sent.concerns_id)
    assert list(request.events.values_list("kind", flat=True)) == ["asked", "accepted", kind]
    assert ReceivedRequest.objects.get().state == "accepted"
    happen(happening, outbox_id=str(sent.pk), concerns="something else", concerns_id="x")
    assert request.events.count() == 3


def test_every_history_folds_to_the_state_that_is_stored(received: Received, gp: Person) -> None:
    for kind, act in (("referral", "accept"), ("validation", "reject"), ("booking", "accept")):
        answer(received(kind), act, gp)
    for request in ReceivedRequest.objects.all():
        assert states.fold(request.events.all()) == request.state
        assert request.version == request.events.count()
