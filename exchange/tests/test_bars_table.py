"""What every answer means: status x code x issue type x mirrored ids, against one declared table.

Source: BaRS guide Core 1.2.2, Transactional-integrity; the codes as the API 1.4.0 publishes them.
"""

import json
from itertools import product

import pytest

from exchange.errors import DeliveryError, PartnerFailed
from exchange.fhir.messages import Json
from exchange.http import Heard
from exchange.transports import Answer
from exchange.transports.bars import judge

SENT = {
    "X-Request-Id": "8c3c0d1a-0000-4000-8000-000000000001",
    "X-Correlation-Id": "8c3c0d1a-0000-4000-8000-000000000002",
}
DELIVERED, AGAIN, PERSON = "delivered", "again", "person"
STATUSES = [400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 422, 425, 429, 500, 501, 502, 503, 504]
SIDES = ["SEND", "PROXY", "REC"]
NAMES = [
    *("BAD_REQUEST", "UNAUTHORIZED", "FORBIDDEN", "NOT_FOUND", "METHOD_NOT_ALLOWED", "NOT_ACCEPTABLE", "TIMEOUT"),
    *("CONFLICT", "TOO_EARLY", "UNPROCESSABLE_ENTITY", "TOO_MANY_REQUESTS", "SERVER_ERROR", "NOT_IMPLEMENTED"),
    *("UNAVAILABLE", "SERVICE_UNAVAILABLE"),
]
KINDS = ["invalid", "duplicate", "timeout", "transient"]
SYSTEMS = ["https://fhir.nhs.uk/Codesystem/http-error-codes", "https://fhir.nhs.uk/CodeSystem/http-error-codes"]

#: Sent again whatever the code says.
STATUS_AGAIN = {401, 408, 425, 429, 502, 503, 504}
#: Sent again whatever the status says.
NAME_AGAIN = {"TIMEOUT", "TOO_EARLY", "TOO_MANY_REQUESTS", "UNAVAILABLE", "SERVICE_UNAVAILABLE"}
#: 403: mended by a new token.
TOKEN = {"SEND_UNAUTHORIZED", "REC_UNAUTHORIZED", "SEND_FORBIDDEN"}


def expected(status: int, side: str, name: str, kind: str) -> str:
    """The guide's table in the order in which it is to be read."""
    if status == 409 and kind == "duplicate" and side == "REC":
        return DELIVERED
    if side == "PROXY" or status in STATUS_AGAIN or name in NAME_AGAIN:
        return AGAIN
    if status == 403 and f"{side}_{name}" in TOKEN:
        return AGAIN
    if status == 409 and kind == "timeout":
        return AGAIN
    return PERSON


def outcome(code: str, kind: str, system: str = SYSTEMS[0]) -> Json:
    coding = [{"system": system, "code": code}]
    return {"resourceType": "OperationOutcome", "issue": [{"code": kind, "details": {"coding": coding}}]}


def judged(heard: Heard) -> str:
    told: Answer | DeliveryError
    try:
        told = judge(heard, SENT)
    except DeliveryError as error:
        told = error
    assert told.status == heard.status
    if isinstance(told, Answer):
        return DELIVERED
    assert told.again == isinstance(told, PartnerFailed)
    assert told.again or told.answer == heard.text  # a person is shown what they said
    return AGAIN if told.again else PERSON


@pytest.mark.requirement("BARS-INT-3", "BARS-INT-4", "BARS-INT-8", "BARS-INT-9", "BARS-ERR-6", "BARS-ERR-7")
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_with_every_code(status: int) -> None:
    wrong = []
    for side, name, kind in product(SIDES, NAMES, KINDS):
        found = judged(Heard(status, SENT, json.dumps(outcome(f"{side}_{name}", kind))))
        if found != expected(status, side, name, kind):
            wrong.append((side, name, kind, found))
    assert wrong == []


@pytest.mark.requirement("BARS-ERR-2")
@pytest.mark.parametrize("status", STATUSES)
def test_either_spelling_of_the_system_means_the_same(status: int) -> None:
    for side, name, kind in product(SIDES, NAMES, KINDS):
        told = {judged(Heard(status, SENT, json.dumps(outcome(f"{side}_{name}", kind, system)))) for system in SYSTEMS}
        assert len(told) == 1


@pytest.mark.requirement("BARS-INT-8", "BARS-HDR-4")
@pytest.mark.parametrize("status", [200, *STATUSES])
@pytest.mark.parametrize("lost", [["X-Request-Id"], ["X-Correlation-Id"], ["X-Request-Id", "X-Correlation-Id"]])
def test_without_the_ids_mirrored_nothing_an_answer_says_counts(status: int, lost: list[str]) -> None:
    """Whose answer it is cannot be known then: not even "delivered" is believed."""
    bodies: list[Json] = [{"resourceType": "Bundle"}, outcome("REC_CONFLICT", "duplicate")]
    for mirrored in ({}, dict.fromkeys(lost, "8c3c0d1a-0000-4000-8000-00000000ffff")):
        headers = {name: value for name, value in SENT.items() if name not in lost} | mirrored
        for body in bodies:
            assert judged(Heard(status, headers, json.dumps(body))) == AGAIN


@pytest.mark.requirement("BARS-INT-8")
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("text", ["", "<html>", "{}", '{"resourceType": "Bundle"}', '{"resourceType": "Patient"}'])
def test_without_an_operation_outcome_it_is_sent_again(status: int, text: str) -> None:
    assert judged(Heard(status, SENT, text)) == AGAIN


@pytest.mark.requirement("BARS-ACK-1")
@pytest.mark.parametrize(
    ("status", "text", "means"),
    [
        (200, '{"resourceType": "Bundle"}', DELIVERED),
        (201, '{"resourceType": "Bundle"}', DELIVERED),
        (200, "", AGAIN),
        (200, "{}", AGAIN),
        (204, "", AGAIN),
        (302, "", AGAIN),
        (200, json.dumps(outcome("REC_BAD_REQUEST", "invalid")), AGAIN),
    ],
)
def test_only_a_success_with_a_bundle_is_an_acknowledgement(status: int, text: str, means: str) -> None:
    assert judged(Heard(status, SENT, text)) == means
