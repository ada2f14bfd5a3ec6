"""PDS does not answer, or answers what it should not."""

import time
from typing import Any

import pytest
from django.utils import timezone

from conftest import Person
from exchange import http, oauth
from records.models import Patient, Resource, Trace
from records.tests.pds_program import Pds
from records.tests.tracing.national import State, ask, broken, panel
from records.tracing import actions, asking


def test_every_try_of_one_question_bears_the_same_request_id(
    pds: Pds, quick: None, jane: Patient, receptionist: Person
) -> None:
    pds.behave("busy")
    trace = ask(jane, receptionist)
    assert (trace.state, trace.trouble) == (State.ASKED, "partner-failed")
    assert trace.due_at is not None
    assert trace.due_at > timezone.now()
    assert [one["status"] for one in pds.seen] == [429, 429, 429]
    assert {one["request_id"] for one in pds.seen} == {str(trace.request_id)}
    assert "We try again by ourselves" in panel(jane, receptionist)
    pds.behave("normal")
    asking.answer(trace.pk)  # not due yet
    trace.refresh_from_db()
    assert trace.state == State.ASKED
    Trace.objects.update(due_at=timezone.now())
    asking.answer(trace.pk)
    trace.refresh_from_db()
    assert trace.state == State.TRACED
    assert {one["request_id"] for one in pds.seen} == {str(trace.request_id)}


def test_too_many_requests_are_asked_again_after_the_pause_they_name(pds: Pds, jane: Patient, gp: Person) -> None:
    pds.behave("busy", 2)
    started = time.monotonic()
    assert ask(jane, gp).state == State.TRACED
    assert [one["status"] for one in pds.seen] == [429, 429, 200]
    assert len({one["request_id"] for one in pds.seen}) == 1
    assert time.monotonic() - started > 2  # Retry-After is a second


def test_our_own_pace_keeps_within_five_a_second(pds: Pds, jane: Patient, gp: Person, settings: Any) -> None:
    settings.PDS_PER_SECOND = 5
    for _ in range(7):
        assert ask(jane, gp).state == State.TRACED
    assert [one["status"] for one in pds.seen] == [200] * 7


def test_a_slow_answer_ends_in_time_and_is_tried_again(
    pds: Pds, quick: None, jane: Patient, gp: Person, settings: Any
) -> None:
    settings.PARTNER_TIMEOUT_SECONDS = 0.3
    http.close_all()
    pds.behave("slow", 2)
    trace = ask(jane, gp)
    assert (trace.state, trace.trouble) == (State.ASKED, "timed-out")
    assert "Their system did not answer in time" in panel(jane, gp)


def test_after_the_last_try_a_person_is_told(pds: Pds, quick: None, jane: Patient, gp: Person) -> None:
    pds.behave("down")
    trace = ask(jane, gp)
    for _ in range(9):
        Trace.objects.filter(state=State.ASKED).update(due_at=timezone.now())
        asking.answer(trace.pk)
    trace.refresh_from_db()
    assert (trace.state, trace.tries) == (State.FAILED, 6)
    assert "PDS could not be asked" in panel(jane, gp)
    assert "Check again" in panel(jane, gp)


def test_a_token_that_is_no_longer_taken_is_renewed(pds: Pds, jane: Patient, gp: Person) -> None:
    ask(jane, gp)
    ((where, (until, _)),) = oauth._purse.items()
    oauth._purse[where] = (until, "no longer good")
    trace = ask(jane, gp)
    assert trace.state == State.TRACED
    assert [one["status"] for one in pds.seen] == [200, 401, 200]


def test_two_workers_ask_once(pds: Pds, jane: Patient, gp: Person) -> None:
    trace = actions.ask(patient=jane, by=gp.actor)
    assert trace is not None
    assert actions.ask(patient=jane, by=gp.actor) == trace
    asking.answer(trace.pk)
    asking.answer(trace.pk)
    assert len(pds.seen) == 1


def test_nothing_is_taken_over_when_its_last_write_fails(
    pds: Pds, jane: Patient, gp: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = actions.ask(patient=jane, by=gp.actor)
    assert trace is not None
    monkeypatch.setattr("records.tracing.taking.audit.record", broken)
    with pytest.raises(ZeroDivisionError):
        asking.answer(trace.pk)
    assert not Resource.objects.exists()
    jane.refresh_from_db()
    assert (jane.traced_at, jane.nhs_number_status) == (None, Patient.NhsNumber.PRESENT)
