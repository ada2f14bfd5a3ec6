"""Asking the sandbox PDS over real HTTP, and what its answers do to patients."""

import datetime as dt
import logging
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from joserfc.jwk import RSAKey

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange import doorbell, http, keys, oauth
from exchange.fhir.systems import System
from records.models import Finding, Patient, PatientLink, Resource, Trace
from records.people import find
from records.people.restricted import NOT_SHOWN
from records.tests import pds_program, taking
from records.tests.pds_program import Pds
from records.tracing import actions, asking, judging

MakePatient = Callable[..., Patient]
State = Trace.State
JANE, ARJUN, HODAN = "9991234578", "9992041188", "9998312140"
PIOTR, PIOTR_NOW = "9991187758", "9998408229"
GRACE = "9994429019"
INVALID, UNKNOWN, FAILING = "9998432243", "9000000009", "9991234579"


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short key: a real one of 4096 bits takes seconds to make."""
    path = tmp_path_factory.mktemp("pds-key") / "key.json"
    keys._keep(path, RSAKey.generate_key(2048, {"use": "sig", "kid": "test-1"}))
    return path


@pytest.fixture(scope="session")
def program(key_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pds]:
    published = {"keys": [keys._read_national(key_file, "test-1").as_dict(private=False)]}
    with pds_program.running(tmp_path_factory.mktemp("pds"), published) as pds:
        yield pds


@pytest.fixture
def pds(program: Pds, key_file: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pds]:
    settings.PDS_URL = f"{program.url}/personal-demographics/FHIR/R4"
    settings.PDS_TOKEN_URL = f"{program.url}/oauth2/token"
    settings.PDS_API_KEY, settings.PDS_KEY_FILE, settings.PDS_KEY_ID = pds_program.API_KEY, key_file, "test-1"
    settings.PDS_PER_SECOND = 1000
    settings.PARTNER_TIMEOUT_SECONDS = 30
    monkeypatch.setattr(doorbell, "ring", lambda task, message_id: None)
    program.change("", "reset")
    yield program
    oauth._purse.clear()
    http.client().close()
    http._clients.clear()


@pytest.fixture
def jane(make_patient: MakePatient) -> Patient:
    return make_patient(
        nhs_number=JANE, nhs_number_status=Patient.NhsNumber.PRESENT, address="Flat 1, 14 Millrace Road, Harrowmere",
        postcode="ZZ1 3JS", phone="01632 960148",
    )  # fmt: skip


def ask(patient: Patient, by: Person) -> Trace:
    """Ask PDS as the button does, and do what the worker does."""
    trace = actions.ask(patient=patient, by=by.actor)
    assert trace is not None
    asking.answer(trace.pk)
    trace.refresh_from_db()
    patient.refresh_from_db()
    return trace


def panel(patient: Patient, by: Person) -> str:
    html = by.client.get(f"/patients/{patient.pk}/panel/pds/").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


# By NHS number --------------------------------------------------------------------------------------------------------
def test_traced_is_number_present_and_verified(pds: Pds, jane: Patient, receptionist: Person) -> None:
    trace = ask(jane, receptionist)
    assert (trace.state, trace.version, trace.found) == (State.TRACED, 'W/"2"', "")
    assert jane.nhs_number_status == Patient.NhsNumber.VERIFIED
    assert jane.traced_at is not None
    record = Resource.objects.get(type="Patient", source__ods_code="X26")
    assert (record.patient, record.source_key) == (jane, JANE)
    assert "number-present-and-verified" in record.body or '"code":"01"' in record.body
    assert PatientLink.objects.get(resource=record).basis == PatientLink.Basis.NHS_NUMBER
    assert "Traced with PDS" in panel(jane, receptionist)
    assert "agrees with what is shown here" in panel(jane, receptionist)
    told = AuditEvent.objects.filter(patient_id=jane.pk).order_by("pk").values_list("actor_name", "action")
    assert list(told) == [("M Okafor", "asked PDS"), ("PDS", "traced with PDS")]


def test_a_second_check_changes_nothing_and_adds_no_source(pds: Pds, jane: Patient, gp: Person) -> None:
    ask(jane, gp)
    before = Resource.objects.get(source__ods_code="X26").version
    ask(jane, gp)
    assert Resource.objects.get(source__ods_code="X26").version == before
    assert PatientLink.objects.count() == 1
    assert Trace.objects.filter(state=State.TRACED).count() == 2


def test_what_the_practice_says_later_does_not_undo_the_tracing(
    pds: Pds, tmp_path: Path, riverside: Organisation, gp: Person
) -> None:
    """The practice leads the columns; that the number is verified and which it is stays as PDS said."""
    taking.take(taking.write(tmp_path / "1.json", taking.patient(number=JANE)), riverside, riverside)
    jane = Patient.objects.get()
    ask(jane, gp)
    taking.take(taking.write(tmp_path / "2.json", taking.patient(number=JANE, gender="female")), riverside, riverside)
    jane.refresh_from_db()
    assert (jane.gender, jane.nhs_number_status) == ("female", Patient.NhsNumber.VERIFIED)


def test_the_number_failing_its_check_digit_is_never_sent(pds: Pds, make_patient: MakePatient, gp: Person) -> None:
    """Not even when the columns wrongly call it good."""
    patient = make_patient(nhs_number=FAILING, nhs_number_status=Patient.NhsNumber.PRESENT)
    trace = ask(patient, gp)
    assert trace.state == State.INVALID
    assert pds.seen == []
    assert "fails its check digit and was not sent" in panel(patient, gp)
    assert not Resource.objects.exists()


@pytest.mark.parametrize(
    ("number", "state", "words"),
    [
        (UNKNOWN, State.NOT_KNOWN, "PDS does not know this NHS number"),
        (INVALID, State.INVALID, "no longer valid"),
    ],
)
def test_a_number_that_is_nobodys(
    number: str, state: str, words: str, pds: Pds, make_patient: MakePatient, gp: Person
) -> None:
    patient = make_patient(nhs_number=number, nhs_number_status=Patient.NhsNumber.PRESENT)
    assert ask(patient, gp).state == state
    assert patient.nhs_number_status == Patient.NhsNumber.PRESENT
    assert patient.traced_at is None
    assert words in panel(patient, gp)
    assert not Resource.objects.exists()


def test_a_difference_names_the_field(pds: Pds, make_patient: MakePatient, receptionist: Person) -> None:
    arjun = make_patient(
        title="Mr", given="Arjun", family="Patel", birth_date=dt.date(1958, 2, 17), birth_date_written="1958-02-17",
        gender="male", nhs_number=ARJUN,
        address="5 Tannery Street, Harrowmere", postcode="ZZ1 3DT", phone="01632 960412",
    )  # fmt: skip
    assert ask(arjun, receptionist).state == State.TRACED
    said = panel(arjun, receptionist)
    assert "Address 5 Tannery Street, Harrowmere 27 Weir Lane, Harrowmere" in said
    assert "Postcode ZZ1 3DT ZZ3 4AB" in said
    assert "Phone 01632 960412 07700 900661" in said
    assert arjun.address == "5 Tannery Street, Harrowmere"  # the practice's own record leads


def test_somebody_else_under_the_number_is_never_taken_over(pds: Pds, make_patient: MakePatient, gp: Person) -> None:
    patient = make_patient(given="Nasreen", family="Akhtar", birth_date=dt.date(1962, 10, 19), nhs_number=JANE)
    trace = ask(patient, gp)
    assert trace.state == State.DOUBT
    said = panel(patient, gp)
    assert "Family name Akhtar Smith differs" in said
    assert "Is it the same person?" in said
    assert "Millrace" not in said  # where somebody else lives is nobody's business here
    assert "960148" not in said
    assert not Resource.objects.exists()
    assert patient.traced_at is None
    gp.client.post(f"/patients/{patient.pk}/pds/{trace.pk}/decide/", {"same": "no"})
    trace.refresh_from_db()
    assert (trace.state, trace.found) == (State.DISMISSED, "")
    assert not Resource.objects.exists()


def test_another_family_name_is_taken_over_when_a_person_says_so(
    pds: Pds, make_patient: MakePatient, receptionist: Person
) -> None:
    patient = make_patient(given="Jane", family="Maiden", nhs_number=JANE)
    trace = ask(patient, receptionist)
    assert trace.state == State.DOUBT
    receptionist.client.post(f"/patients/{patient.pk}/pds/{trace.pk}/decide/", {"same": "yes"})
    patient.refresh_from_db()
    assert patient.traced_at is not None
    assert PatientLink.objects.get().basis == PatientLink.Basis.PERSON
    assert "Family name Maiden Smith" in panel(patient, receptionist)
    again = receptionist.client.post(f"/patients/{patient.pk}/pds/{trace.pk}/decide/", {"same": "no"}, follow=True)
    assert "settled this meanwhile" in again.content.decode()
    assert PatientLink.objects.exists()


# Superseded -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def piotr(make_patient: MakePatient) -> Patient:
    return make_patient(
        title="Mr", given="Piotr", family="Nowak", birth_date=dt.date(1981, 6, 12), birth_date_written="1981-06-12",
        gender="male", nhs_number=PIOTR,
    )  # fmt: skip


def test_a_superseded_number_moves_to_the_new_one(pds: Pds, piotr: Patient, receptionist: Person) -> None:
    trace = ask(piotr, receptionist)
    assert (trace.state, trace.asked_number, trace.found_number) == (State.TRACED, PIOTR, PIOTR_NOW)
    assert (piotr.nhs_number, piotr.nhs_number_status) == (PIOTR_NOW, Patient.NhsNumber.VERIFIED)
    assert "999 118 7758 was replaced by 999 840 8229" in panel(piotr, receptionist)
    assert AuditEvent.objects.get(action="traced with PDS").note == "the NHS number was replaced by a newer one"
    assert [one.patient for one in find.patients(receptionist.actor, PIOTR_NOW)] == [piotr]


def test_a_superseded_number_joins_two_who_are_certainly_one(
    pds: Pds, piotr: Patient, make_patient: MakePatient, gp: Person
) -> None:
    """Audited, and undone like any joining."""
    other = make_patient(
        title="Mr", given="Piotr", family="Nowak", birth_date=dt.date(1981, 6, 12), birth_date_written="1981-06-12",
        nhs_number=PIOTR_NOW,
    )  # fmt: skip
    ask(piotr, gp)
    other.refresh_from_db()
    assert (piotr.merged_into, other.merged_into) == (other, None)
    assert (other.nhs_number, other.nhs_number_status) == (PIOTR_NOW, Patient.NhsNumber.VERIFIED)
    assert other.traced_at is not None
    joined = AuditEvent.objects.filter(action="joined records")
    assert {(one.actor_name, one.patient_id) for one in joined} == {("PDS", piotr.pk), ("PDS", other.pk)}
    assert "PDS replaced one NHS number by the other" in joined[0].note
    assert "was replaced by 999 840 8229" in panel(other, gp)
    assert gp.client.get(f"/patients/{piotr.pk}/").headers["Location"] == f"/patients/{other.pk}/"


def test_two_with_one_number_that_nothing_superseded_are_not_joined(
    pds: Pds, jane: Patient, make_patient: MakePatient, gp: Person
) -> None:
    other = make_patient(nhs_number=JANE)
    assert ask(jane, gp).state == State.TAKEN
    other.refresh_from_db()
    assert (jane.merged_into, other.merged_into) == (None, None)
    assert not Resource.objects.exists()


def test_a_new_number_that_somebody_uncertain_has_is_suggested_and_not_merged(
    pds: Pds, piotr: Patient, make_patient: MakePatient, tmp_path: Path, riverside: Organisation, gp: Person
) -> None:
    other = make_patient(given="Piotrek", family="Nowakowski", birth_date=dt.date(1981, 6, 12), nhs_number=PIOTR_NOW)
    own = taking.patient(number=PIOTR, family="Nowak", born="1981-06-12")
    taking.take(taking.write(tmp_path / "1.json", own), riverside, riverside)
    trace = ask(piotr, gp)
    assert trace.state == State.TAKEN
    assert (piotr.nhs_number, piotr.merged_into) == (PIOTR, None)
    other.refresh_from_db()
    assert other.merged_into is None
    assert Finding.objects.get().about == str(other.pk)
    assert "another patient here has" in panel(piotr, gp)
    assert not Resource.objects.filter(source__ods_code="X26").exists()


# Restricted, died -----------------------------------------------------------------------------------------------------
def test_who_is_restricted_at_pds_is_restricted_here_at_once(
    pds: Pds, tmp_path: Path, riverside: Organisation, infirmary: Organisation, receptionist: Person
) -> None:
    home: Any = {
        "address": [{"line": ["11 Tannery Street"], "city": "Harrowmere", "postalCode": "ZZ1 6GT"}],
        "telecom": [{"system": "phone", "value": "07700 900025"}],
    }
    own = taking.patient(number=GRACE, family="Adebayo", born="1966-12-03", **home)
    note = taking.condition(note=[{"text": "Lives at 11 Tannery Street"}])
    taking.take(taking.write(tmp_path / "1.ndjson", own, note), riverside, riverside)
    other = taking.patient("h1", number=GRACE, family="Adebayo", born="1966-12-03", **home)
    taking.take(taking.write(tmp_path / "2.ndjson", other), infirmary)
    grace = Patient.objects.get()
    assert grace.phone == "07700 900025"
    assert ask(grace, receptionist).state == State.TRACED
    assert (grace.restricted, grace.address, grace.postcode, grace.phone) == (True, "", "", "")
    assert Resource.objects.get(type="Condition").detail["note"] == f"Lives at {NOT_SHOWN}"
    html = receptionist.client.get(f"/patients/{grace.pk}/").content.decode()
    assert "Tannery" not in html
    assert "900025" not in html
    assert "Restricted: PDS gives no address" in html
    pds.change(GRACE, "unrestrict")
    ask(grace, receptionist)
    assert (grace.restricted, grace.phone) == (False, "07700 900025")
    assert Resource.objects.get(type="Condition").detail["note"] == "Lives at 11 Tannery Street"


def test_a_formal_notice_of_death_reaches_the_banner(pds: Pds, jane: Patient, receptionist: Person) -> None:
    pds.change(JANE, "dies")
    ask(jane, receptionist)
    assert jane.deceased
    assert jane.deceased_on == timezone.localdate() - dt.timedelta(days=3)
    assert "Died on" in receptionist.client.get(f"/patients/{jane.pk}/").content.decode()


# By name and date of birth --------------------------------------------------------------------------------------------
@pytest.fixture
def ioana(make_patient: MakePatient) -> Patient:
    return make_patient(
        title="Ms", given="Ioana", family="Dumitrescu", birth_date=dt.date(1999, 7, 21),
        birth_date_written="1999-07-21",
        nhs_number="", nhs_number_status=Patient.NhsNumber.ABSENT, postcode="ZZ1 8JT",
    )  # fmt: skip


def test_one_match_is_shown_to_a_person_and_never_taken_silently(
    pds: Pds, ioana: Patient, receptionist: Person
) -> None:
    trace = ask(ioana, receptionist)
    assert (trace.state, ioana.nhs_number) == (State.MATCH, "")
    assert not Resource.objects.exists()
    assert "One person at PDS has this name" in panel(ioana, receptionist)
    assert "NHS number Not known 999 842 0237" in panel(ioana, receptionist)
    receptionist.client.post(f"/patients/{ioana.pk}/pds/{trace.pk}/decide/", {"same": "yes"})
    ioana.refresh_from_db()
    assert (ioana.nhs_number, ioana.nhs_number_status) == ("9998420237", Patient.NhsNumber.VERIFIED)


def test_who_has_moved_is_found_without_the_postcode_under_another_request_id(
    pds: Pds, ioana: Patient, gp: Person
) -> None:
    Patient.objects.filter(pk=ioana.pk).update(postcode="ZZ9 9ZZ")
    ioana.refresh_from_db()
    assert ask(ioana, gp).state == State.MATCH
    assert len({one["request_id"] for one in pds.seen}) == 2


def test_of_many_matches_none_is_chosen(pds: Pds, ioana: Patient, gp: Person) -> None:
    pds.change("9998420237", "double")
    trace = ask(ioana, gp)
    assert (trace.state, trace.found, trace.found_number) == (State.MANY, "", "")
    assert ioana.nhs_number == ""
    assert not Resource.objects.exists()
    assert "Several people at PDS fit, so none was chosen" in panel(ioana, gp)


def test_no_match_is_said(pds: Pds, make_patient: MakePatient, gp: Person) -> None:
    patient = make_patient(family="Nobody", nhs_number=FAILING, nhs_number_status=Patient.NhsNumber.FAILING)
    assert ask(patient, gp).state == State.NONE
    assert "Nobody at PDS has this name" in panel(patient, gp)
    assert {one["kind"] for one in pds.seen} == {"Patient"}  # searched, the failing number not asked about


# When it does not answer ----------------------------------------------------------------------------------------------
@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "_AT_ONCE", (0, 1))


def test_every_try_of_one_question_bears_the_same_request_id(
    pds: Pds, quick: None, jane: Patient, receptionist: Person
) -> None:
    pds.behave("busy")
    trace = ask(jane, receptionist)
    assert (trace.state, trace.trouble) == (State.ASKED, "partner-failed")
    assert trace.due_at is not None
    assert trace.due_at > timezone.now()
    assert [one["status"] for one in pds.seen] == [429, 429, 429]
    assert {one["request_id"] for one in pds.seen} == {str(trace.request_id)}
    assert "We try again by ourselves" in panel(jane, receptionist)
    pds.behave("normal")
    asking.answer(trace.pk)  # not due yet
    trace.refresh_from_db()
    assert trace.state == State.ASKED
    Trace.objects.update(due_at=timezone.now())
    asking.answer(trace.pk)
    trace.refresh_from_db()
    assert trace.state == State.TRACED
    assert {one["request_id"] for one in pds.seen} == {str(trace.request_id)}


def test_too_many_requests_are_asked_again_after_the_pause_they_name(pds: Pds, jane: Patient, gp: Person) -> None:
    pds.behave("busy", 2)
    started = time.monotonic()
    assert ask(jane, gp).state == State.TRACED
    assert [one["status"] for one in pds.seen] == [429, 429, 200]
    assert len({one["request_id"] for one in pds.seen}) == 1
    assert time.monotonic() - started > 2  # Retry-After is a second


def test_our_own_pace_keeps_within_five_a_second(pds: Pds, jane: Patient, gp: Person, settings: Any) -> None:
    settings.PDS_PER_SECOND = 5
    for _ in range(7):
        assert ask(jane, gp).state == State.TRACED
    assert [one["status"] for one in pds.seen] == [200] * 7


def test_a_slow_answer_ends_in_time_and_is_tried_again(
    pds: Pds, quick: None, jane: Patient, gp: Person, settings: Any
) -> None:
    settings.PARTNER_TIMEOUT_SECONDS = 0.3
    http._clients.clear()
    pds.behave("slow", 2)
    trace = ask(jane, gp)
    assert (trace.state, trace.trouble) == (State.ASKED, "timed-out")
    assert "Their system did not answer in time" in panel(jane, gp)


def test_after_the_last_try_a_person_is_told(pds: Pds, quick: None, jane: Patient, gp: Person) -> None:
    pds.behave("down")
    trace = ask(jane, gp)
    for _ in range(9):
        Trace.objects.filter(state=State.ASKED).update(due_at=timezone.now())
        asking.answer(trace.pk)
    trace.refresh_from_db()
    assert (trace.state, trace.tries) == (State.FAILED, 6)
    assert "PDS could not be asked" in panel(jane, gp)
    assert "Check again" in panel(jane, gp)


def test_a_token_that_is_no_longer_taken_is_renewed(pds: Pds, jane: Patient, gp: Person) -> None:
    ask(jane, gp)
    ((where, (until, _)),) = oauth._purse.items()
    oauth._purse[where] = (until, "no longer good")
    trace = ask(jane, gp)
    assert trace.state == State.TRACED
    assert [one["status"] for one in pds.seen] == [200, 401, 200]


def test_two_workers_ask_once(pds: Pds, jane: Patient, gp: Person) -> None:
    trace = actions.ask(patient=jane, by=gp.actor)
    assert trace is not None
    assert actions.ask(patient=jane, by=gp.actor) == trace
    asking.answer(trace.pk)
    asking.answer(trace.pk)
    assert len(pds.seen) == 1


def test_nothing_is_taken_over_when_its_last_write_fails(
    pds: Pds, jane: Patient, gp: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = actions.ask(patient=jane, by=gp.actor)
    assert trace is not None
    monkeypatch.setattr("records.tracing.taking.audit.record", broken)
    with pytest.raises(ZeroDivisionError):
        asking.answer(trace.pk)
    assert not Resource.objects.exists()
    jane.refresh_from_db()
    assert (jane.traced_at, jane.nhs_number_status) == (None, Patient.NhsNumber.PRESENT)


def broken(**_: object) -> None:
    raise ZeroDivisionError


# Who may, and what is written down ------------------------------------------------------------------------------------
def test_no_nhs_number_or_name_is_logged(
    pds: Pds, quick: None, jane: Patient, ioana: Patient, gp: Person, caplog: pytest.LogCaptureFixture
) -> None:
    """PDS's addresses hold the number and the search: no library of ours may write them down, at whatever level."""
    with caplog.at_level(logging.DEBUG):
        ask(jane, gp)
        ask(ioana, gp)
        pds.behave("down")
        ask(jane, gp)
    text = "\n".join(f"{one.name} {one.getMessage()} {one.exc_text}" for one in caplog.records)
    assert text
    for secret in (JANE, "Dumitrescu", "Ioana", "Smith", "9998420237", "1999-07-21"):
        assert secret not in text
    assert "trace=" in text or str(Trace.objects.filter(state=State.ASKED).get().pk) in text


