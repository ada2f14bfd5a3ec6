"""Everybody gets a turn: rings that never starve, partners served alike, and a queue whose length costs nothing."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Organisation
from exchange import claims, inbox, outbox, tasks
from exchange.models import InboxMessage, OutboxMessage, Partner
from exchange.tests.arriving import came_in
from exchange.tests.stub import Stub

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
    tasks.deliver(str(OutboxMessage.objects.filter(to=hospital).latest("created_at").pk))
    theirs.refresh_from_db()
    assert (theirs.state, delivered(hospital)) == ("delivered", 0)


def test_whichever_message_was_rung_for_the_one_due_longest_goes(put: Put, stub_partner: Stub) -> None:
    first, second = put(), put()
    tasks.deliver(str(second.pk))
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
    assert len(bell) == 1


def test_every_ring_lost_still_everything_goes(put: Put, bell: Bell, stub_partner: Stub) -> None:
    for _ in range(12):
        put()
    bell.clear()
    outbox.sweep()
    while bell:
        bell.pop()
        outbox.work()
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


# What it costs --------------------------------------------------------------------------------------------------------
def test_a_delivery_asks_the_database_little(put: Put, hospital: Partner, stub_partner: Stub) -> None:
    outbox.deliver(put().pk)  # token, keys and connection are kept from here on
    message = put()
    with CaptureQueriesContext(connection) as asked:
        assert outbox.work() == "delivered"
    said = [one["sql"] for one in asked if "SAVEPOINT" not in one["sql"]]
    assert len(said) <= 17, "\n".join(said)
    message.refresh_from_db()
    assert message.state == "delivered"
    assert len(stub_partner.tokens) == 1, "the token is kept"


MANY = 10_000


def test_whose_turn_it_is_costs_the_same_however_many_wait(put: Put, hospital: Partner, other: Partner) -> None:
    told: dict[str, Any] = {"to": hospital, "headers": {}, "concerns": "referral", "due_at": timezone.now()}
    rows = [
        OutboxMessage(bundle_id=str(n), concerns_id=str(n), request_id=uuid4(), correlation_id=uuid4(), **told)
        for n in range(MANY)
    ]
    OutboxMessage.objects.bulk_create(rows, batch_size=1000)
    put(to=other)
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
