"""The pages: who sees what, what a poll answers, one event each, and that every act works without script."""

import datetime as dt
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from access.models import AuditEvent, Organisation
from access.permissions import Role
from conftest import Person, make_person
from exchange.fhir.systems import System
from exchange.models import InboxMessage, OutboxMessage, Partner, Service
from records.models import Patient, Relationship, Resource
from referrals import actions
from referrals.models import Referral

pytestmark = pytest.mark.django_db
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def page(client: Client, name: str, *args: Any, **query: str) -> Any:
    return client.get(reverse(f"referrals:{name}", args=args), query)


def text_of(response: Any) -> str:
    """The page as one reads it."""
    text = re.sub(r"<(script|style).*?</\1>|<head.*?</head>|<[^>]+>", " ", response.content.decode(), flags=re.S)
    return " ".join(text.replace("&#39;", "'").replace("&amp;", "&").split())


def audits(action: str) -> int:
    return AuditEvent.objects.filter(action=action).count()


# Writing --------------------------------------------------------------------------------------------------------------
def written(act: str = "send", **more: str) -> dict[str, str]:
    given = {"act": act, "priority": "urgent", "reason": "Breathless on one flight", "clinical_summary": "Problems"}
    return given | more


def new_url(patient: Patient, service: Service) -> str:
    return f"{reverse('referrals:new')}?patient={patient.pk}&service={service.service_id}"


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


# Reading --------------------------------------------------------------------------------------------------------------
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
    assert "SMITH" not in text_of(page(gp.client, "worklist", list="not-delivered"))


def test_a_merged_patients_referrals_stand_on_the_one_that_is_kept(
    gp: Person, make_sent: Any, make_patient: Any
) -> None:
    referral, kept = make_sent(), make_patient(given="Janet")
    Patient.objects.filter(pk=referral.patient_id).update(merged_into=kept)
    assert page(gp.client, "referral", referral.pk).status_code == 200
    assert "Heart failure clinic" in text_of(page(gp.client, "panel", kept.pk))


# Polls ----------------------------------------------------------------------------------------------------------------
def seen_in(response: Any) -> str:
    found = re.search(r"seen=([0-9a-f]+)", response.content.decode())
    assert found
    return found.group(1)


def test_the_referral_polls_until_it_is_settled(gp: Person, make_sent: Any, answer: Any, file: Any) -> None:
    referral = make_sent()
    url = reverse("referrals:referral", args=[referral.pk])
    seen = seen_in(gp.client.get(url))
    assert audits("opened referral") == 1
    unchanged = gp.client.get(url, {"seen": seen}, **HTMX)
    assert (unchanged.status_code, unchanged.content) == (204, b"")
    file(answer(referral, "accepted"))
    changed = gp.client.get(url, {"seen": seen}, **HTMX)
    assert changed.status_code == 200
    assert re.match(r'\s*<div class="col"\s+id="referral"\s+hx-get=', changed.content.decode())
    assert "Accepted by Northern Infirmary" in changed.content.decode()
    file(answer(referral, "completed"))
    settled = gp.client.get(url, {"seen": seen_in(changed)}, **HTMX)
    assert settled.status_code == 286
    assert "hx-get" not in settled.content.decode()
    assert audits("opened referral") == 1  # polls write none


def test_news_of_delivery_counts_as_a_change(gp: Person, make_sent: Any) -> None:
    referral = make_sent()
    url = reverse("referrals:referral", args=[referral.pk])
    seen = seen_in(gp.client.get(url))
    message = OutboxMessage.objects.get()
    message.tries.create(number=1, started_at=timezone.now(), ended_at=timezone.now(), outcome="unreachable")
    due = timezone.now() + dt.timedelta(minutes=5)
    OutboxMessage.objects.update(attempts=1, trouble="unreachable", due_at=due)
    response = gp.client.get(url, {"seen": seen}, **HTMX)
    assert response.status_code == 200
    assert re.search(r"Northern Infirmary has not answered since \d\d:\d\d\. We try again", text_of(response))


