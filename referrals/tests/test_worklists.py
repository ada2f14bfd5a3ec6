"""The worklists: what is counted is what is listed, whatever happened; and what was closed is not read to count."""

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import Organisation
from conftest import Person
from exchange.models import Service
from records.models import Patient, Relationship
from referrals import actions, clocks, panels, reach, stages, states, worklists
from referrals.models import CLOSED, Referral, ReferralEvent
from work.models import Clock

pytestmark = pytest.mark.django_db
State, Kind = Referral.State, ReferralEvent.Kind
EVERYTHING = slice(0, 10_000)
HEARD = [kind for kind in Kind.values if kind not in ("drafted", "edited", "sent", "withdrawn")]
#: Where the patient is: here, gone, joined to somebody who is here or gone, or with a referral of another practice.
WHERE = ["here", "gone", "joined here", "joined gone", "elsewhere"]
CLOCKS = ["runs", "late", "silent", "with second", "with manager", "none", "closed"]


def test_what_the_index_calls_closed_is_what_is_not_open() -> None:
    assert set(CLOSED) == set(State.values) - states.OPEN == set(clocks.OUTCOMES)


def test_every_open_state_has_one_list() -> None:
    named = [state for one in worklists.LISTS for state in one.states]
    assert sorted(named) == sorted(states.OPEN)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    happened=st.lists(
        st.tuples(
            st.booleans(),
            st.lists(st.sampled_from(HEARD), max_size=4),
            st.sampled_from(WHERE),
            st.sampled_from(CLOCKS),
            st.sampled_from(["gp", "receptionist", "practice_manager"]),
        ),
        max_size=6,
    )
)
def test_what_is_counted_is_what_is_listed(
    happened: list[tuple[bool, list[str], str, str, str]],
    gp: Person,
    receptionist: Person,
    practice_manager: Person,
    stranger: Person,
    make_patient: Callable[..., Patient],
    make_draft: Callable[..., Referral],
) -> None:
    """For each person: each list is its count, and holds what a plain reading of the rows says."""
    people = {"gp": gp, "receptionist": receptionist, "practice_manager": practice_manager}
    before = set(Referral.objects.values_list("pk", flat=True))
    expected_reach: dict[Any, bool] = {}
    for sent, heard, where, clock, owner in happened:
        referral = make_draft(by=stranger if where == "elsewhere" else gp, patient=make_patient(phone="1"))
        if sent:
            for kind in (Kind.SENT, *heard):
                says = {"letter": "5d1fb7a6-2f4e-4c0e-9c57-0a2f6f1f4e01"} if kind == Kind.LETTER_FILED else {}
                actions.record_event(referral=referral, kind=kind, by=gp.actor, says=says)
        _move(referral.patient, where, make_patient)
        _set(referral, clock, people[owner], receptionist, practice_manager)
        expected_reach[referral.pk] = where in ("here", "joined here")
    made = Referral.objects.exclude(pk__in=before).select_related("clock")
    for who in people.values():
        _assert_lists(who, [r for r in made if r.organisation_id == who.actor.organisation_id], expected_reach, before)


def _move(patient: Patient, where: str, make_patient: Callable[..., Patient]) -> None:
    if where.startswith("joined"):
        kept = make_patient(nhs_number="", nhs_number_status="absent")
        Patient.objects.filter(pk=patient.pk).update(merged_into=kept)
        patient = kept
    if where.endswith("gone"):
        Relationship.objects.filter(patient=patient).update(until=timezone.now())


def _set(referral: Referral, clock: str, owner: Person, second: Person, manager: Person) -> None:
    """How it is with the clock, also as it cannot be but for a moment: none, or closed while the referral is open."""
    held = Clock.objects.filter(concerns_id=str(referral.pk), closed_at__isnull=True)
    held.update(owner=owner.user)
    if clock == "late":
        held.update(due_on=timezone.localdate() - dt.timedelta(days=1))
    elif clock in ("silent", "with second", "with manager"):
        level = {"silent": 2, "with second": 3, "with manager": 4}[clock]
        held.update(level=level, second=second.user, manager=manager.user)
    elif clock == "none":
        Referral.objects.filter(pk=referral.pk).update(clock=None)
    elif clock == "closed":
        held.update(closed_at=timezone.now(), outcome="closed", next_at=None)


