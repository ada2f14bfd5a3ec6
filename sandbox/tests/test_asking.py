"""What a partner asks of the practice: as published, changed and repeated by the rules, and its answers taken."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import hospital, pharmacy
from sandbox.bars import names as n
from sandbox.bars.contents import contacts, dangling, resources
from sandbox.bars.names import Json
from sandbox.bars.requests import ACTS, KINDS
from sandbox.bars.responses import ends, standing
from sandbox.tests import golden, published
from sandbox.tests.conftest import HEART_FAILURE, Site
from sandbox.tests.test_door import coded

WHO = {"nhs_number": "999 000 0018", "family": "Quillfeather", "given": "Zebedee", "birth_date": "1951-02-03"}
THEIRS = "5b7cf8f0-6a8e-4b68-9d7b-0e8e6f7f8a10"
TAKEN: Json = {
    "resourceType": "Bundle",
    "entry": [{"resource": {"resourceType": kind, "id": THEIRS}} for kind in ("ServiceRequest", "Appointment")],
}


def ask(site: Site, **fields: Any) -> Json:
    answer = site.client.post(f"{site.url}/sandbox/request", json=fields)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def last(site: Site) -> Json:
    return site.practice.received[-1].message


def focus(message: Json) -> Json:
    found: Json = message["entry"][1]["resource"]
    return found


@pytest.fixture
def site(the_hospital: Site) -> Site:
    the_hospital.practice.reply = (200, TAKEN)
    return the_hospital


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("act", list(ACTS))
def test_what_it_says_is_valid_r4_and_holds_together(site: Site, kind: str, act: str) -> None:
    told = ask(site, kind=kind, **WHO)
    if act != "new":
        told = ask(site, request=told["request"], act=act)
    assert (told["status"], told["code"]) == (200, "ok")
    message = last(site)
    pytest.importorskip("fhir.resources.R4B.bundle").Bundle.model_validate(message)
    assert [*dangling(message), *contacts(message)] == []
    header = message["entry"][0]["resource"]
    assert header["reason"]["coding"][0]["code"] == ACTS[act][0]
    assert focus(message)["status"] == ACTS[act][2 if kind == "booking" else 1]
    assert header["eventCoding"]["code"] == ("booking-request" if kind == "booking" else "servicerequest-request")
    assert [one["reference"] for one in header["focus"]] == [message["entry"][1]["fullUrl"]]
    assert focus(message).get("id") == (THEIRS if act != "new" else None)


@pytest.mark.parametrize(("kind", "plan", "contact"), [("referral", "completed", "finished"),
                                                       ("validation", "active", "triaged")])  # fmt: skip
def test_a_referral_and_a_validation_differ_as_published(site: Site, kind: str, plan: str, contact: str) -> None:
    ask(site, kind=kind, **WHO)
    message = last(site)
    coding = focus(message)["category"][0]["coding"]
    assert coding[0] == {"system": n.CATEGORIES, "code": kind, "display": coding[0]["display"]}
    assert resources(message, "CarePlan")[0]["status"] == plan
    assert resources(message, "Encounter")[0]["status"] == contact
    assert resources(message, "HealthcareService")[0]["identifier"][0]["value"] == "9000000101"


def test_a_booking_has_its_slot_as_published(site: Site) -> None:
    ask(site, kind="booking", starts="2026-12-08T10:20", **WHO)
    message = last(site)
    assert focus(message)["start"] == "2026-12-08T10:20:00+00:00"
    assert (len(resources(message, "Slot")), len(resources(message, "Schedule"))) == (1, 1)


def test_a_conversation_keeps_its_ids_and_each_message_has_its_own(site: Site) -> None:
    told = ask(site, kind="validation", **WHO)
    ask(site, request=told["request"], act="update")
    ask(site, request=told["request"], act="revoked")
    sent = site.practice.received
    assert len({one.message["id"] for one in sent}) == 1
    assert len({focus(one.message)["identifier"][0]["value"] for one in sent}) == 1
    assert len({one.headers["X-Correlation-Id"] for one in sent}) == 1
    assert len({one.headers["X-Request-Id"] for one in sent}) == 3
    over = site.client.post(f"{site.url}/sandbox/request", json={"request": told["request"], "act": "update"})
    assert over.status_code == 400
    assert len(sent) == 3


def test_again_repeats_ids_and_bytes_and_a_duplicate_counts_as_taken(site: Site) -> None:
    site.practice.reply = (503, {"resourceType": "OperationOutcome", "issue": [{"code": "transient"}]})
    told = ask(site, kind="referral", **WHO)
    assert (told["status"], told["code"]) == (503, "transient")
    assert site.arrivals()["asked"][0]["stands"] == "not taken"
    site.practice.reply = (409, {"resourceType": "OperationOutcome", "issue": [{"code": "duplicate"}]})
    assert ask(site, request=told["request"], act="again")["status"] == 409
    first, second = site.practice.received
    assert first.content == second.content
    assert first.headers["X-Request-Id"] == second.headers["X-Request-Id"]
    assert site.arrivals()["asked"][0]["stands"] == "sent new"


def test_a_practice_that_is_away_is_told_and_may_be_asked_again(site: Site) -> None:
    site.practice.away = True
    told = ask(site, kind="referral", **WHO)
    assert (told["status"], told["code"]) == (None, "no answer")


@pytest.mark.parametrize(
    "wrong",
    [
        *({}, {"kind": "advice", **WHO}, {"kind": "referral"}, {"kind": "referral", "nhs_number": "9990000018"}),
        *({"kind": "referral", **WHO, "service": "1"}, {"kind": "booking", **WHO, "starts": "soon"}),
        *({"request": THEIRS, "act": "update"}, []),
    ],
)
def test_what_cannot_be_asked_is_not(site: Site, wrong: object) -> None:
    assert site.client.post(f"{site.url}/sandbox/request", json=wrong).status_code == 400
    assert site.practice.received == []
    assert site.arrivals()["asked"] == []


def test_the_hospital_knows_its_own_patients_by_number(site: Site) -> None:
    record = {"resourceType": "Patient", "id": "p1", "birthDate": "1970-05-01"}
    record["identifier"] = [{"system": n.NHS_NUMBER, "value": "9991234578"}]  # type: ignore[assignment]
    record["name"] = [{"family": "Smith", "given": ["Jane"]}]  # type: ignore[assignment]
    site.client.post(f"{site.url}/sandbox/records", content=json.dumps(record))
    ask(site, kind="referral", nhs_number="999 123 4578")
    assert resources(last(site), "Patient")[0]["name"][0]["family"] == "Smith"


def test_the_page_asks_without_javascript_and_names_nobody(site: Site) -> None:
    answer = site.client.post(f"{site.url}/sandbox/request", data={"kind": "referral", **WHO}, follow_redirects=True)
    assert (answer.status_code, "sent new" in answer.text, "Entered in error" in answer.text) == (200, True, True)
    for text in (answer.text, json.dumps(site.arrivals())):
        assert not [word for word in ("Quillfeather", "Zebedee", "9990000018", "1951-02-03") if word in text]


def test_another_sites_page_cannot_ask(site: Site) -> None:
    there = {"Origin": "https://elsewhere.example"}
    answer = site.client.post(f"{site.url}/sandbox/request", data={"kind": "referral", **WHO}, headers=there)
    assert answer.status_code == 403
    assert site.practice.received == []


def test_the_pharmacy_asks_in_its_own_use_case(start: Callable[..., Site]) -> None:
    site = start(pharmacy.PARTNER)
    site.practice.reply = (200, TAKEN)
    ask(site, kind="referral", **WHO)
    assert focus(last(site))["category"][0]["coding"][1]["code"] == "pharmacy-to-gp"


# Answers of the practice ----------------------------------------------------------------------------------------------
def response(answers: str, status: str = "accepted", event: str = "servicerequest-response") -> Json:
    """An answer of the practice, made of the golden message's parts."""
    made = golden.referral(HEART_FAILURE, golden.HOSPITAL_CASE, hospital.PARTNER.version)
    kept = ("MessageHeader", "Patient", "Organization", "Task")
    made["entry"] = [one for one in made["entry"] if one["resource"]["resourceType"] in kept]
    header = made["entry"][0]["resource"]
    header["eventCoding"]["code"], header["response"] = event, {"identifier": answers, "code": "ok"}
    header["focus"] = [{"reference": golden.url("task")}]
    resources(made, "Task")[0]["status"] = status
    return made