@pytest.mark.parametrize("who", ["social_worker", "stranger", "privacy_officer", "hospital_clinician"])
def test_only_the_patients_own_practice_may_ask(
    who: str, pds: Pds, jane: Patient, request: pytest.FixtureRequest
) -> None:
    client = request.getfixturevalue(who).client
    assert client.post(f"/patients/{jane.pk}/pds/check/").status_code in (403, 404)
    assert not Trace.objects.exists()
    assert pds.seen == []


def test_the_button_asks_and_the_panel_polls_until_it_is_settled(pds: Pds, jane: Patient, receptionist: Person) -> None:
    client = receptionist.client
    assert client.post(f"/patients/{jane.pk}/pds/check/").headers["Location"] == f"/patients/{jane.pk}/details/"
    page = client.get(f"/patients/{jane.pk}/").content.decode()
    assert 'hx-trigger="every 2s"' in page
    seen = re.search(r"seen=([^\"]+)\"", page[page.index('id="pds"') :])
    assert seen
    poll = f"/patients/{jane.pk}/panel/pds/?seen={seen[1]}"
    assert client.get(poll).status_code == 204
    asking.answer(Trace.objects.get().pk)
    answer = client.get(poll)
    assert answer.status_code == 286
    assert "hx-trigger" not in answer.content.decode().split("<form")[0]


