"""The worklist: every referral in one list, what is overdue on top, at a constant cost."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from conftest import Person
from exchange.models import InboxMessage, Service
from records.models import Patient
from referrals import actions
from referrals.tests.pages import audits, page, text_of
from work.models import Clock

pytestmark = pytest.mark.django_db


def test_every_referral_stands_in_one_list(
    receptionist: Person, gp: Person, make_draft: Any, make_sent: Any, make_patient: Any, answer: Any, file: Any
) -> None:
    def patient(family: str) -> Patient:
        found: Patient = make_patient(family=family, phone="01632 960148")
        return found

    make_draft(patient=patient("Drafty"))
    make_sent(patient=patient("Sentry"))
    for family, status, more in (
        ("Accepta", "accepted", {}),
        ("Booker", "in-progress", {"starts": "2099-12-08T10:20:00+00:00"}),
        ("Rejecta", "rejected", {}),
        ("Askew", "on-hold", {"outcome": "Please send recent bloods"}),
        ("Dunn", "completed", {}),
    ):
        file(answer(make_sent(patient=patient(family)), status, **more))
    actions.withdraw(referral=make_draft(patient=patient("Withers")), version=1, by=gp.actor)
    expected = {
        "to-complete": {"DRAFTY"},
        "rejected": {"REJECTA"},
        "asked": {"ASKEW"},
        "not-delivered": {"SENTRY"},
        "waiting": {"ACCEPTA"},
        "booked": {"BOOKER"},
        "to-read": set(),
        "closed": {"DUNN", "WITHERS"},
        "next": {"DRAFTY", "REJECTA", "ASKEW"},
        "no such list": {"DRAFTY", "REJECTA", "ASKEW"},
    }
    client = receptionist.client
    for name, families in expected.items():
        body = text_of(page(client, "worklist", list=name))
        assert {f for f in set().union(*expected.values()) if f in body} == families, name
    assert audits("opened referrals list") == len(expected)


def test_what_is_overdue_comes_to_the_top(
    receptionist: Person, make_sent: Any, make_patient: Any, clinic: Service
) -> None:
    Service.objects.update(accepts_suspected_cancer=True)
    late = make_sent(patient=make_patient(family="Latimer", phone="1"), priority="suspected-cancer")
    actions.record_event(referral=late, kind="delivered", by=receptionist.actor)
    assert "Latimer".upper() not in text_of(page(receptionist.client, "worklist"))
    Clock.objects.update(due_on=timezone.localdate() - dt.timedelta(days=1))
    said = text_of(page(receptionist.client, "worklist"))
    assert "Overdue: Jane LATIMER, Heart failure clinic" in said
    assert "1 day over" in said
    assert "Ring Northern Infirmary." in said


def test_an_empty_list_says_what_would_be_there(receptionist: Person) -> None:
    assert "Nothing waits for you" in text_of(page(receptionist.client, "worklist"))


def test_the_list_costs_the_same_however_long(
    receptionist: Person, make_sent: Any, make_patient: Any, django_assert_max_num_queries: Any
) -> None:
    client = receptionist.client
    for _ in range(5):
        make_sent(patient=make_patient(phone="1"))
    with django_assert_max_num_queries(15):
        assert page(client, "worklist", list="not-delivered").status_code == 200
    Clock.objects.update(due_on=timezone.localdate() - dt.timedelta(days=1))
    with django_assert_max_num_queries(15):
        assert page(client, "worklist").status_code == 200


def test_long_lists_have_pages(receptionist: Person, make_draft: Any, make_patient: Any) -> None:
    patient = make_patient()
    for _ in range(51):
        make_draft(patient=patient)
    first = page(receptionist.client, "worklist", list="to-complete").content.decode()
    assert "More in this list" in first
    second = page(receptionist.client, "worklist", list="to-complete", page="2").content.decode()
    assert second.count("<tr") == 2
    assert "Earlier in this list" in second
    for odd in ("0", "-1", "x", "9" * 30, "²"):
        assert page(receptionist.client, "worklist", page=odd).status_code == 200


@pytest.mark.parametrize("who", ["social_worker", "privacy_officer"])
@pytest.mark.parametrize("name", ["worklist", "worklist-part", "next-steps", "new"])
def test_others_have_no_lists(request: pytest.FixtureRequest, who: str, name: str) -> None:
    assert page(request.getfixturevalue(who).client, name).status_code == 403


def test_no_inbox_message_is_needed_to_read(gp: Person, make_sent: Any) -> None:
    make_sent()
    assert not InboxMessage.objects.exists()
    assert page(gp.client, "worklist").status_code == 200
