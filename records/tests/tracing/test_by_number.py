"""A number is traced, or was superseded."""

import datetime as dt
from pathlib import Path

import pytest

from access.models import AuditEvent, Organisation
from conftest import Person
from records.models import Finding, Patient, PatientLink, Resource, Trace
from records.people import find
from records.tests import taking
from records.tests.pds_program import Pds
from records.tests.tracing.national import (
    ARJUN,
    FAILING,
    INVALID,
    JANE,
    PIOTR,
    PIOTR_NOW,
    UNKNOWN,
    MakePatient,
    State,
    ask,
    panel,
)


# By NHS number --------------------------------------------------------------------------------------------------------
def test_traced_is_number_present_and_verified(pds: Pds, jane: Patient, receptionist: Person) -> None:
    trace = ask(jane, receptionist)
    assert (trace.state, trace.version, trace.found) == (State.TRACED, 'W/"2"', "")
    assert jane.nhs_number_status == Patient.NhsNumber.VERIFIED
    assert jane.traced_at is not None
    record = Resource.objects.get(type="Patient", source__ods_code="X26")
    assert (record.patient, record.source_key) == (jane, JANE)
    assert "number-present-and-verified" in record.body or '"code":"01"' in record.body
    assert PatientLink.objects.get(resource=record).basis == PatientLink.Basis.NHS_NUMBER
    assert "Traced with PDS" in panel(jane, receptionist)
    assert "agrees with what is shown here" in panel(jane, receptionist)
    told = AuditEvent.objects.filter(patient_id=jane.pk).order_by("pk").values_list("actor_name", "action")
    assert list(told) == [("M Okafor", "asked PDS"), ("PDS", "traced with PDS")]


def test_a_second_check_changes_nothing_and_adds_no_source(pds: Pds, jane: Patient, gp: Person) -> None:
    ask(jane, gp)
    before = Resource.objects.get(source__ods_code="X26").version
    ask(jane, gp)
    assert Resource.objects.get(source__ods_code="X26").version == before
    assert PatientLink.objects.count() == 1
    assert Trace.objects.filter(state=State.TRACED).count() == 2


def test_what_the_practice_says_later_does_not_undo_the_tracing(
    pds: Pds, tmp_path: Path, riverside: Organisation, gp: Person
) -> None:
    """The practice leads the columns; that the number is verified and which it is stays as PDS said."""
    taking.take(taking.write(tmp_path / "1.json", taking.patient(number=JANE)), riverside, riverside)
    jane = Patient.objects.get()
    ask(jane, gp)
    taking.take(taking.write(tmp_path / "2.json", taking.patient(number=JANE, gender="female")), riverside, riverside)
    jane.refresh_from_db()
    assert (jane.gender, jane.nhs_number_status) == ("female", Patient.NhsNumber.VERIFIED)


def test_the_number_failing_its_check_digit_is_never_sent(pds: Pds, make_patient: MakePatient, gp: Person) -> None:
    """Not even when the columns wrongly call it good."""
    patient = make_patient(nhs_number=FAILING, nhs_number_status=Patient.NhsNumber.PRESENT)
    trace = ask(patient, gp)
    assert trace.state == State.INVALID
    assert pds.seen == []
    assert "fails its check digit and was not sent" in panel(patient, gp)
    assert not Resource.objects.exists()


@pytest.mark.parametrize(
    ("number", "state", "words"),
    [
        (UNKNOWN, State.NOT_KNOWN, "PDS does not know this NHS number"),
        (INVALID, State.INVALID, "no longer valid"),
    ],
)
def test_a_number_that_is_nobodys(
    number: str, state: str, words: str, pds: Pds, make_patient: MakePatient, gp: Person
) -> None:
    patient = make_patient(nhs_number=number, nhs_number_status=Patient.NhsNumber.PRESENT)
    assert ask(patient, gp).state == state
    assert patient.nhs_number_status == Patient.NhsNumber.PRESENT
    assert patient.traced_at is None
    assert words in panel(patient, gp)
    assert not Resource.objects.exists()


def test_a_difference_names_the_field(pds: Pds, make_patient: MakePatient, receptionist: Person) -> None:
    arjun = make_patient(
        title="Mr", given="Arjun", family="Patel", birth_date=dt.date(1958, 2, 17), birth_date_written="1958-02-17",
        gender="male", nhs_number=ARJUN,
        address="5 Tannery Street, Harrowmere", postcode="ZZ1 3DT", phone="01632 960412",
    )  # fmt: skip
    assert ask(arjun, receptionist).state == State.TRACED
    said = panel(arjun, receptionist)
    assert "Address 5 Tannery Street, Harrowmere 27 Weir Lane, Harrowmere" in said
    assert "Postcode ZZ1 3DT ZZ3 4AB" in said
    assert "Phone 01632 960412 07700 900661" in said
    assert arjun.address == "5 Tannery Street, Harrowmere"  # the practice's own record leads


