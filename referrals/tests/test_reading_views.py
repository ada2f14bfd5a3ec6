"""One referral on its page: who sees what of it, and who is told nothing."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from access.models import AuditEvent
from conftest import Person
from exchange.models import Service
from records.models import Patient, Relationship
from referrals.models import Referral
from referrals.tests.pages import audits, new_url, page, text_of, written

pytestmark = pytest.mark.django_db


def test_a_referral_tells_its_way(gp: Person, make_sent: Any, answer: Any, file: Any) -> None:
    referral = make_sent()
    file(answer(referral, "accepted"))
    file(answer(referral, "in-progress", starts="2099-12-08T10:20:00+00:00", place="Clinic 4"))
    response = page(gp.client, "referral", referral.pk)
    said = text_of(response)
    assert "Booked: Tue 8 Dec 2099, 10:20, Clinic 4" in said
    assert "Accepted by Northern Infirmary" in said
    assert "Sent by Dr A Khan" in said
    assert "Breathless on one flight of stairs" in said
    assert "Essential hypertension" in said
    assert audits("opened referral") == 1
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", said)


def test_the_receptionist_sees_where_it_stands_and_not_what_was_sent(
    receptionist: Person, make_sent: Any, answer: Any, file: Any
) -> None:
    referral = make_sent()
    file(answer(referral, "completed", outcome="Blood pressure 158/92"))
    for response in (
        page(receptionist.client, "referral", referral.pk),
        page(receptionist.client, "worklist", list="closed"),
        page(receptionist.client, "panel", referral.patient_id),
    ):
        body = response.content.decode()
        assert "Heart failure clinic" in body
        assert "Completed by Northern Infirmary" in body
        assert all(word not in body for word in ("Breathless", "hypertension", "158/92"))


def test_the_receptionist_writes_nothing(receptionist: Person, make_draft: Any, clinic: Service) -> None:
    referral = make_draft()
    client = receptionist.client
    assert client.get(new_url(referral.patient, clinic)).status_code == 403
    assert client.post(new_url(referral.patient, clinic), written()).status_code == 403
    for name in ("edit", "send", "withdraw"):
        assert client.post(reverse(f"referrals:{name}", args=[referral.pk]), {"version": "1"}).status_code == 403
    assert Referral.objects.get().version == 1


REFERRAL_PAGES = ["referral", "edit", "send", "withdraw"]


@pytest.mark.parametrize("name", REFERRAL_PAGES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_the_stranger_is_told_nothing(stranger: Person, make_draft: Any, name: str, method: str) -> None:
    referral = make_draft()
    client = stranger.client
    known = getattr(client, method)(reverse(f"referrals:{name}", args=[referral.pk]), {"version": "1"})
    unknown = getattr(client, method)(reverse(f"referrals:{name}", args=[uuid4()]), {"version": "1"})
    assert known.status_code == unknown.status_code
    assert known.status_code in (404, 405)
    assert not AuditEvent.objects.filter(actor_name=stranger.user.name).exists()
    assert Referral.objects.get().version == 1


@pytest.mark.parametrize("patient", ["theirs", "unknown", "nonsense", ""])
def test_the_stranger_cannot_write_about_our_patient(
    stranger: Person, clinic: Service, make_patient: Any, patient: str
) -> None:
    wanted = {"theirs": str(make_patient().pk), "unknown": str(uuid4())}.get(patient, patient)
    for query in ({"patient": wanted}, {"patient": wanted, "service": clinic.service_id}):
        assert page(stranger.client, "new", **query).status_code == 404
    assert (
        stranger.client.post(f"{reverse('referrals:new')}?patient={wanted}&service=9000000201", written()).status_code
        == 404
    )
    assert not Referral.objects.exists()


def test_the_strangers_lists_are_empty(stranger: Person, make_sent: Any) -> None:
    make_sent()
    assert "SMITH" not in text_of(page(stranger.client, "worklist", list="not-delivered"))


def test_who_left_the_practice_is_out_of_reach_with_their_referrals(gp: Person, make_sent: Any) -> None:
    referral = make_sent()
    Relationship.objects.filter(kind="registered").update(until=timezone.now())
    assert page(gp.client, "referral", referral.pk).status_code == 404
    Referral.objects.update(state="completed")
    assert "SMITH" not in text_of(page(gp.client, "worklist", list="closed"))


def test_a_merged_patients_referrals_stand_on_the_one_that_is_kept(
    gp: Person, make_sent: Any, make_patient: Any
) -> None:
    referral, kept = make_sent(), make_patient(given="Janet")
    Patient.objects.filter(pk=referral.patient_id).update(merged_into=kept)
    assert page(gp.client, "referral", referral.pk).status_code == 200
    assert "Heart failure clinic" in text_of(page(gp.client, "panel", kept.pk))


def test_a_text_is_shown_as_text(gp: Person, make_sent: Any, answer: Any, file: Any) -> None:
    referral = make_sent(reason="<script>alert(1)</script>", clinical_summary="<img src=x onerror=alert(2)>")
    file(answer(referral, "rejected", reason="<b onmouseover=alert(3)>no</b>"))
    body = page(gp.client, "referral", referral.pk).content.decode()
    assert "<script>alert" not in body
    assert "<img src=x" not in body
    assert "<b onmouseover" not in body
    assert "&lt;script&gt;alert(1)" in body
