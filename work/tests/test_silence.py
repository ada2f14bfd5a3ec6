"""Silence becomes an event: each level of each deadline once, in order, whatever becomes of the machines."""

import datetime as dt
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import AuditEvent, Membership
from conftest import Person
from work import actions, silence
from work.days import is_working_day
from work.models import Clock, ClockEvent
from work.tests.conftest import at

Level, Kind = Clock.Level, ClockEvent.Kind
FIRED = [Kind.SOON, Kind.OVERDUE, Kind.SECOND, Kind.MANAGER]
Make = Callable[..., Clock]


def fired(**of: Any) -> list[str]:
    return list(ClockEvent.objects.filter(kind__in=FIRED, **of).values_list("kind", flat=True))


@pytest.mark.django_db
def test_amber_red_a_second_person_and_the_manager(
    make_clock: Make, nurse: Person, practice_manager: Person, receptionist: Person
) -> None:
    with time_machine.travel(at(20), tick=False) as clock:  # a Friday
        running = make_clock(priority="slow")
        assert running.due_on == dt.date(2026, 11, 27)
        seen: list[tuple[int, str]] = []
        for day in range(20, 31):
            for hour in (0, 8, 16):
                clock.move_to(at(day, hour))
                silence.sweep()
                seen += [(day, kind) for kind in fired()[len(seen) :]]
        for day in range(1, 10):
            clock.move_to(at(day, 8, month=12))
            silence.sweep()
            seen += [(day, kind) for kind in fired()[len(seen) :]]
    assert seen == [(26, "soon"), (28, "overdue"), (1, "second"), (3, "manager")]
    running.refresh_from_db()
    assert (running.level, running.next_at) == (Level.MANAGER, None)
    assert (running.owner, running.second, running.manager) == (receptionist.user, nurse.user, practice_manager.user)


@pytest.mark.django_db
def test_a_machine_that_slept_hears_each_silence_once_and_in_the_order_in_which_they_fell(make_clock: Make) -> None:
    with time_machine.travel(at(23), tick=False) as clock:
        make_clock(priority="quick")
        make_clock(priority="quick", counted_from=dt.date(2026, 11, 24))
        clock.move_to(at(4, month=12))
        silence.BATCH = 1  # type: ignore[misc]
        try:
            silence.sweep()
        finally:
            silence.BATCH = 200  # type: ignore[misc]
        silence.sweep()
    events = ClockEvent.objects.filter(kind__in=FIRED).order_by("pk")
    falls = [dt.datetime.fromisoformat(event.says["fell"]) for event in events]
    assert falls == sorted(falls)
    for running in Clock.objects.all():
        assert fired(clock=running)[-3:] == ["overdue", "second", "manager"]
    assert len(set(events.values_list("clock", "turn", "kind"))) == len(events)


@pytest.mark.django_db
def test_the_clock_of_the_machine_going_back_fires_nothing_again(make_clock: Make) -> None:
    with time_machine.travel(at(23), tick=False) as clock:
        make_clock()
        clock.move_to(at(25))
        silence.sweep()
        before = fired()
        clock.move_to(at(24))
        silence.sweep()
        clock.move_to(at(25))
        silence.sweep()
    assert before == fired() == ["overdue"]


@pytest.mark.django_db
def test_what_is_closed_never_fires_and_says_how_it_ended(make_clock: Make, receptionist: Person) -> None:
    with time_machine.travel(at(23), tick=False) as clock:
        running = make_clock()
        actions.close(clock=running, outcome="done", by=receptionist.actor)
        actions.close(clock=running, outcome="done again", by=receptionist.actor)
        clock.move_to(at(30))
        silence.sweep()
    running.refresh_from_db()
    assert (running.open, running.outcome, running.next_at, fired()) == (False, "done", None, [])


