"""Search in the record: what is found by which words, how it is shown, and that it never leaves the record."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.fhir.systems import System
from exchange.models import Partner
from exchange.tests.arriving import came_in
from records import inbound
from records.models import Patient, Resource, SearchText
from records.search import keeping
from records.search.words import SEARCHED, asked, taken_apart, vector
from records.tests import letters as messages
from records.tests.saying import file_letter, say
from records.tests.taking import NUMBER, bundle, patient, take, write

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db


def keep_all() -> None:
    keeping.again(Resource.objects.all())


def look_for(person: Person, who: Patient, typed: str, **filters: str) -> str:
    """The list alone, as while typing."""
    answer = person.client.post(
        f"/patients/{who.pk}/search/", {"words": typed, **filters}, headers={"HX-Request": "true"}
    )
    assert answer.status_code == 200
    return answer.content.decode()


def holds(text: str, typed: str) -> bool:
    """Whether PostgreSQL finds what was typed in a text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::tsvector @@ %s::tsquery", [vector(text), asked(typed).query])
        return bool(cursor.fetchone()[0])


# Words ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Metoprolol 50mg tablets", "meto"),
        ("Metoprolol 50mg tablets", "metoprolol 50 mg"),
        ("Metoprolol 50 mg", "50mg"),
        ("HbA1c 58 mmol/mol", "HbA1c 58"),
        ("HbA1c 58 mmol/mol", "hba"),
        ("Potassium 4.7", "4.7"),
        ("Haemoglobin", "hemoglobin"),
        ("Hemoglobin", "haemoglobin"),
        ("Ankle oedema", "edema"),
        ("José Łukasz", "jose lukasz"),
        ("U&E repeated", "u&e"),
        ("U + E repeated", "u&e"),
        ("X-ray chest", "x ray"),
        ("Falls", "fall"),
        ("A fall at home", "falls"),
        ("Known allergies", "allergy"),
        ("Allergy", "allergies"),
        ("Two diagnoses", "diagnosis"),
        ("No known allergies", '"no known allergies"'),
        ("chest pain on effort", '"chest pain'),
        ("seen 18/11/2026", "18/11/2026"),
        ("داء السكري", "السكري"),
        ("COPD", "copd"),
        ("BP 138/82 mmHg", "138/82"),
    ],
)
def test_what_finds_what(text: str, typed: str) -> None:
    assert holds(text, typed)
    assert "<mark>" in asked(typed).around(text)


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Metoprolol", "toprolol"),
        ("HbA1c 58", "HbA1c 5"),
        ("pain in the chest", '"chest pain"'),
        ("chest painful", '"chest pain"'),
        ("Metoprolol", "metoprolol ramipril"),
        ("Potassium 14.7", "4.7"),
        ("Potassium 4.75", "4.7"),
    ],
)
def test_what_does_not(text: str, typed: str) -> None:
    assert not holds(text, typed)


@given(st.text(max_size=60), st.text(max_size=200))
def test_whatever_is_typed_is_a_question_and_whatever_is_written_can_be_kept(typed: str, text: str) -> None:
    words = asked(typed)
    if words:
        assert holds(text.replace("\x00", ""), typed) in (True, False)
    marked = str(words.marked(text))
    plain = marked.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in plain
    assert ">" not in plain


@given(st.lists(st.sampled_from(["pain", "chest", "58", "ü", "no", "5mg"]), min_size=1, max_size=5))
def test_a_text_is_found_by_each_of_its_words(words: list[str]) -> None:
    text = " ".join(words)
    assert all(holds(text, word) for word in words)


@pytest.mark.parametrize("text", ["wort " * 500_000, "".join(f"w{n} " for n in range(60_000)), "x" * 1_000_000])
def test_a_text_of_megabytes_can_be_kept_and_its_beginning_is_found(text: str) -> None:
    assert holds(text[:SEARCHED], taken_apart(text)[0])


def test_markup_of_others_is_never_markup_of_ours() -> None:
    found = asked("script").around('<script>alert("x")</script> & more')
    assert "<script>" not in found
    assert "<mark>script</mark>" in found
    assert "&amp; more" in found


# What is kept ---------------------------------------------------------------------------------------------------------
def entry(kind: str, key: str, **more: Any) -> dict[str, Any]:
    return {"resourceType": kind, "id": key, "subject": {"reference": "Patient/p1"}, **more}


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def document(key: str, content_type: str, **attachment: str) -> dict[str, Any]:
    content = [{"attachment": {"contentType": content_type, **attachment}}]
    return entry("DocumentReference", key, status="current", date="2026-11-01T09:00:00Z", content=content)


