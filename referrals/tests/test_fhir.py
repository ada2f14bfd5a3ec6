"""The referral as a BaRS message and back: goldens both ways, every MUST row, validators, no more than is needed."""

import copy
import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.fhir.validate import check
from exchange.tests.second_opinion import faults
from referrals.fhir import Answer, UnreadableAnswer, Unsendable, response_from_bundle
from referrals.models import Referral
from referrals.tests import examples, published
from referrals.tests.published import TABLES, musts

ROOT = Path(__file__).resolve().parents[2]
GOLDENS = sorted(path.stem for path in examples.HERE.glob("*.json"))
SENT = sorted(examples.OUTGOING)


def resource(bundle: dict[str, Any], kind: str, nth: int = 0) -> dict[str, Any]:
    found: list[dict[str, Any]] = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind]
    return found[nth]


# Out ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", SENT)
@pytest.mark.requirement("BARS-SEND-4")
def test_the_message_is_the_golden_one(name: str) -> None:
    assert examples.bundle(examples.OUTGOING[name]()) == examples.read(name)


@pytest.mark.parametrize("name", GOLDENS)
def test_every_golden_is_valid_r4(name: str) -> None:
    """By the models of fhir.resources, by the table made from the official schema, and by a second validator."""
    message = examples.read(name)
    for one in (message, *(entry["resource"] for entry in message["entry"])):
        assert check(one) == []
        assert faults(one) == []


def test_the_same_referral_always_makes_the_same_message() -> None:
    assert examples.bundle(examples.referral()) == examples.bundle(examples.referral())


@pytest.mark.parametrize("name", SENT)
@pytest.mark.requirement("BARS-SEND-5")
def test_every_reference_leads_somewhere_in_the_message(name: str) -> None:
    message = examples.read(name)
    urls = [entry["fullUrl"] for entry in message["entry"]]
    assert len(set(urls)) == len(urls)
    led_to = set(re.findall(r'"reference": "(urn:uuid:[^"]+)"', json.dumps(message)))
    assert led_to <= set(urls)
    assert set(urls) - led_to <= {message["entry"][0]["fullUrl"], *_unreferred(message)}


def _unreferred(message: dict[str, Any]) -> set[str]:
    """BaRS asks for these, though nothing in the message leads to them."""
    return {e["fullUrl"] for e in message["entry"] if e["resource"]["resourceType"] in ("Consent", "PractitionerRole")}


@pytest.mark.parametrize("name", SENT)
def test_only_the_receiver_gives_resources_ids(name: str) -> None:
    assert all("id" not in entry["resource"] for entry in examples.read(name)["entry"])


@pytest.mark.requirement("BARS-CODE-3", "BARS-CODE-5", "BARS-SEND-1", "BARS-SEND-2")
def test_use_case_version_and_destination_follow_the_service() -> None:
    hospital, pharmacy = examples.read("hospital"), examples.read("pharmacy")
    assert (hospital["meta"]["versionId"], pharmacy["meta"]["versionId"]) == ("1.0.0", "1.1.0")
    codes = [[c["code"] for c in resource(m, "ServiceRequest")["category"][0]["coding"]] for m in (hospital, pharmacy)]
    assert codes == [["referral", "gp-to-hospital"], ["referral", "a5t3"]]
    assert "not published by BaRS" in resource(hospital, "ServiceRequest")["category"][0]["coding"][1]["display"]
    assert resource(hospital, "MessageHeader")["destination"][0]["endpoint"].endswith("dos-service-id|9000000201")
    assert resource(hospital, "MessageHeader")["source"]["endpoint"].endswith("dos-service-id|9000000101")


@pytest.mark.requirement("BARS-CODE-6")
def test_each_pharmacy_use_case_is_asked_for_by_its_own_codes() -> None:
    asked = {}
    for name in ("pharmacy-first", "pharmacy-contraception", "pharmacy"):
        message = examples.read(name)
        category = resource(message, "ServiceRequest")["category"][0]["coding"][1]["code"]
        asked[category] = [one["code"] for one in resource(message, "Task")["code"]["coding"]]
        assert message["meta"]["versionId"] == "1.1.0"
    assert asked == {
        "a5t1": ["2140231000000104"],
        "a5t2": ["1659121000000100"],
        "a5t3": ["1659111000000100", "824421000000101"],
    }


