"""The demonstration's referrals go the real way."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from conftest import Person
from exchange.fhir.systems import System
from exchange.models import OutboxMessage, Service
from records.models import Patient, Resource
from referrals import demonstration
from referrals.models import Referral

pytestmark = pytest.mark.django_db


@pytest.fixture
def hypertensive(make_patient: Callable[..., Patient]) -> Patient:
    patient = make_patient(phone="01632 960148")
    source = patient.relationships.get().organisation
    Resource.objects.create(
        id=uuid4(),
        source=source,
        type="Condition",
        source_key="1",
        patient=patient,
        body="{}",
        kind="problem",
        display="Essential hypertension",
        status="active",
        code="59621000",
        code_system=System.SNOMED,
    )
    return patient


def test_examples_are_written_and_sent_once(gp: Person, hypertensive: Patient, blood_pressure: Service) -> None:
    assert demonstration.seed() == 1
    referral = Referral.objects.get()
    assert (referral.patient, referral.service, referral.state) == (hypertensive, blood_pressure, "sent")
    assert "Essential hypertension" in referral.clinical_summary
    assert OutboxMessage.objects.get().concerns_id == str(referral.pk)
    assert demonstration.seed() == 0
    assert Referral.objects.count() == 1


def test_nobody_fits_nothing_is_invented(gp: Person, blood_pressure: Service, make_patient: Any) -> None:
    make_patient(phone="01632 960148")
    assert demonstration.seed() == 0
    assert not Referral.objects.exists()


def test_without_a_practice_there_is_nothing_to_seed() -> None:
    assert demonstration.seed() == 0
