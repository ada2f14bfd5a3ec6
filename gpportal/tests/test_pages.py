"""The pages as people open them: what each role sees, what is recorded, and what it costs."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.models import Service
from records.models import LastLooked, LetterRead, Patient, Resource
from records.tests.saying import file_letter, relate, say
from referrals.models import Referral, ReferralEvent

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db
MOST_QUERIES = 20


@pytest.fixture
def jane(
    make_patient: MakePatient, riverside: Organisation, infirmary: Organisation, cityview: Organisation
) -> Patient:
    patient = make_patient(address="14 Millrace Road", postcode="ZZ1 3JS", phone="01632 960148")
    relate(patient, cityview, "caseload")
    say(riverside, patient, "problem", "Heart failure", "84114007")
    say(riverside, patient, "medicine", "Naproxen 250mg tablets", "329806007")
    say(infirmary, patient, "medicine", "Naproxen 250mg tablets", "329806007", status="stopped")
    say(riverside, patient, "allergy", "Allergy to penicillin", "91936005")
    say(riverside, patient, "result", "HbA1c", "43396009", value="58", unit="mmol/mol")
    say(riverside, patient, "encounter", "Consultation", detail={"note": "Ankles swollen."}, status="finished")
    return patient


def refer(patient: Patient, author: Person, riverside: Organisation, infirmary: Organisation) -> None:
    """A referral on its way and one that a letter came back to: every part of the panel has something to ask."""
    service, _ = Service.objects.get_or_create(
        organisation=infirmary,
        service_id="9000000201",
        defaults={"name": "Heart failure", "use_case": "gp-to-hospital"},
    )
    letter = file_letter(infirmary, patient, "<p>x</p>")
    for state, kind, says in (("sent", "sent", {}), ("answered", "letter-filed", {"letter": str(letter.pk)})):
        referral = Referral(patient=patient, service=service, organisation=riverside, author=author.user, reason="x")
        referral.state = state
        referral.save()
        ReferralEvent.objects.create(
            referral=referral, number=1, kind=kind, at=timezone.now(), by="x", by_kind="person", says=says
        )


def opened(person: Person) -> list[str]:
    return list(AuditEvent.objects.filter(actor_id=str(person.user.pk)).order_by("pk").values_list("action", flat=True))


# The one screen -------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-UI-3")
def test_the_one_screen_shows_what_every_source_says(jane: Patient, gp: Person) -> None:
    page = gp.client.get(f"/patients/{jane.pk}/")
    assert page.status_code == 200
    html = page.content.decode()
    for said in ("SMITH, Jane", "01-May-1970", "999 123 4501", "Heart failure", "Allergy: penicillin", "HbA1c"):
        assert said in html
    assert "Stopped by Northern Infirmary" in html
    assert 'title="Northern Infirmary">NI<' in html
    for panel in ("problems", "medicines", "allergies", "results", "letters", "timeline", "care", "referrals"):
        assert f'id="{panel}"' in html
    assert page.headers["Cache-Control"] == "no-store"
    assert " style=" not in html
    assert "<script>" not in html


def test_opening_it_is_recorded_once_and_marks_nothing(jane: Patient, gp: Person) -> None:
    gp.client.get(f"/patients/{jane.pk}/")
    assert opened(gp) == ["opened record"]
    event = AuditEvent.objects.get()
    assert event.patient_id == jane.pk
    assert not LastLooked.objects.exists()  # only "mark as seen" marks


@pytest.mark.parametrize("panel", ["problems", "medicines", "allergies", "results", "timeline", "letters"])
def test_a_part_is_the_same_as_in_the_page_and_is_not_recorded(jane: Patient, gp: Person, panel: str) -> None:
    page = gp.client.get(f"/patients/{jane.pk}/").content.decode()
    before = AuditEvent.objects.count()
    part = gp.client.get(f"/patients/{jane.pk}/panel/{panel}/", headers={"HX-Request": "true"})
    assert part.status_code == 200
    html = part.content.decode().strip()
    assert html.startswith("<section")
    assert f'id="{panel}"' in html
    assert AuditEvent.objects.count() == before
    assert _without_token(html) in _without_token(page)


def _without_token(html: str) -> str:
    """The same without the token against forged forms, which is masked anew each time."""
    return re.sub(r'(name="csrfmiddlewaretoken" value=)"[^"]*"', r"\1", html)


def test_the_letters_panel_answers_only_when_something_came_in(
    jane: Patient, gp: Person, infirmary: Organisation
) -> None:
    client = gp.client
    url = f"/patients/{jane.pk}/panel/letters/"
    assert client.get(url, {"seen": "0-0"}).status_code == 204
    file_letter(infirmary, jane, "<p>x</p>")
    answer = client.get(url, {"seen": "0-0"})
    assert answer.status_code == 200
    assert b"Discharge summary" in answer.content
    assert client.get(url, {"seen": "1-1"}).status_code == 204


def _long_record(patient: Patient, riverside: Organisation, number: int) -> None:
    now = timezone.now()
    Resource.objects.bulk_create(
        Resource(
            id=f"00000000-0000-4000-8000-{n:012}",
            source=riverside,
            patient=patient,
            type="Observation" if n % 3 else "Encounter",
            kind="result" if n % 3 else "encounter",
            source_key=f"long-{n}",
            sha256="",
            body="{}",
            code=str(n % 60),
            code_system="http://snomed.info/sct",
            display=f"Test {n % 60}",
            status="final",
            value=str(n % 90),
            unit="mmol/L",
            date=now - dt.timedelta(days=n),
        )
        for n in range(1, number + 1)
    )


def test_its_queries_are_few_and_the_same_for_5_and_for_5000_resources(
    jane: Patient, make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    long = make_patient(family="Long", nhs_number="9991234528")
    _long_record(long, riverside, 5000)
    for patient in (jane, long):
        refer(patient, gp, riverside, infirmary)
    client = gp.client
    counts = {}
    for patient in (jane, long):
        client.get(f"/patients/{patient.pk}/")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            page = client.get(f"/patients/{patient.pk}/")
        assert page.status_code == 200
        asked = [q["sql"] for q in queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))]
        counts[patient.family] = len(asked)
    assert counts["Smith"] == counts["Long"]
    assert counts["Long"] <= MOST_QUERIES
    assert len(page.content) < 80_000


def test_a_patient_found_to_be_another_opens_as_that_one(jane: Patient, make_patient: MakePatient, gp: Person) -> None:
    gone = make_patient(registered_at=None, merged_into=jane)
    answer = gp.client.get(f"/patients/{gone.pk}/")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/patients/{jane.pk}/"


def test_hostile_words_from_a_source_stay_words(jane: Patient, gp: Person, riverside: Organisation) -> None:
    for kind in ("problem", "medicine", "allergy", "flag", "encounter"):
        say(riverside, jane, kind, '<script>alert("x")</script>', category=["Reasonable Adjustment"])
    say(riverside, jane, "result", "<img src=x onerror=alert(1)>", value="<b>1</b>", unit='"><i>')
    html = gp.client.get(f"/patients/{jane.pk}/").content.decode()
    for mark in ("<script>alert", "<img src=x", "<b>1</b>", "<i>"):
        assert mark not in html


# Each role, each page -------------------------------------------------------------------------------------------------
CLINICAL = ["panel/problems/", "panel/medicines/", "panel/allergies/", "panel/results/", "panel/timeline/",
            "problems/past/", "medicines/past/", "results/", "timeline/"]  # fmt: skip


@pytest.mark.parametrize("page", CLINICAL)
@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("gp", 200),
        ("nurse", 200),
        ("receptionist", 403),
        ("practice_manager", 403),
        ("privacy_officer", 403),
        ("social_worker", 403),
        ("hospital_clinician", 403),
        ("stranger", 404),
    ],
)
def test_who_opens_the_clinical_pages(
    page: str, who: str, status: int, jane: Patient, request: pytest.FixtureRequest
) -> None:
    person: Person = request.getfixturevalue(who)
    answer = person.client.get(f"/patients/{jane.pk}/{page}")
    assert answer.status_code == status
    if status != 200:
        assert b"Heart failure" not in answer.content
        assert b"SMITH" not in answer.content
        assert not AuditEvent.objects.filter(patient_id=jane.pk).exists()


def test_a_receptionist_sees_details_and_titles_and_nothing_clinical(
    jane: Patient, receptionist: Person, infirmary: Organisation
) -> None:
    letter = file_letter(infirmary, jane, "<p>Secret</p>", title="Cardiology clinic", gp_actions="stop naproxen")
    client = receptionist.client
    html = (
        client.get(f"/patients/{jane.pk}/").content.decode()
        + client.get(f"/patients/{jane.pk}/letters/").content.decode()
    )
    assert "Cardiology clinic" in html
    assert "14 Millrace Road" in html
    for clinical in ("Heart failure", "penicillin", "Naproxen", "naproxen", "HbA1c", "Ankles", "Secret"):
        assert clinical not in html
    assert opened(receptionist) == ["opened patient's details", "opened list of letters"]
    for inside in ("", "files/1/"):
        assert client.get(f"/patients/{jane.pk}/letters/{letter.pk}/{inside}").status_code == 403
    assert not LetterRead.objects.exists()


def test_a_restricted_persons_address_is_shown_to_nobody(make_patient: MakePatient, receptionist: Person) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_patient(restricted=True, address="Hidden Lane", postcode="ZZ9 9ZZ", phone="07700 900999")
    patient = make_patient(restricted=True, search_text="smith jane zz99zz")
    client = receptionist.client
    page = client.get(f"/patients/{patient.pk}/").content.decode()
    assert "Restricted record" in page
    assert "Hidden Lane" not in page
    assert "ZZ9 9ZZ" not in client.get("/patients/", {"q": "smith"}).content.decode()


# Home -----------------------------------------------------------------------------------------------------------------
def test_a_gps_day_is_their_own_appointments_with_what_is_new(
    jane: Patient, make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    other = make_patient(family="Other", nhs_number="9991234528")
    noon = timezone.localtime().replace(hour=12, minute=0)
    say(riverside, jane, "appointment", date=noon, status="booked",
        detail={"practitioner": "Dr A Khan", "reason": "After hospital"})  # fmt: skip
    say(riverside, other, "appointment", date=noon, status="booked", detail={"practitioner": "Dr R Silva"})
    say(riverside, other, "appointment", date=noon + dt.timedelta(days=1), detail={"practitioner": "Dr A Khan"})
    client = gp.client
    html = client.get("/").content.decode()
    assert "SMITH, Jane" in html
    assert "After hospital" in html
    assert "Last 30 days" in html
    assert "OTHER" not in html
    assert "OTHER" in client.get("/?everyone").content.decode()
    client.get(f"/patients/{jane.pk}/")
    assert "Nothing since you looked" not in client.get("/").content.decode()
    client.post(f"/patients/{jane.pk}/seen/", {"drawn": timezone.now().isoformat()})
    assert "Nothing since you looked" in client.get("/").content.decode()


@pytest.mark.parametrize(
    ("who", "status", "to"),
    [
        ("receptionist", 200, ""),
        ("practice_manager", 200, ""),
        ("privacy_officer", 200, ""),
        ("social_worker", 302, "/care/"),
        ("hospital_clinician", 302, "/referrals/referred/"),
    ],
)
def test_where_the_day_starts(who: str, status: int, to: str, request: pytest.FixtureRequest) -> None:
    person: Person = request.getfixturevalue(who)
    answer = person.client.get("/")
    assert answer.status_code == status
    assert answer.headers.get("Location", "") == to


def test_the_navigation_names_only_what_the_role_opens(
    gp: Person, receptionist: Person, social_worker: Person, privacy_officer: Person
) -> None:
    def places(person: Person) -> set[str]:
        html = person.client.get("/", follow=True).content.decode()
        return {
            place
            for place in ("/patients/", "/referrals/", "/letters/", "/care/", "/exchange/")
            if f'<a href="{place}"' in html
        }

    assert places(gp) == {"/patients/", "/referrals/", "/letters/", "/exchange/"}
    assert places(receptionist) == {"/patients/", "/referrals/", "/exchange/"}
    assert places(social_worker) == {"/care/"}
    assert places(privacy_officer) == set()


# Finding --------------------------------------------------------------------------------------------------------------
def test_find_answers_a_page_or_only_its_part(jane: Patient, gp: Person) -> None:
    client = gp.client
    page = client.get("/patients/", {"q": "smith"}).content.decode()
    part = client.get("/patients/", {"q": "smith"}, headers={"HX-Request": "true"}).content.decode()
    assert page.startswith("<!DOCTYPE html>")
    assert part.strip().startswith('<div id="found"')
    for html in (page, part):
        assert f'href="/patients/{jane.pk}/"' in html
    assert not AuditEvent.objects.exists()
    assert 'value="smith"' in page
    assert "Any of these will do" in client.get("/patients/").content.decode()


# Errors in plain words ------------------------------------------------------------------------------------------------
def test_a_page_that_is_not_there_does_not_tell_whether_a_patient_is(jane: Patient, stranger: Person) -> None:
    client = stranger.client
    there = client.get(f"/patients/{jane.pk}/")
    nowhere = client.get("/patients/00000000-0000-4000-8000-000000000000/")
    assert there.status_code == nowhere.status_code == 404
    assert "We cannot show this page" in there.content.decode()

    def without_token(html: bytes) -> str:
        return "\n".join(line for line in html.decode().splitlines() if "csrf" not in line)

    assert without_token(there.content) == without_token(nowhere.content)


# Letters to read ------------------------------------------------------------------------------------------------------
def test_letters_to_read_are_those_that_came_and_that_i_have_not_opened(
    jane: Patient, make_patient: MakePatient, gp: Person, nurse: Person, hillside: Organisation, infirmary: Organisation
) -> None:
    elsewhere = make_patient(registered_at=hillside, family="Elsewhere", nhs_number="9991234528")
    letter = file_letter(infirmary, jane, "<p>x</p>", title="Came in", gp_actions="repeat U&E")
    file_letter(infirmary, jane, "<p>x</p>", title="Imported", message_id="")
    file_letter(infirmary, elsewhere, "<p>x</p>", title="Not ours")
    client = gp.client
    html = client.get("/letters/").content.decode()
    assert "Came in" in html
    assert "repeat U&amp;E" in html
    assert "SMITH, Jane" in html
    assert "Imported" not in html
    assert "Not ours" not in html
    client.get(f"/patients/{jane.pk}/letters/{letter.pk}/")
    assert "Came in" not in client.get("/letters/").content.decode()
    assert "Came in" in nurse.client.get("/letters/").content.decode()


@pytest.mark.parametrize("who", ["receptionist", "practice_manager", "social_worker", "hospital_clinician"])
def test_only_clinicians_have_letters_to_read(
    who: str, jane: Patient, infirmary: Organisation, request: pytest.FixtureRequest
) -> None:
    file_letter(infirmary, jane, "<p>x</p>", title="Came in")
    person: Person = request.getfixturevalue(who)
    assert person.client.get("/letters/").status_code == 403


def test_a_days_queries_do_not_grow_with_its_appointments(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    client = gp.client
    counts = []
    for number in range(12):
        patient = make_patient(nhs_number=f"99912345{number:02}")
        noon = timezone.localtime().replace(hour=12, minute=number)
        say(riverside, patient, "appointment", date=noon, status="booked", detail={"practitioner": "Dr A Khan"})
        say(riverside, patient, "problem", "Asthma", "195967001")
        if number in (1, 11):
            with CaptureQueriesContext(connection) as queries:
                client.get("/")
            counts.append(len(queries))
    assert counts[0] == counts[1] <= MOST_QUERIES


# Fetched ahead --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Sec-Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("Purpose", "prefetch"),
        ("X-Moz", "prefetch"),
        ("X-Purpose", "preview"),
    ],
)
def test_what_is_fetched_ahead_shows_nothing_records_nothing_and_marks_nothing(
    jane: Patient, gp: Person, infirmary: Organisation, header: str, value: str
) -> None:
    letter = file_letter(infirmary, jane, "<p>x</p>")
    client = gp.client
    for page in ("", "changed/", "timeline/", f"letters/{letter.pk}/"):
        answer = client.get(f"/patients/{jane.pk}/{page}", headers={header: value})
        assert (answer.status_code, answer.content) == (503, b"")
        assert answer.headers["Cache-Control"] == "no-store"
    assert not AuditEvent.objects.exists()
    assert not LetterRead.objects.exists()
    assert not LastLooked.objects.exists()
    assert client.get(f"/patients/{jane.pk}/").status_code == 200
