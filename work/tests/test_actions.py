"""Starting, moving on, giving away, chasing and closing: each leaves its event, and what is refused leaves nothing."""

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.db import IntegrityError, transaction

from access import audit
from access.models import AuditEvent
from conftest import Person
from work import actions, silence
from work.models import Clock, ClockEvent
from work.tests.conftest import at

Make = Callable[..., Clock]
pytestmark = pytest.mark.django_db


def test_a_thing_has_one_clock(make_clock: Make) -> None:
    make_clock(concerns_id="7")
    with pytest.raises(IntegrityError), transaction.atomic():
        make_clock(concerns_id="7")
    assert ClockEvent.objects.count() == 1


def test_the_same_news_twice_sets_no_new_deadline(make_clock: Make, receptionist: Person) -> None:
    with time_machine.travel(at(23), tick=False):
        running = make_clock()
        for _ in range(2):
            actions.move_on(
                clock=running,
                stage="come",
                counted_from=dt.date(2026, 11, 23),
                priority="quick",
                by=receptionist.actor,
            )
    running.refresh_from_db()
    assert (running.stage, running.due_on, running.turn) == ("come", dt.date(2026, 11, 30), 2)
    assert list(running.events.values_list("kind", flat=True)) == ["started", "moved-on"]
    assert running.started_at == at(23)


def test_news_after_the_end_begins_it_again(make_clock: Make, receptionist: Person) -> None:
    running = make_clock()
    actions.close(clock=running, outcome="done", by=receptionist.actor)
    day = dt.date(2026, 11, 23)
    actions.move_on(clock=running, stage="come", counted_from=day, priority="quick", by=receptionist.actor)
    running.refresh_from_db()
    assert (running.open, running.outcome) == (True, "")
    assert running.next_at is not None


def test_a_chase_moves_the_day_and_keeps_the_limits_to_be_seen(make_clock: Make, receptionist: Person) -> None:
    with time_machine.travel(at(23), tick=False) as clock:
        running = make_clock()
        clock.move_to(at(25))
        silence.sweep()
        saturday = dt.date(2026, 11, 28)
        actions.note_chase(clock=running, answer_by=saturday, note="Rang, will answer", by=receptionist.actor)
        running.refresh_from_db()
        assert (running.limit_on, running.due_on) == (dt.date(2026, 11, 24), dt.date(2026, 11, 30))
        assert (running.promised, running.level) == (True, Clock.Level.QUIET)
        clock.move_to(at(1, month=12))
        silence.sweep()
    assert ClockEvent.objects.filter(kind="overdue").count() == 2
    assert ClockEvent.objects.get(kind="chased").says == {"due": "2026-11-30", "note": "Rang, will answer"}
    assert AuditEvent.objects.get(action="noted a chase").note == "errand"


@pytest.mark.parametrize("days", [-1, 91])
def test_a_promise_is_for_a_day_ahead_and_not_too_far(make_clock: Make, receptionist: Person, days: int) -> None:
    with time_machine.travel(at(23), tick=False):
        running = make_clock()
        day = dt.date(2026, 11, 23) + dt.timedelta(days=days)
        with pytest.raises(actions.NotPossible):
            actions.note_chase(clock=running, answer_by=day, note="", by=receptionist.actor)
    again = Clock.objects.get()
    assert (again.due_on, again.turn) == (running.due_on, 1)
    assert not AuditEvent.objects.exists()


def test_work_is_given_to_colleagues_only(
    make_clock: Make, receptionist: Person, nurse: Person, stranger: Person, privacy_officer: Person
) -> None:
    running = make_clock()
    for nobody in (stranger, privacy_officer):
        with pytest.raises(actions.NotPossible):
            actions.give(clocks=[running.pk], to=nobody.user, by=receptionist.actor)
    assert actions.give(clocks=[running.pk], to=stranger.user, by=stranger.actor) == 0
    assert Clock.objects.get().owner == receptionist.user
    assert not AuditEvent.objects.exists()
    assert actions.give(clocks=[running.pk], to=nurse.user, by=receptionist.actor) == 1
    assert actions.give(clocks=[running.pk], to=nurse.user, by=receptionist.actor) == 0
    assert Clock.objects.get().owner == nurse.user
    assert ClockEvent.objects.get(kind="given").says == {"to": "Bev Hughes"}


def test_an_act_and_its_audit_are_one(
    make_clock: Make, receptionist: Person, nurse: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = make_clock()

    def broken(**_: object) -> None:
        raise RuntimeError("no audit")

    monkeypatch.setattr(audit, "record", broken)
    with pytest.raises(RuntimeError):
        actions.give(clocks=[running.pk], to=nurse.user, by=receptionist.actor)
    with pytest.raises(RuntimeError):
        actions.note_chase(clock=running, answer_by=running.due_on, note="Rang", by=receptionist.actor)
    again = Clock.objects.get()
    assert (again.owner, again.turn) == (receptionist.user, 1)
    assert ClockEvent.objects.count() == 1
