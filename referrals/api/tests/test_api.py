"""What a partner reads of requests: its own, where they stand, and nothing of anybody else."""

import datetime as dt
import json
import logging
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from gunicorn.config import Config
from gunicorn.glogging import Logger

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange import oauth
from exchange.fhir import validate
from exchange.fhir.systems import System
from exchange.models import Partner, Service
from exchange.tests import contract, messages
from exchange.tests.second_opinion import faults
from records.models import Patient
from referrals import actions as referring
from referrals.models import Referral
from referrals.received import actions
from referrals.received.models import ReceivedRequest
from referrals.received.tests import examples
from referrals.received.tests.conftest import _own_key, jane, post, received, send
from referrals.tests.conftest import _partner, clinic, hospital, make_draft, make_sent, rung

__all__ = ["_own_key", "clinic", "hospital", "jane", "make_draft", "make_sent", "post", "received", "rung", "send"]

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
Received = Callable[..., ReceivedRequest]
BY_NUMBER = {"patient:identifier": f"{System.NHS_NUMBER}|{examples.NUMBER}"}
BY_NAME = {"patient:name": "Jane Smith", "patient:birthdate": "1970-05-01", "patient:address-postcode": "zz14ab"}


def get(partner: Partner, path: str, query: dict[str, str] | None = None, **more: Any) -> Any:
    given = messages.sent()
    given.pop("Content-Type")
    bearer = {"Authorization": f"Bearer {oauth.bearer(partner, **more)}"}
    answer = Client().get(f"/fhir/R4/{path}", query or {}, headers=given | bearer)
    assert contract.told(path, answer.status_code, answer.content.decode()) == []
    return answer


def found(answer: Any) -> list[Json]:
    """The resources of a searchset, which is valid."""
    bundle = json.loads(answer.content)
    assert answer.status_code == 200, answer.content
    assert validate.check(bundle) == []
    assert faults(bundle) == []
    matches = [one["resource"] for one in bundle.get("entry", []) if one["search"]["mode"] == "match"]
    assert (bundle["type"], bundle["total"]) == ("searchset", len(matches))
    return matches


def refused(answer: Any) -> tuple[int, str, str]:
    (issue,) = json.loads(answer.content)["issue"]
    assert examples.NUMBER not in answer.content.decode()
    return answer.status_code, issue["details"]["coding"][0]["code"], issue["code"]


# Read -----------------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-API-5")
@pytest.mark.parametrize("scope", [oauth.WRITE, oauth.READ])
def test_the_sender_reads_how_its_request_stands(received: Received, gp: Person, hospital: Partner, scope: str) -> None:
    request = received(identifier="R-2026-17")
    stood = []
    for act in ("", "accept", "complete"):
        if act:
            request.refresh_from_db()
            actions.answer(request=request, act=act, version=request.version, text="Seen", by=gp.actor)
        answer = get(hospital, f"ServiceRequest/{request.pk}", scope=scope)
        resource = json.loads(answer.content)
        assert validate.check(resource) == []
        assert faults(resource) == []
        stood.append((answer.status_code, resource["status"]))
    assert stood == [(200, "active"), (200, "active"), (200, "completed")]
    assert resource["id"] == str(request.pk)
    assert resource["identifier"] == [{"system": "https://hospital.example/Id/request", "value": "R-2026-17"}]
    assert "Wheeze" not in answer.content.decode(), "what it stands for, not what it says"
    read = AuditEvent.objects.filter(action="read a request by API", patient_id=request.patient_id)
    assert [(one.actor_kind, one.actor_id) for one in read] == [("partner", "RZZ01")] * 3


def test_the_receiver_reads_how_a_referral_of_ours_stands(
    make_sent: Callable[..., Referral], hospital: Partner
) -> None:
    referral = make_sent()
    resource = json.loads(get(hospital, f"ServiceRequest/{referral.pk}").content)
    assert (resource["status"], resource["identifier"][0]["value"]) == ("active", str(referral.pk))
    assert validate.check(resource) == []
    Referral.objects.update(state="withdrawn")
    assert json.loads(get(hospital, f"ServiceRequest/{referral.pk}").content)["status"] == "revoked"


