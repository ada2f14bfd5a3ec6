"""Giving, chasing, deciding and closing on the page: who may, what is said, what is refused."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from records.models import Patient
from referrals import actions
from referrals.following import deciding
from referrals.models import Referral
from referrals.tests.pages import page, text_of
from work.models import Clock, ClockEvent

pytestmark = pytest.mark.django_db


def act(person: Person, name: str, on: Referral, /, **data: Any) -> str:
    address = "/referrals/give/" if name == "give" else f"/referrals/{on.pk}/{name}/"
    response = person.client.post(address, data, follow=True)
    assert response.status_code == 200
    return text_of(response)


def delivered(make_sent: Any, by: Person, **more: Any) -> Referral:
    referral: Referral = make_sent(**more)
    actions.record_event(referral=referral, kind="delivered", by=by.actor)
    return referral


def test_rang_them_will_answer_by_friday(receptionist: Person, gp: Person, make_sent: Any) -> None:
    with time_machine.travel(dt.datetime(2026, 11, 23, 9, tzinfo=dt.UTC), tick=False):
        referral = delivered(make_sent, gp, priority="routine")
        said = act(receptionist, "chase", referral, answer_by="2026-11-27", note="Rang, on Ms Field's desk")
        assert "Chase noted." in said
        assert "27 Nov" in said
        assert "By our limit 7 Dec" in said
        assert "Chased by M Okafor, answer expected by 27 Nov: Rang, on Ms Field's desk" in said
    assert AuditEvent.objects.get(action="noted a chase of referral").patient_id == referral.patient_id
    assert not AuditEvent.objects.filter(note__icontains="Field").exists()


@pytest.mark.parametrize("day", ["", "2020-01-01", "Friday"])
def test_a_chase_names_a_day_ahead(receptionist: Person, gp: Person, make_sent: Any, day: str) -> None:
    referral = delivered(make_sent, gp)
    act(receptionist, "chase", referral, answer_by=day, note="")
    assert not ClockEvent.objects.filter(kind="chased").exists()


def test_several_are_given_at_once_and_lists_count_them(
    receptionist: Person, gp: Person, make_sent: Any, make_patient: Any
) -> None:
    both = [delivered(make_sent, gp, patient=make_patient(family=name, phone="1")) for name in ("Amber", "Brown")]
    ticking = page(receptionist.client, "worklist", list="waiting", pick="1").content.decode()
    assert ticking.count('type="checkbox"') == 2
    assert "hx-trigger" not in ticking.split('id="worklist"')[1]
    given = {"referral": [str(one.pk) for one in both], "to": receptionist.user.pk, "list": "waiting"}
    said = act(receptionist, "give", both[0], **given)
    assert "2 referrals given to M Okafor." in said
    assert "Mine 2" in said
    mine = text_of(page(receptionist.client, "worklist", list="mine"))
    assert "AMBER" in mine
    assert "BROWN" in mine
    assert AuditEvent.objects.filter(action="gave referral to a colleague").count() == 2


def test_work_goes_to_nobody_elsewhere_and_from_nobody_elsewhere(
    receptionist: Person, gp: Person, stranger: Person, make_sent: Any
) -> None:
    referral = delivered(make_sent, gp)
    assert "Choose somebody who works here" in act(
        receptionist, "give", referral, referral=referral.pk, to=stranger.user.pk
    )
    assert "Tick the referrals first" in act(stranger, "give", referral, referral=referral.pk, to=stranger.user.pk)
    assert "Tick the referrals first" in act(receptionist, "give", referral, referral="x", to=gp.user.pk)
    assert Clock.objects.get().owner == gp.user
    for name in ("chase", "keep", "close"):
        assert stranger.client.post(f"/referrals/{referral.pk}/{name}/", {"why": "here"}).status_code == 404
    assert referral.events.count() == 3


def test_closing_says_why_and_leaves_the_lists(receptionist: Person, gp: Person, make_sent: Any) -> None:
    referral = delivered(make_sent, gp)
    assert "Choose why it is closed" in act(receptionist, "close", referral, version=referral.version, why="")
    assert "Somebody changed this referral" in act(receptionist, "close", referral, version=1, why="declined")
    said = act(receptionist, "close", referral, version=referral.version, why="declined", note="Rang on Tuesday")
    assert "Closed by M Okafor" in said
    assert "The patient does not want it. Rang on Tuesday" in said
    assert Clock.objects.get().outcome == "closed"
    assert "SMITH" in text_of(page(gp.client, "worklist", list="closed"))
    assert "SMITH" not in text_of(page(gp.client, "worklist", list="waiting"))


def test_a_draft_is_withdrawn_and_not_closed(receptionist: Person, make_draft: Any) -> None:
    referral = make_draft()
    assert "only" in act(receptionist, "close", referral, version=1, why="here")
    assert Referral.objects.get().state == "draft"


def test_the_owner_decides_whether_it_stands(gp: Person, make_sent: Any) -> None:
    referral = make_sent()
    Patient.objects.update(deceased=True)
    deciding.sweep()
    assert "Does this referral still stand?" in text_of(page(gp.client, "referral", referral.pk))
    assert "Decide whether the referral stands." in text_of(page(gp.client, "worklist"))
    referral.refresh_from_db()
    assert "It still stands, says Dr A Khan" in act(gp, "keep", referral, version=referral.version)
    assert "There is nothing to decide" in act(gp, "keep", referral, version=referral.version + 1)


@pytest.mark.parametrize("who", ["social_worker", "privacy_officer", "hospital_clinician"])
def test_others_follow_nothing_up(who: str, make_sent: Any, request: pytest.FixtureRequest) -> None:
    referral = make_sent()
    client = request.getfixturevalue(who).client
    for name in ("chase", "keep", "close"):
        assert client.post(f"/referrals/{referral.pk}/{name}/").status_code == 403
    assert client.post("/referrals/give/", {"referral": str(referral.pk)}).status_code == 403
    assert referral.events.count() == 2


def test_counts_are_those_of_the_lists(receptionist: Person, gp: Person, make_sent: Any, make_patient: Any) -> None:
    for number in range(3):
        delivered(make_sent, gp, patient=make_patient(family=f"Late{number}", phone="1"))
    Clock.objects.filter(pk__in=list(Clock.objects.values_list("pk", flat=True)[:2])).update(
        due_on=timezone.localdate() - dt.timedelta(days=1)
    )
    said = text_of(page(receptionist.client, "worklist"))
    assert "What to do next 2" in said
    assert "Waiting for an answer 3" in said
    for name, number in (("next", 2), ("waiting", 3), ("mine", 0)):
        body = page(receptionist.client, "worklist", list=name).content.decode()
        assert body.count('id="r-') == number
