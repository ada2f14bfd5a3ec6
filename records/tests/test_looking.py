"""Changed since you last looked: what a mark hides, for whom, and that nothing is lost between page and mark."""

import datetime as dt
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.actor import system
from access.models import AuditEvent, Organisation
from conftest import Person
from records import panels
from records.ingest import Report, ingest
from records.ingest.storing import take_turn
from records.looking import Looked, last_looked, moment, unseen
from records.looking.actions import mark_seen, unmark_seen
from records.models import LastLooked, Patient, Resource, ResourceVersion
from records.screen.held import Held
from records.screen.news import MOST, News
from records.tests.saying import file_letter, relate, say
from records.views.looking import drawn_at

MakePatient = Callable[..., Patient]
LONG_AGO = dt.timedelta(days=4000)
pytestmark = pytest.mark.django_db


def news(person: Person, patient: Patient) -> list[News]:
    patient = Patient.objects.get(pk=patient.pk)
    held = Held(person.actor, patient, last_looked(person.actor, patient))
    found: list[News] = panels.news(person.actor, patient, held)["all"]
    return found


def told(person: Person, patient: Patient) -> list[str]:
    return [one.what + one.how for one in news(person, patient)]


def look(person: Person, patient: Patient) -> None:
    mark_seen(patient=patient, drawn=moment(), by=person.actor)


def drawn_on(page: str) -> str:
    found = re.search(r'name="drawn"\s+value="([^"]+)"', page)
    assert found
    return found[1]


def old(source: Organisation, patient: Patient, kind: str, display: str, **more: Any) -> Resource:
    return say(source, patient, kind, display, date=timezone.now() - LONG_AGO, **more)


