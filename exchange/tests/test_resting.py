"""A partner that does not answer rests: one message at a time asks for all, and the others' partners do not notice."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from access.models import Organisation
from conftest import Person
from exchange import claims, health, outbox, patience, resting, settling
from exchange.desk import actions, panels
from exchange.desk.panels import Asked
from exchange.errors import DeliveryError, OurFault, PartnerFailed, PartnerRefused, PartnerTimedOut, PartnerUnreachable
from exchange.models import DeliveryAttempt, OutboxMessage, Partner, Service
from exchange.tests.stub import Stub, refusal
from exchange.transports import Answer

pytestmark = pytest.mark.django_db
Put = Callable[..., OutboxMessage]
NOW = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)


def try_once(message: OutboxMessage, error: DeliveryError | None) -> str:
    """One try of a message, due or not, that ends like this."""
    OutboxMessage.objects.filter(pk=message.pk, state="queued").update(due_at=timezone.now())
    attempt = claims.claim(message.pk)
    if attempt is None:
        return "not-claimed"
    if error is None:
        return settling.arrived(attempt, Answer(200, "{}"), by=outbox.BY)
    return settling.failed(attempt, error, by=outbox.BY)


def rest(partner: Partner) -> dt.datetime | None:
    partner.refresh_from_db()
    return partner.rest_until


def put_to_sleep(put: Put, error: DeliveryError | None = None) -> list[OutboxMessage]:
    messages = [put() for _ in range(3)]
    for message in messages:
        assert try_once(message, error or PartnerUnreachable()) == "queued"
    return messages


# When it rests --------------------------------------------------------------------------------------------------------
SILENT = {
    "no connection": PartnerUnreachable(),
    "no answer": PartnerTimedOut(),
    "their gateway": PartnerFailed("REC_UNAVAILABLE", status=503),
    "the proxy": PartnerFailed("PROXY_NOT_FOUND", status=404),
}


@pytest.mark.parametrize("error", SILENT.values(), ids=SILENT)
def test_after_three_unanswered_tries_in_a_row_nothing_is_due(
    error: DeliveryError, put: Put, hospital: Partner, settings: Any
) -> None:
    settings.RETRY_SECONDS = [60, 120, 300]
    messages = [put() for _ in range(4)]
    for message in messages[:2]:
        try_once(message, error)
    assert rest(hospital) is None
    try_once(messages[2], error)
    until = rest(hospital)
    assert until is not None
    assert dt.timedelta(seconds=53) < until - timezone.now() < dt.timedelta(seconds=67)
    assert not claims.due().exists()
    assert try_once(messages[3], None) == "not-claimed"
    assert not messages[3].tries.exists()


ANSWERED = {
    "a fault of ours": OurFault(),
    "busy": PartnerFailed("REC_TOO_MANY_REQUESTS", status=429),
    "not accepted": PartnerRefused("REC_BAD_REQUEST", status=400),
    "no OperationOutcome": PartnerFailed("no OperationOutcome", status=500),
}


@pytest.mark.parametrize("error", ANSWERED.values(), ids=ANSWERED)
def test_whoever_answers_does_not_rest(error: DeliveryError, put: Put, hospital: Partner) -> None:
    for _ in range(5):
        try_once(put(), error)
    assert rest(hospital) is None


def test_an_answer_between_them_begins_the_count_anew(put: Put, hospital: Partner) -> None:
    for error in (PartnerTimedOut(), PartnerTimedOut(), None, PartnerTimedOut(), PartnerTimedOut()):
        try_once(put(), error)
    assert rest(hospital) is None


def test_the_others_are_not_concerned(put: Put, hospital: Partner, clinic: Service) -> None:
    other = a_partner()
    put_to_sleep(put)
    message = put(to=other)
    assert try_once(message, None) == "delivered"


def a_partner() -> Partner:
    organisation = Organisation.objects.create(ods_code="RZZ02", name="Southern Infirmary", kind="hospital")
    urls = dict.fromkeys(("endpoint", "token_url", "jwks_url"), "http://127.0.0.1:1/")
    return Partner.objects.create(organisation=organisation, last_delivered_at=timezone.now(), **urls)


def test_a_pause_they_ask_for_holds_for_everything_for_them(put: Put, hospital: Partner, stub_partner: Stub) -> None:
    asked = refusal(429, "REC_TOO_MANY_REQUESTS")
    asked.headers = {"Retry-After": "600"}
    stub_partner.says = [asked]
    first, second = put(), put()
    assert outbox.deliver(first.pk) == "queued"
    until = rest(hospital)
    assert until is not None
    assert until - timezone.now() > dt.timedelta(seconds=590)
    assert outbox.deliver(second.pk) == "not-claimed"
    assert len(stub_partner.arrivals) == 1


# How it ends ----------------------------------------------------------------------------------------------------------
def test_one_asks_and_its_answer_wakes_everything(put: Put, hospital: Partner) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        waiting = put_to_sleep(put)
        late = put()
        until = rest(hospital)
        assert until is not None
        clock.move_to(until + dt.timedelta(seconds=1))
        Partner.objects.update(last_delivered_at=timezone.now())  # they were quick a moment before they were gone
        OutboxMessage.objects.update(due_at=timezone.now())
        probe = claims.claim(waiting[0].pk)
        assert probe is not None
        assert claims.claim(late.pk) is None, "one at a time"
        OutboxMessage.objects.exclude(pk=waiting[0].pk).update(due_at=timezone.now() + dt.timedelta(hours=4))
        assert settling.arrived(probe, Answer(200, "{}"), by=outbox.BY) == "delivered"
        assert rest(hospital) is None
        assert (hospital.unanswered, hospital.failing_since) == (0, None)
        assert claims.due().count() == 3
        assert all(claims.claim(one.pk) for one in (*waiting[1:], late))


def test_rests_grow_as_the_pauses_do_and_end_at_the_setting(put: Put, hospital: Partner, settings: Any) -> None:
    settings.RETRY_SECONDS, settings.REST_AT_MOST_SECONDS = [60, 120, 3600], 900
    rests = []
    with time_machine.travel(NOW, tick=False) as clock:
        put_to_sleep(put)
        for _ in range(4):
            until = rest(hospital)
            assert until is not None
            rests.append((until - timezone.now()).total_seconds())
            clock.move_to(until)
            try_once(put(), PartnerTimedOut())
    for pause, step in zip(rests, (60, 120, 900, 900), strict=True):
        assert step * 0.89 < pause < step * 1.11


def test_what_began_before_the_rest_makes_it_no_longer(put: Put, hospital: Partner) -> None:
    Partner.objects.update(last_delivered_at=timezone.now())
    slow = claims.claim(put().pk)
    assert slow is not None
    Partner.objects.update(max_in_flight=9)
    put_to_sleep_beside(put, hospital)
    before = rest(hospital)
    assert settling.failed(slow, PartnerTimedOut(), by=outbox.BY) == "queued"
    assert (rest(hospital), hospital.unanswered) == (before, 3)


def put_to_sleep_beside(put: Put, hospital: Partner) -> None:
    """As put_to_sleep, while another try is under way."""
    for _ in range(3):
        OutboxMessage.objects.filter(attempts=1).update(due_at=timezone.now() - dt.timedelta(seconds=1))
        resting.note_failure(hospital.pk, PartnerTimedOut(), timezone.now())
        OutboxMessage.objects.filter(attempts=1).update(due_at=timezone.now() + dt.timedelta(seconds=30))


def test_a_worker_that_dies_while_it_asks_is_followed_by_another(put: Put, hospital: Partner) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        first, second, *_ = put_to_sleep(put)
        clock.shift(dt.timedelta(hours=1))
        assert claims.claim(first.pk) is not None
        assert claims.claim(second.pk) is None
        clock.shift(dt.timedelta(hours=1))
        assert try_once(second, None) == "delivered"
        assert rest(hospital) is None


def test_somebody_who_does_not_want_to_wait_has_one_tried(put: Put, hospital: Partner, gp: Person) -> None:
    first, second, *_ = put_to_sleep(put)
    actions.send_again(message=first, by=gp.actor)
    assert claims.claim(first.pk) is not None
    assert claims.claim(second.pk) is None


# Messages whose time is over ------------------------------------------------------------------------------------------
def test_a_message_is_given_up_although_its_partner_only_rests(put: Put, hospital: Partner, heard: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        tried, *_, untried = *put_to_sleep(put), put(concerns_id="never tried")
        clock.shift(dt.timedelta(hours=119))
        young = put()
        clock.shift(dt.timedelta(hours=2))
        outbox.sweep()
        assert OutboxMessage.objects.filter(state="expired").count() == 0, "it may be tried: somebody asks first"
        assert try_once(young, PartnerUnreachable()) == "queued"
        outbox.sweep()
        for message in (tried, untried, young):
            message.refresh_from_db()
        assert (tried.state, untried.state, young.state) == ("expired", "expired", "queued")
        assert [name for name, _ in heard] == ["expired"] * 4
        outbox.sweep()
        assert len(heard) == 4


def test_nothing_is_given_up_under_a_workers_hands_or_while_its_partner_is_switched_off(
    put: Put, hospital: Partner, heard: Any
) -> None:
    first, *_ = put_to_sleep(put)
    long_ago = timezone.now() - dt.timedelta(days=9)
    OutboxMessage.objects.update(queued_at=long_ago)
    OutboxMessage.objects.exclude(pk=first.pk).update(state="set-aside", due_at=None)
    DeliveryAttempt.objects.create(message=first, number=2, started_at=timezone.now())
    assert settling.give_up_what_rests(by=outbox.BY) == 0
    DeliveryAttempt.objects.filter(number=2).delete()
    Partner.objects.update(enabled=False)
    assert settling.give_up_what_rests(by=outbox.BY) == 0
    assert heard == []
    Partner.objects.update(enabled=True)
    assert settling.give_up_what_rests(by=outbox.BY) == 1


# Each partner's own patience ------------------------------------------------------------------------------------------
def test_a_partner_may_have_pauses_and_a_last_hour_of_its_own(put: Put, hospital: Partner, heard: Any) -> None:
    Partner.objects.update(retry_seconds=[7], give_up_after_hours=1)
    message = put()
    try_once(message, PartnerFailed("busy", status=429))
    message.refresh_from_db()
    assert message.due_at is not None
    assert 6 < (message.due_at - timezone.now()).total_seconds() < 8
    assert patience.give_up_at(message) == message.queued_at + dt.timedelta(hours=1)
    OutboxMessage.objects.update(queued_at=timezone.now() - dt.timedelta(hours=1))
    assert try_once(message, PartnerFailed("busy", status=429)) == "expired"
    assert [name for name, _ in heard] == ["expired"]


# What is said of it ---------------------------------------------------------------------------------------------------
def test_the_desk_and_the_referral_say_when_it_is_really_tried(put: Put, hospital: Partner, gp: Person) -> None:
    with time_machine.travel(NOW, tick=False):
        put_to_sleep(put)
        new = put(concerns_id="new", by=gp.actor)
        Partner.objects.update(rest_until=NOW + dt.timedelta(minutes=31), failing_since=NOW)
        told = outbox.progress(concerns="referral", ids=["new"])["new"]
        assert (told.failing_since, told.next_try_at) == (NOW, NOW + dt.timedelta(minutes=31))
        shown = panels.desk(gp.actor, Asked("waiting"))
        row = next(one for one in shown["rows"] if one.id == new.pk)
        assert row.said.sentence == "Their system does not answer. We try again at 09:31."
        (told_of_partner,) = [one[1] for one in panels.desk(gp.actor, Asked())["partners"]]
        assert "we try again at 09:31" in told_of_partner.sentence


def test_what_rests_is_not_late_work_of_ours(put: Put, hospital: Partner) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        put_to_sleep(put)
        until = rest(hospital)
        assert until is not None
        assert health.state()["figures"]["outbox"]["overdue_seconds"] == 0
        clock.move_to(until + dt.timedelta(seconds=20.5))
        assert health.state()["figures"]["outbox"]["overdue_seconds"] == 20


# Whatever happens -----------------------------------------------------------------------------------------------------
_SILENCE: list[DeliveryError | None] = [PartnerUnreachable(), PartnerTimedOut(), PartnerFailed("down", status=503)]
_ENDS: list[DeliveryError | None] = [
    *_SILENCE,
    *_SILENCE,
    PartnerFailed("busy", status=429, wait=30),
    PartnerFailed("down", status=503, wait=200),
    PartnerRefused("no", status=422),
    OurFault(),
    None,
]
_STEPS = st.one_of(
    st.just(("put", 0)),
    st.tuples(st.just("claim"), st.integers(0, 3)),
    st.tuples(st.just("end"), st.integers(0, len(_ENDS) - 1)),
    st.tuples(st.just("wait"), st.sampled_from([1, 20, 70, 700, 4000])),
)


class Hospital:
    """The real rows, driven step by step, and what must hold after each."""

    def __init__(self, put: Put, partner: Partner, clock: Any) -> None:
        self.put, self.partner, self.clock = put, partner, clock
        self.under_way: list[DeliveryAttempt] = []

    def step(self, what: str, which: int) -> None:
        if what == "put":
            self.put()
        elif what == "wait":
            self.clock.shift(dt.timedelta(seconds=which))
            outbox.sweep()
        elif what == "claim":
            self._claim(which)
        elif self.under_way:
            attempt = self.under_way.pop(0)
            self._end(attempt, _ENDS[which])

    def _claim(self, which: int) -> None:
        rows = list(OutboxMessage.objects.filter(state="queued").order_by("due_at").values_list("pk", flat=True))
        if not rows:
            return
        before, now = rest(self.partner), timezone.now()
        at_once = claims.leased(self.partner.pk).count()
        attempt = claims.claim(rows[which % len(rows)])
        if attempt is None:
            return
        assert before is None or before <= now, "nothing is tried while they rest"
        assert before is None or at_once == 0, "one message asks for all"
        assert claims.leased(self.partner.pk).count() <= self.partner.max_in_flight
        self.under_way.append(attempt)

    def _end(self, attempt: DeliveryAttempt, error: DeliveryError | None) -> None:
        if error is None:
            settling.arrived(attempt, Answer(200, "{}"), by=outbox.BY)
        else:
            settling.failed(attempt, error, by=outbox.BY)
        until, now = rest(self.partner), timezone.now()
        longest = max(settings.REST_AT_MOST_SECONDS * 1.1, patience.LONGEST_ASKED)
        assert until is None or until <= now + dt.timedelta(seconds=longest)
        if error is None:
            assert (self.partner.unanswered, self.partner.failing_since) == (0, None)

    def recover(self) -> None:
        """They answer again: everything that is not settled goes, however it stood."""
        for _ in range(500):
            if not OutboxMessage.objects.filter(state="queued").exists():
                return
            self.clock.shift(dt.timedelta(seconds=35))
            for message_id in claims.next_for(self.partner.pk, 3):
                if attempt := claims.claim(message_id):
                    self._end(attempt, None)
        raise AssertionError("a message is stuck although its partner answers")


@how(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(_STEPS, min_size=20, max_size=40))
def test_whatever_happens_the_rules_hold_and_nothing_is_stuck(
    put: Put, hospital: Partner, clinic: Service, steps: list[tuple[str, int]]
) -> None:
    with transaction.atomic(), time_machine.travel(NOW, tick=False) as clock:
        one = Hospital(put, Partner.objects.get(pk=hospital.pk), clock)
        for _ in range(4):
            put()
        for what, which in steps:
            one.step(what, which)
        one.recover()
        transaction.set_rollback(True)
