"""Later answers: in order, same bytes and ids on every try, given up on refusal, kept over a restart."""

import base64
import json
import time
from collections.abc import Callable
from datetime import date, datetime

import pytest

from sandbox import answers, hospital, pharmacy
from sandbox.bars.contents import dangling, resources
from sandbox.bars.messages import Case
from sandbox.bars.names import Json
from sandbox.tests import golden
from sandbox.tests.conftest import HEART_FAILURE, Site
from sandbox.words import WRITERS, appointment_start

OUTCOME: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "transient"}]}
DUPLICATE: Json = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "duplicate"}]}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "PAUSES", (0.03,))


def states(site: Site) -> list[tuple[str, str]]:
    return [(one["kind"], one["state"]) for one in site.arrivals()["referrals"][0]["answers"]]


def wait_for(site: Site, expected: list[tuple[str, str]]) -> None:
    until = time.monotonic() + 5
    while states(site) != expected:
        assert time.monotonic() < until, states(site)
        time.sleep(0.02)


def case_of(partner_case: tuple[str, str, str] = golden.HOSPITAL_CASE) -> Case:
    if partner_case is golden.PHARMACY_CASE:
        message = golden.referral("9000000301", partner_case, "1.1.0")
        return Case(pharmacy.PARTNER, "5b7cf8f0-6a8e-4b68-9d7b-0e8e6f7f8a11", "9000000301", message)
    message = golden.referral(HEART_FAILURE, partner_case, "1.0.0")
    return Case(hospital.PARTNER, "5b7cf8f0-6a8e-4b68-9d7b-0e8e6f7f8a10", HEART_FAILURE, message)


@pytest.mark.parametrize("status", [500, 503, 401, 404, 429, 400])
def test_an_answer_is_tried_again_with_the_same_ids_and_bytes(start: Callable[..., Site], status: int) -> None:
    site = start(seconds=0)
    site.practice.reply = (status, OUTCOME)
    site.send()
    site.practice.await_messages(3)
    assert states(site) == [("accepted", "waiting"), ("booked", "waiting"), ("letter", "waiting")]
    site.practice.reply = (200, {"resourceType": "Bundle"})
    wait_for(site, [("accepted", "delivered"), ("booked", "delivered"), ("letter", "delivered")])
    tries = [one for one in site.practice.received if one.content == site.practice.received[0].content]
    assert len(tries) >= 4
    assert len({(one.headers["X-Request-Id"], one.headers["X-Correlation-Id"]) for one in tries}) == 1
    assert len({one.content for one in site.practice.received}) == 3


def test_a_duplicate_counts_as_delivered_and_another_conflict_does_not(start: Callable[..., Site]) -> None:
    site = start(seconds=0)
    site.practice.reply = (409, OUTCOME)
    site.send()
    site.practice.await_messages(2)
    assert states(site)[0] == ("accepted", "waiting")
    site.practice.reply = (409, DUPLICATE)
    wait_for(site, [("accepted", "delivered"), ("booked", "delivered"), ("letter", "delivered")])


def test_after_many_refusals_it_waits_for_a_person(start: Callable[..., Site]) -> None:
    site = start(seconds=0)
    site.practice.reply = (422, OUTCOME)
    site.send()
    wait_for(site, [("accepted", "refused"), ("booked", "refused"), ("letter", "refused")])
    assert len(site.practice.received) == 3 * answers.MOST_REFUSALS
    site.practice.reply = (200, {"resourceType": "Bundle"})
    assert site.act(site.arrivals()["referrals"][0]["id"], "accepted").status_code == 200
    wait_for(site, [("accepted", "delivered"), ("booked", "refused"), ("letter", "refused")])


def test_a_practice_that_is_away_is_waited_for(start: Callable[..., Site]) -> None:
    site = start(seconds=0)
    site.practice.stop()
    site.send()
    until = time.monotonic() + 5
    while site.arrivals()["referrals"][0]["answers"][0]["tries"] < 3:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert states(site)[0] == ("accepted", "waiting")
    assert site.practice.received == []