# A mark ---------------------------------------------------------------------------------------------------------------
def test_what_changed_after_the_mark_is_new_to_that_person_alone(
    make_patient: MakePatient, gp: Person, nurse: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    old(riverside, patient, "problem", "Asthma", code="195967001")
    look(gp, patient)
    old(riverside, patient, "problem", "Gout", code="90560007")
    rows = panels.problems(gp.actor, patient)["rows"]
    assert {row.what: row.new for row in rows} == {"Asthma": False, "Gout": True}
    assert told(gp, patient) == ["Gout"]
    assert told(nurse, patient) == []  # never marked: the last 30 days, and both are older
    assert not any(row.new for row in panels.problems(nurse.actor, patient)["rows"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(changed=st.lists(st.integers(-50, 50), max_size=12), mine=st.integers(-50, 50), another=st.integers(-50, 50))
def test_marking_hides_exactly_what_changed_by_then(
    changed: list[int], mine: int, another: int, riverside: Organisation, gp: Person, nurse: Person
) -> None:
    with transaction.atomic():
        patient = Patient.objects.create(family="X")
        relate(patient, riverside, "registered")
        start = timezone.now() - dt.timedelta(days=2000)
        for number, seconds in enumerate(changed):
            row = old(riverside, patient, "problem", f"P{number}")
            Resource.objects.filter(pk=row.pk).update(changed_at=start + dt.timedelta(seconds=seconds))
        for person, seconds in ((gp, mine), (nurse, another)):
            mark_seen(patient=patient, drawn=start + dt.timedelta(seconds=seconds), by=person.actor)
        for person, seconds in ((gp, mine), (nurse, another)):
            expected = {f"P{number}" for number, at in enumerate(changed) if at > seconds}
            assert set(told(person, patient)) == expected
        transaction.set_rollback(True)


def test_a_mark_is_one_act_with_its_audit_row_and_an_older_page_takes_nothing_back(
    make_patient: MakePatient, gp: Person
) -> None:
    patient = make_patient()
    before = moment()
    look(gp, patient)
    first = LastLooked.objects.get().at
    mark_seen(patient=patient, drawn=before, by=gp.actor)
    assert LastLooked.objects.get().at == first
    assert list(AuditEvent.objects.values_list("action", "patient_id")) == [("marked record as seen", patient.pk)] * 2


def test_a_mark_never_reaches_into_the_future(make_patient: MakePatient, gp: Person) -> None:
    mark_seen(patient=make_patient(), drawn=timezone.now() + dt.timedelta(days=9), by=gp.actor)
    assert LastLooked.objects.get().at <= timezone.now()


def test_a_mark_taken_back_makes_new_what_was_new(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    look(gp, patient)
    at = LastLooked.objects.get().at
    old(riverside, patient, "problem", "Gout")
    look(gp, patient)
    assert told(gp, patient) == []
    assert unmark_seen(patient=patient, by=gp.actor)
    assert LastLooked.objects.get().at == at
    assert told(gp, patient) == ["Gout"]
    assert not unmark_seen(patient=patient, by=gp.actor)  # there is but one step back
    assert told(gp, patient) == ["Gout"]


def test_the_first_mark_taken_back_leaves_none(make_patient: MakePatient, gp: Person) -> None:
    patient = make_patient()
    look(gp, patient)
    assert unmark_seen(patient=patient, by=gp.actor)
    assert not LastLooked.objects.exists()


# Two who were found to be one -----------------------------------------------------------------------------------------
def test_each_id_keeps_its_own_time_and_a_mark_covers_both(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    kept, other = make_patient(), make_patient(family="Smyth", nhs_number="9991234528")
    old(riverside, kept, "problem", "Asthma")
    old(riverside, other, "problem", "Gout")
    look(gp, other)
    old(riverside, other, "problem", "Eczema")
    look(gp, kept)
    Patient.objects.filter(pk=other.pk).update(merged_into=kept)
    assert told(gp, kept) == ["Eczema"]  # Gout was seen under the other id, Asthma under this one
    look(gp, Patient.objects.get(pk=kept.pk))
    assert told(gp, kept) == []


# Between the page and the mark ----------------------------------------------------------------------------------------
def test_what_comes_in_between_page_and_mark_stays_new(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    client = gp.client
    page = client.get(f"/patients/{patient.pk}/").content.decode()
    drawn = drawn_on(page)
    old(riverside, patient, "problem", "Gout")
    client.post(f"/patients/{patient.pk}/seen/", {"drawn": drawn})
    assert told(gp, patient) == ["Gout"]


@pytest.mark.django_db(transaction=True)
def test_what_was_being_written_while_the_page_was_drawn_stays_new(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    """It changed before the page was drawn, but could not be read yet: marking the page must not hide it."""
    patient = make_patient()
    writer = connections.create_connection("default")
    source = riverside.pk
    with writer.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT pg_advisory_xact_lock(7301)")
        cursor.execute(
            "INSERT INTO records_resource (id, source_id, type, source_key, patient_id, version, sha256, body, kind,"
            " code, code_system, display, category, status, date_written, value, unit, security, tokens, detail,"
            " stored_at) VALUES (gen_random_uuid(), %s, 'Condition', 'k', %s, 1, '', '{}', 'problem',"
            " '', '', 'Gout', '{}', 'active', '', '', '', '{}', '{}', '{}', now())",
            [source, patient.pk],
        )
        drawn = moment()
        assert told(gp, patient) == []
        cursor.execute("COMMIT")
    writer.close()
    mark_seen(patient=patient, drawn=drawn, by=gp.actor)
    assert told(gp, patient) == ["Gout"]
    look(gp, patient)
    assert told(gp, patient) == []


def test_while_nobody_writes_the_moment_is_now(gp: Person) -> None:
    assert timezone.now() - moment() < dt.timedelta(seconds=5)
    with transaction.atomic():
        take_turn()  # what this transaction writes it can read itself
        assert timezone.now() - moment() < dt.timedelta(seconds=5)


# What is new ----------------------------------------------------------------------------------------------------------
def condition(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "id": "c1",
        "subject": {"reference": "Patient/p1"},
        "code": {"text": "Gout"},
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "recordedDate": "2014-01-01",
    } | more


PERSON = {
    "resourceType": "Patient", "id": "p1", "name": [{"family": "Doe", "given": ["Jo"]}], "birthDate": "1970-01-01",
}  # fmt: skip


def take_in(folder: Path, source: Organisation, number: int, *resources: dict[str, Any]) -> None:
    file = folder / f"{number}.ndjson"
    file.write_text("\n".join(json.dumps(one) for one in resources) + "\n")
    report = ingest([file], source=source, by=system("ingest"), practice=source, report=Report())
    assert report.rejected == 0


def test_a_version_that_says_the_same_is_not_news_and_one_that_says_more_is(
    tmp_path: Path, gp: Person, riverside: Organisation
) -> None:
    take_in(tmp_path, riverside, 1, PERSON, condition())
    patient = Patient.objects.get()
    look(gp, patient)
    stored = Resource.objects.get(type="Condition")
    take_in(tmp_path, riverside, 2, condition(identifier=[{"system": "urn:x", "value": "1"}], meta={"versionId": "7"}))
    again = Resource.objects.get(type="Condition")
    assert again.version == 2
    assert again.stored_at > stored.stored_at
    assert again.changed_at == stored.changed_at
    assert told(gp, patient) == []
    over = {"coding": [{"code": "resolved"}]}
    take_in(tmp_path, riverside, 3, condition(clinicalStatus=over))
    assert told(gp, patient) == ["Gout resolved"]
    assert [one.drawn for one in ResourceVersion.objects.filter(drawn__status="active")]
    look(gp, patient)
    wrong = {"coding": [{"code": "entered-in-error"}]}
    take_in(tmp_path, riverside, 4, condition(clinicalStatus=over, verificationStatus=wrong))
    assert told(gp, patient) == ["Gout taken back: entered in error"]


def test_what_came_wrong_from_the_start_is_no_news(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    look(gp, patient)
    old(riverside, patient, "problem", "Never so", status="entered-in-error")
    assert told(gp, patient) == []


def test_results_and_doses_are_put_beside_those_before(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    old(riverside, patient, "medicine", "Bisoprolol 2.5mg tablets", code="318590006", detail={"dose": "2.5 mg"})
    old(riverside, patient, "result", "HbA1c", code="9", value="51", unit="mmol/mol")
    look(gp, patient)
    say(infirmary, patient, "medicine", "Bisoprolol 5mg tablets", "318604001", detail={"dose": "5 mg"})
    say(riverside, patient, "result", "HbA1c", "9", value="58", unit="mmol/mol")
    assert told(gp, patient) == ["Bisoprolol raised to 5 mg (GP: 2.5 mg)", "HbA1c 58 mmol/mol, up from 51"]
    assert {one.source.letters for one in news(gp, patient)} == {"NI", "GP"}


def test_a_letter_is_new_until_it_is_opened_and_stays_unread_though_the_record_was_marked(
    make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    look(gp, patient)
    letter = file_letter(infirmary, patient, "<p>x</p>")
    other = file_letter(infirmary, patient, "<p>x</p>", title="Clinic letter")
    assert [one.unread for one in news(gp, patient)] == [True]  # one line for two of the same name
    gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/")
    gp.client.get(f"/patients/{patient.pk}/letters/{other.pk}/")
    assert news(gp, patient) == []
    file_letter(infirmary, patient, "<p>x</p>")
    look(gp, patient)
    assert news(gp, patient) == []
    assert panels.letters(gp.actor, patient)["unread"] == 1


def test_a_flood_of_results_does_not_push_out_an_old_dated_allergy(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient()
    look(gp, patient)
    old(infirmary, patient, "allergy", "Penicillin allergy", code="91936005")
    for number in range(MOST + 1):
        say(infirmary, patient, "result", f"Test {number}", value="1")
    found = news(gp, patient)
    assert found[0].what == "Allergy: penicillin"
    assert len(found) == MOST


def test_who_never_marked_sees_thirty_days_and_is_told_so(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    say(riverside, patient, "problem", "Gout")
    old(riverside, patient, "problem", "Asthma")
    html = gp.client.get(f"/patients/{patient.pk}/").content.decode()
    line = html.split('id="changed"')[1].split("</section>")[0]
    assert "From the last 30 days" in line
    assert "Gout" in line
    assert "Asthma" not in line


# The pages ------------------------------------------------------------------------------------------------------------
def test_marking_and_taking_back_without_scripts(
    make_patient: MakePatient, gp: Person, riverside: Organisation
) -> None:
    patient = make_patient()
    client = gp.client
    look(gp, patient)
    for number in range(9):
        old(riverside, patient, "problem", f"P{number}")
    page = client.get(f"/patients/{patient.pk}/").content.decode()
    assert "Changed since you last looked" in page
    assert "and 5 more" in page
    assert page.count("New since you last looked: ") == 9
    whole = client.get(f"/patients/{patient.pk}/changed/").content.decode()
    assert all(f">P{number}</a>" in whole for number in range(9))
    drawn = drawn_on(whole)
    answer = client.post(f"/patients/{patient.pk}/seen/", {"drawn": drawn}, follow=True)
    html = answer.content.decode()
    assert "Marked as seen at" in html
    assert "Nothing has changed since you last looked" in html
    assert "New since you last looked: " not in html
    assert "and 5 more" in client.post(f"/patients/{patient.pk}/seen/not/", follow=True).content.decode()


@pytest.mark.parametrize("drawn", ["", "yesterday", "2026-11-01", "2026-11-01T10:00", "9" * 50, "\0"])
def test_a_moment_that_is_none_marks_nothing(make_patient: MakePatient, gp: Person, drawn: str) -> None:
    patient = make_patient()
    assert gp.client.post(f"/patients/{patient.pk}/seen/", {"drawn": drawn}).status_code == 400
    assert not LastLooked.objects.exists()
    assert not AuditEvent.objects.exists()


@given(st.datetimes(timezones=st.just(dt.UTC)))
def test_a_moment_comes_back_as_it_went(at: dt.datetime) -> None:
    assert drawn_at(at.isoformat()) == at


@pytest.mark.parametrize("who", ["receptionist", "practice_manager", "privacy_officer", "social_worker", "stranger"])
def test_who_does_not_read_the_record_marks_nothing(
    make_patient: MakePatient, who: str, request: pytest.FixtureRequest
) -> None:
    patient = make_patient()
    person: Person = request.getfixturevalue(who)
    answer = person.client.post(f"/patients/{patient.pk}/seen/", {"drawn": timezone.now().isoformat()})
    assert answer.status_code in (403, 404)
    assert not LastLooked.objects.exists()


def test_nothing_is_unseen_of_nobody() -> None:
    assert not Resource.objects.filter(unseen([], {})).exists()
    assert Looked().at is None
