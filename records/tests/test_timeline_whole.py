"""Nothing of a record is lost on its timeline."""

import datetime as dt
from uuid import UUID

import pytest

from access.models import Organisation
from conftest import Person
from records.entries import listing
from records.screen import timeline
from records.screen.held import Held
from records.screen.narrowing import TABS, Narrowed
from records.screen.news import of_one
from records.tests.saying import say
from records.tests.timelines import MakePatient, days_ago, shown

pytestmark = pytest.mark.django_db


def test_what_lies_ahead_and_what_has_no_date_stand_in_sections_of_their_own(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "appointment", "Review", status="booked", date=days_ago(-20))
    say(riverside, patient, "problem", "Undated", date=None)
    say(riverside, patient, "encounter", "Visit", date=dt.datetime(2025, 3, 5, 12, tzinfo=dt.UTC))
    say(riverside, patient, "problem", "Vague", date=dt.datetime(2014, 1, 1, tzinfo=dt.UTC), date_written="2014")
    html = gp.client.get(f"/patients/{patient.pk}/timeline/").content.decode()
    order = ["In the future: 1 entry", "Review", "March 2025", "Visit", "2014, month not known", "Vague", "No date"]
    places = [html.index(words) for words in [*order, "Undated"]]
    assert places == sorted(places)


def test_what_was_taken_back_is_counted_and_shown_on_demand_with_its_word(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "problem", "Wrong person", status="entered-in-error")
    address = f"/patients/{patient.pk}/timeline/"
    html = gp.client.get(address).content.decode()
    assert "Wrong person" not in html
    assert "1 taken back or cancelled is left out" in html
    html = gp.client.get(address, {"taken_back": "on"}).content.decode()
    assert "Wrong person" in html
    assert "Entered in error" in html


KEPT = ["dispensed", "request", "task", "form", "message", "consent", "survey", "social-history"]
SAID = [
    ("dispensed", "Amoxicillin", {"quantity": "21 capsule"}, "Medicine dispensed", ": Amoxicillin, 21 capsule"),
    ("request", "Physiotherapy", {"reason": "Knee pain"}, "Request", ": Physiotherapy, Knee pain"),
    ("task", "Ring", {"owner": "Sam"}, "Task", ": Ring, for Sam"),
    ("form", "", {"answers": [{"question": "Smokes?", "answer": "yes"}]}, "Answers to a form", ": Smokes?: yes"),
    ("message", "", {"text": "In\ndistress", "sender": "999"}, "Message", ": from 999, In distress"),
    ("consent", "Sharing", {"decision": "deny"}, "Consent", ": Sharing, denied"),
]


@pytest.mark.parametrize(("kind", "display", "detail", "what", "rest"), SAID, ids=[one[0] for one in SAID])
def test_what_is_asked_given_and_agreed_is_told_in_words_on_timeline_list_and_news(
    make_patient: MakePatient,
    gp: Person,
    riverside: Organisation,
    kind: str,
    display: str,
    detail: dict[str, object],
    what: str,
    rest: str,
) -> None:
    patient = make_patient()
    say(riverside, patient, kind, display, detail=detail)
    held = Held(gp.actor, patient)
    page = timeline.page_of(held, Narrowed(), timeline.Cursor(), 50)
    assert [(e.what, e.rest) for s in page.sections for e in s.entries] == [(what, rest)]
    (told,) = of_one(held).items
    assert f"{told.what}{told.how}" == what + (rest if display else rest.replace(": ", ", ", 1))
    (entry,) = listing.page(held, kind, 1)["entries"]
    assert rest.removeprefix(f": {display}, ").removeprefix(": ") == entry.rest


def test_what_is_not_done_says_so(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    say(riverside, patient, "dispensed", "Adrenaline", status="not-done", type="MedicationAdministration")
    html = gp.client.get(f"/patients/{patient.pk}/timeline/?show=medicines").content.decode()
    assert "Medicine given" in html
    assert "Adrenaline, not done" in html


def test_every_kind_that_is_stored_is_shown_under_everything(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    kinds = ["problem", "medicine", "allergy", "result", "letter", "encounter", "flag", "careplan", "careteam", "goal"]
    made = {say(riverside, patient, kind, f"A {kind}").pk for kind in [*kinds, "contact", "appointment"]}
    made |= {say(riverside, patient, kind, f"A {kind}").pk for kind in KEPT}
    assert set(shown(gp.client.get(f"/patients/{patient.pk}/timeline/").content.decode())) == made


def test_every_entry_is_under_a_kind_of_its_own(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    kinds = [
        "problem",
        "medicine",
        "allergy",
        "result",
        "letter",
        "encounter",
        "flag",
        "careplan",
        "contact",
        *KEPT,
    ]
    made = {say(riverside, patient, kind, kind).pk for kind in kinds}
    held = Held(gp.actor, patient)
    found: set[UUID] = set()
    for tab in TABS:
        if tab:
            page = timeline.page_of(held, Narrowed(show=tab), timeline.Cursor(), 50)
            found |= {c.id for s in page.sections for e in s.entries for c in e.claims}
    assert found == made


def test_many_results_of_one_day_are_one_line_that_holds_each_of_them(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    made = [say(riverside, patient, "result", f"Test {n}", value=str(n), unit="g", date=days_ago(3)) for n in range(5)]
    html = gp.client.get(f"/patients/{patient.pk}/timeline/").content.decode()
    assert "5 results" in html
    assert set(shown(html)) == {one.pk for one in made}


def test_a_result_without_a_value_says_why(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    say(riverside, patient, "result", "Potassium", detail={"absent": "Sample haemolysed"})
    say(riverside, patient, "result", "Sodium", date=days_ago(2))
    html = gp.client.get(f"/patients/{patient.pk}/timeline/?show=results").content.decode()
    assert "no value: sample haemolysed" in html
    assert "no value given" in html


def test_one_admission_said_by_two_sources_is_one_line_with_both(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    detail = {"class_code": "IMP", "end": "2026-03-09"}
    day = dt.datetime(2026, 3, 5, 9, tzinfo=dt.UTC)
    both = [
        say(source, patient, "encounter", "Inpatient stay", "32485007", status="finished", date=day, detail=detail)
        for source in (riverside, infirmary)
    ]
    other = say(infirmary, patient, "encounter", "Clinic", "32485007", status="finished", date=day, detail={})
    held = Held(gp.actor, patient)
    page = timeline.page_of(held, Narrowed(), timeline.Cursor(), 50)
    lines = [{claim.id for claim in e.claims} for s in page.sections for e in s.entries]
    assert {one.pk for one in both} in lines
    assert {other.pk} in lines
    html = gp.client.get(f"/patients/{patient.pk}/timeline/").content.decode()
    assert set(shown(html)) == {*(one.pk for one in both), other.pk}


def test_two_entries_of_one_source_stay_two_lines(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    for _ in range(2):
        say(riverside, patient, "encounter", "Consultation", "11429006", status="finished", date=days_ago(2))
    page = timeline.page_of(Held(gp.actor, patient), Narrowed(), timeline.Cursor(), 50)
    assert [len(e.claims) for s in page.sections for e in s.entries] == [1, 1]
