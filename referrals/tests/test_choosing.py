"""Choosing a service for a patient: favourites first, what does not take them says why, how far and how long."""

import datetime as dt
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import Organisation
from conftest import Person
from exchange.directory import actions
from exchange.models import OutboxMessage, Partner, Service
from records.models import Patient

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinics(infirmary: Organisation) -> list[Service]:
    url = "http://127.0.0.1:9"
    Partner.objects.get_or_create(organisation=infirmary, defaults={"endpoint": url, "token_url": url, "jwks_url": url})
    made = [
        ("9000000901", "Adult falls clinic"),
        ("9000000902", "Breast clinic"),
        ("9000000903", "Cardiac rehabilitation"),
    ]
    return [
        Service.objects.create(organisation=infirmary, service_id=number, name=name, use_case="gp-to-hospital")
        for number, name in made
    ]


def shown(gp: Person, patient: Patient) -> str:
    return " ".join(gp.client.get(f"/referrals/new/?patient={patient.pk}").content.decode().split())


def test_favourites_stand_first_and_only_there(
    clinics: list[Service], gp: Person, make_patient: Callable[..., Patient]
) -> None:
    patient = make_patient()
    assert "Favourites of this practice" not in shown(gp, patient)
    actions.favour(service=clinics[2], wanted=True, by=gp.actor)
    page = shown(gp, patient)
    assert page.index("Favourites of this practice") < page.index("Cardiac rehabilitation") < page.index("Adult falls")
    assert page.count("<strong>Cardiac rehabilitation</strong>") == 1


def test_what_does_not_take_the_patient_says_why_and_cannot_be_chosen(
    clinics: list[Service], gp: Person, make_patient: Callable[..., Patient]
) -> None:
    actions.change(service=clinics[0], said={"from_age": 65}, by=gp.actor)
    actions.change(
        service=clinics[1],
        said={"waiting_weeks": 6, "waiting_said_on": timezone.localdate(), "specialty": "Surgery"},
        by=gp.actor,
    )
    patient = make_patient(birth_date=dt.date(1990, 1, 1))
    page = shown(gp, patient)
    assert "Not for this patient. Takes people aged 65 and over." in page
    assert "service=9000000901" not in page
    assert "service=9000000902" in page
    assert "Surgery · 6 weeks wait" in page


def test_a_service_that_does_not_take_the_patient_is_not_sent_to(
    clinics: list[Service], gp: Person, make_patient: Callable[..., Patient]
) -> None:
    actions.change(service=clinics[0], said={"from_age": 65}, by=gp.actor)
    patient = make_patient(birth_date=dt.date(1990, 1, 1))
    address = f"/referrals/new/?patient={patient.pk}&service=9000000901"
    written = {"priority": "routine", "reason": "Falls", "clinical_summary": "", "act": "send"}
    page = gp.client.post(address, written | {"referral_id": str(uuid4())}, follow=True).content.decode()
    assert "Not sent. Adult falls clinic does not take this patient. Takes people aged 65 and over." in page
    assert patient.referrals.get().state == "draft"
    assert not OutboxMessage.objects.exists()


def test_queries_do_not_grow_with_the_directory(
    clinics: list[Service], gp: Person, make_patient: Callable[..., Patient], infirmary: Organisation
) -> None:
    patient = make_patient()
    with CaptureQueriesContext(connection) as few:
        shown(gp, patient)
    for number in range(30):
        Service.objects.create(
            organisation=infirmary, service_id=f"80000{number:05}", name=f"Clinic {number}", use_case="gp-to-hospital"
        )
    with CaptureQueriesContext(connection) as many:
        shown(gp, patient)
    assert len(many) == len(few)
