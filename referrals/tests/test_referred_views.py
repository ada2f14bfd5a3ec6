"""What the other side sees: the referrals sent to its organisation, and nothing else."""

from typing import Any

import pytest

from access.models import Organisation
from access.permissions import Role
from conftest import Person, make_person
from exchange.models import Service
from referrals.tests.pages import audits, page, text_of

pytestmark = pytest.mark.django_db


def test_the_hospital_reads_what_was_sent_and_nothing_else(
    hospital_clinician: Person, make_sent: Any, make_draft: Any, make_patient: Any
) -> None:
    sent = make_sent(patient=make_patient(family="Sentry", phone="01632 960148", address="12 Weaver Lane"))
    draft = make_draft(patient=make_patient(family="Drafty"))
    client = hospital_clinician.client
    listed = text_of(page(client, "referred"))
    assert "SENTRY" in listed
    assert "DRAFTY" not in listed
    opened = page(client, "referred-one", sent.pk)
    assert "Breathless on one flight of stairs" in text_of(opened)
    assert "Weaver Lane" not in opened.content.decode()
    assert audits("opened received referral") == 1
    assert page(client, "referred-one", draft.pk).status_code == 404
    for name in ("referral", "edit"):
        assert page(client, name, sent.pk).status_code == 403
    assert page(client, "panel", sent.patient_id).status_code == 403


def test_another_hospital_sees_none_of_it(make_sent: Any) -> None:
    sent = make_sent()
    elsewhere = Organisation.objects.create(ods_code="RYY99", name="Southern Infirmary", kind="hospital")
    other = make_person("c@southern.example", "Dr O Ther", elsewhere, Role.HOSPITAL_CLINICIAN)
    assert "SMITH" not in text_of(page(other.client, "referred"))
    assert page(other.client, "referred-one", sent.pk).status_code == 404


def test_another_service_of_the_same_patient_is_not_the_hospitals_business(
    hospital_clinician: Person, make_sent: Any, blood_pressure: Service, make_patient: Any
) -> None:
    patient = make_patient(phone="1")
    make_sent(patient=patient)
    elsewhere = make_sent(patient=patient, service=blood_pressure, priority="routine")
    assert "Blood pressure check" not in text_of(page(hospital_clinician.client, "referred"))
    assert page(hospital_clinician.client, "referred-one", elsewhere.pk).status_code == 404


@pytest.mark.parametrize("who", ["gp", "receptionist", "social_worker", "privacy_officer"])
def test_what_was_referred_is_for_those_who_receive(request: pytest.FixtureRequest, make_sent: Any, who: str) -> None:
    sent = make_sent()
    client = request.getfixturevalue(who).client
    assert page(client, "referred").status_code == 403
    assert page(client, "referred-one", sent.pk).status_code == 403