def _assert_lists(who: Person, made: list[Referral], reachable: dict[Any, bool], before: set[Any]) -> None:
    today = timezone.localdate()
    lists = worklists.all_lists(who.actor, today)
    listed = reach.listed(who.actor)
    shown = {
        one.name: {r.pk for r in worklists.page(listed, one, today, EVERYTHING)} - before
        for one in lists
    }  # fmt: skip
    old = {one.name: len(worklists.page(listed, one, today, EVERYTHING)) - len(shown[one.name]) for one in lists}
    counted = worklists.counts(listed, lists)
    assert {name: len(ids) + old[name] for name, ids in shown.items() if name != "closed"} == counted
    assert panels.to_do(who.actor) == counted["next"]
    visible = [r for r in made if r.state in states.OPEN or reachable[r.pk]]
    for name, ids in shown.items():
        assert ids == {r.pk for r in visible if name in _stands_in(r, who, today)}, name
    everywhere = [pk for one in worklists.LISTS for pk in shown[one.name]]
    assert sorted(everywhere) == sorted(r.pk for r in visible)  # each in one, and in no second


_BY_STATE = {
    State.DRAFT: "to-complete",
    State.ASKED: "asked",
    State.REJECTED: "rejected",
    State.SENT: "not-delivered",
    State.NOT_DELIVERED: "not-delivered",
    State.DELIVERED: "waiting",
    State.ACCEPTED: "waiting",
    State.BOOKED: "booked",
}


def _stands_in(referral: Referral, who: Person, today: dt.date) -> set[str]:
    """The lists it belongs in for somebody, read from its row and clock alone."""
    clock = referral.clock if referral.clock is not None and referral.clock.open else None
    unread = referral.state == State.ANSWERED and clock is not None
    found = {_BY_STATE.get(State(referral.state), "to-read" if unread else "closed")}
    if clock is not None:
        if clock.due_on < today or clock.stage in worklists.OURS:
            found.add("next")
        brought = (clock.level >= 3 and clock.second == who.user) or (clock.level >= 4 and clock.manager == who.user)
        if clock.owner == who.user or brought:
            found.add("mine")
    return found


# What is read ---------------------------------------------------------------------------------------------------------
OPEN_ROWS, CLOSED_ROWS = 40, 2_000
PASSES = 4  # of the one query that counts: states, next, mine, replies to read; each looks at open ones only


@pytest.fixture
def years(gp: Person, clinic: Service, make_patient: Callable[..., Patient], riverside: Organisation) -> None:
    """A practice with many closed referrals and few open ones."""
    patient, now, today = make_patient(), timezone.now(), timezone.localdate()
    found = []
    for n in range(OPEN_ROWS + CLOSED_ROWS):
        is_open = n < OPEN_ROWS
        stage, state = [(stages.DECIDE, State.REJECTED), (stages.BOOK, State.ACCEPTED)][n % 2]
        clock = Clock(
            concerns=stages.CONCERNS,
            concerns_id=str(n),
            organisation=riverside,
            priority="routine",
            stage=stage,
            started_at=now,
            counted_from=today,
            limit_on=today,
            due_on=today,
            set_at=now,
            owner=gp.user,
            outcome="" if is_open else "completed",
            closed_at=None if is_open else now,
        )
        state = state if is_open else State.COMPLETED
        found.append(
            Referral(
                patient=patient, service=clinic, organisation=riverside, author=gp.user, state=state, clock=clock
            )
        )  # fmt: skip
    Clock.objects.bulk_create([referral.clock for referral in found if referral.clock])
    Referral.objects.bulk_create(found)
    with connections["owner"].cursor() as cursor:  # what autovacuum does within a minute
        cursor.execute("ANALYZE referrals_referral, work_clock, records_patient, records_relationship")


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
@pytest.mark.parametrize("name", ["next", "mine", "rejected", "waiting", "booked", "to-read", "closed"])
def test_what_was_closed_is_not_read_to_count_or_to_list(years: None, gp: Person, name: str) -> None:
    """Neither a referral nor a clock that is closed is looked at, but for the page that shows some."""
    today = timezone.localdate()
    lists = worklists.all_lists(gp.actor, today)
    chosen = next(one for one in lists if one.name == name)
    listed = reach.listed(gp.actor)
    with CaptureQueriesContext(connection) as asked:
        counted = worklists.counts(listed, lists)
        found = list(worklists.ordered(listed, chosen, today).select_related(None).values_list("pk")[:51])
    assert len(asked) == 2
    assert len(found) == (51 if name == "closed" else counted[name])
    for query in asked.captured_queries:
        for table in ("referrals_referral", "work_clock"):
            assert _rows_read(query["sql"], table) <= PASSES * OPEN_ROWS, (name, table, query["sql"])


def _rows_read(sql: str, table: str) -> int:
    """How many rows of a table are looked at. One as small as a test's would be read whole: that is forbidden here."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + sql.replace("%", "%%"))
        plan = cursor.fetchone()[0]
        cursor.execute("RESET enable_seqscan")
    (whole,) = json.loads(plan) if isinstance(plan, str) else plan
    return int(
        sum(
            (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
            for node in _nodes(whole["Plan"])
            if node.get("Relation Name") == table
        )
    )


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)
