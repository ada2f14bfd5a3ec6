"""What fails or is old is said since when, bounded, and tried again."""

import datetime as dt
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from conftest import Person
from exchange.models import Partner
from exchange.tests.reader import Json, Reply, Server, bundle
from records.models import Patient, Received, Resource, SourceCheck
from records.pulling import schedule
from records.tests.asking.hospital import ask, jane_there, potassium, results, said

pytestmark = pytest.mark.django_db(transaction=True)


# What fails is said ---------------------------------------------------------------------------------------------------
def test_a_hospital_that_is_down_is_said_since_when_and_tried_again(
    check: SourceCheck, server: Server, gp: Person
) -> None:
    ask(check)
    server.replies["/Patient?identifier="] = Reply(503)
    assert ask(check) == "failed"
    since, due = check.failing_since, check.due_at
    assert since is not None
    assert due is not None
    assert ask(check) == "failed"
    assert check.failing_since == since
    words = said(gp, check.patient)
    assert words.startswith(
        f"Northern Infirmary has not answered since {timezone.localtime(since):%H:%M}. This is what"
    )
    assert "We try again at" in words
    server.replies["/Patient?identifier="] = Reply(body=bundle(jane_there()))
    assert ask(check) == "heard"
    assert not check.failing_since
    assert (check.tries, said(gp, check.patient)) == (0, "")


def test_nobody_at_the_address(check: SourceCheck, hospital: Partner) -> None:
    Partner.objects.update(endpoint="http://127.0.0.1:9/FHIR/R4")
    assert ask(check) == "failed"
    assert check.trouble == "unreachable"


def test_a_hospital_that_asks_to_wait_is_left_alone_about_everybody(
    check: SourceCheck, server: Server, make_patient: Callable[..., Patient]
) -> None:
    soon = timezone.now() + dt.timedelta(seconds=5)
    other = make_patient(nhs_number="9990000026")
    waiting = SourceCheck.objects.create(patient=other, source=check.source, due_at=soon)
    server.replies["/Patient?identifier="] = Reply(429, headers={"Retry-After": "600"})
    started = timezone.now()
    assert ask(check) == "failed"
    waiting.refresh_from_db()
    for one in (check, waiting):
        assert one.due_at is not None
        assert one.due_at >= started + dt.timedelta(seconds=600)


def test_it_stops_trying_until_somebody_opens_the_record(check: SourceCheck, server: Server, settings: Any) -> None:
    settings.PULL_TRIES = 2
    server.replies["/Patient?identifier="] = Reply(503)
    due = []
    for _ in range(2):
        ask(check)
        due.append(check.due_at is not None)
    assert due == [True, False]
    SourceCheck.objects.update(asked_at=timezone.now() - dt.timedelta(hours=1))
    schedule.wish(check.patient)
    check.refresh_from_db()
    assert (check.due_at is not None, check.tries) == (True, 0)


def test_pages_that_break_off_are_kept_and_said_to_be_incomplete(
    check: SourceCheck, server: Server, gp: Person
) -> None:
    first = bundle(jane_there(), potassium("k1"), following=f"{server.base}/page2", total=10)
    server.replies["/Patient/h1/$everything"] = Reply(body=first)
    server.replies["/page2"] = Reply(body=bundle(potassium("k2"), potassium("k3"), following=f"{server.base}/page3"))
    server.replies["/page3"] = Reply(500)
    assert ask(check) == "incomplete"
    assert (results(), check.heard_at, check.since) == (["k1", "k2", "k3"], None, None)
    assert "Incomplete: Northern Infirmary's answer broke off after 2 of 5 pages. We try again at" in said(
        gp, check.patient
    )
    server.replies["/page3"] = Reply(body=bundle(potassium("k4")))
    assert ask(check) == "heard"
    assert (results(), said(gp, check.patient)) == (["k1", "k2", "k3", "k4"], "")


def test_a_hospital_that_warns_is_incomplete_in_its_own_words(check: SourceCheck, server: Server, gp: Person) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "incomplete"}]}
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(jane_there(), potassium("k1"), outcome))
    assert ask(check) == "incomplete"
    assert "Northern Infirmary says that its answer leaves something out" in said(gp, check.patient)


@pytest.mark.parametrize(("setting", "value"), [("PULL_BYTES", 1500), ("PULL_PAGES", 2), ("PULL_SECONDS", 0.4)])
def test_an_endless_answer_is_bounded(
    check: SourceCheck, server: Server, settings: Any, setting: str, value: float
) -> None:
    setattr(settings, setting, value)
    numbers = iter(range(1, 10_000))

    def page(path: str) -> Reply:
        number = next(numbers)
        body = bundle(potassium(f"k{number}"), following=f"{server.base}/page/{number}")
        return Reply(body=body, wait=lambda: time.sleep(0.05))

    server.replies["/Patient/h1/$everything"] = page
    server.replies["/page/"] = page
    assert ask(check) in ("incomplete", "failed")
    assert len(server.asked) < 60


def test_a_fault_of_ours_leaves_a_trace_and_is_tried_again(
    check: SourceCheck, monkeypatch: pytest.MonkeyPatch, gp: Person
) -> None:
    monkeypatch.setattr("records.pulling.keeping.store", lambda *_: 1 / 0)
    assert ask(check) == "failed"
    assert (check.trouble, check.due_at is not None, Resource.objects.count()) == ("our-fault", True, 0)
    assert not Received.objects.exists(), "what was kept before the fault is gone with it"


# How old it is --------------------------------------------------------------------------------------------------------
def test_a_partner_not_asked_for_days_is_said_to_be_late_and_an_import_is_not(
    check: SourceCheck, gp: Person, settings: Any
) -> None:
    ask(check)
    assert said(gp, check.patient) == ""
    SourceCheck.objects.update(heard_at=timezone.now() - dt.timedelta(days=settings.PULL_STALE_DAYS + 1))
    assert "It may know something newer." in said(gp, check.patient)
    assert said(gp, check.patient, "medicines") == "", "it has told us of no medicine"
    Partner.objects.update(pulls=False)
    assert said(gp, check.patient) == ""


# Under fire -----------------------------------------------------------------------------------------------------------
def _falters(server: Server, held: list[Json]) -> None:
    """One of the ways in which a hospital fails while it is asked."""
    half = bundle(*held[: len(held) // 2], following=f"{server.base}/page2")
    everything: list[Reply] = [
        Reply(503),
        Reply(429, headers={"Retry-After": "60"}),
        Reply(body=b"<html>busy</html>"),
        Reply(body=half),  # whose second page is not there
        Reply(body=bundle(*held, potassium("bobs", "Patient/h2"))),
        Reply(body=bundle(*held, held[0] | {"status": "banana"})),
    ]
    server.replies["/Patient/h1/$everything"] = random.choice(everything)


@pytest.mark.parametrize("rounds", [12, pytest.param(400, marks=pytest.mark.faults)])
def test_however_often_it_falters_nothing_is_lost_doubled_or_somebody_elses(
    check: SourceCheck, server: Server, rounds: int
) -> None:
    held: list[Json] = []
    for number in range(rounds):
        held.append(potassium(f"k{number}"))
        _falters(server, held)
        ask(check)
        assert set(results()) <= {one["id"] for one in held}
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(*held))
    assert ask(check) == "heard"
    assert results() == sorted(one["id"] for one in held)
    assert set(Resource.objects.filter(type="Observation").values_list("patient", flat=True)) == {check.patient_id}
    assert (check.failing_since, check.tries) == (None, 0)