@pytest.mark.skipif(not TABLES.exists(), reason="no ../shared/data")
@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("pharmacy-first", "REFREQ03"),
        ("pharmacy-contraception", "REFREQ07"),
        ("pharmacy", "REFREQ06"),
    ],
)
@pytest.mark.requirement("BARS-CODE-6")
def test_what_a_pharmacy_is_asked_is_coded_as_published(name: str, example: str) -> None:
    ours, theirs = examples.read(name), published.example(example)
    for path in (
        ("ServiceRequest", "category"),
        ("Task", "code"),
        ("Encounter", "class"),
        ("ServiceRequest", "intent"),
    ):
        assert resource(ours, path[0])[path[1]] == resource(theirs, path[0])[path[1]]


@pytest.mark.parametrize(
    ("priority", "code"), [("routine", "routine"), ("urgent", "urgent"), ("suspected-cancer", "asap")]
)
def test_priority_is_coded_and_said(priority: str, code: str) -> None:
    message = examples.bundle(examples.referral(priority=priority))
    assert resource(message, "ServiceRequest")["priority"] == code
    assert Referral.Priority(priority).label in resource(message, "Task")["description"]


def test_of_a_restricted_person_no_address_telephone_or_gp_goes_out() -> None:
    patient = resource(examples.read("restricted"), "Patient")
    assert not {"address", "telecom", "generalPractitioner"} & patient.keys()
    text = json.dumps(examples.read("restricted"))
    assert all(secret not in text for secret in ("Weaver", "ZZ1", "960148"))
    assert patient["contact"][0]["telecom"][0]["value"] == "01632 960100"  # the surgery, on their behalf


@pytest.mark.parametrize("name", SENT)
@pytest.mark.requirement("BARS-SEND-7")
def test_exactly_one_first_contact_and_it_has_a_telephone(name: str) -> None:
    contacts = resource(examples.read(name), "Patient")["contact"]
    first = [c for c in contacts if c["extension"][0]["valuePositiveInt"] == 1]
    assert len(first) == 1
    assert first[0]["telecom"][0]["system"] == "phone"
    assert first[0]["telecom"][0]["value"]


def test_without_any_telephone_nothing_is_made() -> None:
    nobody = examples.referral(patient=examples.jane(phone=""), organisation=examples.practice(phone=""))
    with pytest.raises(Unsendable, match="telephone"):
        examples.bundle(nobody)