def test_a_page_that_shows_where_somebody_restricted_is_loads_itself_again(
    pds: Pds, jane: Patient, receptionist: Person
) -> None:
    client = receptionist.client
    for act, expected in ((None, False), ("restrict", True), (None, False), ("dies", True)):
        if act:
            pds.change(JANE, act)
        client.post(f"/patients/{jane.pk}/pds/check/")
        seen = re.search(r"seen=([^\"]+)\"", client.get(f"/patients/{jane.pk}/").content.decode().split('id="pds"')[1])
        assert seen
        asking.answer(Trace.objects.get(state=State.ASKED).pk)
        answer = client.get(f"/patients/{jane.pk}/panel/pds/?seen={seen[1]}")
        assert ("HX-Refresh" in answer.headers) is expected, act


def test_a_question_of_another_patient_cannot_be_decided_through_this_one(
    pds: Pds, ioana: Patient, make_patient: MakePatient, receptionist: Person
) -> None:
    trace = ask(ioana, receptionist)
    other = make_patient(family="Other")
    answer = receptionist.client.post(f"/patients/{other.pk}/pds/{trace.pk}/decide/", {"same": "yes"})
    assert answer.status_code == 404
    assert receptionist.client.post(f"/patients/{other.pk}/pds/{uuid4()}/decide/").status_code == 404
    trace.refresh_from_db()
    assert trace.state == State.MATCH


