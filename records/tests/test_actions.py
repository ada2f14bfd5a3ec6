"""Giving and ending an organisation's reach to a patient, each with its audit row or not at all."""

from collections.abc import Callable
from unittest.mock import patch

import pytest

from access import audit
from access.models import AuditEvent, Organisation
from conftest import Person
from records import reach
from records.actions import relate, unrelate
from records.models import Patient, Relationship

MakePatient = Callable[..., Patient]
CASELOAD = Relationship.Kind.CASELOAD


@pytest.mark.django_db
def test_reach_is_given_once_and_ended(
    make_patient: MakePatient, cityview: Organisation, social_worker: Person, gp: Person
) -> None:
    patient = make_patient()
    first = relate(patient=patient, organisation=cityview, kind=CASELOAD, why="care needs", by=gp.actor)
    assert relate(patient=patient, organisation=cityview, kind=CASELOAD, why="again", by=gp.actor) == first
    assert list(reach.patients(social_worker.actor)) == [patient]
    unrelate(patient=patient, organisation=cityview, kind=CASELOAD, why="moved away", by=gp.actor)
    unrelate(patient=patient, organisation=cityview, kind=CASELOAD, why="moved away", by=gp.actor)
    assert not reach.patients(social_worker.actor).exists()
    first.refresh_from_db()
    assert first.until is not None
    assert list(AuditEvent.objects.order_by("pk").values_list("action", "patient_id", "actor_name")) == [
        ("gave access", patient.pk, gp.user.name),
        ("ended access", patient.pk, gp.user.name),
    ]


@pytest.mark.django_db
def test_reach_given_again_is_a_new_row(make_patient: MakePatient, cityview: Organisation, gp: Person) -> None:
    patient = make_patient()
    for _ in range(2):
        relate(patient=patient, organisation=cityview, kind=CASELOAD, why="care needs", by=gp.actor)
        unrelate(patient=patient, organisation=cityview, kind=CASELOAD, why="done", by=gp.actor)
    assert Relationship.objects.filter(organisation=cityview, until__isnull=False).count() == 2


@pytest.mark.django_db(transaction=True)
def test_without_its_audit_row_there_is_no_reach(make_patient: MakePatient, cityview: Organisation, gp: Person) -> None:
    patient = make_patient()
    with patch.object(audit, "record", side_effect=RuntimeError("broken")), pytest.raises(RuntimeError, match="broken"):
        relate(patient=patient, organisation=cityview, kind=CASELOAD, why="care needs", by=gp.actor)
    assert not Relationship.objects.filter(organisation=cityview).exists()


@pytest.mark.django_db(transaction=True)
def test_without_its_audit_row_reach_does_not_end(
    make_patient: MakePatient, riverside: Organisation, gp: Person
) -> None:
    patient = make_patient()
    with patch.object(audit, "record", side_effect=RuntimeError("broken")), pytest.raises(RuntimeError, match="broken"):
        unrelate(patient=patient, organisation=riverside, kind="registered", why="left", by=gp.actor)
    assert Relationship.objects.get().until is None
