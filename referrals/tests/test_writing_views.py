"""Writing a referral: what is offered, kept, sent or refused, and that all of it works without script."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.fhir.systems import System
from exchange.models import OutboxMessage, Partner, Service
from records.models import Patient, Resource
from referrals.models import Referral
from referrals.tests.pages import HTMX, audits, new_url, page, text_of, written

pytestmark = pytest.mark.django_db


def test_first_a_service_is_chosen(gp: Person, clinic: Service, blood_pressure: Service, make_patient: Any) -> None:
    patient = make_patient()
    response = page(gp.client, "new", patient=str(patient.pk))
    assert response.status_code == 200
    said = text_of(response)
    assert "SMITH, Jane" in said
    assert "Heart failure clinic" in said
    assert "Market Square Pharmacy" in said
    found = page(gp.client, "new", patient=str(patient.pk), q="pressure")
    assert "Heart failure clinic" not in text_of(found)
    assert f"service={blood_pressure.service_id}" in found.content.decode()


def test_the_directory_narrows_as_one_types(gp: Person, clinic: Service, make_patient: Any) -> None:
    patient = make_patient()
    query = {"patient": str(patient.pk), "q": "heart"}
    response = gp.client.get(reverse("referrals:new"), query, **HTMX)
    assert response.content.decode().lstrip().startswith('<div class="col" id="services"')
    assert "<html" not in response.content.decode()
    assert not AuditEvent.objects.filter(patient_id=patient.pk).exists()  # a fragment writes no event


def test_nothing_found_says_what_to_try(gp: Person, clinic: Service, make_patient: Any) -> None:
    said = text_of(page(gp.client, "new", patient=str(make_patient().pk), q="<b>zebra"))
    assert "No service is found by" in said


def _said(patient: Patient, source: Organisation, kind: str, display: str, **more: Any) -> None:
    Resource.objects.create(
        id=uuid4(),
        source=source,
        type={"problem": "Condition", "medicine": "MedicationRequest", "allergy": "AllergyIntolerance"}.get(
            kind, "Observation"
        ),
        source_key=str(uuid4()),
        patient=patient,
        body="{}",
        kind=kind,
        display=display,
        code=f"c-{display.split()[0]}",
        code_system=System.SNOMED,
        date=timezone.now(),
        date_written="2026-11-18",
        **more,
    )


def test_the_summary_comes_from_the_record(
    gp: Person, clinic: Service, make_patient: Any, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    _said(patient, riverside, "problem", "Essential hypertension", status="active")
    _said(patient, infirmary, "problem", "Essential hypertension", status="active")
    _said(patient, riverside, "problem", "Fracture of wrist", status="resolved")
    _said(patient, riverside, "medicine", "Bisoprolol 2.5mg tablets", status="active", detail={"directions": "od"})
    _said(patient, infirmary, "medicine", "Bisoprolol 5mg tablets", status="active", detail={"directions": "od"})
    _said(patient, riverside, "medicine", "Naproxen 250mg tablets", status="stopped")
    _said(patient, riverside, "allergy", "Penicillin", status="active", detail={"reaction": "Anaphylaxis"})
    _said(patient, riverside, "allergy", "Latex", detail={"verification": "refuted"})
    high = {"interpretation": "H"}
    _said(patient, riverside, "result", "HbA1c", value="58", unit="mmol/mol", status="final", detail=high)
    response = gp.client.get(new_url(patient, clinic))
    reason, summary = response.content.decode().split("<textarea")[1:]
    assert ">None<" not in reason
    assert "- Essential hypertension (Riverside Surgery, Northern Infirmary, 18 Nov 2026)" in summary
    assert summary.count("- Bisoprolol") == 1
    assert "Sources disagree" in summary
    assert "GP: Riverside Surgery; NI: Northern Infirmary" in summary
    assert "- Penicillin anaphylaxis (Riverside Surgery, 18 Nov 2026)" in summary
    assert "- HbA1c: 58 mmol/mol, high (Riverside Surgery, 18 Nov 2026)" in summary
    assert all(gone not in summary for gone in ("Fracture", "Naproxen", "Latex"))
    assert audits("opened new referral") == 1


def test_no_priority_is_chosen_for_the_author(gp: Person, clinic: Service, make_patient: Any) -> None:
    assert " checked" not in gp.client.get(new_url(make_patient(), clinic)).content.decode()


def test_an_empty_record_says_so(gp: Person, clinic: Service, make_patient: Any) -> None:
    said = gp.client.get(new_url(make_patient(), clinic)).content.decode()
    assert "No allergies recorded." in said
    assert "None recorded as active." in said


def test_send_referral(gp: Person, clinic: Service, make_patient: Any, rung: list[str]) -> None:
    patient = make_patient(phone="01632 960148")
    response = gp.client.post(new_url(patient, clinic), written())
    referral = Referral.objects.get()
    assert response.status_code == 302
    assert response.headers["Location"] == reverse("referrals:referral", args=[referral.pk])
    assert (referral.state, referral.reason, referral.patient) == ("sent", "Breathless on one flight", patient)
    assert OutboxMessage.objects.get().concerns_id == str(referral.pk)
    said = text_of(gp.client.get(response.headers["Location"]))
    assert "on its way" in said
    assert "Nothing to do yet." in said


def test_a_second_click_sends_nothing_more(gp: Person, clinic: Service, make_patient: Any) -> None:
    url = new_url(make_patient(phone="01632 960148"), clinic)
    found = re.search(r'name="referral_id"\s+value="([0-9a-f-]+)"', gp.client.get(url).content.decode())
    assert found
    form = written(referral_id=found[1])
    answers = [gp.client.post(url, form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert (Referral.objects.count(), OutboxMessage.objects.count()) == (1, 1)
    sent = Referral.objects.get()
    again = gp.client.post(reverse("referrals:send", args=[sent.pk]), {"version": "1"}, follow=True)
    assert "Not sent" not in text_of(again)
    assert OutboxMessage.objects.count() == 1


def test_an_id_of_somebody_elses_referral_opens_nothing(
    stranger: Person, clinic: Service, make_draft: Any, make_patient: Any
) -> None:
    theirs = make_draft()
    own = make_patient(registered_at=stranger.membership.organisation, nhs_number="9990000026")
    response = stranger.client.post(new_url(own, clinic), written(referral_id=str(theirs.pk)), follow=True)
    assert response.status_code == 404
    assert Referral.objects.get().version == 1


def test_save_draft_sends_nothing(gp: Person, clinic: Service, make_patient: Any) -> None:
    response = gp.client.post(new_url(make_patient(), clinic), written("draft", reason=""))
    assert response.status_code == 302
    assert Referral.objects.get().state == "draft"
    assert not OutboxMessage.objects.exists()


def test_htmx_is_sent_on_to_the_referral(gp: Person, clinic: Service, make_patient: Any) -> None:
    response = gp.client.post(new_url(make_patient(phone="1"), clinic), written(), **HTMX)
    assert response.headers["HX-Redirect"] == reverse("referrals:referral", args=[Referral.objects.get().pk])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": "  "}, "Enter the reason for referral"),
        ({"priority": ""}, "Choose a priority"),
        ({"priority": "suspected-cancer"}, "Heart failure clinic does not take this priority"),
        ({"reason": "x" * 1001}, "1,000 characters or fewer"),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_what_is_missing_is_said_and_nothing_is_lost(
    gp: Person, clinic: Service, make_patient: Any, change: dict[str, str], said: str, headers: Any
) -> None:
    response = gp.client.post(
        new_url(make_patient(), clinic), written(clinical_summary="Typed with care", **change), **headers
    )
    body = response.content.decode()
    assert response.status_code == 422
    assert "There is a problem" in body
    assert said in body
    assert "Typed with care" in body
    assert ("<html" in body) == (not headers)
    assert not Referral.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_a_draft_is_changed_and_sent(gp: Person, make_draft: Any) -> None:
    referral = make_draft()
    url = reverse("referrals:edit", args=[referral.pk])
    assert "Breathless on one flight of stairs" in gp.client.get(url).content.decode()
    gp.client.post(url, written("draft", version="1", reason="Now at rest"))
    assert Referral.objects.get().reason == "Now at rest"
    gp.client.post(url, written("send", version="2"))
    assert Referral.objects.get().state == "sent"


def test_the_service_of_a_draft_can_be_changed(gp: Person, make_draft: Any, blood_pressure: Service) -> None:
    referral = make_draft()
    url = reverse("referrals:edit", args=[referral.pk])
    chosen = gp.client.get(url, {"choose": "1"}).content.decode()
    assert f'href="?service={blood_pressure.service_id}"' in chosen
    gp.client.post(f"{url}?service={blood_pressure.service_id}", written("draft", version="1", priority="routine"))
    assert Referral.objects.get().service == blood_pressure


def test_two_people_with_one_draft(gp: Person, nurse: Person, make_draft: Any) -> None:
    referral = make_draft()
    url = reverse("referrals:edit", args=[referral.pk])
    nurse.client.post(url, written("draft", version="1", reason="The nurse's words"))
    response = gp.client.post(url, written("send", version="1", reason="The doctor's words"))
    assert response.status_code == 422
    assert "Somebody changed this referral" in response.content.decode()
    assert "The doctor&#39;s words" in response.content.decode()
    assert (Referral.objects.get().reason, Referral.objects.get().state) == ("The nurse's words", "draft")


def test_send_and_withdraw_from_the_page(gp: Person, make_draft: Any) -> None:
    first, second = make_draft(), make_draft()
    for name, referral in (("send", first), ("withdraw", second)):
        stale = gp.client.post(reverse(f"referrals:{name}", args=[referral.pk]), {"version": "7"}, follow=True)
        assert "Somebody changed this referral" in text_of(stale)
        gp.client.post(reverse(f"referrals:{name}", args=[referral.pk]), {"version": "1"})
    assert [Referral.objects.get(pk=r.pk).state for r in (first, second)] == ["sent", "withdrawn"]


def test_a_draft_without_a_reason_is_not_sent(gp: Person, make_draft: Any) -> None:
    referral = make_draft(reason="")
    response = gp.client.post(reverse("referrals:send", args=[referral.pk]), {"version": "1"}, follow=True)
    assert "Enter the reason for referral first" in text_of(response)
    assert Referral.objects.get().state == "draft"


def test_a_service_that_cannot_be_reached_leaves_a_draft_and_says_so(gp: Person, make_draft: Any) -> None:
    referral = make_draft()
    Partner.objects.update(enabled=False)
    response = gp.client.post(reverse("referrals:send", args=[referral.pk]), {"version": "1"}, follow=True)
    assert "Not sent. Heart failure clinic cannot be reached from here yet." in text_of(response)
    assert Referral.objects.get().state == "draft"
