"""A referral that was sent can be read, and taken back while it is active; then nothing more is answered."""

import json
import sqlite3
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from sandbox import pharmacy
from sandbox.bars import names as n
from sandbox.bars.contents import resources
from sandbox.bars.names import Json
from sandbox.partner import Offered
from sandbox.tests import golden, published
from sandbox.tests.conftest import HEART_FAILURE, Site
from sandbox.tests.test_door import coded

CANCEL_DEFINITION = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request-cancelled"
NOBODY = "5b7cf8f0-6a8e-4b68-9d7b-0e8e6f7f8a10"


def get(site: Site, path: str, **changed: str | None) -> httpx.Response:
    return site.client.get(f"{site.url}/FHIR/R4/ServiceRequest{path}", headers=site.headers(**changed))


def sent(site: Site) -> tuple[Json, str]:
    """A referral as sent, and the id that the receiver gave its ServiceRequest."""
    message = site.referral()
    answer = site.send(message)
    assert answer.status_code == 200
    return message, str(resources(answer.json(), "ServiceRequest")[0]["id"])


def cancelled(message: Json, reason: str = "update", status: str = "revoked") -> Json:
    """What a sender writes to take its referral back: only what the published definition names."""
    kept = ("MessageHeader", "ServiceRequest", "Patient", "Organization")
    made: Json = json.loads(json.dumps(message))
    made["entry"] = [one for one in made["entry"] if one["resource"]["resourceType"] in kept]
    head, request = made["entry"][0]["resource"], resources(made, "ServiceRequest")[0]
    head["reason"]["coding"][0]["code"], head["definition"] = reason, CANCEL_DEFINITION
    request["status"] = status
    for element in ("basedOn", "encounter", "requester", "performer", "authoredOn"):
        del request[element]
    return made


def status_of(site: Site, referral: str) -> str:
    found = get(site, f"/{referral}").json()
    return str(found["status"])


def answers(site: Site) -> dict[str, str]:
    return {one["kind"]: one["state"] for one in site.arrivals()["referrals"][0]["answers"]}


@pytest.fixture(params=["the_hospital", "the_pharmacy", "social_care"])
def site(request: pytest.FixtureRequest) -> Site:
    found: Site = request.getfixturevalue(request.param)
    return found


def test_what_was_sent_can_be_read_by_the_id_of_the_acknowledgement(site: Site) -> None:
    message, referral = sent(site)
    answer = get(site, f"/{referral}")
    found = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"1"')
    assert (found["resourceType"], found["id"], found["status"], found["intent"]) == (
        *("ServiceRequest", referral),
        *("active", "plan"),
    )
    assert found["identifier"][0] == resources(message, "ServiceRequest")[0]["identifier"][0]
    assert found["subject"]["identifier"]["value"] == "9990000018"
    models = pytest.importorskip("fhir.resources.R4B.servicerequest")
    models.ServiceRequest.model_validate(found)


def test_it_is_found_by_its_identifier_and_by_its_patient(site: Site) -> None:
    message, referral = sent(site)
    sent(site)
    number = resources(message, "ServiceRequest")[0]["identifier"][0]
    whole = f"{number['system']}|{number['value']}"
    for query in (f"ServiceRequest.identifier={whole}", f"identifier={whole}", f"identifier={number['value']}"):
        found = get(site, f"?{query}").json()
        assert (found["type"], found["total"]) == ("searchset", 1)
        assert [one["resource"]["id"] for one in found["entry"]] == [referral]
    both = get(site, f"?patient:identifier={n.NHS_NUMBER}|9990000018")
    assert both.json()["total"] == 2
    assert "9990000018" not in json.dumps(both.json()["link"])
    narrowed = get(site, f"?patient:identifier={n.NHS_NUMBER}|9990000018&identifier={whole}").json()
    assert narrowed["total"] == 1
    for nobody in (f"identifier={whole}0", f"identifier=urn:x|{number['value']}", f"identifier={whole[:-1]}%25"):
        assert get(site, f"?{nobody}").json()["total"] == 0
    pytest.importorskip("fhir.resources.R4B.bundle").Bundle.model_validate(both.json())


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense"])
@pytest.mark.parametrize("path", ["/{id}", f"/{NOBODY}", "?identifier=x"])
def test_without_a_token_everything_looks_alike(the_pharmacy: Site, authorization: str | None, path: str) -> None:
    _, referral = sent(the_pharmacy)
    answer = get(the_pharmacy, path.replace("{id}", referral), Authorization=authorization)
    assert coded(answer) == (401, "REC_UNAUTHORIZED", "security")


