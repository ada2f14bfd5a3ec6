"""Everybody gets a turn: rings that never starve, partners served alike, and a queue whose length costs nothing."""

import datetime as dt
import json
import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Organisation
from exchange import beside, claims, inbox, outbox, tasks
from exchange.models import InboxMessage, OutboxMessage, Partner
from exchange.tests.arriving import came_in
from exchange.tests.stub import Say, Stub

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]
Bell = list[tuple[str, str]]


@pytest.fixture
def other(hospital: Partner) -> Partner:
    """A second partner, behind the same pretend system; both have just delivered something."""
    organisation = Organisation.objects.create(ods_code="RZZ02", name="Southern Infirmary", kind="hospital")
    made = Partner.objects.create(
        organisation=organisation,
        endpoint=hospital.endpoint,
        token_url=hospital.token_url,
        jwks_url=hospital.jwks_url,
    )
    Partner.objects.update(last_delivered_at=timezone.now())
    return made


def delivered(partner: Partner) -> int:
    return OutboxMessage.objects.filter(to=partner, state="delivered").count()


def test_a_long_queue_for_one_keeps_nobody_elses_waiting(
    put: Put, hospital: Partner, other: Partner, stub_partner: Stub
) -> None:
    for _ in range(5):
        put()
    assert claims.claim_next(hospital.pk) is not None
    theirs = put(to=other)
    assert outbox.work() == "delivered"
    theirs.refresh_from_db()
    assert (theirs.state, delivered(hospital)) == ("delivered", 0)


def test_the_one_due_longest_goes(put: Put, stub_partner: Stub) -> None:
    first, _ = put(), put()
    assert outbox.work() == "delivered"
    first.refresh_from_db()
    assert first.state == "delivered"
    assert outbox.work() == "delivered"
    assert outbox.work() == "nothing-due"


def test_a_sweep_rings_for_every_partner_what_it_takes_at_once(
    put: Put, hospital: Partner, other: Partner, bell: Bell
) -> None:
    mine = [put() for _ in range(9)]
    theirs = [put(to=other) for _ in range(2)]
    assert claims.claim_next(hospital.pk) is not None
    bell.clear()
    assert outbox.sweep() == 5
    assert {rung for _, rung in bell} == {str(one.pk) for one in (*mine[1:4], *theirs)}


def test_a_sweep_asks_whoever_rested_with_one_message(put: Put, hospital: Partner, bell: Bell) -> None:
    first, *_ = [put() for _ in range(5)]
    Partner.objects.update(rest_until=timezone.now() - dt.timedelta(seconds=1), last_delivered_at=timezone.now())
    bell.clear()
    outbox.sweep()
    assert bell == [("exchange.tasks.deliver", str(first.pk))]


@pytest.mark.django_db(transaction=True)
def test_a_long_queue_does_not_pile_up_rings(put: Put, hospital: Partner, other: Partner, bell: Bell) -> None:
    for _ in range(10):
        put()
    assert len(bell) == hospital.max_in_flight
    put(to=other)
    assert len(bell) == hospital.max_in_flight + 1


def test_once_a_quiet_partner_answers_as_many_go_as_it_takes(put: Put, bell: Bell, stub_partner: Stub) -> None:
    for _ in range(9):
        put()
    bell.clear()
    outbox.work()
    assert len(bell) == 4, "nobody knew whether they were there"
    bell.clear()
    outbox.work()
    assert bell == [], "whoever is at work goes on without being rung for"


def test_every_ring_lost_still_everything_goes(put: Put, bell: Bell, stub_partner: Stub) -> None:
    for _ in range(12):
        put()
    bell.clear()
    outbox.sweep()
    while bell:
        bell.pop()
        outbox.work_on(lambda work: bool(work() or True))
    assert OutboxMessage.objects.filter(state="delivered").count() == 12


def test_whoever_has_read_a_letter_goes_on_with_the_next(hospital: Partner, bell: Bell) -> None:
    for _ in range(30):
        came_in(hospital, "{}", due_at=timezone.now(), event="servicerequest-response")
    assert inbox.sweep() == 20
    bell.clear()
    first, *_ = InboxMessage.objects.all()
    assert inbox.file(first.pk) == "filed"
    ((task, rung),) = bell
    assert (task, InboxMessage.objects.get(pk=rung).state) == ("exchange.tasks.file", "received")


