"""Tracing in doubt: twins, people who were joined while PDS was being asked, and what is asked again."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange import doorbell
from records.models import Finding, Merge, Patient, PatientLink, Resource, Trace
from records.people.actions import merge, undo_merge
from records.tests import taking
from records.tests.pds_program import Pds
from records.tests.tracing.national import JANE, PIOTR, PIOTR_NOW, ask, panel
from records.tracing import actions, asking, judging

MakePatient = Callable[..., Patient]
State = Trace.State
PRESENT, VERIFIED = Patient.NhsNumber.PRESENT, Patient.NhsNumber.VERIFIED


def asked(patient: Patient, by: Person) -> Trace:
    """PDS is to be asked, and no worker has come yet."""
    trace = actions.ask(patient=patient, by=by.actor)
    assert trace is not None
    return trace


def join(kept: Patient, other: Patient, by: Person) -> Merge:
    return merge(kept=kept, other=other, reason="Rang her", by=by.actor)


def nothing_from_pds() -> bool:
    return not (Resource.objects.filter(source__ods_code="X26").exists() or Merge.objects.exists())


# Twins ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("ours", "theirs", "certain"),
    [
        ("Jane", ["Jane"], True),
        ("JANE", ["Jane", "Ann"], True),
        ("Jane Ann", ["Jane"], True),
        ("Siân", ["Sian"], True),
        ("J", ["Jane"], False),
        ("J", ["J"], False),
        ("Joan", ["Jane"], False),
        ("Janie", ["Jane"], False),
        ("Ann", ["Jane", "Ann"], False),
        ("", ["Jane"], False),
        ("Jane", [], False),
    ],
)
def test_only_who_has_the_first_name_too_is_certain(ours: str, theirs: list[str], certain: bool) -> None:
    patient = Patient(family="Smith", given=ours, birth_date=dt.date(1970, 5, 1))
    name = {"use": "usual", "family": "SMITH", "given": theirs}
    assert judging.certain(patient, {"resourceType": "Patient", "name": [name], "birthDate": "1970-05-01"}) is certain


@pytest.mark.django_db
def test_a_twin_with_the_others_number_is_not_taken_for_her(pds: Pds, jane: Patient, receptionist: Person) -> None:
    Patient.objects.filter(pk=jane.pk).update(given="Joan")
    jane.refresh_from_db()
    trace = ask(jane, receptionist)
    assert trace.state == State.DOUBT
    assert (jane.traced_at, jane.nhs_number_status) == (None, PRESENT)
    assert nothing_from_pds()
    said = panel(jane, receptionist)
    assert "First name Joan Jane differs" in said
    assert "Is it the same person?" in said


@pytest.mark.django_db
@pytest.mark.parametrize("twin", ["who is asked about", "who has the new number"])
def test_a_superseded_number_joins_no_twins(
    twin: str, pds: Pds, piotr: Patient, make_patient: MakePatient, gp: Person
) -> None:
    other = make_patient(
        given="Piotr", family="Nowak", birth_date=dt.date(1981, 6, 12), birth_date_written="1981-06-12",
        gender="male", nhs_number=PIOTR_NOW,
    )  # fmt: skip
    changed = piotr if twin == "who is asked about" else other
    Patient.objects.filter(pk=changed.pk).update(given="Pawel")
    piotr.refresh_from_db()
    assert ask(piotr, gp).state == (State.DOUBT if changed == piotr else State.TAKEN)
    other.refresh_from_db()
    assert (piotr.merged_into, other.merged_into) == (None, None)
    assert (piotr.nhs_number, other.nhs_number) == (PIOTR, PIOTR_NOW)
    assert nothing_from_pds()


# Joined while PDS was being asked -------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_who_was_joined_meanwhile_to_the_holder_of_the_new_number_is_traced_there(
    pds: Pds, piotr: Patient, make_patient: MakePatient, gp: Person
) -> None:
    Patient.objects.filter(pk=piotr.pk).update(nhs_number_status=PRESENT)
    other = make_patient(
        given="Piotr", family="Nowak", birth_date=dt.date(1981, 6, 12), birth_date_written="1981-06-12",
        nhs_number=PIOTR_NOW, nhs_number_status=PRESENT,
    )  # fmt: skip
    trace = asked(piotr, gp)
    joined = join(other, piotr, gp)
    asking.answer(trace.pk)
    trace.refresh_from_db()
    other.refresh_from_db()
    assert trace.state == State.TRACED
    assert Merge.objects.count() == 1
    assert PatientLink.objects.get().patient == other
    assert (other.nhs_number, other.nhs_number_status) == (PIOTR_NOW, VERIFIED)
    assert AuditEvent.objects.get(action="traced with PDS").patient_id == other.pk
    assert "was replaced by 999 840 8229" in panel(other, gp)
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    piotr.refresh_from_db()
    assert (piotr.nhs_number, piotr.nhs_number_status, piotr.traced_at) == (PIOTR, PRESENT, None)


@pytest.fixture
def two(db: None, tmp_path: Path, riverside: Organisation, infirmary: Organisation) -> tuple[Patient, Patient]:
    """Jane as the practice knows her, without a number, and as the hospital does."""
    taking.take(taking.write(tmp_path / "1.ndjson", taking.patient(number="")), riverside, riverside)
    taking.take(taking.write(tmp_path / "2.ndjson", taking.patient("h1", number=JANE)), infirmary)
    kept, other = (Patient.objects.get(links__source__ods_code=source) for source in ("Y90001", "RZZ01"))
    return kept, other


@pytest.mark.django_db
def test_what_pds_says_of_one_joined_meanwhile_shows_on_both_and_goes_with_them(
    pds: Pds, two: tuple[Patient, Patient], gp: Person
) -> None:
    kept, other = two
    trace = asked(other, gp)
    joined = join(kept, other, gp)
    asking.answer(trace.pk)
    trace.refresh_from_db()
    kept.refresh_from_db()
    assert trace.state == State.TRACED
    assert (kept.nhs_number, kept.nhs_number_status) == (JANE, VERIFIED)
    assert Resource.objects.get(source__ods_code="X26").patient == other
    undo_merge(merge=joined, reason="Two people", by=gp.actor)
    kept.refresh_from_db()
    other.refresh_from_db()
    assert (kept.nhs_number, kept.traced_at) == ("", None)
    assert (other.nhs_number, other.nhs_number_status) == (JANE, VERIFIED)


@pytest.mark.django_db
def test_restricted_at_pds_counts_for_who_was_joined_meanwhile(
    pds: Pds, two: tuple[Patient, Patient], gp: Person
) -> None:
    kept, other = two
    pds.change(JANE, "restrict")
    trace = asked(other, gp)
    join(kept, other, gp)
    asking.answer(trace.pk)
    kept.refresh_from_db()
    assert kept.restricted


@pytest.mark.django_db
def test_a_person_confirms_whom_pds_found_although_they_were_joined_meanwhile(
    pds: Pds, ioana: Patient, make_patient: MakePatient, receptionist: Person, gp: Person
) -> None:
    trace = ask(ioana, receptionist)
    assert trace.state == State.MATCH
    kept = make_patient(given="Ioana", family="Dumitrescu", nhs_number="", nhs_number_status="absent")
    join(kept, ioana, gp)
    answer = receptionist.client.post(f"/patients/{kept.pk}/pds/{trace.pk}/decide/", {"same": "yes"}, follow=True)
    assert answer.status_code == 200
    trace.refresh_from_db()
    assert trace.state == State.TRACED
    assert PatientLink.objects.get(source__ods_code="X26").patient == ioana


@pytest.mark.django_db
def test_the_number_of_a_third_is_still_a_record_to_check(
    pds: Pds, two: tuple[Patient, Patient], make_patient: MakePatient, gp: Person
) -> None:
    kept, other = two
    third = make_patient(nhs_number=JANE)
    trace = asked(other, gp)
    join(kept, other, gp)
    asking.answer(trace.pk)
    trace.refresh_from_db()
    assert trace.state == State.TAKEN
    assert Finding.objects.filter(about=str(third.pk)).exists()
    assert Merge.objects.count() == 1


# The sweep ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def rung(pds: Pds, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    monkeypatch.setattr(doorbell, "ring", lambda task, trace_id: heard.append(str(trace_id)))
    return heard


@pytest.mark.django_db
def test_the_sweep_asks_nothing_again_that_was_asked_lately(
    rung: list[str], pds: Pds, jane: Patient, gp: Person
) -> None:
    trace = asked(jane, gp)
    asking.sweep()
    assert rung == []  # it rang by itself a moment ago
    Trace.objects.update(asked_at=timezone.now() - dt.timedelta(minutes=1))
    asking.sweep()
    assert rung == [str(trace.pk)]  # that ring was lost
    asking.answer(trace.pk)
    asking.sweep()
    assert rung == [str(trace.pk)]  # answered
    assert len(pds.seen) == 1


@pytest.mark.django_db
def test_the_sweep_waits_for_a_try_and_for_the_worker_that_has_it(
    rung: list[str], quick: None, pds: Pds, jane: Patient, gp: Person
) -> None:
    pds.behave("down")
    trace = asked(jane, gp)
    asking.answer(trace.pk)
    Trace.objects.update(asked_at=timezone.now() - dt.timedelta(minutes=1))
    asking.sweep()
    assert rung == []
    Trace.objects.update(due_at=timezone.now())
    asking.sweep()
    assert rung == [str(trace.pk)]
    Trace.objects.update(due_at=timezone.now() + dt.timedelta(seconds=90))  # claimed
    asking.sweep()
    assert rung == [str(trace.pk)]


@pytest.mark.django_db
def test_a_question_that_breaks_every_worker_is_given_up(
    pds: Pds, jane: Patient, gp: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("records.tracing.taking._store", broken)
    trace = asked(jane, gp)
    for _ in range(6):
        Trace.objects.update(due_at=timezone.now())
        with pytest.raises(ZeroDivisionError):
            asking.answer(trace.pk)
    Trace.objects.update(due_at=timezone.now())
    asking.answer(trace.pk)
    trace.refresh_from_db()
    assert (trace.state, trace.due_at) == (State.FAILED, None)
    assert [one["status"] for one in pds.seen if one["status"] != 429] == [200] * 6
    assert "Our system has a fault" in panel(jane, gp)
    assert jane.traced_at is None