@pytest.mark.requirement("BARS-API-6")
def test_a_booking_is_an_appointment_and_no_service_request(received: Received, hospital: Partner, gp: Person) -> None:
    booked = received("booking")
    resource = json.loads(get(hospital, f"Appointment/{booked.pk}").content)
    assert (resource["status"], resource["start"]) == ("pending", "2026-11-26T10:20:00+00:00")
    assert validate.check(resource) == []
    assert get(hospital, f"ServiceRequest/{booked.pk}").status_code == 404
    actions.answer(request=booked, act="accept", version=1, text="", by=gp.actor)
    assert json.loads(get(hospital, f"Appointment/{booked.pk}").content)["status"] == "booked"
    assert [one["id"] for one in found(get(hospital, "Appointment", BY_NUMBER))] == [str(booked.pk)]


@pytest.mark.parametrize("whose", ["another's request", "another's referral", "a draft", "nobody's"])
def test_what_is_not_theirs_is_alike_to_what_does_not_exist(
    received: Received, make_sent: Any, make_draft: Any, hospital: Partner, pharmacy: Organisation, whose: str
) -> None:
    other = _partner(pharmacy, 9)
    wanted, asker = {
        "another's request": (received().pk, other),
        "another's referral": (make_sent().pk, other),
        "a draft": (make_draft().pk, hospital),
        "nobody's": (uuid4(), hospital),
    }[whose]
    answer = get(asker, f"ServiceRequest/{wanted}")
    assert refused(answer) == (404, "REC_NOT_FOUND", "not-found")
    nothing = json.loads(get(asker, f"ServiceRequest/{uuid4()}").content)
    assert json.loads(answer.content)["issue"] == nothing["issue"]
    assert not AuditEvent.objects.filter(action="read a request by API").exists()


def test_an_id_that_is_none_is_told(hospital: Partner, riverside: Organisation) -> None:
    for kind in ("ServiceRequest", "Appointment"):
        assert refused(get(hospital, f"{kind}/123")) == (400, "REC_BAD_REQUEST", "value")


def test_nobody_reads_without_token_or_headers(received: Received, hospital: Partner) -> None:
    request = received()
    for path in ("ServiceRequest", f"ServiceRequest/{request.pk}", "Appointment"):
        assert Client().get(f"/fhir/R4/{path}", BY_NUMBER).status_code == 401
        bearer = {"Authorization": f"Bearer {oauth.bearer(hospital)}"}
        assert Client().get(f"/fhir/R4/{path}", BY_NUMBER, headers=bearer).status_code == 400
        assert Client().put(f"/fhir/R4/{path}", headers=bearer).status_code == 405


# Search ---------------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-API-4")
@pytest.mark.parametrize(
    "query",
    [
        BY_NUMBER,
        BY_NAME,
        BY_NAME | {"patient:birthdate": "eq1970-05-01", "patient:name": "SMITH"},
        {"ServiceRequest.identifier": "https://hospital.example/Id/request|R-2026-17"},
        {"identifier": "https://hospital.example/Id/request|R-2026-17"},
        {"identifier": "R-2026-17"},
        BY_NUMBER | {"identifier": "R-2026-17"},
    ],
)
def test_a_request_is_found(received: Received, hospital: Partner, query: dict[str, str]) -> None:
    request = received(identifier="R-2026-17")
    assert [one["id"] for one in found(get(hospital, "ServiceRequest", query))] == [str(request.pk)]
    looked = AuditEvent.objects.get(action="looked for requests by API")
    assert (looked.patient_id, looked.note) == (request.patient_id, "ServiceRequest: 1 found")


@pytest.mark.parametrize(
    "query",
    [
        {"patient:identifier": f"{System.NHS_NUMBER}|9991234519"},
        BY_NAME | {"patient:name": "Joan Smith"},
        BY_NAME | {"patient:birthdate": "1970-05-02"},
        BY_NAME | {"patient:address-postcode": "ZZ1 4AC"},
        {"identifier": "https://elsewhere.example/Id|R-2026-17"},
        {"identifier": "2026-17"},
        BY_NUMBER | {"identifier": "R-2026-18"},
    ],
)
def test_what_does_not_agree_is_not_found(received: Received, hospital: Partner, query: dict[str, str]) -> None:
    received(identifier="R-2026-17")
    assert found(get(hospital, "ServiceRequest", query)) == []


def test_what_we_sent_is_found_beside_what_they_sent_and_nothing_of_others(
    received: Received, make_sent: Any, jane: Patient, hospital: Partner, pharmacy: Organisation
) -> None:
    theirs, ours = received(), make_sent(patient=jane)
    seen = {one["id"] for one in found(get(hospital, "ServiceRequest", BY_NUMBER))}
    assert seen == {str(theirs.pk), str(ours.pk)}
    by_id = {"identifier": f"{System.OUR_REFERRAL}|{ours.pk}"}
    assert [one["id"] for one in found(get(hospital, "ServiceRequest", by_id))] == [str(ours.pk)]
    assert found(get(_partner(pharmacy, 9), "ServiceRequest", BY_NUMBER)) == []


