"""Still to enter: listed with what makes it necessary, ticked by people only, never lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from access.models import AuditEvent
from conftest import Person
from records.entering import actions
from records.models import Patient, ToEnter

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db


def listed(gp: Person, patient: Patient, **more: Any) -> ToEnter:
    fields: dict[str, Any] = {
        "title": "Referral sent: Physiotherapy",
        "what": "Knee pain",
        "about": "referral",
        "about_id": "1",
        "became": "sent",
    }
    return actions.list_to_enter(
        patient=patient, organisation=gp.membership.organisation, by=gp.actor, **(fields | more)
    )


def test_the_same_is_listed_once_and_again_after_it_was_ticked(make_patient: MakePatient, gp: Person) -> None:
    patient = make_patient()
    first = listed(gp, patient)
    assert listed(gp, patient, title="Referral sent: Podiatry").pk == first.pk
    assert ToEnter.objects.get().title == "Referral sent: Podiatry"
    assert actions.tick(item=first, by=gp.actor)
    assert listed(gp, patient).pk != first.pk
    assert not actions.untick(item=first, by=gp.actor)
    assert ToEnter.objects.filter(settled_at__isnull=True).count() == 1


def test_it_vanishes_with_the_act_that_made_it_necessary(make_patient: MakePatient, gp: Person) -> None:
    patient = make_patient()
    with transaction.atomic():
        listed(gp, patient)
        transaction.set_rollback(True)
    assert not ToEnter.objects.exists()


def test_ticking_and_taking_back(make_patient: MakePatient, gp: Person, nurse: Person) -> None:
    patient = make_patient()
    item = listed(gp, patient)
    client = nurse.client
    html = client.get("/still-to-enter/").content.decode()
    assert "Referral sent: Physiotherapy" in html
    assert "Knee pain" in html
    client.post(f"/still-to-enter/{item.pk}/entered/")
    item.refresh_from_db()
    assert item.settled_by == nurse.user
    assert "Somebody ticked this before you" in gp.client.post(
        f"/still-to-enter/{item.pk}/entered/", follow=True
    ).content.decode()  # fmt: skip
    assert "Ticked lately" in client.get("/still-to-enter/").content.decode()
    client.post(f"/still-to-enter/{item.pk}/not-entered/")
    item.refresh_from_db()
    assert item.settled_at is None
    assert item.settled_by_id is None
    done = list(AuditEvent.objects.exclude(action__startswith="opened").values_list("action", flat=True))
    assert done == ["ticked as entered", "took back tick as entered"]


def test_what_need_not_be_entered_needs_a_reason(make_patient: MakePatient, gp: Person) -> None:
    item = listed(gp, make_patient())
    gp.client.post(f"/still-to-enter/{item.pk}/entered/", {"skip": "1", "not_needed": " "})
    item.refresh_from_db()
    assert item.settled_at is None
    gp.client.post(f"/still-to-enter/{item.pk}/entered/", {"skip": "1", "not_needed": "entered by phone"})
    item.refresh_from_db()
    assert item.not_needed == "entered by phone"


def test_on_the_patients_pages_while_it_is_open(make_patient: MakePatient, gp: Person, receptionist: Person) -> None:
    patient = make_patient()
    assert 'id="to-enter"' not in gp.client.get(f"/patients/{patient.pk}/").content.decode()
    item = listed(gp, patient)
    page = gp.client.get(f"/patients/{patient.pk}/").content.decode()
    assert 'id="to-enter"' in page
    assert "Knee pain" in page
    for address in (f"/patients/{patient.pk}/", "/still-to-enter/"):
        html = receptionist.client.get(address).content.decode()
        assert "Referral sent: Physiotherapy" in html
        assert "Knee pain" not in html
    answer = receptionist.client.post(f"/still-to-enter/{item.pk}/entered/", {"from": "record"})
    assert answer.headers["Location"] == f"/patients/{patient.pk}/"


@pytest.mark.parametrize("who", ["stranger", "social_worker", "hospital_clinician", "privacy_officer"])
def test_nobody_else_sees_or_ticks_it(
    who: str, make_patient: MakePatient, gp: Person, request: pytest.FixtureRequest
) -> None:
    item = listed(gp, make_patient())
    person: Person = request.getfixturevalue(who)
    assert b"Physiotherapy" not in person.client.get("/still-to-enter/").content
    assert person.client.post(f"/still-to-enter/{item.pk}/entered/").status_code in (403, 404)
    item.refresh_from_db()
    assert item.settled_at is None