def test_somebody_else_under_the_number_is_never_taken_over(pds: Pds, make_patient: MakePatient, gp: Person) -> None:
    patient = make_patient(given="Nasreen", family="Akhtar", birth_date=dt.date(1962, 10, 19), nhs_number=JANE)
    trace = ask(patient, gp)
    assert trace.state == State.DOUBT
    said = panel(patient, gp)
    assert "Family name Akhtar Smith differs" in said
    assert "Is it the same person?" in said
    assert "Millrace" not in said  # where somebody else lives is nobody's business here
    assert "960148" not in said
    assert not Resource.objects.exists()
    assert patient.traced_at is None
    gp.client.post(f"/patients/{patient.pk}/pds/{trace.pk}/decide/", {"same": "no"})
    trace.refresh_from_db()
    assert (trace.state, trace.found) == (State.DISMISSED, "")
    assert not Resource.objects.exists()


def test_another_family_name_is_taken_over_when_a_person_says_so(
    pds: Pds, make_patient: MakePatient, receptionist: Person
) -> None:
    patient = make_patient(given="Jane", family="Maiden", nhs_number=JANE)
    trace = ask(patient, receptionist)
    assert trace.state == State.DOUBT
    receptionist.client.post(f"/patients/{patient.pk}/pds/{trace.pk}/decide/", {"same": "yes"})
    patient.refresh_from_db()
    assert patient.traced_at is not None
    assert PatientLink.objects.get().basis == PatientLink.Basis.PERSON
    assert "Family name Maiden Smith" in panel(patient, receptionist)
    again = receptionist.client.post(f"/patients/{patient.pk}/pds/{trace.pk}/decide/", {"same": "no"}, follow=True)
    assert "settled this meanwhile" in again.content.decode()
    assert PatientLink.objects.exists()


# Superseded -----------------------------------------------------------------------------------------------------------
def test_a_superseded_number_moves_to_the_new_one(pds: Pds, piotr: Patient, receptionist: Person) -> None:
    trace = ask(piotr, receptionist)
    assert (trace.state, trace.asked_number, trace.found_number) == (State.TRACED, PIOTR, PIOTR_NOW)
    assert (piotr.nhs_number, piotr.nhs_number_status) == (PIOTR_NOW, Patient.NhsNumber.VERIFIED)
    assert "999 118 7758 was replaced by 999 840 8229" in panel(piotr, receptionist)
    assert AuditEvent.objects.get(action="traced with PDS").note == "the NHS number was replaced by a newer one"
    assert [one.patient for one in find.patients(receptionist.actor, PIOTR_NOW)] == [piotr]


def test_a_superseded_number_joins_two_who_are_certainly_one(
    pds: Pds, piotr: Patient, make_patient: MakePatient, gp: Person
) -> None:
    """Audited, and undone like any joining."""
    other = make_patient(
        title="Mr", given="Piotr", family="Nowak", birth_date=dt.date(1981, 6, 12), birth_date_written="1981-06-12",
        nhs_number=PIOTR_NOW,
    )  # fmt: skip
    ask(piotr, gp)
    other.refresh_from_db()
    assert (piotr.merged_into, other.merged_into) == (other, None)
    assert (other.nhs_number, other.nhs_number_status) == (PIOTR_NOW, Patient.NhsNumber.VERIFIED)
    assert other.traced_at is not None
    joined = AuditEvent.objects.filter(action="joined records")
    assert {(one.actor_name, one.patient_id) for one in joined} == {("PDS", piotr.pk), ("PDS", other.pk)}
    assert "PDS replaced one NHS number by the other" in joined[0].note
    assert "was replaced by 999 840 8229" in panel(other, gp)
    assert gp.client.get(f"/patients/{piotr.pk}/").headers["Location"] == f"/patients/{other.pk}/"


def test_two_with_one_number_that_nothing_superseded_are_not_joined(
    pds: Pds, jane: Patient, make_patient: MakePatient, gp: Person
) -> None:
    other = make_patient(nhs_number=JANE)
    assert ask(jane, gp).state == State.TAKEN
    other.refresh_from_db()
    assert (jane.merged_into, other.merged_into) == (None, None)
    assert not Resource.objects.exists()


def test_a_new_number_that_somebody_uncertain_has_is_suggested_and_not_merged(
    pds: Pds, piotr: Patient, make_patient: MakePatient, tmp_path: Path, riverside: Organisation, gp: Person
) -> None:
    other = make_patient(given="Piotrek", family="Nowakowski", birth_date=dt.date(1981, 6, 12), nhs_number=PIOTR_NOW)
    own = taking.patient(number=PIOTR, family="Nowak", given="Piotr", born="1981-06-12")
    taking.take(taking.write(tmp_path / "1.json", own), riverside, riverside)
    trace = ask(piotr, gp)
    assert trace.state == State.TAKEN
    assert (piotr.nhs_number, piotr.merged_into) == (PIOTR, None)
    other.refresh_from_db()
    assert other.merged_into is None
    assert Finding.objects.get().about == str(other.pk)
    assert "another patient here has" in panel(piotr, gp)
    assert not Resource.objects.filter(source__ods_code="X26").exists()