def test_a_worker_goes_on_for_a_while_and_then_rings_for_the_rest(
    put: Put, other: Partner, bell: Bell, stub_partner: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        put()
    monkeypatch.setattr(outbox, "AT_A_STRETCH", 0.0)
    bell.clear()
    tasks.deliver("")
    assert OutboxMessage.objects.filter(state="delivered").count() == 1
    assert len(bell) == 1
    monkeypatch.setattr(outbox, "AT_A_STRETCH", 60.0)
    tasks.deliver("")
    assert OutboxMessage.objects.filter(state="delivered").count() == 3


# What it costs --------------------------------------------------------------------------------------------------------
def test_a_delivery_asks_the_database_little(put: Put, hospital: Partner, stub_partner: Stub) -> None:
    outbox.deliver(put().pk)  # token, keys and connection are kept from here on
    message = put()
    with CaptureQueriesContext(connection) as asked:
        assert outbox.work() == "delivered"
    said = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(said) <= 14, "\n".join(said)
    message.refresh_from_db()
    assert message.state == "delivered"
    assert len(stub_partner.tokens) == 1, "the token is kept"


MANY = 10_000


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_whose_turn_it_is_costs_the_same_however_many_wait(put: Put, hospital: Partner, other: Partner) -> None:
    told: dict[str, Any] = {"to": hospital, "headers": {}, "concerns": "referral", "due_at": timezone.now()}
    rows = [
        OutboxMessage(bundle_id=str(n), concerns_id=str(n), request_id=uuid4(), correlation_id=uuid4(), **told)
        for n in range(MANY)
    ]
    OutboxMessage.objects.bulk_create(rows, batch_size=1000)
    put(to=other)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE exchange_outboxmessage, exchange_partner, exchange_deliveryattempt")  # as autovacuum
    assert [turn.partner_id for turn in claims.turns()].count(other.pk) == 1
    with CaptureQueriesContext(connection) as asked:
        claims.turns()
        claims.next_for(hospital.pk, 4)
        assert claims.claim_next(other.pk) is not None
    read = {one["sql"]: rows_read(one["sql"]) for one in asked if one["sql"].startswith("SELECT")}
    assert sum(read.values()) < 200, read


def rows_read(query: str) -> int:
    """How many rows of messages PostgreSQL looks at for a query."""

    def of(plan: dict[str, Any]) -> int:
        own = plan["Actual Rows"] * plan["Actual Loops"] + plan.get("Rows Removed by Filter", 0)
        mine = int(own) if plan.get("Relation Name") == "exchange_outboxmessage" else 0
        return mine + sum(of(one) for one in plan.get("Plans", []))

    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) " + query)
        found = cursor.fetchone()[0]
    return of((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


def test_one_whose_partner_is_gone_is_not_among_them(put: Put, hospital: Partner, other: Partner) -> None:
    put()
    put(to=other)
    Partner.objects.filter(pk=hospital.pk).update(rest_until=timezone.now() + dt.timedelta(hours=1))
    assert [turn.partner_id for turn in claims.turns()] == [other.pk]
    Partner.objects.filter(pk=other.pk).update(sends=False)
    assert claims.turns() == []


# Beside the worker's other work ---------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_a_partner_that_hangs_holds_no_worker(put: Put, hospital: Partner, other: Partner, stub_partner: Stub) -> None:
    Partner.objects.filter(pk=hospital.pk).update(last_delivered_at=None)
    stub_partner.says = [Say(wait=0.5), Say()]
    hangs = put()
    began = time.monotonic()
    tasks.deliver(str(hangs.pk))
    assert time.monotonic() - began < 0.4
    wait_for(lambda: len(stub_partner.arrivals) == 1)
    theirs = put(to=other)
    tasks.deliver(str(theirs.pk))
    assert delivered(other) == 1
    wait_for(lambda: delivered(hospital) == 1)
    wait_for(lambda: not any(one.name == "beside" for one in threading.enumerate()))


def test_no_more_than_a_few_are_beside_and_the_rest_is_done_at_once() -> None:
    going = threading.Event()
    try:
        assert [beside.take(going.wait) for _ in range(beside.MOST + 1)] == [True] * beside.MOST + [False]
    finally:
        going.set()
    wait_for(lambda: not any(one.name == "beside" for one in threading.enumerate()))
    assert beside.take(lambda: None)


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)