def asked(site: Site) -> Json:
    found: Json = site.arrivals()["asked"][0]
    return found


@pytest.mark.parametrize("event", ["servicerequest-response", "booking-response"])
def test_an_answer_is_taken_and_acknowledged_once(site: Site, event: str) -> None:
    ask(site, kind="referral", **WHO)
    message, headers = golden.as_bytes(response(last(site)["id"], event=event)), site.headers()
    answer = site.post(message, headers)
    assert answer.status_code == 200, answer.text
    header = answer.json()["entry"][0]["resource"]
    assert header["response"] == {"identifier": json.loads(message)["id"], "code": "ok"}
    assert header["eventCoding"]["code"] == event
    assert answer.headers["X-Request-Id"] == headers["X-Request-Id"]
    pytest.importorskip("fhir.resources.R4B.bundle").Bundle.model_validate(answer.json())
    assert coded(site.post(message, headers)) == (409, "REC_CONFLICT", "duplicate")
    assert (asked(site)["stands"], asked(site)["over"], len(asked(site)["responses"])) == ("Task accepted", 0, 1)


def test_a_rejection_ends_it(site: Site) -> None:
    told = ask(site, kind="referral", **WHO)
    assert site.send(response(last(site)["id"], "rejected")).status_code == 200
    assert (asked(site)["stands"], asked(site)["over"]) == ("Task rejected", 1)
    more = site.client.post(f"{site.url}/sandbox/request", json={"request": told["request"], "act": "revoked"})
    assert more.status_code == 400