def test_what_is_owed_survives_a_restart(start: Callable[..., Site]) -> None:
    first = start(seconds=0, directory="kept")
    first.practice.reply = (503, OUTCOME)
    first.send()
    first.practice.await_messages(1)
    first.running.stop()
    before = first.practice.received[0]
    first.practice.reply = (200, {"resourceType": "Bundle"})
    again = start(directory="kept")
    wait_for(again, [("accepted", "delivered"), ("booked", "delivered"), ("letter", "delivered")])
    delivered = [
        one for one in again.practice.received if one.headers["X-Request-Id"] == before.headers["X-Request-Id"]
    ]
    assert {one.content for one in delivered} == {before.content}


def test_nothing_is_sent_before_it_is_due(the_hospital: Site) -> None:
    the_hospital.send()
    time.sleep(0.2)
    assert the_hospital.practice.received == []
    assert states(the_hospital) == [("accepted", "waiting"), ("booked", "waiting"), ("letter", "waiting")]


def test_a_button_sends_the_answer_and_those_before_it(the_hospital: Site) -> None:
    the_hospital.send()
    referral = the_hospital.arrivals()["referrals"][0]["id"]
    assert the_hospital.act(referral, "booked").status_code == 200
    wait_for(the_hospital, [("accepted", "delivered"), ("booked", "delivered"), ("letter", "waiting")])
    assert the_hospital.act(referral, "booked").status_code == 400
    assert the_hospital.act(referral, "rejected").status_code == 400
    assert the_hospital.act("unknown", "letter").status_code == 400
    assert the_hospital.act(referral, "nonsense").status_code == 400
    assert len(the_hospital.practice.received) == 2


def test_a_rejection_takes_the_place_of_everything_else(the_hospital: Site) -> None:
    the_hospital.send()
    referral = the_hospital.arrivals()["referrals"][0]["id"]
    assert the_hospital.act(referral, "rejected").status_code == 200
    wait_for(
        the_hospital,
        [("accepted", "dropped"), ("booked", "dropped"), ("letter", "dropped"), ("rejected", "delivered")],
    )
    (only,) = the_hospital.practice.received
    task = resources(only.message, "Task")[0]
    assert (task["status"], bool(task["statusReason"]["text"])) == ("rejected", True)
    assert resources(only.message, "ServiceRequest")[0]["status"] == "revoked"
    assert the_hospital.act(referral, "rejected").status_code == 400


def test_the_pharmacy_sends_the_blood_pressure_and_no_letter(start: Callable[..., Site]) -> None:
    site = start(pharmacy.PARTNER, seconds=0)
    site.send()
    wait_for(site, [("accepted", "delivered"), ("completed", "delivered")])
    last = site.practice.received[1].message
    task, found = resources(last, "Task")[0], resources(last, "Observation")[0]
    upper, lower = (part["valueQuantity"]["value"] for part in found["component"])
    assert task["status"] == "completed"
    assert f"{upper}/{lower} mmHg" in task["description"]
    assert (upper > lower, resources(last, "ServiceRequest")[0]["status"]) == (True, "completed")


def test_booking_names_date_and_place() -> None:
    made = WRITERS["booked"](case_of())
    appointment = resources(made, "Appointment")[0]
    start, end = (datetime.fromisoformat(appointment[key]) for key in ("start", "end"))
    assert (start.hour, start.minute, start.weekday() < 5, end > start) == (10, 20, True, True)
    assert appointment["participant"][0]["actor"]["display"] == "Clinic 4, Northern Infirmary"
    focus = [one["reference"] for one in made["entry"][0]["resource"]["focus"]]
    assert f"urn:uuid:{appointment['id']}" in focus


