"""Who reaches whom: the walls between practice, social care, hospital and everybody else."""

from collections.abc import Callable
from uuid import uuid4

import pytest
from django.http import Http404
from django.utils import timezone

from access.actor import partner, system
from access.models import Organisation
from conftest import Person
from records import reach
from records.models import Letter, Patient, Relationship, Resource

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db


def say(source: Organisation, patient: Patient, type_: str, **columns: object) -> Resource:
    key = str(uuid4())
    return Resource.objects.create(
        id=uuid4(), source=source, type=type_, source_key=key, patient=patient, sha256="", body="{}", **columns
    )


def relate(patient: Patient, organisation: Organisation, kind: str) -> Relationship:
    return Relationship.objects.create(patient=patient, organisation=organisation, kind=kind, since=timezone.now())


@pytest.fixture
def record(make_patient: MakePatient, riverside: Organisation, infirmary: Organisation) -> Patient:
    patient = make_patient()
    for type_ in ("Condition", "DocumentReference", "Appointment", "AllergyIntolerance", "DiagnosticReport"):
        say(riverside, patient, type_)
    say(infirmary, patient, "Observation")
    say(infirmary, patient, "Condition", status="entered-in-error")
    return patient


def test_the_practice_reaches_those_registered_there(record: Patient, gp: Person, nurse: Person) -> None:
    for person in (gp, nurse):
        assert list(reach.patients(person.actor)) == [record]
        assert reach.resources(person.actor, record).count() == 7


def test_a_clinician_sees_what_was_entered_in_error(record: Patient, gp: Person) -> None:
    assert reach.resources(gp.actor, record).filter(status="entered-in-error").exists()


def test_the_front_desk_reads_bookings_only(record: Patient, receptionist: Person, practice_manager: Person) -> None:
    for person in (receptionist, practice_manager):
        assert reach.patient_or_404(person.actor, record.pk) == record
        assert {r.type for r in reach.resources(person.actor, record)} == {"Appointment"}


@pytest.mark.parametrize("who", ["stranger", "social_worker", "hospital_clinician", "privacy_officer"])
def test_without_a_relationship_nothing_is_reached(record: Patient, who: str, request: pytest.FixtureRequest) -> None:
    actor = request.getfixturevalue(who).actor
    assert not reach.patients(actor).exists()
    assert not reach.resources(actor, record).exists()
    assert not reach.letters(actor, record).exists()
    with pytest.raises(Http404):
        reach.patient_or_404(actor, record.pk)


def test_a_system_or_partner_reaches_nobody(record: Patient, riverside: Organisation) -> None:
    for actor in (system("delivery"), partner(riverside)):
        assert not reach.patients(actor).exists()
        assert not reach.resources(actor, record).exists()


def test_a_relationship_of_another_kind_opens_nothing(
    record: Patient, hospital_clinician: Person, infirmary: Organisation, social_worker: Person, cityview: Organisation
) -> None:
    relate(record, infirmary, Relationship.Kind.APPOINTMENT)
    relate(record, cityview, Relationship.Kind.REFERRED)
    assert not reach.patients(hospital_clinician.actor).exists()
    assert not reach.patients(social_worker.actor).exists()


def test_an_ended_relationship_opens_nothing(record: Patient, gp: Person) -> None:
    Relationship.objects.update(until=timezone.now())
    assert not reach.patients(gp.actor).exists()
    assert not reach.resources(gp.actor, record).exists()


def test_social_care_reads_the_least_necessary(record: Patient, social_worker: Person, cityview: Organisation) -> None:
    relate(record, cityview, Relationship.Kind.CASELOAD)
    say(cityview, record, "Observation")
    seen = reach.resources(social_worker.actor, record)
    assert {r.type for r in seen} == {"Condition", "AllergyIntolerance", "Observation"}
    assert seen.get(type="Observation").source == cityview
    assert not reach.letters(social_worker.actor, record).exists()


def test_the_hospital_knows_who_was_referred_but_not_the_record(
    record: Patient, hospital_clinician: Person, infirmary: Organisation
) -> None:
    relate(record, infirmary, Relationship.Kind.REFERRED)
    assert reach.patient_or_404(hospital_clinician.actor, record.pk) == record
    assert not reach.resources(hospital_clinician.actor, record).exists()


def test_letters_are_for_the_practice(
    record: Patient, gp: Person, receptionist: Person, infirmary: Organisation
) -> None:
    document = Resource.objects.get(type="DocumentReference")
    letter = Letter.objects.create(
        patient=record, sender=infirmary, document=document, title="Discharge", written_at=timezone.now()
    )
    assert list(reach.letters(gp.actor, record)) == [letter]
    assert list(reach.letters(receptionist.actor, record)) == [letter]


def test_a_merged_patient_is_read_as_one(record: Patient, gp: Person, make_patient: MakePatient) -> None:
    kept = make_patient(given="Janet")
    older = make_patient(given="Jan", merged_into=record, registered_at=None)
    say(Organisation.objects.get(ods_code="Y90001"), older, "Condition")
    record.merged_into = kept
    record.save()
    assert reach.patient_or_404(gp.actor, older.pk) == kept
    assert list(reach.patients(gp.actor)) == [kept]
    assert reach.resources(gp.actor, kept).count() == 8


def test_a_merge_opens_no_door_to_a_stranger(record: Patient, stranger: Person, make_patient: MakePatient) -> None:
    kept = make_patient(given="Janet")
    record.merged_into = kept
    record.save()
    with pytest.raises(Http404):
        reach.patient_or_404(stranger.actor, record.pk)
    assert not reach.resources(stranger.actor, kept).exists()


def test_reading_a_record_narrows_to_the_patient_first(
    record: Patient, gp: Person, django_assert_num_queries: Callable[..., object]
) -> None:
    with django_assert_num_queries(2):  # type: ignore[attr-defined]
        list(reach.resources(gp.actor, record))
