"""Asking partners: once, about the right person, keeping what came and saying what did not."""

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange import doorbell, http, oauth
from exchange.errors import OurFault
from exchange.fhir.systems import System
from exchange.models import Partner
from exchange.pulling import offered
from exchange.tests.reader import Json, Reply, Server, bundle, serving, statement
from records.models import Finding, Patient, PatientLink, Received, Relationship, Resource, SourceCheck
from records.pulling import actions, schedule
from records.screen import freshness
from records.screen.held import Held

pytestmark = pytest.mark.django_db(transaction=True)
NUMBER = "9991234578"
State = SourceCheck.State


# The hospital ---------------------------------------------------------------------------------------------------------
@pytest.fixture(autouse=True)
def _own_key_and_clean_caches(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    settings.SIGNING_KEY_FILE = tmp_path_factory.getbasetemp() / "signing-key.json"
    settings.PULL_AGAIN_SECONDS = 60
    yield
    oauth._purse.clear()
    offered.forget()
    http.client().close()
    http._clients.clear()


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Rings of the doorbell; no broker is asked."""
    heard: list[str] = []

    def ring(task: object, check_id: object) -> bool:
        heard.append(str(check_id))
        return True

    monkeypatch.setattr(doorbell, "ring", ring)
    return heard


def jane_there(**changed: Any) -> Json:
    number = {"system": System.NHS_NUMBER.value, "value": NUMBER}
    made = {"resourceType": "Patient", "id": "h1", "identifier": [number], "birthDate": "1970-05-01"}
    return made | {"name": [{"family": "Smith", "given": ["Jane"]}]} | changed


def potassium(record_id: str, whose: str = "Patient/h1") -> Json:
    code = {"coding": [{"system": System.LOINC.value, "code": "2823-3"}], "text": "Potassium"}
    made = {"resourceType": "Observation", "id": record_id, "status": "final", "code": code}
    return made | {"subject": {"reference": whose}, "valueQuantity": {"value": 5, "unit": "mmol/L"}}


@pytest.fixture
def server() -> Iterator[Server]:
    """A hospital that knows Jane and one result of hers."""
    with serving() as here:
        here.replies["/metadata"] = Reply(body=statement("Observation", "Condition"))
        here.replies["/Patient?identifier="] = Reply(body=bundle(jane_there()))
        here.replies["/Patient/h1"] = Reply(body=jane_there())
        here.replies["/Patient/h1/$everything"] = Reply(body=bundle(jane_there(), potassium("k1")))
        yield here


@pytest.fixture
def hospital(infirmary: Organisation, server: Server) -> Partner:
    return Partner.objects.create(
        organisation=infirmary, endpoint=server.base, token_url=f"{server.url}/oauth2/token", jwks_url="", pulls=True
    )


@pytest.fixture
def jane(make_patient: Callable[..., Patient]) -> Patient:
    return make_patient(nhs_number=NUMBER, nhs_number_status=Patient.NhsNumber.VERIFIED)


@pytest.fixture
def check(jane: Patient, hospital: Partner) -> SourceCheck:
    return SourceCheck.objects.create(patient=jane, source=hospital.organisation, due_at=timezone.now())


def ask(check: SourceCheck) -> str:
    """Ask now, whatever pause there is."""
    SourceCheck.objects.filter(pk=check.pk).update(due_at=timezone.now(), asking=False)
    ended = actions.ask(check_id=check.pk)
    check.refresh_from_db()
    return ended


def said(gp: Person, patient: Patient, panel: str = "results") -> str:
    return " ".join(freshness.lines(Held(gp.actor, patient), panel))


def results() -> list[str]:
    return sorted(Resource.objects.filter(type="Observation").values_list("source_key", flat=True))


# What comes is kept ---------------------------------------------------------------------------------------------------
def test_what_the_hospital_holds_is_kept_as_what_it_says(check: SourceCheck, jane: Patient) -> None:
    assert ask(check) == "heard"
    stored = Resource.objects.get(type="Observation")
    assert (stored.patient_id, stored.source_id, stored.source_key) == (jane.pk, check.source_id, "k1")
    assert stored.received is not None
    assert (stored.received.via, stored.received.pieces.count()) == (Received.Via.PULL, 1)
    assert (check.heard_at is not None, check.failing_since, check.due_at, check.changed) == (True, None, None, 2)
    assert Patient.objects.count() == 1
    event = AuditEvent.objects.get(action="asked another organisation")
    assert event.patient_id == jane.pk


def test_a_hospital_that_already_wrote_under_another_id_means_the_same_person(
    check: SourceCheck, jane: Patient
) -> None:
    first = Resource.objects.create(
        pk="00000000-0000-0000-0000-000000000001",
        source=check.source,
        type="Patient",
        source_key="urn:uuid:1",
        body="{}",
    )
    PatientLink.objects.create(
        source=check.source, source_key="urn:uuid:1", resource=first, patient=jane, basis="first"
    )
    assert ask(check) == "heard"
    assert Patient.objects.count() == 1
    assert Resource.objects.get(type="Observation").patient_id == jane.pk


def test_it_is_asked_only_for_what_changed_since_and_with_its_tag(check: SourceCheck, server: Server) -> None:
    ask(check)
    assert "_since" not in server.paths()[-1]
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(), headers={"ETag": 'W/"1"'})
    ask(check)
    assert f"_since={check.asked_at:%Y}" in server.paths()[-1] or "_since=" in server.paths()[-1]
    first = server.paths()[-1]
    server.replies["/Patient/h1/$everything"] = Reply(304)
    assert ask(check) == "heard"
    path, headers = server.asked[-1]
    assert (path, headers["If-None-Match"]) == (first, 'W/"1"')
    assert results() == ["k1"], "what is not sent again is not gone"


def test_without_everything_each_type_is_searched(check: SourceCheck, server: Server) -> None:
    server.replies["/metadata"] = Reply(body=statement("Observation", "Condition", "Slot", everything=False))
    server.replies["/Observation?"] = Reply(body=bundle(potassium("k1", f"{server.base}/Patient/h1")))
    server.replies["/Condition?"] = Reply(body=bundle())
    assert ask(check) == "heard"
    assert results() == ["k1"]
    assert Resource.objects.get(type="Observation").patient_id == check.patient_id
    assert [one.split("?")[0] for one in server.paths()][-3:] == ["/Patient/h1", "/Condition", "/Observation"]


@pytest.mark.parametrize("status", [404, 405, 501])
def test_everything_that_is_promised_and_missing_is_searched_for(
    check: SourceCheck, server: Server, status: int
) -> None:
    server.replies["/Patient/h1/$everything"] = Reply(status)
    server.replies["/Observation?"] = Reply(body=bundle(potassium("k1")))
    assert ask(check) == "heard"
    assert results() == ["k1"]


def test_a_medicine_brings_its_name_and_a_letter_its_text(check: SourceCheck, server: Server) -> None:
    medicine: Json = {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order"}
    medicine |= {"subject": {"reference": "Patient/h1"}, "medicationReference": {"reference": "Medication/x"}}
    letter: Json = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "subject": {"reference": "Patient/h1"},
    }
    letter |= {"content": [{"attachment": {"contentType": "text/plain", "url": f"{server.base}/Binary/b"}}]}
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(medicine, letter))
    server.replies["/Medication/x"] = Reply(
        body={"resourceType": "Medication", "id": "x", "code": {"text": "Ramipril"}}
    )
    server.replies["/Binary/b"] = Reply(
        body={"resourceType": "Binary", "id": "b", "contentType": "text/plain", "data": "aGVsbG8="}
    )
    assert ask(check) == "heard"
    assert Resource.objects.get(type="MedicationRequest").display == "Ramipril"
    assert Resource.objects.get(type="Binary").patient_id == check.patient_id


def test_an_entry_that_is_not_valid_is_left_out_and_said(check: SourceCheck, server: Server, gp: Person) -> None:
    wrong = potassium("k2") | {"status": "banana"}
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(jane_there(), potassium("k1"), wrong))
    assert ask(check) == "heard"
    assert (results(), check.left_out) == (["k1"], 1)
    assert "1 entry of Northern Infirmary's last answer could not be read and is not shown." in said(gp, check.patient)


# Whose it is ----------------------------------------------------------------------------------------------------------
def someone_elses() -> dict[str, list[Json]]:
    contained = {
        "resourceType": "Patient",
        "id": "p",
        "identifier": [{"system": System.NHS_NUMBER, "value": "9990000026"}],
    }
    by_number = {"identifier": {"system": System.NHS_NUMBER.value, "value": "9990000026"}}
    appointment = {"resourceType": "Appointment", "id": "a", "status": "booked"}
    return {
        "another subject": [potassium("k2", "Patient/h2")],
        "another Patient": [jane_there(id="h2")],
        "another host's": [potassium("k2", "https://elsewhere.example/Patient/h1")],
        "by another number": [potassium("k2") | {"subject": by_number}],
        "contained": [potassium("k2", "#p") | {"contained": [contained]}],
        "another's appointment": [
            appointment | {"participant": [{"actor": {"reference": "Patient/h2"}, "status": "accepted"}]}
        ],
        "a device's": [potassium("k2", "Device/1")],
    }


@pytest.mark.parametrize("how", someone_elses())
def test_another_patients_entry_spoils_the_whole_answer(
    check: SourceCheck, server: Server, gp: Person, how: str, riverside: Organisation
) -> None:
    ask(check)
    before = Resource.objects.count()
    following = f"{server.base}/page2"
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(potassium("k3"), following=following))
    server.replies["/page2"] = Reply(body=bundle(*someone_elses()[how]))
    assert ask(check) == "mixed-up"
    assert Resource.objects.count() == before
    assert (results(), check.state, check.due_at) == (["k1"], State.MIXED_UP, None)
    assert Finding.objects.get().kind == Finding.Kind.MIXED_UP
    assert "answered with another patient's entries" in said(gp, check.patient)
    page = gp.client.get("/patients/to-check/").content.decode()
    assert "answered with another patient" in page
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(potassium("k3")))
    assert ask(check) == "heard"
    assert said(gp, check.patient) == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"birthDate": "1970-05-02"},
        {"birthDate": "1970"},
        {"name": [{"family": "Smythe"}]},
        {"identifier": [{"system": System.NHS_NUMBER.value, "value": "9990000026"}]},
        {"identifier": []},
    ],
)
def test_a_patient_who_does_not_agree_is_not_ours(check: SourceCheck, server: Server, changed: Json) -> None:
    server.replies["/Patient?identifier="] = Reply(body=bundle(jane_there(**changed)))
    assert ask(check) == "mixed-up"
    assert not any("everything" in path for path in server.paths()), "nothing more is asked"
    assert not Resource.objects.exists()


def test_two_patients_with_one_number_are_none(check: SourceCheck, server: Server) -> None:
    server.replies["/Patient?identifier="] = Reply(body=bundle(jane_there(), jane_there(id="h2")))
    assert ask(check) == "mixed-up"
    assert not Resource.objects.exists()


def test_a_patient_of_theirs_who_is_somebody_else_here_is_left_to_a_person(
    check: SourceCheck, make_patient: Callable[..., Patient]
) -> None:
    other = make_patient(nhs_number="9990000026", family="Jones")
    row = Resource.objects.create(
        pk="00000000-0000-0000-0000-000000000001", source=check.source, type="Patient", source_key="h1", body="{}"
    )
    PatientLink.objects.create(source=check.source, source_key="h1", resource=row, patient=other, basis="first")
    assert ask(check) == "mixed-up"
    assert results() == []


def test_a_patient_of_theirs_who_became_somebody_else_here_gets_no_later_entry_either(
    check: SourceCheck, server: Server, make_patient: Callable[..., Patient]
) -> None:
    assert ask(check) == "heard"
    other = make_patient(nhs_number="9990000026", family="Jones")
    PatientLink.objects.filter(source=check.source, source_key="h1").update(patient=other)
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(potassium("k2")))
    assert ask(check) == "mixed-up"
    assert results() == ["k1"]


def test_who_has_another_number_by_the_time_the_answer_comes_gets_none_of_it(
    check: SourceCheck, server: Server, jane: Patient
) -> None:
    def parted() -> None:
        Patient.objects.filter(pk=jane.pk).update(nhs_number="9990000026")
        connection.close()  # that of the server's thread

    answer = bundle(jane_there(), potassium("k1"))
    server.replies["/Patient/h1/$everything"] = Reply(body=answer, wait=parted)
    assert ask(check) == "overtaken"
    assert not Resource.objects.exists()
    assert check.due_at is not None, "asked again, about whoever it is now"


def test_a_hospital_that_does_not_know_them_says_so_quietly(check: SourceCheck, server: Server, gp: Person) -> None:
    server.replies["/Patient?identifier="] = Reply(body=bundle())
    assert ask(check) == "not-known"
    assert [said(gp, check.patient, panel) for panel in freshness.AFFECTED] == [""] * len(freshness.AFFECTED)
    region = freshness.region(Held(gp.actor, check.patient))
    assert region["sources"] == [("Northern Infirmary", "", "does not know this patient")]


@pytest.mark.parametrize(
    "changed", [{"restricted": True}, {"nhs_number_status": "present"}, {"nhs_number_status": "failing"}]
)
def test_nobody_is_asked_about_the_restricted_and_the_unverified(
    jane: Patient, hospital: Partner, server: Server, changed: dict[str, Any]
) -> None:
    check = SourceCheck.objects.create(patient=jane, source=hospital.organisation, due_at=timezone.now())
    Patient.objects.filter(pk=jane.pk).update(**changed)
    assert ask(check) == "not-asked"
    jane.refresh_from_db()
    SourceCheck.objects.all().delete()
    schedule.wish(jane)
    assert not SourceCheck.objects.exists()
    assert server.asked == []


# What fails is said ---------------------------------------------------------------------------------------------------
def test_a_hospital_that_is_down_is_said_since_when_and_tried_again(
    check: SourceCheck, server: Server, gp: Person
) -> None:
    ask(check)
    server.replies["/Patient?identifier="] = Reply(503)
    assert ask(check) == "failed"
    since, due = check.failing_since, check.due_at
    assert since is not None
    assert due is not None
    assert ask(check) == "failed"
    assert check.failing_since == since
    words = said(gp, check.patient)
    assert words.startswith(
        f"Northern Infirmary has not answered since {timezone.localtime(since):%H:%M}. This is what"
    )
    assert "We try again at" in words
    server.replies["/Patient?identifier="] = Reply(body=bundle(jane_there()))
    assert ask(check) == "heard"
    assert not check.failing_since
    assert (check.tries, said(gp, check.patient)) == (0, "")


def test_nobody_at_the_address(check: SourceCheck, hospital: Partner) -> None:
    Partner.objects.update(endpoint="http://127.0.0.1:9/FHIR/R4")
    assert ask(check) == "failed"
    assert check.trouble == "unreachable"


def test_a_hospital_that_asks_to_wait_is_left_alone_about_everybody(
    check: SourceCheck, server: Server, make_patient: Callable[..., Patient]
) -> None:
    soon = timezone.now() + dt.timedelta(seconds=5)
    other = make_patient(nhs_number="9990000026")
    waiting = SourceCheck.objects.create(patient=other, source=check.source, due_at=soon)
    server.replies["/Patient?identifier="] = Reply(429, headers={"Retry-After": "600"})
    started = timezone.now()
    assert ask(check) == "failed"
    waiting.refresh_from_db()
    for one in (check, waiting):
        assert one.due_at is not None
        assert one.due_at >= started + dt.timedelta(seconds=600)


def test_it_stops_trying_until_somebody_opens_the_record(check: SourceCheck, server: Server, settings: Any) -> None:
    settings.PULL_TRIES = 2
    server.replies["/Patient?identifier="] = Reply(503)
    due = []
    for _ in range(2):
        ask(check)
        due.append(check.due_at is not None)
    assert due == [True, False]
    SourceCheck.objects.update(asked_at=timezone.now() - dt.timedelta(hours=1))
    schedule.wish(check.patient)
    check.refresh_from_db()
    assert (check.due_at is not None, check.tries) == (True, 0)


def test_pages_that_break_off_are_kept_and_said_to_be_incomplete(
    check: SourceCheck, server: Server, gp: Person
) -> None:
    first = bundle(jane_there(), potassium("k1"), following=f"{server.base}/page2", total=10)
    server.replies["/Patient/h1/$everything"] = Reply(body=first)
    server.replies["/page2"] = Reply(body=bundle(potassium("k2"), potassium("k3"), following=f"{server.base}/page3"))
    server.replies["/page3"] = Reply(500)
    assert ask(check) == "incomplete"
    assert (results(), check.heard_at, check.since) == (["k1", "k2", "k3"], None, None)
    assert "Incomplete: Northern Infirmary's answer broke off after 2 of 5 pages. We try again at" in said(
        gp, check.patient
    )
    server.replies["/page3"] = Reply(body=bundle(potassium("k4")))
    assert ask(check) == "heard"
    assert (results(), said(gp, check.patient)) == (["k1", "k2", "k3", "k4"], "")


def test_a_hospital_that_warns_is_incomplete_in_its_own_words(check: SourceCheck, server: Server, gp: Person) -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "code": "incomplete"}]}
    server.replies["/Patient/h1/$everything"] = Reply(body=bundle(jane_there(), potassium("k1"), outcome))
    assert ask(check) == "incomplete"
    assert "Northern Infirmary says that its answer leaves something out" in said(gp, check.patient)


@pytest.mark.parametrize(("setting", "value"), [("PULL_BYTES", 1500), ("PULL_PAGES", 2), ("PULL_SECONDS", 0.4)])
def test_an_endless_answer_is_bounded(
    check: SourceCheck, server: Server, settings: Any, setting: str, value: float
) -> None:
    setattr(settings, setting, value)
    numbers = iter(range(1, 10_000))

    def page(path: str) -> Reply:
        number = next(numbers)
        body = bundle(potassium(f"k{number}"), following=f"{server.base}/page/{number}")
        return Reply(body=body, wait=lambda: time.sleep(0.05))

    server.replies["/Patient/h1/$everything"] = page
    server.replies["/page/"] = page
    assert ask(check) in ("incomplete", "failed")
    assert len(server.asked) < 60


def test_a_fault_of_ours_leaves_a_trace_and_is_tried_again(
    check: SourceCheck, monkeypatch: pytest.MonkeyPatch, gp: Person
) -> None:
    monkeypatch.setattr("records.pulling.keeping.store", lambda *_: 1 / 0)
    assert ask(check) == "failed"
    assert (check.trouble, check.due_at is not None, Resource.objects.count()) == ("our-fault", True, 0)
    assert not Received.objects.exists(), "what was kept before the fault is gone with it"


# Once, and by one -----------------------------------------------------------------------------------------------------
def test_two_who_open_a_record_ask_once(jane: Patient, hospital: Partner, server: Server, rung: list[str]) -> None:
    schedule.wish(jane)
    schedule.wish(jane)
    assert len(set(rung)) == 1
    ended = sorted([actions.ask(check_id=rung[0]), actions.ask(check_id=rung[-1])])
    assert ended == ["heard", "not-claimed"]
    assert len([path for path in server.paths() if "identifier" in path]) == 1
    schedule.wish(jane)
    assert SourceCheck.objects.get().due_at is None, "it was asked a moment ago"


def test_two_workers_at_the_same_moment_ask_once(check: SourceCheck, server: Server) -> None:
    inside, ended = threading.Barrier(2, timeout=20), []

    def work() -> None:
        inside.wait()
        ended.append(actions.ask(check_id=check.pk))
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for one in workers:
        one.start()
    for one in workers:
        one.join(timeout=20)
    assert sorted(ended) == ["heard", "not-claimed"]


def test_a_worker_that_dies_is_followed_when_its_lease_has_run_out(
    check: SourceCheck, server: Server, rung: list[str]
) -> None:
    claimed = schedule.claim(check.pk)  # and then nothing more is heard of it
    assert claimed is not None
    assert (schedule.sweep(), actions.ask(check_id=check.pk)) == (0, "not-claimed")
    SourceCheck.objects.update(due_at=timezone.now() - dt.timedelta(seconds=1))
    assert schedule.sweep() == 1
    assert actions.ask(check_id=rung[-1]) == "heard"
    heard = actions.fail(check=claimed, error=OurFault("late"), by=actions.BY)
    check.refresh_from_db()
    assert (heard, check.state) == ("overtaken", State.HEARD)


def test_few_are_asked_of_one_partner_at_once(
    check: SourceCheck, hospital: Partner, make_patient: Callable[..., Patient]
) -> None:
    Partner.objects.update(max_in_flight=1)
    other = SourceCheck.objects.create(
        patient=make_patient(nhs_number="9990000026"), source=check.source, due_at=timezone.now()
    )
    assert schedule.claim(check.pk) is not None
    assert schedule.claim(other.pk) is None


def test_a_partner_that_is_switched_off_is_not_asked(check: SourceCheck, server: Server) -> None:
    Partner.objects.update(pulls=False)
    assert ask(check) == "not-claimed"
    assert (server.asked, check.due_at) == ([], None)


# When -----------------------------------------------------------------------------------------------------------------
def test_opening_a_record_asks_and_its_region_follows(
    jane: Patient, hospital: Partner, gp: Person, rung: list[str], server: Server
) -> None:
    page = gp.client.get(f"/patients/{jane.pk}/").content.decode()
    assert len(rung) == 1
    assert "asking now" in page
    seen = page.split("panel/freshness/?seen=")[1].split('"')[0]
    url = f"/patients/{jane.pk}/panel/freshness/"
    assert gp.client.get(url, {"seen": seen}).status_code == 204
    actions.ask(check_id=rung[0])
    answer = gp.client.get(url, {"seen": seen})
    assert (answer.status_code, answer.headers["HX-Trigger"]) == (286, "record-changed")
    assert "hx-get" not in answer.content.decode()
    assert "Potassium" in gp.client.get(f"/patients/{jane.pk}/panel/results/").content.decode()


def test_an_answer_without_news_does_not_redraw_the_panels(check: SourceCheck, gp: Person, rung: list[str]) -> None:
    ask(check)
    SourceCheck.objects.update(asked_at=timezone.now() - dt.timedelta(hours=1))
    page = gp.client.get(f"/patients/{check.patient_id}/").content.decode()
    seen = page.split("panel/freshness/?seen=")[1].split('"')[0]
    actions.ask(check_id=rung[-1])
    answer = gp.client.get(f"/patients/{check.patient_id}/panel/freshness/", {"seen": seen})
    assert answer.status_code == 286
    assert "HX-Trigger" not in answer.headers


def test_no_page_waits_for_a_broker_that_did_not_answer_the_page_before(
    jane: Patient, hospital: Partner, pharmacy: Organisation, gp: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    Partner.objects.create(organisation=pharmacy, endpoint=hospital.endpoint, token_url="", jwks_url="", pulls=True)
    tried: list[str] = []

    def ring(task: object, check_id: object) -> bool:
        tried.append(str(check_id))
        return False

    monkeypatch.setattr(doorbell, "ring", ring)
    monkeypatch.setattr(schedule, "_silent_until", 0.0)
    assert gp.client.get(f"/patients/{jane.pk}/").status_code == 200
    assert (len(tried), SourceCheck.objects.filter(due_at__isnull=False).count()) == (1, 2)
    SourceCheck.objects.all().delete()
    gp.client.get(f"/patients/{jane.pk}/")
    assert (len(tried), SourceCheck.objects.count()) == (1, 2), "the sweep will find them"


def test_reception_asks_nobody(jane: Patient, hospital: Partner, receptionist: Person, rung: list[str]) -> None:
    assert receptionist.client.get(f"/patients/{jane.pk}/").status_code == 200
    assert receptionist.client.get(f"/patients/{jane.pk}/panel/freshness/").status_code == 403
    assert (rung, SourceCheck.objects.exists()) == ([], False)


def test_tomorrows_patients_are_asked_about_this_evening(
    jane: Patient, hospital: Partner, riverside: Organisation, make_patient: Callable[..., Patient]
) -> None:
    later = make_patient(nhs_number="9990000026", nhs_number_status=Patient.NhsNumber.VERIFIED)
    hidden = make_patient(nhs_number="9990000034", nhs_number_status=Patient.NhsNumber.VERIFIED, restricted=True)
    days = {jane: 1, hidden: 1, later: 2}
    for number, (person, day) in enumerate(days.items()):
        Resource.objects.create(
            pk=f"00000000-0000-0000-0000-00000000000{number}",
            source=riverside,
            type="Appointment",
            source_key=str(number),
            patient=person,
            body="{}",
            status="booked",
            date=timezone.localtime().replace(hour=10) + dt.timedelta(days=day),
        )
    assert Relationship.objects.filter(patient=jane, kind="registered").exists()
    assert schedule.wish_tomorrow() == 1
    due = SourceCheck.objects.get()
    assert due.patient_id == jane.pk
    assert due.due_at is not None
    assert schedule.wish_tomorrow() == 1
    assert SourceCheck.objects.count() == 1


# How old it is --------------------------------------------------------------------------------------------------------
def test_a_partner_not_asked_for_days_is_said_to_be_late_and_an_import_is_not(
    check: SourceCheck, gp: Person, settings: Any
) -> None:
    ask(check)
    assert said(gp, check.patient) == ""
    SourceCheck.objects.update(heard_at=timezone.now() - dt.timedelta(days=settings.PULL_STALE_DAYS + 1))
    assert "It may know something newer." in said(gp, check.patient)
    assert said(gp, check.patient, "medicines") == "", "it has told us of no medicine"
    Partner.objects.update(pulls=False)
    assert said(gp, check.patient) == ""