@pytest.fixture
def taken(tmp_path: Path, riverside: Organisation) -> Callable[..., Patient]:
    """Takes resources of one patient in, as an import does."""

    def taking(*resources: dict[str, Any]) -> Patient:
        who = patient(address=[{"line": ["14 Millrace Road"], "city": "Quernby"}], telecom=[{"value": "01632 960148"}])
        report = take(write(tmp_path / f"{uuid4()}.json", bundle("collection", who, *resources)), riverside, riverside)
        assert not report.rejected
        return Patient.objects.get(nhs_number=NUMBER)

    return taking


def test_words_are_kept_as_resources_come_in_and_change_with_them(taken: Callable[..., Patient], gp: Person) -> None:
    first = {"code": {"text": "Asthma"}, "note": [{"text": "Worse in spring"}]}
    who = taken(entry("Condition", "c1", **first))
    assert "Asthma" in look_for(gp, who, "spring")
    taken(entry("Condition", "c1", **first | {"note": [{"text": "Worse in autumn"}]}))
    assert "Nothing here holds" in look_for(gp, who, "spring")
    assert "<mark>autumn</mark>" in look_for(gp, who, "autu")


@pytest.mark.parametrize(
    "content",
    [
        ("text/plain", "Spirometry was normal."),
        ("text/html", "<h1>Clinic</h1><p>Spiro<b>metry</b> was normal.</p><script>spirometry</script>"),
        ("text/plain; charset=utf-8", "Spirometry " + "filler words " * 9000),
    ],
)
def test_the_text_of_a_letter_is_found_also_when_it_is_kept_apart(
    content: tuple[str, str], taken: Callable[..., Patient], gp: Person
) -> None:
    who = taken(document("d1", content[0], title="Chest clinic", data=b64(content[1])))
    html = look_for(gp, who, "spirometry")
    assert "Chest clinic" in html
    assert "<mark>Spirometry</mark>" in html
    assert "/letters/" in html


def test_a_letter_is_found_by_the_binary_beside_it_whichever_comes_first(
    taken: Callable[..., Patient], gp: Person
) -> None:
    letter = document("d1", "text/plain", title="Chest clinic", url="Binary/b1")
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": b64("Spirometry normal")}
    who = taken(letter, binary)
    assert "Chest clinic" in look_for(gp, who, "spirometry")
    second = document("d2", "text/plain", title="Second letter", url="Binary/b2")
    taken(second)
    assert "Nothing here holds" in look_for(gp, who, "bronchoscopy")
    taken(binary | {"id": "b2", "data": b64("Bronchoscopy planned")})
    assert "Second letter" in look_for(gp, who, "bronchoscopy")