def test_a_failing_number_finds_nobody(received: Received, jane: Patient, hospital: Partner) -> None:
    received()
    Patient.objects.filter(pk=jane.pk).update(nhs_number="3478526985", nhs_number_status="failing")
    query = {"patient:identifier": f"{System.NHS_NUMBER}|3478526985"}
    assert found(get(hospital, "ServiceRequest", query)) == []


@pytest.mark.parametrize(
    ("query", "issue"),
    [
        ({}, "required"),
        ({"patient:identifier": ""}, "required"),
        ({"patient:name": "Jane Smith", "patient:birthdate": "1970-05-01"}, "required"),
        ({"patient:identifier": examples.NUMBER}, "value"),
        ({"patient:identifier": f"{System.NHS_NUMBER}|123"}, "value"),
        (BY_NAME | {"patient:birthdate": "eq20/01/1995"}, "value"),
        ({"identifier": "x" * 301}, "value"),
        ({"identifier": "a\0b"}, "value"),
    ],
)
def test_a_query_that_says_too_little_or_is_malformed(
    hospital: Partner, riverside: Organisation, query: dict[str, str], issue: str
) -> None:
    assert refused(get(hospital, "ServiceRequest", query)) == (400, "REC_BAD_REQUEST", issue)
    assert not AuditEvent.objects.filter(action="looked for requests by API").exists()


def test_what_was_not_looked_at_is_said_in_the_answer(received: Received, hospital: Partner) -> None:
    received()
    bundle = json.loads(get(hospital, "ServiceRequest", BY_NUMBER | {"_sort": "status"}).content)
    outcome = bundle["entry"][-1]
    assert (outcome["search"]["mode"], outcome["resource"]["resourceType"]) == ("outcome", "OperationOutcome")
    assert bundle["total"] == 1
    assert validate.check(bundle) == []


@pytest.mark.requirement("BARS-ERR-4")
def test_no_log_and_no_answer_repeats_what_was_looked_for(
    received: Received, hospital: Partner, caplog: pytest.LogCaptureFixture
) -> None:
    received()
    caplog.set_level(logging.DEBUG)
    for query in (BY_NUMBER, BY_NAME, {"patient:identifier": f"{System.NHS_NUMBER}|{examples.NUMBER}x"}):
        answer = get(hospital, "ServiceRequest", query)
        assert "patient:" not in json.dumps(json.loads(answer.content).get("link", []))
    told = "\n".join(
        f"{record.getMessage()} {record.args}" for record in caplog.records if record.name != "django.db.backends"
    )
    assert examples.NUMBER not in told
    assert "Smith" not in told


@pytest.mark.requirement("BARS-ERR-4")
def test_an_access_log_would_hold_no_query() -> None:
    """gunicorn keeps none unless it is told to; then its lines are of this form."""
    written = runpy.run_path(str(Path(__file__).resolve().parents[3] / "gunicorn.conf.py"))
    config = Config()
    config.set("access_log_format", written["access_log_format"])
    environ = {"REQUEST_METHOD": "GET", "RAW_URI": "/fhir/R4/ServiceRequest?patient:identifier=SECRET",
               "PATH_INFO": "/fhir/R4/ServiceRequest", "QUERY_STRING": "patient:identifier=SECRET",
               "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_REFERER": "http://x/?q=SECRET"}  # fmt: skip
    response = SimpleNamespace(status="200 OK", sent=5, headers=[])
    atoms = Logger(config).atoms(response, SimpleNamespace(headers=[]), environ, dt.timedelta(milliseconds=3))
    line = config.access_log_format % atoms
    assert "SECRET" not in line
    assert "GET /fhir/R4/ServiceRequest HTTP/1.1" in line


def test_a_referral_to_another_service_of_the_same_patient_stays_unseen(
    make_sent: Any, make_draft: Any, jane: Patient, gp: Person, hospital: Partner, pharmacy: Organisation
) -> None:
    other = _partner(pharmacy, 9)
    check = Service.objects.create(
        organisation=pharmacy, service_id="9000000301", name="Blood pressure check", use_case="a5t3"
    )
    draft = make_draft(patient=jane, service=check, priority="routine")
    referring.send(referral=draft, version=draft.version, by=gp.actor)
    assert found(get(hospital, "ServiceRequest", BY_NUMBER)) == []
    assert len(found(get(other, "ServiceRequest", BY_NUMBER))) == 1