def test_opening_a_patient_asks_when_the_last_time_is_long_ago(
    pds: Pds, jane: Patient, gp: Person, settings: Any
) -> None:
    settings.PDS_REFRESH_DAYS = 30
    for asked, expected in ((None, 1), (29, 0), (31, 1)):
        Trace.objects.all().delete()
        at = timezone.now() - dt.timedelta(days=asked) if asked else None
        Patient.objects.filter(pk=jane.pk).update(pds_asked_at=at)
        gp.client.get(f"/patients/{jane.pk}/")
        assert Trace.objects.count() == expected
    settings.PDS_REFRESH_DAYS = 0
    Trace.objects.all().delete()
    Patient.objects.filter(pk=jane.pk).update(pds_asked_at=None)
    gp.client.get(f"/patients/{jane.pk}/")
    assert not Trace.objects.exists()


def test_without_an_address_nothing_is_asked_and_the_page_says_so(jane: Patient, receptionist: Person) -> None:
    html = receptionist.client.get(f"/patients/{jane.pk}/").content.decode()
    assert "PDS is not set up here" in html
    receptionist.client.post(f"/patients/{jane.pk}/pds/check/")
    assert not Trace.objects.exists()


# Pure -----------------------------------------------------------------------------------------------------------------
def test_what_pds_leaves_out_is_no_difference() -> None:
    patient = Patient(family="Smith", given="Jane Ann", gender="female", address="1 Mill Lane", phone="01632 960148")
    said = {
        "resourceType": "Patient",
        "name": [{"use": "usual", "family": "SMITH", "given": ["Jane"]}],
        "telecom": [{"system": "phone", "value": "+44 1632 960148"}],
    }
    assert judging.differences(patient, said) == []


def test_of_a_restricted_person_no_place_is_compared() -> None:
    patient = Patient(family="Smith", restricted=True)
    said = {
        "resourceType": "Patient",
        "name": [{"family": "Jones"}],
        "address": [{"line": ["1 Mill Lane"]}],
        "generalPractitioner": [{"identifier": {"system": str(System.ODS), "value": "Y99999"}}],
    }
    assert [one.field for one in judging.differences(patient, said, "Y90001")] == ["Family name"]
    assert [one.field for one in judging.side_by_side(patient, said, fits=True)] == ["Family name"]
