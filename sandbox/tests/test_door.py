"""What happens at the door: tokens, sizes, headers, repeats; every answer mirrors the ids, and nothing bad is kept."""

import base64
import hashlib
import json
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sandbox.bars.contents import resources
from sandbox.desk import MOST_BYTES
from sandbox.tests import golden
from sandbox.tests.conftest import HEART_FAILURE, Site

TARGET = "NHSD_Target_Identifier"


def coded(answer: httpx.Response) -> tuple[int, str, str]:
    """(status, REC_ code, issue code) of a refusal."""
    issue = answer.json()["issue"][0]
    return answer.status_code, issue["details"]["coding"][0]["code"], issue["code"]


def test_the_answer_carries_the_receivers_ids(the_hospital: Site) -> None:
    message = the_hospital.referral()
    headers = the_hospital.headers()
    answer = the_hospital.post(golden.as_bytes(message), headers)
    sent, back = resources(message, "ServiceRequest")[0], resources(answer.json(), "ServiceRequest")[0]
    assert answer.headers["Content-Type"] == "application/fhir+json"
    assert {answer.headers[name] for name in ("X-Request-Id", "X-Correlation-Id")} == {
        headers[name] for name in ("X-Request-Id", "X-Correlation-Id")
    }
    assert answer.json()["entry"][0]["resource"]["response"] == {"identifier": message["id"], "code": "ok"}
    assert back["id"] == the_hospital.arrivals()["referrals"][0]["id"]
    assert back["identifier"][0] == sent["identifier"][0]
    assert back["identifier"][1]["value"].startswith("RZZ01-")


@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic Z3A6Z3A=", ""])
def test_without_a_good_token_nothing_is_read(the_hospital: Site, authorization: str | None) -> None:
    answer = the_hospital.send(Authorization=authorization)
    assert coded(answer) == (401, "REC_UNAUTHORIZED", "security")
    assert the_hospital.arrivals()["referrals"] == []


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("X_Request_Id", None, "required"),
        ("X_Correlation_Id", None, "required"),
        ("X_Request_Id", "12345", "invalid"),
        ("X_Correlation_Id", "not-a-uuid", "invalid"),
        (TARGET, None, "required"),
        (TARGET, "%%%", "structure"),
        (TARGET, base64.b64encode(b"[1]").decode(), "structure"),
        (TARGET, base64.b64encode(b'{"system": 1}').decode(), "structure"),
        ("NHSD_End_User_Organisation", None, "required"),
        ("NHSD_End_User_Organisation", base64.b64encode(b'{"resourceType": "Patient"}').decode(), "structure"),
        ("NHSD_End_User_Organisation", base64.b64encode(b'{"resourceType": "Organization"}').decode(), "structure"),
        ("NHSD_Requesting_Software", None, "required"),
        ("NHSD_Requesting_Software", "AAAA", "structure"),
        ("NHSD_Requesting_Practitioner", "AAAA", "structure"),
        ("Content_Type", "text/xml", "value"),
    ],
)
def test_a_bad_header_is_named(the_hospital: Site, name: str, value: str | None, code: str) -> None:
    spelt = name.replace("_", "-")
    headers = the_hospital.headers(**{name: value})
    answer = the_hospital.post(golden.as_bytes(the_hospital.referral()), headers)
    assert coded(answer) == (400, "REC_BAD_REQUEST", code)
    assert spelt in answer.json()["issue"][0]["diagnostics"]
    assert the_hospital.arrivals()["referrals"] == []


def test_a_service_of_somebody_else_is_not_found(the_hospital: Site) -> None:
    headers = golden.sent_with(the_hospital.token, "9000000999")
    answer = the_hospital.post(golden.as_bytes(the_hospital.referral()), headers)
    assert coded(answer) == (404, "REC_NOT_FOUND", "not-found")
    assert the_hospital.arrivals()["referrals"] == []