@pytest.mark.parametrize(
    ("priority", "today", "expected"),
    [
        ("routine", date(2026, 11, 23), "2026-12-07T10:20:00+00:00"),
        ("routine", date(2026, 12, 11), "2026-12-28T10:20:00+00:00"),
        ("urgent", date(2026, 11, 23), "2026-11-30T10:20:00+00:00"),
        ("asap", date(2026, 6, 1), "2026-06-08T10:20:00+01:00"),
        ("nonsense", date(2026, 6, 1), "2026-06-15T10:20:00+01:00"),
    ],
)
def test_appointments_are_on_working_days_at_clinic_time(priority: str, today: date, expected: str) -> None:
    case = case_of()
    case.request["priority"] = priority
    assert appointment_start(case, today).isoformat() == expected


@pytest.mark.parametrize("service", sorted(hospital.PARTNER.services))
def test_each_services_letter_is_a_document_about_the_referral(service: str) -> None:
    message = golden.referral(service, golden.HOSPITAL_CASE, "1.0.0")
    case = Case(hospital.PARTNER, "5b7cf8f0-6a8e-4b68-9d7b-0e8e6f7f8a10", service, message)
    made = WRITERS["letter"](case)
    header = made["entry"][0]["resource"]
    pointer, binary = resources(made, "DocumentReference")[0], resources(made, "Binary")[0]
    assert header["eventCoding"] == {"system": "https://fhir.nhs.uk/CodeSystem/message-event", "code": "document"}
    assert header["focus"][0]["reference"] == f"urn:uuid:{pointer['id']}"
    assert pointer["content"][0]["attachment"]["url"] == f"urn:uuid:{binary['id']}"
    assert pointer["subject"]["identifier"]["value"] == "9990000018"
    assert pointer["context"]["related"][0]["identifier"] == case.request["identifier"][0]
    composition = json.loads(base64.b64decode(binary["data"]))["entry"][0]["resource"]
    titles = [section["title"] for section in composition["section"]]
    assert titles == [
        *("Diagnoses", "Clinical summary", "Medication changes", "Actions for GP", "Information given to patient")
    ]
    text = " ".join(section["text"]["div"] for section in composition["section"])
    assert "Breathless on stairs &lt;&amp; swollen ankles&gt;" in text
    assert "{" not in text


def test_a_referral_without_an_identifier_still_gets_a_letter() -> None:
    case = case_of()
    del case.request["identifier"]
    del case.patient["identifier"]
    pointer = resources(WRITERS["letter"](case), "DocumentReference")[0]
    assert "context" not in pointer
    assert "identifier" not in pointer["subject"]


@pytest.mark.parametrize("kind", sorted(WRITERS))
@pytest.mark.parametrize("partner_case", [golden.HOSPITAL_CASE, golden.PHARMACY_CASE])
def test_what_is_sent_is_valid_r4_and_holds_together(kind: str, partner_case: tuple[str, str, str]) -> None:
    models = pytest.importorskip("fhir.resources.R4B.bundle")
    made = WRITERS[kind](case_of(partner_case))
    models.Bundle.model_validate(made)
    assert [issue for issue in dangling(made) if issue.expression] == []
    for binary in resources(made, "Binary"):
        document = json.loads(base64.b64decode(binary["data"]))
        models.Bundle.model_validate(document)
        assert list(dangling(document)) == []


@pytest.mark.parametrize("kind", ["acknowledgement"])
def test_the_immediate_answer_is_valid_r4(the_hospital: Site, the_pharmacy: Site, kind: str) -> None:
    models = pytest.importorskip("fhir.resources.R4B.bundle")
    for site in (the_hospital, the_pharmacy):
        models.Bundle.model_validate(site.send().json())


def test_every_message_of_a_conversation_has_its_own_header_id_and_one_bundle_id() -> None:
    case = case_of()
    made = [WRITERS[kind](case) for kind in ("accepted", "booked", "letter")]
    assert len({one["entry"][0]["resource"]["id"] for one in made}) == 3
    assert made[0]["id"] == made[1]["id"] != made[2]["id"]
    assert [resources(one, "ServiceRequest")[0]["id"] for one in made[:2]] == [case.referral_id] * 2
