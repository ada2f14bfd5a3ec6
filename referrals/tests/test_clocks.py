"""Every referral has an owner and a day; silence brings it to others; nothing ends without an outcome."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import AuditEvent
from conftest import Person
from records.looking import read_letter
from records.models import Letter, Patient, Relationship
from records.tests.saying import file_letter
from referrals import actions, clocks, stages, states
from referrals.following import actions as following
from referrals.following import deciding
from referrals.models import Referral, ReferralEvent
from referrals.states import NotAllowedNow
from work import silence
from work.days import is_working_day
from work.models import Clock

pytestmark = pytest.mark.django_db
State, Kind = Referral.State, ReferralEvent.Kind
MONDAY = dt.datetime(2026, 11, 23, 9, 14, tzinfo=dt.UTC)
Make = Callable[..., Referral]


def clock(referral: Referral) -> Clock:
    return Clock.objects.get(concerns="referral", concerns_id=str(referral.pk))


def test_every_priority_and_stage_has_a_usual_limit() -> None:
    assert set(stages.RULES.priorities) == set(Referral.Priority.values)
    assert set(stages.RULES.limits) == {
        (priority, stage)
        for priority in Referral.Priority.values
        for stage in (*stages.STAGES, "warn", "second", "manager")
    }
    assert set(stages.AWAITED) == set(stages.STAGES)


def test_every_state_is_waited_in_or_has_an_outcome() -> None:
    assert states.OPEN | set(clocks.OUTCOMES) == set(State.values)
    assert not states.OPEN & set(clocks.OUTCOMES)


@pytest.mark.parametrize(
    ("priority", "heard", "stage", "due"),
    [
        ("routine", [], "acknowledge", "2026-11-25"),
        ("suspected-cancer", [], "acknowledge", "2026-11-24"),
        ("suspected-cancer", ["delivered"], "accept", "2026-11-25"),
        ("suspected-cancer", ["accepted"], "book", "2026-11-30"),
        ("suspected-cancer", ["2026-12-04"], "reply", "2026-12-21"),  # told within 28 days of referral
        ("suspected-cancer", ["2026-12-08"], "see", "2026-12-07"),  # a date that comes too late is not in time
        ("routine", ["2026-12-08"], "reply", "2026-12-15"),
        ("routine", ["booked"], "see", "2027-03-25"),  # booked, and no date was given; Good Friday and Easter follow
        ("routine", ["delivered", "rejected"], "decide", "2026-11-30"),
        ("urgent", ["expired"], "decide", "2026-11-25"),
        ("urgent", ["asked"], "decide", "2026-11-25"),
        ("routine", ["expired", "sent-again"], "acknowledge", "2026-11-25"),
        ("routine", ["letter-filed"], "read", "2026-11-30"),
    ],
)
def test_what_is_awaited_and_by_when(
    make_sent: Make, gp: Person, clinic: Any, priority: str, heard: list[str], stage: str, due: str
) -> None:
    with time_machine.travel(MONDAY, tick=False) as machine:
        referral = make_sent(priority=priority)
        for one in heard:
            machine.shift(60)
            says = {"starts": f"{one}T10:20:00+00:00"} if one[0] == "2" else {}
            says |= {"letter": "5d1fb7a6-2f4e-4c0e-9c57-0a2f6f1f4e01"} if one == "letter-filed" else {}
            actions.record_event(referral=referral, kind="booked" if one[0] == "2" else one, by=gp.actor, says=says)
    running = clock(referral)
    assert (running.stage, running.due_on) == (stage, dt.date.fromisoformat(due))
    assert (running.owner, running.started_at) == (gp.user, MONDAY)


@pytest.mark.parametrize(("heard", "outcome"), [("completed", "completed"), ("withdrawn", "withdrawn")])
def test_what_ended_says_how(make_draft: Make, make_sent: Make, gp: Person, heard: str, outcome: str) -> None:
    referral = make_draft() if heard == "withdrawn" else make_sent()
    actions.record_event(referral=referral, kind=heard, by=gp.actor)
    running = clock(referral)
    assert (running.open, running.outcome) == (False, outcome)
    assert referral.due_on is None


def test_reading_the_letter_ends_the_waiting(make_sent: Make, gp: Person, nurse: Person) -> None:
    referral = make_sent()
    letter = file_letter(referral.service.organisation, referral.patient, "<p>Seen</p>")
    assert isinstance(letter, Letter)
    says = {"letter": str(letter.pk), "title": "Clinic letter"}
    actions.record_event(referral=referral, kind="letter-filed", by=gp.actor, says=says)
    assert clock(referral).stage == "read"
    read_letter(letter=letter, by=nurse.actor)
    read_letter(letter=letter, by=gp.actor)
    assert (clock(referral).open, clock(referral).outcome) == (False, "replied")


def test_silence_brings_it_to_a_second_person_and_to_the_manager(
    make_sent: Make, gp: Person, receptionist: Person, practice_manager: Person
) -> None:
    with time_machine.travel(MONDAY, tick=False) as machine:
        referral = make_sent(priority="suspected-cancer", service=_taking_cancer())
        for hours in range(0, 24 * 9, 6):
            machine.move_to(MONDAY + dt.timedelta(hours=hours))
            silence.sweep()
        shown = receptionist.client.get(f"/referrals/{referral.pk}/").content.decode()
        assert "Nothing heard by 24 Nov" in shown
        assert "Still nothing heard: brought to M Okafor" in shown
        assert "Still nothing heard: brought to J Bell" in shown
        for who in (gp, receptionist, practice_manager):
            assert "SMITH" in who.client.get("/referrals/?list=mine").content.decode()
    assert clock(referral).owner == gp.user


def _taking_cancer() -> Any:
    from exchange.models import Service

    Service.objects.update(accepts_suspected_cancer=True)
    return Service.objects.get(service_id="9000000201")


# Death and leaving ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", ["draft", "sent", "delivered", "rejected"])
def test_a_death_makes_each_open_referral_a_decision_once(
    make_draft: Make, make_sent: Make, gp: Person, state: str
) -> None:
    referral = make_draft() if state == "draft" else make_sent()
    if state in ("delivered", "rejected"):
        actions.record_event(referral=referral, kind=state, by=gp.actor)
    Patient.objects.filter(pk=referral.patient_id).update(deceased=True)
    assert (deciding.sweep(), deciding.sweep()) == (1, 0)
    assert clock(referral).stage == "decide"
    assert Referral.objects.get(pk=referral.pk).state == state
    assert AuditEvent.objects.get(action="patient of referral died").patient_id == referral.patient_id
    shown = gp.client.get(f"/referrals/{referral.pk}/").content.decode()
    assert "The patient has died." in shown
    assert "Decide whether the referral stands." in shown


def test_what_is_over_is_no_decision(make_sent: Make, gp: Person) -> None:
    referral = make_sent()
    actions.record_event(referral=referral, kind="completed", by=gp.actor)
    Patient.objects.update(deceased=True)
    assert deciding.sweep() == 0
    assert referral.events.count() == 3


def test_leaving_the_practice_leaves_the_decision_with_it_and_nothing_more(
    make_sent: Make, gp: Person, receptionist: Person
) -> None:
    referral = make_sent()
    Relationship.objects.filter(kind="registered").update(until=timezone.now())
    assert (deciding.sweep(), deciding.sweep()) == (1, 0)
    page = receptionist.client.get(f"/referrals/{referral.pk}/").content.decode()
    assert "is not registered here any more" in page
    assert gp.client.get(f"/patients/{referral.patient_id}/").status_code == 404
    actions.record_event(referral=referral, kind="delivered", by=gp.actor)
    following.close(referral=referral, version=referral.version, why="left", note="", by=gp.actor)
    assert gp.client.get(f"/referrals/{referral.pk}/").status_code == 404


def test_that_it_stands_sets_it_waiting_again(make_sent: Make, gp: Person) -> None:
    referral = make_sent()
    Patient.objects.update(deceased=True)
    deciding.sweep()
    referral.refresh_from_db()
    following.keep(referral=referral, version=referral.version, by=gp.actor)
    assert clock(referral).stage == "acknowledge"
    with pytest.raises(NotAllowedNow):
        following.keep(referral=referral, version=referral.version, by=gp.actor)
    assert deciding.sweep() == 0


def test_a_referral_from_before_there_were_clocks_gets_one(make_sent: Make) -> None:
    referral = make_sent()
    Referral.objects.update(clock=None)
    Clock.objects.update(concerns_id="gone")
    assert (deciding.sweep(), deciding.sweep()) == (1, 0)
    assert clock(referral).stage == "acknowledge"


# Whatever happens -----------------------------------------------------------------------------------------------------
HEARD = [kind for kind in Kind.values if kind not in ("drafted", "edited", "sent", "withdrawn")]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    heard=st.lists(st.tuples(st.sampled_from(HEARD), st.integers(-50, 24 * 40)), max_size=8),
    priority=st.sampled_from(Referral.Priority.values),
    sweeps=st.booleans(),
)
def test_no_referral_is_without_an_owner_and_no_clock_is_lost(
    heard: list[tuple[str, int]], priority: str, sweeps: bool, make_sent: Make, gp: Person, clinic: Any
) -> None:
    """After anything at all: open with an owner and a working day, or closed with an outcome; and there is a way on."""
    with time_machine.travel(MONDAY, tick=False) as machine:
        referral = make_sent(priority=priority)
        for kind, hours in heard:
            machine.shift(dt.timedelta(hours=max(hours, 1)))
            at = timezone.now() + dt.timedelta(hours=min(hours, 0))
            actions.record_event(referral=referral, kind=kind, by=gp.actor, at=at)
            if sweeps:
                silence.sweep()
            running = clock(referral)
            if referral.state in states.OPEN:
                assert running.open
                assert running.owner == gp.user
                assert is_working_day(running.due_on)
                assert (running.next_at is None) == (running.level == Clock.Level.MANAGER)
                assert referral.state in (State.SENT, *states.ALLOWED["close"])
            elif not running.open:
                assert running.outcome in clocks.OUTCOMES.values()
            assert referral.state == states.fold(referral.events.all())