def test_the_target_and_the_message_must_name_the_same_service(the_hospital: Site) -> None:
    headers = golden.sent_with(the_hospital.token, "9000000202")
    answer = the_hospital.post(golden.as_bytes(the_hospital.referral()), headers)
    assert coded(answer) == (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")
    assert the_hospital.arrivals()["referrals"] == []


def test_the_hospital_does_not_take_the_pharmacys_use_case(the_hospital: Site) -> None:
    answer = the_hospital.send(golden.referral(HEART_FAILURE, golden.PHARMACY_CASE, "1.0.0"))
    assert coded(answer) == (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")
    assert the_hospital.arrivals()["referrals"] == []


def test_the_hospital_asks_less_of_the_encounter_and_task_than_the_pharmacy(
    the_hospital: Site, the_pharmacy: Site
) -> None:
    for site, expected in ((the_hospital, 200), (the_pharmacy, 400)):
        message = site.referral()
        resources(message, "Encounter")[0]["class"]["code"] = "AMB"
        resources(message, "Task")[0]["code"] = {"text": "Please see"}
        assert site.send(message).status_code == expected


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000])
def test_what_is_not_json_is_refused(the_hospital: Site, content: bytes) -> None:
    answer = the_hospital.post(content, the_hospital.headers())
    assert coded(answer) == (400, "REC_BAD_REQUEST", "structure")
    assert [one["status"] for one in the_hospital.arrivals()["arrivals"]] == [400]


def test_more_than_five_megabytes_is_too_much(the_hospital: Site) -> None:
    message = the_hospital.referral()
    message["note"] = "x" * MOST_BYTES
    headers = the_hospital.headers()
    answer = the_hospital.post(golden.as_bytes(message), headers)
    assert coded(answer) == (413, "REC_BAD_REQUEST", "too-long")
    assert answer.headers["X-Request-Id"] == headers["X-Request-Id"]
    found = the_hospital.arrivals()
    assert found["referrals"] == []
    assert found["arrivals"][0]["sha256"] == hashlib.sha256(golden.as_bytes(message)).hexdigest()


def test_just_under_five_megabytes_is_taken(the_hospital: Site) -> None:
    message = the_hospital.referral()
    message["note"] = "x" * (MOST_BYTES - len(golden.as_bytes(message)) - 20)
    assert the_hospital.send(message).status_code == 200


def test_a_repeat_is_a_duplicate_and_changes_nothing(the_hospital: Site) -> None:
    message, headers = golden.as_bytes(the_hospital.referral()), the_hospital.headers()
    assert the_hospital.post(message, headers).status_code == 200
    for _ in range(2):
        assert coded(the_hospital.post(message, headers)) == (409, "REC_CONFLICT", "duplicate")
    found = the_hospital.arrivals()
    assert len(found["referrals"]) == 1
    assert [one["status"] for one in found["arrivals"]] == [200, 409, 409]
    assert {one["sha256"] for one in found["arrivals"]} == {hashlib.sha256(message).hexdigest()}
    assert {one["request_id"] for one in found["arrivals"]} == {headers["X-Request-Id"]}
    assert len(found["referrals"][0]["answers"]) == 3


def test_the_ids_are_a_pair_and_case_does_not_matter(the_hospital: Site) -> None:
    headers = the_hospital.headers()
    assert the_hospital.post(golden.as_bytes(the_hospital.referral()), headers).status_code == 200
    other = {**headers, "X-Correlation-Id": str(uuid.uuid4())}
    assert the_hospital.post(golden.as_bytes(the_hospital.referral()), other).status_code == 200
    upper = {**headers, "X-Request-Id": headers["X-Request-Id"].upper()}
    assert the_hospital.post(golden.as_bytes(the_hospital.referral()), upper).status_code == 409


def test_a_refused_message_may_be_mended_and_sent_again_with_the_same_ids(the_hospital: Site) -> None:
    headers = the_hospital.headers()
    assert the_hospital.post(b"{}", headers).status_code == 400
    assert the_hospital.post(golden.as_bytes(the_hospital.referral()), headers).status_code == 200