def test_the_panel_polls_while_something_moves(
    gp: Person, make_sent: Any, make_draft: Any, answer: Any, file: Any
) -> None:
    referral = make_sent()
    url = reverse("referrals:panel", args=[referral.patient_id])
    first = gp.client.get(url)
    assert first.status_code == 200
    assert 'id="referrals" hx-get=' in first.content.decode()
    assert gp.client.get(url, {"seen": seen_in(first)}, **HTMX).status_code == 204
    file(answer(referral, "rejected", reason="No space"))
    settled = gp.client.get(url, {"seen": seen_in(first)}, **HTMX)
    assert settled.status_code == 286
    assert "Rejected by Northern Infirmary" in settled.content.decode()
    assert 'id="referrals">' in settled.content.decode()
    assert not AuditEvent.objects.filter(action__startswith="opened").exists()


@pytest.mark.parametrize("name", ["worklist-part", "next-steps"])
def test_the_lists_poll(gp: Person, make_draft: Any, name: str) -> None:
    make_draft()
    first = page(gp.client, name)
    assert page(gp.client, name, seen=seen_in(first)).status_code == 204
    make_draft()
    assert page(gp.client, name, seen=seen_in(first)).status_code == 200
    assert not AuditEvent.objects.filter(action__startswith="opened").exists()


# Lists ----------------------------------------------------------------------------------------------------------------
def test_every_referral_stands_in_one_list(
    receptionist: Person, gp: Person, make_draft: Any, make_sent: Any, make_patient: Any, answer: Any, file: Any
) -> None:
    def patient(family: str) -> Patient:
        found: Patient = make_patient(family=family, phone="01632 960148")
        return found

    make_draft(patient=patient("Drafty"))
    make_sent(patient=patient("Sentry"))
    for family, status, more in (
        ("Accepta", "accepted", {}),
        ("Booker", "in-progress", {"starts": "2099-12-08T10:20:00+00:00"}),
        ("Rejecta", "rejected", {}),
        ("Dunn", "completed", {}),
    ):
        file(answer(make_sent(patient=patient(family)), status, **more))
    actions.withdraw(referral=make_draft(patient=patient("Withers")), version=1, by=gp.actor)
    expected = {
        "to-complete": {"DRAFTY"},
        "rejected": {"REJECTA"},
        "not-delivered": {"SENTRY"},
        "waiting": {"ACCEPTA"},
        "booked": {"BOOKER"},
        "to-read": set(),
        "closed": {"DUNN", "WITHERS"},
        "next": {"DRAFTY", "REJECTA"},
        "no such list": {"DRAFTY", "REJECTA"},
    }
    client = receptionist.client
    for name, families in expected.items():
        body = text_of(page(client, "worklist", list=name))
        assert {f for f in set().union(*expected.values()) if f in body} == families, name
    assert audits("opened referrals list") == len(expected)


def test_what_is_overdue_comes_to_the_top(
    receptionist: Person, make_sent: Any, make_patient: Any, clinic: Service
) -> None:
    Service.objects.update(accepts_suspected_cancer=True)
    late = make_sent(patient=make_patient(family="Latimer", phone="1"), priority="suspected-cancer")
    actions.record_event(referral=late, kind="delivered", by=receptionist.actor)
    assert "Latimer".upper() not in text_of(page(receptionist.client, "worklist"))
    Referral.objects.update(due_on=timezone.localdate() - dt.timedelta(days=1))
    said = text_of(page(receptionist.client, "worklist"))
    assert "Overdue: Jane LATIMER, Heart failure clinic" in said
    assert "1 day over" in said
    assert "Ring Northern Infirmary." in said


def test_an_empty_list_says_what_would_be_there(receptionist: Person) -> None:
    assert "Nothing waits for you" in text_of(page(receptionist.client, "worklist"))


def test_the_list_costs_the_same_however_long(
    receptionist: Person, make_sent: Any, make_patient: Any, django_assert_max_num_queries: Any
) -> None:
    client = receptionist.client
    for _ in range(5):
        make_sent(patient=make_patient(phone="1"))
    with django_assert_max_num_queries(14):
        assert page(client, "worklist", list="not-delivered").status_code == 200
    Referral.objects.update(due_on=timezone.localdate() - dt.timedelta(days=1))
    with django_assert_max_num_queries(14):
        assert page(client, "worklist").status_code == 200


