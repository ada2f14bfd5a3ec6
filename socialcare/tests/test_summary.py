"""The care summary: plain words, only as recorded, and nothing else within reach."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from records.models import LastLooked, Patient
from records.tests.saying import file_letter, relate, say
from socialcare import lay_terms, plain

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db


@pytest.fixture
def jane(make_patient: MakePatient, cityview: Organisation) -> Patient:
    patient = make_patient(usual_gp="Dr A Khan")
    relate(patient, cityview, "caseload")
    return patient


def read(person: Person, patient: Patient) -> str:
    answer = person.client.get(f"/care/{patient.pk}/")
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_coded_conditions_are_said_in_lay_words_and_others_alone(
    jane: Patient, social_worker: Person, riverside: Organisation
) -> None:
    say(riverside, jane, "problem", "Essential hypertension", "59621000")
    say(riverside, jane, "problem", "Hallux valgus", "1")
    say(riverside, jane, "problem", "Pneumonia", "233604007", status="resolved")
    html = read(social_worker, jane)
    assert "High blood pressure" in html
    assert "Hallux valgus" in html
    assert "neumonia" not in html


def test_a_medicine_says_what_it_is_for_and_its_directions_as_recorded(
    jane: Patient, social_worker: Person, riverside: Organisation
) -> None:
    say(riverside, jane, "medicine", "Furosemide 40mg tablets", "317972000", detail={"directions": "Take one daily"})
    html = read(social_worker, jane)
    assert "Furosemide (water tablet):</strong> 40 mg tablets, take one daily." in html
    assert "Riverside Surgery" in html


def test_the_same_words_from_two_sources_stand_once(
    jane: Patient, social_worker: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    for source in (riverside, infirmary):
        say(source, jane, "medicine", "Calamine lotion", "", detail={"directions": "Apply often"})
    say(infirmary, jane, "medicine", "Emulsifying ointment", "", detail={"directions": "Apply twice"})
    html = read(social_worker, jane)
    assert html.count("Calamine lotion") == 1
    (line,) = [one for one in html.split("<li>") if "Calamine" in one]
    assert "Riverside Surgery" in line
    assert "Northern Infirmary" in line
    assert html.count("Emulsifying ointment") == 1


def test_where_sources_disagree_it_says_to_ask_first(
    jane: Patient, social_worker: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    say(riverside, jane, "medicine", "Bisoprolol 2.5mg tablets", "318605000", detail={"dose": "2.5 mg"})
    say(infirmary, jane, "medicine", "Bisoprolol 5mg tablets", "318590006", detail={"dose": "5 mg"})
    say(riverside, jane, "medicine", "Naproxen 250mg tablets", "329806007", detail={"directions": "Take one"})
    say(infirmary, jane, "medicine", "Naproxen 250mg tablets", "329806007", status="stopped")
    html = read(social_worker, jane)
    assert html.count(plain.CHECKING) == 2
    assert "sources disagree: " in html
    assert "stopped by Northern Infirmary" in html
    assert "Take one" not in html  # no instruction stands where there is doubt
    assert "take one" not in html


def test_allergies_stand_first_and_their_absence_is_not_hidden(
    jane: Patient, social_worker: Person, riverside: Organisation
) -> None:
    assert "No allergies recorded." in read(social_worker, jane)
    say(riverside, jane, "allergy", "Allergy to penicillin", "91936005", detail={"reaction": "Anaphylaxis"})
    assert "Allergic to penicillin:</strong> Anaphylaxis." in read(social_worker, jane)


def test_whom_to_ring(jane: Patient, social_worker: Person, cityview: Organisation) -> None:
    detail = {"name": "Ruth Smith", "relationship": "daughter", "phone": "01632 960402"}
    say(cityview, jane, "contact", "Ruth Smith", detail=detail)
    html = read(social_worker, jane)
    assert 'href="tel:01632960402"' in html
    assert "Ruth Smith <small>daughter</small>" in html
    assert "Riverside Surgery <small>Dr A Khan</small>" in html


def test_a_paused_package_says_why(jane: Patient, social_worker: Person, cityview: Organisation) -> None:
    activity = {"text": "Morning: breakfast.", "when": "Morning and evening", "status_reason": "Paused (in hospital)"}
    say(cityview, jane, "careplan", "Two visits a day", status="on-hold", detail={"activities": [activity]})
    html = read(social_worker, jane)
    assert "<strong>Two visits a day</strong>: Morning and evening." in html
    assert "<strong>Paused (in hospital).</strong>" in html


def test_stays_in_hospital_are_told_and_consultations_are_not(
    jane: Patient, social_worker: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    say(infirmary, jane, "encounter", detail={"class_code": "IMP", "reason": "Breathlessness"}, status="finished")
    say(riverside, jane, "encounter", "Consultation", detail={"class_code": "AMB", "reason": "Low mood"})
    html = read(social_worker, jane)
    assert "Breathlessness" in html
    assert "Low mood" not in html


def test_what_they_like_to_be_called_is_read_from_their_own_words(
    jane: Patient, social_worker: Person, cityview: Organisation, infirmary: Organisation
) -> None:
    def answers(name: str) -> dict[str, object]:
        item = {"text": "What I like to be called", "answer": [{"valueString": name}]}
        return {"item": [{"text": "About me", "item": [item]}]}

    say(cityview, jane, "form", status="completed", body=answers("Janie"))
    say(infirmary, jane, "form", status="completed", body=answers("Not for you"))
    html = read(social_worker, jane)
    assert "Likes to be called Janie." in html
    assert "Not for you" not in html


def test_what_changed_since_the_last_look(jane: Patient, social_worker: Person, riverside: Organisation) -> None:
    assert "Since you last looked" not in read(social_worker, jane)
    assert not LastLooked.objects.exists()
    drawn = {"drawn": timezone.now().isoformat()}
    assert social_worker.client.post(f"/care/{jane.pk}/seen/", drawn).status_code == 302
    assert LastLooked.objects.get().user_id == social_worker.user.pk
    assert "Nothing has changed." in read(social_worker, jane)
    say(riverside, jane, "medicine", "Furosemide 40mg tablets", "317972000",
        date=timezone.now() - dt.timedelta(days=400))  # fmt: skip
    assert "<strong>Medicine:</strong> Furosemide" in read(social_worker, jane)


def test_the_caseload_is_the_organisations_own_and_opening_it_is_recorded(
    jane: Patient, make_patient: MakePatient, social_worker: Person, infirmary: Organisation
) -> None:
    make_patient(family="Elsewhere", nhs_number="9991234528", search_text="elsewhere")
    client = social_worker.client
    html = client.get("/care/").content.decode()
    assert f'href="/care/{jane.pk}/"' in html
    assert "Elsewhere" not in html
    assert "Nobody on your caseload" in client.get("/care/", {"q": "elsewhere"}).content.decode()
    assert client.get("/care/", {"q": "SMÍTH"}).content.decode().count("/care/") >= 1
    client.get(f"/care/{jane.pk}/")
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["opened caseload"] * 3 + ["opened care summary"]


@pytest.mark.parametrize(
    "page",
    [
        "/patients/{0}/",
        "/patients/{0}/letters/",
        "/patients/{0}/letters/{1}/",
        "/patients/{0}/panel/problems/",
        "/patients/{0}/timeline/",
        "/patients/{0}/results/",
        "/patients/?q=smith",
        "/referrals/",
        "/referrals/new/?patient={0}",
        "/referrals/referred/",
    ],
)
def test_nothing_else_of_their_own_people_is_reachable(
    page: str, jane: Patient, social_worker: Person, infirmary: Organisation
) -> None:
    letter = file_letter(infirmary, jane, "<p>Unmistakable</p>")
    answer = social_worker.client.get(page.format(jane.pk, letter.pk))
    assert answer.status_code in (403, 404)
    assert b"Unmistakable" not in answer.content
    assert not AuditEvent.objects.filter(patient_id=jane.pk).exists()


@pytest.mark.parametrize(
    ("who", "status"),
    [("gp", 403), ("receptionist", 403), ("hospital_clinician", 403), ("privacy_officer", 403), ("social_worker", 200)],
)
def test_only_social_care_opens_care_summaries(
    who: str, status: int, jane: Patient, request: pytest.FixtureRequest
) -> None:
    person: Person = request.getfixturevalue(who)
    assert person.client.get(f"/care/{jane.pk}/").status_code == status


def test_somebody_not_on_the_caseload_is_not_there(make_patient: MakePatient, social_worker: Person) -> None:
    patient = make_patient()
    answer = social_worker.client.get(f"/care/{patient.pk}/")
    assert answer.status_code == 404
    assert not LastLooked.objects.exists()


def test_the_table_of_lay_terms_is_well_formed() -> None:
    for table in (lay_terms.CONDITIONS, lay_terms.MEDICINES):
        assert len(table) > 40
        for code, words in table.items():
            assert code.isdigit(), code
            assert words == words.strip() != ""
            assert len(words) < 80
    assert lay_terms.condition("http://snomed.info/sct", "59621000") == "high blood pressure"
    assert lay_terms.condition("http://loinc.org", "59621000") == ""
    assert lay_terms.condition("http://snomed.info/sct", "0") == ""