def test_ten_at_once_make_one_referral(the_hospital: Site) -> None:
    message, headers = golden.as_bytes(the_hospital.referral()), the_hospital.headers()
    with ThreadPoolExecutor(10) as pool:
        statuses = sorted(pool.map(lambda _: the_hospital.post(message, headers).status_code, range(10)))
    assert statuses == [200] + [409] * 9
    found = the_hospital.arrivals()
    assert (len(found["referrals"]), len(found["arrivals"])) == (1, 10)


def test_it_counts_what_came_and_tells_repeats_from_changes(the_hospital: Site) -> None:
    message, headers = golden.as_bytes(the_hospital.referral()), the_hospital.headers()
    for _ in range(3):
        the_hospital.post(message, headers)
    the_hospital.send()
    assert the_hospital.arrivals()["counts"] == {"arrivals": 4, "messages": 2, "accepted": 2, "changed": 0}
    the_hospital.post(message + b" ", headers)
    assert the_hospital.arrivals()["counts"] == {"arrivals": 5, "messages": 2, "accepted": 2, "changed": 1}


def test_a_message_whose_sender_broke_off_has_not_arrived(the_hospital: Site) -> None:
    """A sender that dies on its way out has sent no message, so that its repeat carries the same bytes as the first."""
    message, headers = golden.as_bytes(the_hospital.referral()), the_hospital.headers()
    host, port = the_hospital.url.removeprefix("http://").split(":")
    lines = [f"{name}: {value}" for name, value in {**headers, "Content-Length": str(len(message))}.items()]
    head = "\r\n".join(["POST /FHIR/R4/$process-message HTTP/1.1", f"Host: {host}", *lines, "", ""])
    with socket.create_connection((host, int(port)), timeout=5) as half:
        half.sendall(head.encode() + message[:100])
        half.shutdown(socket.SHUT_WR)
        assert half.recv(100) == b""
    assert the_hospital.arrivals()["arrivals"] == []
    assert the_hospital.post(message, headers).status_code == 200
    assert the_hospital.arrivals()["counts"]["changed"] == 0


def test_the_list_of_arrivals_and_the_page_hold_no_patient_data(the_hospital: Site) -> None:
    the_hospital.send()
    the_hospital.post(b'{"name": "Quillfeather"}', the_hospital.headers())
    for path in ("/sandbox/arrivals", "/"):
        text = the_hospital.client.get(the_hospital.url + path).text
        assert HEART_FAILURE in text or "Heart failure clinic" in text
        assert not [word for word in ("Quillfeather", "Zebedee", "9990000018", "1951-02-03") if word in text]


@pytest.mark.requirement("BARS-UI-5")
def test_a_patient_without_an_nhs_number_is_taken(the_hospital: Site) -> None:
    message = the_hospital.referral()
    del resources(message, "Patient")[0]["identifier"]
    assert the_hospital.send(message).status_code == 200


def test_what_is_open_to_read(the_hospital: Site) -> None:
    get = the_hospital.client.get
    assert get(f"{the_hospital.url}/healthz").json() == {"status": "ok", "partner": "RZZ01"}
    assert get(f"{the_hospital.url}/FHIR/R4/metadata").json()["fhirVersion"] == "4.0.1"
    key = get(f"{the_hospital.url}/.well-known/jwks.json").json()["keys"][0]
    assert (key["crv"], key["alg"]) == ("P-384", "ES384")
    assert "d" not in key
    assert get(f"{the_hospital.url}/elsewhere").status_code == 404
    assert the_hospital.client.delete(f"{the_hospital.url}/FHIR/R4/ServiceRequest/1").status_code == 405


def test_a_line_that_is_not_http_gets_an_operation_outcome(the_hospital: Site) -> None:
    answer = the_hospital.client.request("BREW", f"{the_hospital.url}/FHIR/R4/metadata")
    assert answer.status_code == 501
    assert json.loads(answer.content)["resourceType"] == "OperationOutcome"
