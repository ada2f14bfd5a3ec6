"""A practice's limits: dated, previewed as they then work out, applied once, taken back."""

import datetime as dt
from collections.abc import Callable
from copy import deepcopy

import pytest
import time_machine

from access.models import AuditEvent
from conftest import Person
from work import actions, limits, silence
from work.models import Clock, ClockEvent, Limits
from work.tests.conftest import at
from work.tests.declared import RULES

Make = Callable[..., Clock]
pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 23)


def numbers(**go: int) -> dict[str, dict[str, int]]:
    changed = deepcopy(RULES.numbers)
    for priority, number in go.items():
        changed[priority]["go"] = number
    return changed


def test_the_preview_says_what_then_happens(make_clock: Make, receptionist: Person, practice_manager: Person) -> None:
    with time_machine.travel(at(23), tick=False):
        make_clock(priority="slow", counted_from=dt.date(2026, 11, 18))
        promised = make_clock(priority="slow", counted_from=dt.date(2026, 11, 18))
        actions.note_chase(clock=promised, answer_by=dt.date(2026, 12, 1), note="", by=receptionist.actor)
        make_clock(priority="quick")
        organisation = practice_manager.actor.organisation_id
        assert organisation
        told = limits.effect(organisation, RULES, numbers(slow=1))
        assert told == limits.Effect(moved=1, late=1, late_now=0)
        actions.set_limits(
            concerns="errand", numbers=numbers(slow=1), second=None, valid_from=TODAY, by=practice_manager.actor
        )
        late = Clock.objects.filter(due_on__lt=TODAY)
        assert late.count() == told.late
        promised.refresh_from_db()
        assert (promised.due_on, promised.limit_on) == (dt.date(2026, 12, 1), dt.date(2026, 11, 19))
        assert ClockEvent.objects.filter(kind="limits").count() == 2
        silence.sweep()
        assert ClockEvent.objects.filter(kind="overdue", clock=late.get()).count() == 1
    assert AuditEvent.objects.filter(action="set deadlines").count() == 1


def test_a_later_day_is_waited_for_and_applied_once(make_clock: Make, practice_manager: Person) -> None:
    with time_machine.travel(at(23), tick=False) as clock:
        running = make_clock(priority="slow")
        before = running.due_on
        made = actions.set_limits(
            concerns="errand",
            numbers=numbers(slow=10),
            second=None,
            valid_from=dt.date(2026, 11, 25),
            by=practice_manager.actor,
        )
        silence.sweep()
        running.refresh_from_db()
        assert (running.due_on, made.applied_at) == (before, None)
        clock.move_to(at(25))
        silence.sweep()
        silence.sweep()
        running.refresh_from_db()
    assert running.due_on == dt.date(2026, 12, 7)
    assert ClockEvent.objects.filter(kind="limits").count() == 1


def test_what_has_not_begun_can_be_taken_back_and_nothing_else(practice_manager: Person, stranger: Person) -> None:
    with time_machine.travel(at(23), tick=False):
        given = {"concerns": "errand", "numbers": numbers(slow=9), "second": None, "by": practice_manager.actor}
        later = actions.set_limits(valid_from=TODAY + dt.timedelta(days=2), **given)  # type: ignore[arg-type]
        with pytest.raises(Limits.DoesNotExist):
            actions.withdraw_limits(made=later, by=stranger.actor)
        actions.withdraw_limits(made=later, by=practice_manager.actor)
        now = actions.set_limits(valid_from=TODAY, **given)  # type: ignore[arg-type]
        with pytest.raises(actions.NotPossible):
            actions.withdraw_limits(made=now, by=practice_manager.actor)
        with pytest.raises(actions.NotPossible):
            actions.set_limits(valid_from=TODAY - dt.timedelta(days=1), **given)  # type: ignore[arg-type]
    assert Limits.objects.filter(withdrawn_at__isnull=True).get() == now


def test_another_practice_keeps_its_own(make_clock: Make, practice_manager: Person, stranger: Person) -> None:
    with time_machine.travel(at(23), tick=False):
        theirs = make_clock(organisation_id=stranger.actor.organisation_id, owner_id=stranger.user.pk)
        actions.set_limits(
            concerns="errand", numbers=numbers(quick=9), second=None, valid_from=TODAY, by=practice_manager.actor
        )
        before = theirs.due_on
        theirs.refresh_from_db()
        assert theirs.due_on == before
        assert make_clock().due_on == dt.date(2026, 12, 4)


def test_the_second_person_is_whom_the_practice_named(make_clock: Make, gp: Person, practice_manager: Person) -> None:
    with time_machine.travel(at(23), tick=False) as clock:
        given = {"concerns": "errand", "numbers": RULES.numbers, "valid_from": TODAY}
        actions.set_limits(second=gp.user, by=practice_manager.actor, **given)  # type: ignore[arg-type]
        running = make_clock()
        clock.move_to(at(26))
        silence.sweep()
    running.refresh_from_db()
    assert running.second == gp.user