def test_one_that_is_not_here_is_not_found(the_pharmacy: Site) -> None:
    sent(the_pharmacy)
    assert coded(get(the_pharmacy, f"/{NOBODY}")) == (404, "REC_NOT_FOUND", "not-found")


def test_another_services_referral_is_not_found_either(the_hospital: Site) -> None:
    _, referral = sent(the_hospital)
    headers = golden.sent_with(the_hospital.token, "9000000202")
    answer = the_hospital.client.get(f"{the_hospital.url}/FHIR/R4/ServiceRequest/{referral}", headers=headers)
    assert coded(answer) == (404, "REC_NOT_FOUND", "not-found")


@pytest.mark.parametrize(
    ("path", "code"),
    [("/12345", "value"), ("", "required"), ("?patient:identifier=9990000018", "value"), ("?identifier=x|", "value")],
)
def test_a_bad_question_is_told_as_published(the_pharmacy: Site, path: str, code: str) -> None:
    assert coded(get(the_pharmacy, path)) == (400, "REC_BAD_REQUEST", code)


@pytest.mark.parametrize("name", ["X_Request_Id", "X_Correlation_Id", "NHSD_Target_Identifier"])
def test_reading_needs_the_headers_too(the_pharmacy: Site, name: str) -> None:
    _, referral = sent(the_pharmacy)
    assert coded(get(the_pharmacy, f"/{referral}", **{name: None})) == (400, "REC_BAD_REQUEST", "required")


@pytest.mark.parametrize(("reason", "status"), [("update", "revoked"), ("update", "entered-in-error"),
                                                ("delete", "entered-in-error"), ("delete", "revoked")])  # fmt: skip
def test_an_active_referral_is_taken_back_and_nothing_more_is_sent(site: Site, reason: str, status: str) -> None:
    message, referral = sent(site)
    answer = site.send(cancelled(message, reason, status))
    back = answer.json()
    assert (answer.status_code, back["entry"][0]["resource"]["response"]["identifier"]) == (200, message["id"])
    assert [(one["id"], one["status"]) for one in resources(back, "ServiceRequest")] == [(referral, status)]
    found = get(site, f"/{referral}")
    assert (found.json()["status"], found.headers["ETag"]) == (status, 'W/"2"')
    assert set(answers(site).values()) == {"dropped"}
    for kind in answers(site):
        assert site.act(referral, kind).status_code == 400
    time.sleep(0.1)
    assert site.practice.received == []
    assert [one["status"] for one in site.arrivals()["arrivals"]] == [200, 200]
    pytest.importorskip("fhir.resources.R4B.bundle").Bundle.model_validate(back)


def by_our_id(message: Json, referral: str) -> None:
    message["id"] = str(uuid.uuid4())
    request = resources(message, "ServiceRequest")[0]
    del request["identifier"]
    request["id"] = referral


def by_full_url(message: Json, referral: str) -> None:
    message["id"] = str(uuid.uuid4())
    del resources(message, "ServiceRequest")[0]["identifier"]
    text = json.dumps(message).replace(golden.url("request"), f"urn:uuid:{referral}")
    message.update(json.loads(text))


def by_identifier(message: Json, referral: str) -> None:
    message["id"] = str(uuid.uuid4())


def by_conversation(message: Json, referral: str) -> None:
    del resources(message, "ServiceRequest")[0]["identifier"]


@pytest.mark.parametrize("named", [by_our_id, by_full_url, by_identifier, by_conversation])
def test_it_may_be_named_in_each_way_that_bars_knows(the_hospital: Site, named: Callable[[Json, str], None]) -> None:
    message, referral = sent(the_hospital)
    other = sent(the_hospital)[1]
    change = cancelled(message)
    named(change, referral)
    assert the_hospital.send(change).status_code == 200
    assert (status_of(the_hospital, referral), status_of(the_hospital, other)) == ("revoked", "active")


def test_the_whole_referral_again_with_the_new_status_does_too(site: Site) -> None:
    message, referral = sent(site)
    header = message["entry"][0]["resource"]
    header["reason"]["coding"][0]["code"] = "update"
    resources(message, "ServiceRequest")[0]["status"] = "revoked"
    assert site.send(message).status_code == 200
    assert status_of(site, referral) == "revoked"


def test_what_is_not_active_any_more_cannot_be_taken_back(site: Site) -> None:
    message, referral = sent(site)
    assert site.send(cancelled(message)).status_code == 200
    again = site.send(cancelled(message, status="entered-in-error"))
    assert coded(again) == (409, "REC_CONFLICT", "conflict")
    assert status_of(site, referral) == "revoked"