def test_a_letter_that_came_as_a_message_is_found_by_its_sections(
    make_patient: MakePatient, gp: Person, infirmary: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("records.actions.happen", lambda name, **ids: None)
    who = make_patient(nhs_number=messages.NHS_NUMBER)
    sender = Partner.objects.create(
        organisation=infirmary, endpoint="http://x", token_url="http://x", jwks_url="http://x"
    )
    message = messages.letter()
    received = came_in(sender, json.dumps(message), bundle_id=message["id"])
    inbound.handle(received)
    assert "discharge letter" in look_for(gp, who, '"kidney function" weeks')


def test_two_megabytes_of_narrative_are_stored_and_the_page_says_how_far_it_searched(
    taken: Callable[..., Patient], gp: Person
) -> None:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>Beginning. {"word " * 400_000} Ending.</p></div>'
    text = {"status": "generated", "div": div}
    who = taken(entry("Condition", "c1", code={"text": "Asthma"}, text=text))
    html = look_for(gp, who, "beginning")
    assert "Asthma" in html
    assert "only the first 200,000 characters are searched" in html
    assert "Nothing here holds" in look_for(gp, who, "ending")


def test_addresses_and_telephone_numbers_are_not_found(taken: Callable[..., Patient], gp: Person) -> None:
    relative = {
        "resourceType": "RelatedPerson",
        "id": "r1",
        "patient": {"reference": "Patient/p1"},
        "name": [{"text": "Ruth Smith"}],
        "telecom": [{"system": "phone", "value": "01632 960402"}],
        "address": [{"line": ["9 Mill Lane"]}],
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">9 Mill Lane</div>'},
    }
    who = taken(relative)
    assert "Ruth" in look_for(gp, who, "ruth")
    for hidden in ("960402", "lane", "millrace", "960148", "quernby"):
        assert "Nothing here holds" in look_for(gp, who, hidden)
    assert not SearchText.objects.filter(resource__type="Patient").exists()


def test_of_a_restricted_person_no_hit_tells_where_they_are(taken: Callable[..., Patient], gp: Person) -> None:
    told = "Lives at 14 Millrace Road, Quernby. Telephone 01632 960148. Spirometry normal."
    condition = entry("Condition", "c1", code={"text": "Asthma"}, note=[{"text": told}])
    who = taken(condition, document("d1", "text/plain", title="Letter", data=b64(told)))
    assert "millrace" in look_for(gp, who, "millrace").casefold()
    label = {"security": [{"system": str(System.CONFIDENTIALITY), "code": "R"}]}
    taken(patient("p1", meta=label))
    assert "Letter" in look_for(gp, who, "spirometry")
    for hidden in ("millrace", "960148", "telephone 01632"):
        html = look_for(gp, who, hidden)
        assert "Nothing here holds" in html
        assert "Millrace Road" not in html


def test_what_is_drawn_again_is_what_was_kept(taken: Callable[..., Patient]) -> None:
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/html", "data": b64("<p>Spirometry</p>")}
    taken(
        entry("Condition", "c1", code={"text": "Asthma"}, note=[{"text": "x"}]),
        document("d1", "text/plain", data=b64("Inline " * 20_000)),
        document("d2", "text/html", url="Binary/b1"),
        binary,
    )
    before = set(SearchText.objects.values_list("resource", "text", "words"))
    SearchText.objects.all().delete()
    keep_all()
    assert set(SearchText.objects.values_list("resource", "text", "words")) == before
    assert len(before) == 3


# Asking ---------------------------------------------------------------------------------------------------------------
def test_another_patients_words_are_not_found(
    make_patient: MakePatient, gp: Person, stranger: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    mine, theirs = make_patient(), make_patient(nhs_number="9991234528")
    say(riverside, theirs, "problem", "Sarcoidosis")
    file_letter(infirmary, theirs, "<p>Sarcoidosis</p>")
    keep_all()
    assert "Nothing here holds" in look_for(gp, mine, "sarcoidosis")
    answer = stranger.client.post(f"/patients/{theirs.pk}/search/", {"words": "sarcoidosis"})
    assert answer.status_code == 404
    assert b"Sarcoidosis" not in answer.content
    assert not AuditEvent.objects.exists()


def test_words_are_posted_kept_out_of_addresses_and_the_log_and_the_page_is_recorded_once(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    who = make_patient()
    say(riverside, who, "problem", "Sarcoidosis")
    keep_all()
    client = gp.client
    answer = client.post(f"/patients/{who.pk}/search/", {"words": "sarcoid", "show": "problems"})
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/patients/{who.pk}/search/?show=problems"
    html = client.get(answer.headers["Location"]).content.decode()
    assert "<mark>Sarcoidosis</mark>" in html
    assert 'value="sarcoid"' in html
    events = list(AuditEvent.objects.values_list("action", "note"))
    assert [action for action, _ in events] == ["searched record"]
    assert "sarcoid" not in str(events)
    assert "sarcoid=" not in html
    assert "?q=" not in html
    other = make_patient(nhs_number="9991234528")
    assert "sarcoid" not in client.get(f"/patients/{other.pk}/search/").content.decode()


def test_filters_and_words_narrow_together_and_nothing_found_says_where_was_looked(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    who = make_patient()
    say(riverside, who, "problem", "Asthma")
    say(infirmary, who, "encounter", "Asthma clinic")
    keep_all()
    html = look_for(gp, who, "asthma", source=str(infirmary.pk))
    assert "1 entry with" in html
    assert "clinic" in html
    html = look_for(gp, who, "asthma", show="letters")
    assert "Nothing here holds" in html
    assert "the text of letters" in html
    assert "search everything" in html


def test_what_was_taken_back_is_found_only_when_asked_for(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    who = make_patient()
    say(riverside, who, "problem", "Sarcoidosis", status="entered-in-error")
    keep_all()
    html = look_for(gp, who, "sarcoidosis")
    assert "<mark>" not in html
    assert "1 taken back or cancelled is left out" in html
    html = look_for(gp, who, "sarcoidosis", taken_back="on")
    assert "<mark>Sarcoidosis</mark>" in html
    assert "Entered in error" in html


@pytest.mark.parametrize("typed", ["", "   ", '"', "''';--", "\x00", "<b>", "(", "a" * 5000, "%%", "🙂"])
def test_odd_words_are_answered(typed: str, make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    who = make_patient()
    say(riverside, who, "problem", "Asthma")
    keep_all()
    html = look_for(gp, who, typed)
    assert "<b>" not in html.replace('<b class="tag">', "")


def test_a_search_asks_for_the_patients_rows_and_costs_a_fixed_number_of_queries(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    counts = []
    for number, size in (("9991234528", 60), ("9991234536", 300)):
        who = make_patient(nhs_number=number)
        for n in range(size):
            say(riverside, who, "problem", f"Asthma {n}")
        keeping.again(Resource.objects.filter(patient=who))
        client = gp.client
        client.post(f"/patients/{who.pk}/search/", {"words": "x"})
        with CaptureQueriesContext(connection) as queries:
            client.post(f"/patients/{who.pk}/search/", {"words": "asthma"}, headers={"HX-Request": "true"})
        counts.append(len(queries))
        asking = [one["sql"] for one in queries if "tsquery" in one["sql"]]
        assert asking
        assert all('"patient_id" IN' in sql for sql in asking)
    assert counts[0] == counts[1] <= 17
