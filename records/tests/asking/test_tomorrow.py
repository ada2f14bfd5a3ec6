"""In the evening partners are asked about tomorrow's patients: those of London's day, and of them only who may be."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
import time_machine
from celery import current_app as app
from celery.schedules import crontab
from django.conf import settings
from django.utils import timezone

from access.actor import system
from access.models import Organisation
from exchange.models import Partner
from records.models import Patient, Resource, SourceCheck
from records.people.actions import merge
from records.pulling import schedule
from records.tests.saying import relate, say

pytestmark = pytest.mark.django_db(transaction=True)
MakePatient = Callable[..., Patient]
LONDON = ZoneInfo("Europe/London")


def book(source: Organisation, patient: Patient, when: dt.datetime, status: str = "booked") -> None:
    body = {"resourceType": "Appointment", "status": status}
    say(source, patient, "appointment", status=status, date=when, body=body)


def tomorrow(hour: int = 10, days: int = 1) -> dt.datetime:
    return timezone.localtime().replace(hour=hour, minute=0) + dt.timedelta(days=days)


def asked_about() -> set[str]:
    """The NHS numbers of those whom the evening's run asks about."""
    schedule.wish_tomorrow()
    return set(SourceCheck.objects.values_list("patient__nhs_number", flat=True))


def test_the_beat_names_a_task_that_there_is_in_the_evening_by_londons_clock() -> None:
    planned = settings.CELERY_BEAT_SCHEDULE["pull-tomorrow"]
    app.loader.import_default_modules()
    assert planned["task"] in app.tasks
    assert planned["schedule"] == crontab(hour=19, minute=0)
    assert str(app.conf.timezone) == "Europe/London"
    assert app.conf.beat_schedule["pull-tomorrow"] == planned


def test_the_task_plans_it(jane: Patient, hospital: Partner, riverside: Organisation) -> None:
    book(riverside, jane, tomorrow())
    app.loader.import_default_modules()
    app.tasks[settings.CELERY_BEAT_SCHEDULE["pull-tomorrow"]["task"]].apply(throw=True)
    due = SourceCheck.objects.get()
    assert (due.patient_id, due.source_id) == (jane.pk, hospital.organisation_id)
    assert due.due_at is not None
    assert timezone.now() <= due.due_at <= timezone.now() + dt.timedelta(seconds=settings.PULL_TOMORROW_SECONDS)


def test_tomorrows_patients_are_asked_about_this_evening(
    jane: Patient, hospital: Partner, riverside: Organisation, make_patient: MakePatient
) -> None:
    later = make_patient(nhs_number="9990000026")
    hidden = make_patient(nhs_number="9990000034", restricted=True)
    unverified = make_patient(nhs_number="9990000042", nhs_number_status=Patient.NhsNumber.PRESENT)
    of_another = make_patient(nhs_number="9990000050", registered_at=None)
    for person, days in ((jane, 1), (hidden, 1), (unverified, 1), (of_another, 1), (later, 2)):
        book(riverside, person, tomorrow(days=days))
    assert schedule.wish_tomorrow() == 1
    due = SourceCheck.objects.get()
    assert due.patient_id == jane.pk
    assert due.due_at is not None
    assert schedule.wish_tomorrow() == 1
    assert SourceCheck.objects.count() == 1


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error", "noshow"])
def test_nobody_is_asked_about_for_an_appointment_that_will_not_be(
    jane: Patient, hospital: Partner, riverside: Organisation, status: str
) -> None:
    book(riverside, jane, tomorrow(), status)
    assert schedule.wish_tomorrow() == 0
    assert not SourceCheck.objects.exists()


@pytest.mark.parametrize(
    ("evening", "in_it", "before", "after"),
    [
        # British Summer Time: the day of London begins and ends at 23:00 UTC.
        ("2026-07-14T19:00", "2026-07-15T00:00", "2026-07-14T23:59", "2026-07-16T00:00"),
        ("2026-07-14T19:00", "2026-07-15T23:59", "2026-07-14T23:59", "2026-07-16T00:00"),
        # The clocks go back that night: a day of 25 hours; and forward: one of 23.
        ("2026-10-24T19:00", "2026-10-25T23:30", "2026-10-24T23:30", "2026-10-26T00:00"),
        ("2026-03-28T19:00", "2026-03-29T23:30", "2026-03-28T23:30", "2026-03-30T00:00"),
        # New Year's Eve.
        ("2026-12-31T19:00", "2027-01-01T08:00", "2026-12-31T20:00", "2027-01-02T00:00"),
    ],
)
def test_tomorrow_is_londons_day(
    jane: Patient,
    hospital: Partner,
    riverside: Organisation,
    make_patient: MakePatient,
    evening: str,
    in_it: str,
    before: str,
    after: str,
) -> None:
    times = {jane.nhs_number: in_it, "9990000026": before, "9990000034": after}
    for number, when in times.items():
        person = jane if number == jane.nhs_number else make_patient(nhs_number=number)
        book(riverside, person, dt.datetime.fromisoformat(when).replace(tzinfo=LONDON))
    with time_machine.travel(dt.datetime.fromisoformat(evening).replace(tzinfo=LONDON), tick=False):
        assert asked_about() == {jane.nhs_number}


def test_whoever_was_found_to_be_somebody_else_is_asked_about_as_that_one(
    jane: Patient, hospital: Partner, riverside: Organisation, make_patient: MakePatient
) -> None:
    twin = make_patient(nhs_number="", nhs_number_status=Patient.NhsNumber.ABSENT)
    book(riverside, twin, tomorrow())
    merge(kept=jane, other=twin, reason="the same person", by=system("test"))
    assert asked_about() == {jane.nhs_number}
    assert SourceCheck.objects.get().patient_id == jane.pk


def test_who_is_restricted_is_not_asked_about_by_an_appointment_of_another_of_their_records(
    hospital: Partner, riverside: Organisation, make_patient: MakePatient
) -> None:
    hidden = make_patient(nhs_number="9990000034")
    twin = make_patient(nhs_number="", nhs_number_status=Patient.NhsNumber.ABSENT)
    book(riverside, twin, tomorrow())
    merge(kept=hidden, other=twin, reason="the same person", by=system("test"))
    Patient.objects.filter(pk=hidden.pk).update(restricted=True)
    assert asked_about() == set()


def test_an_appointment_at_a_hospital_counts_too_and_two_of_one_day_ask_once(
    jane: Patient, hospital: Partner, riverside: Organisation
) -> None:
    book(riverside, jane, tomorrow(9))
    book(hospital.organisation, jane, tomorrow(15))
    relate(jane, hospital.organisation, "registered")
    assert schedule.wish_tomorrow() == 1
    assert Resource.objects.filter(type="Appointment").count() == 2