def test_long_lists_have_pages(receptionist: Person, make_draft: Any, make_patient: Any) -> None:
    patient = make_patient()
    for _ in range(51):
        make_draft(patient=patient)
    first = page(receptionist.client, "worklist", list="to-complete").content.decode()
    assert "More in this list" in first
    second = page(receptionist.client, "worklist", list="to-complete", page="2").content.decode()
    assert second.count("<tr") == 2
    assert "Earlier in this list" in second
    for odd in ("0", "-1", "x", "9" * 30, "²"):
        assert page(receptionist.client, "worklist", page=odd).status_code == 200


# Received -------------------------------------------------------------------------------------------------------------
def test_the_hospital_reads_what_was_sent_and_nothing_else(
    hospital_clinician: Person, make_sent: Any, make_draft: Any, make_patient: Any
) -> None:
    sent = make_sent(patient=make_patient(family="Sentry", phone="01632 960148", address="12 Weaver Lane"))
    draft = make_draft(patient=make_patient(family="Drafty"))
    client = hospital_clinician.client
    listed = text_of(page(client, "received"))
    assert "SENTRY" in listed
    assert "DRAFTY" not in listed
    opened = page(client, "received-one", sent.pk)
    assert "Breathless on one flight of stairs" in text_of(opened)
    assert "Weaver Lane" not in opened.content.decode()
    assert audits("opened received referral") == 1
    assert page(client, "received-one", draft.pk).status_code == 404
    for name in ("referral", "edit"):
        assert page(client, name, sent.pk).status_code == 403
    assert page(client, "panel", sent.patient_id).status_code == 403


def test_another_hospital_sees_none_of_it(make_sent: Any) -> None:
    sent = make_sent()
    elsewhere = Organisation.objects.create(ods_code="RYY99", name="Southern Infirmary", kind="hospital")
    other = make_person("c@southern.example", "Dr O Ther", elsewhere, Role.HOSPITAL_CLINICIAN)
    assert "SMITH" not in text_of(page(other.client, "received"))
    assert page(other.client, "received-one", sent.pk).status_code == 404


def test_another_service_of_the_same_patient_is_not_the_hospitals_business(
    hospital_clinician: Person, make_sent: Any, blood_pressure: Service, make_patient: Any
) -> None:
    patient = make_patient(phone="1")
    make_sent(patient=patient)
    elsewhere = make_sent(patient=patient, service=blood_pressure, priority="routine")
    assert "Blood pressure check" not in text_of(page(hospital_clinician.client, "received"))
    assert page(hospital_clinician.client, "received-one", elsewhere.pk).status_code == 404


@pytest.mark.parametrize("who", ["gp", "receptionist", "social_worker", "privacy_officer"])
def test_received_is_for_those_who_receive(request: pytest.FixtureRequest, make_sent: Any, who: str) -> None:
    sent = make_sent()
    client = request.getfixturevalue(who).client
    assert page(client, "received").status_code == 403
    assert page(client, "received-one", sent.pk).status_code == 403


@pytest.mark.parametrize("who", ["social_worker", "privacy_officer"])
@pytest.mark.parametrize("name", ["worklist", "worklist-part", "next-steps", "new"])
def test_others_have_no_lists(request: pytest.FixtureRequest, who: str, name: str) -> None:
    assert page(request.getfixturevalue(who).client, name).status_code == 403


def test_a_text_is_shown_as_text(gp: Person, make_sent: Any, answer: Any, file: Any) -> None:
    referral = make_sent(reason="<script>alert(1)</script>", clinical_summary="<img src=x onerror=alert(2)>")
    file(answer(referral, "rejected", reason="<b onmouseover=alert(3)>no</b>"))
    body = page(gp.client, "referral", referral.pk).content.decode()
    assert "<script>alert" not in body
    assert "<img src=x" not in body
    assert "<b onmouseover" not in body
    assert "&lt;script&gt;alert(1)" in body


def test_no_inbox_message_is_needed_to_read(gp: Person, make_sent: Any) -> None:
    make_sent()
    assert not InboxMessage.objects.exists()
    assert page(gp.client, "worklist").status_code == 200