@pytest.mark.parametrize("status", ["present", "failing", "absent"])
@pytest.mark.requirement("BARS-SEND-8")
def test_only_a_verified_nhs_number_goes_out(status: str) -> None:
    message = examples.bundle(examples.referral(patient=examples.jane(nhs_number_status=status)))
    assert "9991234501" not in json.dumps(message)
    assert resource(message, "Patient")["identifier"][0]["system"].endswith("/Id/patient")


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_whatever_is_written_the_message_is_valid(reason: str, summary: str, given_: str, family: str) -> None:
    """Any text a form lets through (never blank, without control characters) makes a valid message."""
    plain = [re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", text) for text in (reason, summary, given_, family)]
    reason, summary, given_, family = (" ".join(text.split()) for text in plain)
    patient = examples.jane(given=given_, family=family)
    message = examples.bundle(examples.referral(reason=reason or "x", clinical_summary=summary, patient=patient))
    assert [issue for entry in message["entry"] for issue in check(entry["resource"])] == []
    assert faults(message) == []


# Every MUST row of the published payload ------------------------------------------------------------------------------
@pytest.mark.skipif(not TABLES.exists(), reason="no ../shared/data")
@pytest.mark.parametrize("name", SENT)
@pytest.mark.requirement("BARS-CODE-4", "BARS-SEND-3", "BARS-SEND-6", "BARS-SEND-9")
def test_every_must_row_of_the_published_payload_is_met(name: str) -> None:
    missing, met = musts(examples.read(name))
    assert missing == []
    assert met > 150


@pytest.mark.skipif(not TABLES.exists(), reason="no ../shared/data")
def test_that_table_would_notice_a_missing_row() -> None:
    """Take one away: the reading of the table above is not blind."""
    message = copy.deepcopy(examples.read("pharmacy"))
    del resource(message, "CarePlan")["period"]["start"]
    assert "CarePlan.period.start" in musts(message)[0]


@pytest.mark.parametrize("name", SENT)
@pytest.mark.requirement("BARS-SEND-9")
def test_a_receiver_in_another_process_finds_nothing_wrong(name: str) -> None:
    """The sandbox partners restate the rules in their own code and import nothing of ours."""
    program = (
        "import json, sys; from sandbox.bars import check as c; m = json.load(sys.stdin);"
        "found = [*c.counted(m), *c.broken_rules(m, pharmacy=len(sys.argv) > 1), *c.dangling(m), *c.contacts(m)];"
        "print([(i.code, i.expression) for i in found])"
    )
    pharmacy = ["pharmacy"] if name == "pharmacy" else []
    told = subprocess.run(
        [sys.executable, "-c", program, *pharmacy],
        input=json.dumps(examples.read(name)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "[]"


# Back -----------------------------------------------------------------------------------------------------------------
SAID_AT = dt.datetime(2026, 11, 23, 9, 16, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("answer-accepted", Answer("accepted", at=SAID_AT, who="Northern Infirmary")),
        (
            "answer-booked",
            Answer(
                "booked",
                at=SAID_AT,
                who="Northern Infirmary",
                starts=dt.datetime(2026, 11, 30, 10, 20, tzinfo=dt.UTC),
                place="Clinic 4, Northern Infirmary",
            ),
        ),
        (
            "answer-rejected",
            Answer(
                "rejected",
                at=SAID_AT,
                who="Northern Infirmary",
                reason="This service cannot help with the problem described. "
                "Please consider advice and guidance first.",
            ),
        ),
        (
            "answer-completed",
            Answer(
                "completed",
                at=SAID_AT,
                who="Market Square Pharmacy",
                outcome="Blood pressure checked: 148/87 mmHg, average of three readings. "
                "No further appointment needed.",
            ),
        ),
    ],
)
def test_an_answer_is_read(name: str, answer: Answer) -> None:
    assert response_from_bundle(examples.read(name)) == answer


def changed(name: str, kind: str, **more: Any) -> dict[str, Any]:
    message = copy.deepcopy(examples.read(name))
    resource(message, kind).update(more)
    return message


def test_a_time_that_cannot_be_read_waits_for_a_person_and_is_not_quoted() -> None:
    with pytest.raises(UnreadableAnswer, match=r"^Appointment\.start is no time that we can read\.$"):
        response_from_bundle(changed("answer-booked", "Appointment", start="next Tuesday"))


def test_a_status_we_do_not_know_waits_for_a_person() -> None:
    with pytest.raises(UnreadableAnswer, match="status"):
        response_from_bundle(changed("answer-accepted", "Task", status="draft"))


def test_a_cancelled_appointment_is_no_booking() -> None:
    assert response_from_bundle(changed("answer-booked", "Appointment", status="cancelled")).kind == "accepted"


def test_a_rejection_without_a_reason_is_still_one() -> None:
    message = changed("answer-rejected", "Task", statusReason=None, businessStatus=None)
    assert response_from_bundle(message) == Answer("rejected", at=SAID_AT, who="Northern Infirmary")


def without(message: dict[str, Any], kind: str) -> dict[str, Any]:
    kept = [entry for entry in message["entry"] if entry["resource"]["resourceType"] != kind]
    return {**message, "entry": kept}


def test_without_a_task_a_revoked_request_is_a_rejection_and_an_active_one_a_question() -> None:
    assert response_from_bundle(without(examples.read("answer-rejected"), "Task")).kind == "rejected"
    with pytest.raises(UnreadableAnswer, match="no Task"):
        response_from_bundle(without(examples.read("answer-accepted"), "Task"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


ODD = [5, True, "x", {"actor": 1}, [5], [{"actor": 5}], [{"actor": {"display": 4}}], [{"actor": {"reference": [1]}}]]


@settings(max_examples=300)
@given(
    st.fixed_dictionaries(
        {"status": st.sampled_from(["accepted", "rejected", "completed", "in-progress"]) | JSON},
        optional=dict.fromkeys(("owner", "lastModified", "statusReason", "businessStatus", "description"), JSON),
    ),
    st.fixed_dictionaries({}, optional={"start": JSON, "participant": st.sampled_from(ODD)}),
    JSON,
)
def test_whatever_comes_it_is_read_or_waits_for_a_person(task: Any, appointment: Any, other: Any) -> None:
    entries = [
        {"resource": {"resourceType": "Task", **task}},
        {"resource": {"resourceType": "Appointment", **appointment}},
    ]
    for message in ({"entry": entries}, {"entry": [other, *entries]}):
        try:
            answer = response_from_bundle(message)
        except UnreadableAnswer:
            continue
        assert answer.kind in ("accepted", "booked", "rejected", "completed")