def test_an_answer_to_what_was_never_asked_is_not_found(site: Site) -> None:
    answer = site.send(response(str(uuid.uuid4())))
    assert coded(answer) == (404, "REC_NOT_FOUND", "not-found")
    assert site.arrivals()["asked"] == []


@pytest.mark.parametrize(
    ("change", "status", "expression"),
    [
        (lambda m: m["entry"][0]["resource"].pop("response"), 400, "MessageHeader.response"),
        (lambda m: m["entry"][0]["resource"].pop("source"), 400, "MessageHeader.source"),
        (lambda m: m["meta"].update(versionId="9"), 422, "Bundle.meta.versionId"),
    ],
)
def test_an_answer_is_checked_too(site: Site, change: Callable[[Json], object], status: int, expression: str) -> None:
    ask(site, kind="referral", **WHO)
    message = response(last(site)["id"])
    change(message)
    answer = site.send(message)
    assert answer.status_code == status
    assert expression in [one for issue in answer.json()["issue"] for one in issue["expression"]]
    assert asked(site)["responses"] == []


@published.present
@pytest.mark.parametrize(
    ("name", "over", "stands"),
    [
        ("VALRESP01A", False, "Encounter in-progress"),
        ("VALRESP02", True, "Encounter finished"),
        ("VALRESP04", True, "Encounter cancelled"),
    ],
)
def test_a_validation_is_over_as_published(name: str, over: bool, stands: str) -> None:
    message = published.example(name)
    assert (ends(message), standing(message)) == (over, stands)


def test_who_asks_nothing_takes_no_answers(social_care: Site) -> None:
    assert social_care.send(response(str(uuid.uuid4()))).status_code == 400
    answer = social_care.client.post(f"{social_care.url}/sandbox/request", json={"kind": "referral", **WHO})
    assert answer.status_code == 403


def test_what_was_asked_survives_a_restart(start: Callable[..., Site]) -> None:
    first = start(directory="kept")
    first.practice.reply = (200, TAKEN)
    told = ask(first, kind="referral", **WHO)
    first.running.stop()
    again = start(directory="kept")
    assert ask(again, request=told["request"], act="revoked")["status"] == 200