def test_what_the_service_rejected_or_completed_cannot_be_taken_back(start: Callable[..., Site]) -> None:
    site = start(pharmacy.PARTNER)
    for kind, status in (("rejected", "revoked"), ("completed", "completed")):
        message, referral = sent(site)
        site.act(referral, kind)
        ends = time.monotonic() + 10
        while status_of(site, referral) != status and time.monotonic() < ends:
            time.sleep(0.05)
        assert status_of(site, referral) == status
        assert coded(site.send(cancelled(message))) == (409, "REC_CONFLICT", "conflict")
        assert status_of(site, referral) == status


def test_a_repeat_of_taking_back_is_a_duplicate(site: Site) -> None:
    message, referral = sent(site)
    change, headers = golden.as_bytes(cancelled(message)), site.headers()
    assert site.post(change, headers).status_code == 200
    assert coded(site.post(change, headers)) == (409, "REC_CONFLICT", "duplicate")
    assert get(site, f"/{referral}").headers["ETag"] == 'W/"2"'


def test_one_we_never_had_is_not_found(site: Site) -> None:
    message, referral = sent(site)
    change = cancelled(message)
    change["id"] = str(uuid.uuid4())
    resources(change, "ServiceRequest")[0]["identifier"][0]["value"] = str(uuid.uuid4())
    assert coded(site.send(change)) == (404, "REC_NOT_FOUND", "not-found")
    assert status_of(site, referral) == "active"
    assert "dropped" not in answers(site).values()


@pytest.mark.parametrize(
    ("path", "expected"),
    [("ServiceRequest.status", "required"), ("ServiceRequest.category", "required"), ("Patient.meta", "required"),
     ("MessageHeader.source", "required"), ("ServiceRequest.subject", "required")],
)  # fmt: skip
def test_a_change_is_checked_too(the_hospital: Site, path: str, expected: str) -> None:
    message, referral = sent(the_hospital)
    answer = the_hospital.send(published.without(cancelled(message), path, 0))
    assert coded(answer) == (400, "REC_BAD_REQUEST", expected)
    assert path in [one for issue in answer.json()["issue"] for one in issue["expression"]]
    assert status_of(the_hospital, referral) == "active"


def test_an_update_that_leaves_it_active_is_no_workflow_of_bars(the_hospital: Site) -> None:
    message, referral = sent(the_hospital)
    answer = the_hospital.send(cancelled(message, status="active"))
    assert coded(answer) == (400, "REC_BAD_REQUEST", "invariant")
    assert get(the_hospital, f"/{referral}").headers["ETag"] == 'W/"1"'


@published.present
@pytest.mark.parametrize("name", ["SERVREQ01", "SERVREQ02"])
def test_the_published_examples_end_a_referral(start: Callable[..., Site], name: str) -> None:
    """As published but for the category: they take back a validation, and this service takes referrals only."""
    partner = pharmacy.PARTNER
    service = {"111111111": Offered("111111111", "The service of the published examples")}
    site = start(replace(partner, services=service))
    first = golden.referral("111111111", golden.PHARMACY_CASE, partner.version)
    headers = golden.sent_with(site.token, "111111111")
    assert site.post(golden.as_bytes(first), headers).status_code == 200
    change = published.example(name)
    change["id"] = first["id"]
    request = resources(change, "ServiceRequest")[0]
    request["category"] = resources(first, "ServiceRequest")[0]["category"]
    request["meta"]["profile"] = [n.REFERRAL_PROFILE]
    answer = site.post(golden.as_bytes(change), golden.sent_with(site.token, "111111111"))
    assert answer.status_code == 200, answer.text
    assert resources(answer.json(), "ServiceRequest")[0]["status"] == request["status"]


def test_a_store_of_an_earlier_version_is_brought_up_to_date(start: Callable[..., Site], tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    message = golden.referral(HEART_FAILURE, golden.HOSPITAL_CASE, "1.0.0")
    with sqlite3.connect(tmp_path / "old" / "sandbox.sqlite3") as old:
        old.execute(
            "CREATE TABLE referrals (id TEXT PRIMARY KEY, at REAL NOT NULL, request_id TEXT NOT NULL, correlation_id"
            " TEXT NOT NULL, bundle_id TEXT NOT NULL, service TEXT NOT NULL, body TEXT NOT NULL,"
            " UNIQUE (request_id, correlation_id))"
        )
        row = (NOBODY, time.time(), "a", "b", message["id"], HEART_FAILURE, json.dumps(message))
        old.execute("INSERT INTO referrals VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    old.close()
    site = start(directory="old")
    number = resources(message, "ServiceRequest")[0]["identifier"][0]["value"]
    assert get(site, f"?identifier={number}").json()["entry"][0]["resource"]["status"] == "active"
    assert site.send(cancelled(message)).status_code == 200
    assert status_of(site, NOBODY) == "revoked"