@pytest.mark.django_db
def test_the_database_keeps_nothing_open_without_owner_and_nothing_closed_without_outcome(make_clock: Make) -> None:
    running = make_clock()
    for change in ({"owner": None}, {"closed_at": timezone.now(), "next_at": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Clock.objects.filter(pk=running.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        Clock.objects.filter(pk=running.pk).update(closed_at=timezone.now(), outcome="done")
    running.refresh_from_db()
    assert running.open
    assert running.owner_id


@pytest.mark.django_db
def test_an_event_cannot_be_changed_and_a_level_not_be_written_twice(make_clock: Make) -> None:
    with time_machine.travel(at(23), tick=False) as clock:
        make_clock()
        clock.move_to(at(25))
        silence.sweep()
    one = ClockEvent.objects.get(kind=Kind.OVERDUE)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        ClockEvent.objects.filter(pk=one.pk).update(by="Somebody else")
    one.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        one.save(force_insert=True)
    assert fired() == ["overdue"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_hear_each_silence_once(make_clock: Make) -> None:
    with time_machine.travel(at(23), tick=False):
        for _ in range(60):
            make_clock()
    with time_machine.travel(at(1, month=12), tick=False):
        together(silence.sweep)
    assert len(fired()) == 60 * 3
    assert sorted(set(fired())) == ["manager", "overdue", "second"]
    assert not Clock.objects.exclude(level=Level.MANAGER).exists()


@pytest.mark.django_db(transaction=True)
def test_a_clock_in_somebodys_hands_is_heard_at_the_next_sweep(make_clock: Make) -> None:
    with time_machine.travel(at(23), tick=False):
        running = make_clock()
    with time_machine.travel(at(25), tick=False):
        with transaction.atomic():
            Clock.objects.select_for_update().get(pk=running.pk)
            heard = together(silence.sweep)
        assert heard == [0, 0]
        assert silence.sweep() == 1
    assert fired() == ["overdue"]


def together(act: Callable[[], int]) -> list[int]:
    """The same act by two workers at once; what each returned."""
    ready, returned = threading.Barrier(2), []

    def worker() -> None:
        try:
            ready.wait()
            returned.append(act())
        finally:
            connection.close()

    workers = [threading.Thread(target=worker) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    return returned


@pytest.mark.django_db
def test_a_sweep_that_breaks_half_way_leaves_nothing_behind(make_clock: Make, monkeypatch: Any) -> None:
    with time_machine.travel(at(23), tick=False) as clock:
        running = make_clock()
        clock.move_to(at(25))
        monkeypatch.setattr(ClockEvent.objects, "bulk_create", lambda *_: (_ for _ in ()).throw(RuntimeError("lost")))
        with pytest.raises(RuntimeError):
            silence.sweep()
        monkeypatch.undo()
        running.refresh_from_db()
        assert (running.level, fired()) == (Level.SOON, [])
        silence.sweep()
    assert fired() == ["overdue"]


@pytest.mark.django_db
def test_who_leaves_the_practice_leaves_nothing_without_an_owner(
    make_clock: Make, receptionist: Person, nurse: Person
) -> None:
    running = make_clock()
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    Membership.objects.filter(pk=receptionist.membership.pk).update(until=yesterday)
    silence.sweep()
    silence.sweep()
    running.refresh_from_db()
    assert running.owner == nurse.user
    (given_on,) = ClockEvent.objects.filter(kind=Kind.GIVEN)
    assert given_on.says == {"to": "Bev Hughes", "was": "M Okafor"}
    assert AuditEvent.objects.filter(action="gave work to a colleague").count() == 1


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["move", "chase", "close", "give", "sweep"]),
        st.integers(0, 4 * 24),
        st.sampled_from(["go", "come"]),
        st.integers(0, 20),
    ),
    max_size=12,
)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.datetimes(dt.datetime(2026, 3, 20), dt.datetime(2027, 4, 10)), acts=ACTS)  # noqa: DTZ001
def test_whatever_is_done_no_clock_is_lost(
    start: dt.datetime,
    acts: list[tuple[str, int, str, int]],
    make_clock: Make,
    receptionist: Person,
    nurse: Person,
) -> None:
    """Open: an owner, a working day, another level ahead or the last reached. Closed: silent. Each level once."""
    with transaction.atomic(), time_machine.travel(start.replace(tzinfo=dt.UTC), tick=False) as machine:
        running = make_clock()
        by = receptionist.actor
        for act, hours, stage, days in acts:
            machine.shift(dt.timedelta(hours=hours))
            running.refresh_from_db()
            levels = fired(clock=running)
            today = timezone.localdate()
            if act == "move":
                actions.move_on(clock=running, stage=stage, counted_from=today, priority="slow", by=by)
            elif act == "close":
                actions.close(clock=running, outcome="done", by=by)
            elif act == "give":
                actions.give(clocks=[running.pk], to=nurse.user if days % 2 else receptionist.user, by=by)
            elif act == "chase" and running.open:
                actions.note_chase(clock=running, answer_by=today + dt.timedelta(days=days), note="rang", by=by)
            elif act == "sweep":
                silence.sweep()
            was_open = running.open
            running.refresh_from_db()
            assert is_working_day(running.due_on)
            assert is_working_day(running.limit_on)
            if running.open:
                assert running.owner_id
                assert (running.next_at is None) == (running.level == Level.MANAGER)
            else:
                assert running.outcome
                assert running.next_at is None
                assert was_open or fired(clock=running) == levels
        for turn in set(running.events.values_list("turn", flat=True)):
            mine = fired(clock=running, turn=turn)
            places = [FIRED.index(Kind(kind)) for kind in mine]
            assert all(after == before + 1 for before, after in pairwise(places))
        transaction.set_rollback(True)
