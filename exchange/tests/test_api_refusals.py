"""What a partner sends wrongly is turned away with the right words and nothing stored."""

import json
import time
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from exchange.models import InboxMessage, OutboxMessage, Partner
from exchange.tests import listening, messages
from exchange.tests.posting import Post, change, refused

HEADER = ("entry", 0, "resource")
BAD = "REC_BAD_REQUEST"
UNPROCESSABLE = "REC_UNPROCESSABLE_ENTITY"
WRONG: dict[str, tuple[tuple[Any, ...], Any, tuple[int, str, str, str]]] = {
    "no version": (("meta", "versionId"), None, (400, BAD, "required", "Bundle.meta.versionId")),
    "unknown version": (("meta", "versionId"), "9.9", (422, UNPROCESSABLE, "not-supported", "Bundle.meta.versionId")),
    "not a message": (("type",), "collection", (400, BAD, "value", "Bundle.type")),
    "no type": (("type",), None, (400, BAD, "required", "Bundle.type")),
    "no id": (("id",), None, (400, BAD, "required", "Bundle.id")),
    "header not first": (("entry", 0), None, (400, BAD, "structure", "Bundle.entry[0].resource")),
    "not R4": (("entry", 1, "resource", "bed"), 7, (400, BAD, "structure", "Bundle.entry[1].resource.bed")),
    "wrong code": (
        ("entry", 2, "resource", "gender"),
        "SECRET",
        (400, BAD, "code-invalid", "Bundle.entry[2].resource.gender"),
    ),
    "unknown event": (
        (*HEADER, "eventCoding", "code"),
        "booking-request",
        (422, UNPROCESSABLE, "not-supported", "MessageHeader.eventCoding"),
    ),
    "event of another system": (
        (*HEADER, "eventCoding", "system"),
        "http://example.org",
        (422, UNPROCESSABLE, "not-supported", "MessageHeader.eventCoding"),
    ),
    "no focus": ((*HEADER, "focus"), None, (400, BAD, "required", "MessageHeader.focus")),
    "focus elsewhere": (
        (*HEADER, "focus"),
        [{"reference": f"urn:uuid:{uuid4()}"}],
        (400, BAD, "not-found", "MessageHeader.focus"),
    ),
    "to somebody else": (
        (*HEADER, "destination", 0, "endpoint"),
        "https://fhir.nhs.uk/Id/dos-service-id|9000000999",
        (422, UNPROCESSABLE, "value", "MessageHeader.destination"),
    ),
    "names no original": (
        (*HEADER, "response"),
        None,
        (400, BAD, "required", "MessageHeader.response.identifier"),
    ),
    "original unknown": (
        (*HEADER, "response", "identifier"),
        "nothing-of-ours",
        (404, "REC_NOT_FOUND", "not-found", "MessageHeader.response.identifier"),
    ),
}


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "to", "expected"), WRONG.values(), ids=WRONG)
@pytest.mark.requirement(
    "BARS-ACK-2", "BARS-ACK-3", "BARS-CODE-1", "BARS-ERR-1", "BARS-RSP-1", "BARS-RSP-2", "BARS-VER-1"
)
def test_a_message_that_breaks_a_rule_is_turned_away(
    post: Post, original: OutboxMessage, path: tuple[Any, ...], to: Any, expected: tuple[int, str, str, str]
) -> None:
    headers = messages.sent()
    answer = post(change(messages.response(original.bundle_id), *path, to=to), dict(headers))
    refused(answer, *expected)
    assert answer["X-Correlation-Id"] == headers["X-Correlation-Id"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body", [b" ", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"resourceType":"Patient"}', b"[" * 100_000]
)
def test_what_is_no_bundle_is_turned_away(post: Post, body: bytes) -> None:
    refused(post(body), 400, BAD, "structure", "Bundle")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        *("X-Request-Id", "X-Correlation-Id"),
        *("NHSD-Target-Identifier", "NHSD-End-User-Organisation", "NHSD-Requesting-Software"),
    ],
)
@pytest.mark.parametrize(("value", "issue"), [(None, "required"), ("SECRET!", ""), ("e30=", "")])
@pytest.mark.requirement("BARS-HDR-1", "BARS-HDR-2", "BARS-HDR-3", "BARS-HDR-5", "BARS-HDR-6", "BARS-INT-1")
def test_headers_must_be_there_and_say_something(
    post: Post, original: OutboxMessage, name: str, value: Any, issue: str
) -> None:
    answer = post(messages.response(original.bundle_id), messages.sent(**{name: value}))
    found = json.loads(answer.content)["issue"][0]["code"]
    refused(answer, 400, BAD, issue or found, f"http.{name}")


@pytest.mark.django_db
@pytest.mark.requirement("BARS-ACK-2")
def test_a_message_for_another_service_is_not_ours(post: Post, original: OutboxMessage) -> None:
    answer = post(messages.response(original.bundle_id), messages.sent("9000000999"))
    refused(answer, 404, "REC_NOT_FOUND", "not-found", "http.NHSD-Target-Identifier")


@pytest.mark.django_db
@pytest.mark.requirement("BARS-RSP-2")
def test_an_original_sent_to_another_partner_is_unknown(post: Post, original: OutboxMessage, pharmacy: Any) -> None:
    other = Partner.objects.create(
        organisation=pharmacy, endpoint="http://x", token_url="http://x", jwks_url="http://x"
    )
    OutboxMessage.objects.update(to=other)
    answer = post(messages.response(original.bundle_id))
    refused(answer, 404, "REC_NOT_FOUND", "not-found", "MessageHeader.response.identifier")


@pytest.mark.django_db
def test_the_handler_may_turn_it_away(post: Post, original: OutboxMessage) -> None:
    listening.BROKEN.add("precheck")
    refused(post(messages.response(original.bundle_id)), 422, UNPROCESSABLE, "business-rule", "Bundle")


@pytest.mark.django_db
def test_more_than_5_megabytes_are_not_read(post: Post) -> None:
    refused(post(b" " * (5 * 1024 * 1024 + 1)), 413, BAD, "too-long", "Bundle")


@pytest.mark.django_db
def test_another_media_type_is_not_taken(post: Post, original: OutboxMessage) -> None:
    answer = post(messages.response(original.bundle_id), messages.sent(Content_Type="application/fhir+xml"))
    refused(answer, 415, BAD, "not-supported", "http.Content-Type")


@pytest.mark.django_db
@pytest.mark.requirement("BARS-TIME-2")
def test_too_slow_answers_408_and_rolls_back(
    post: Post, original: OutboxMessage, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MESSAGE_TIME_LIMIT_SECONDS = 0.3
    monkeypatch.setattr(listening, "precheck", lambda message, sender: time.sleep(0.4))
    refused(post(messages.response(original.bundle_id)), 408, "REC_TIMEOUT", "timeout", "")


@pytest.mark.django_db
@pytest.mark.requirement("BARS-TIME-2")
def test_a_slow_statement_is_cut_short(
    post: Post, original: OutboxMessage, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleep(message: Any, sender: Any) -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_sleep(5)")

    settings.MESSAGE_TIME_LIMIT_SECONDS = 0.3
    monkeypatch.setattr(listening, "precheck", sleep)
    started = time.monotonic()
    refused(post(messages.response(original.bundle_id)), 408, "REC_TIMEOUT", "timeout", "")
    assert time.monotonic() - started < 2


@pytest.mark.django_db
@pytest.mark.requirement("BARS-ERR-1", "BARS-ERR-3")
def test_a_fault_of_ours_says_nothing_of_the_message(
    post: Post, original: OutboxMessage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(message: Any, sender: Any) -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(listening, "precheck", fail)
    answer = post(messages.response(original.bundle_id))
    assert answer.status_code == 500
    (issue,) = json.loads(answer.content)["issue"]
    assert issue["details"]["coding"][0]["code"] == "REC_SERVER_ERROR"
    assert not InboxMessage.objects.exists()
    assert "SECRET" not in answer.content.decode()
    assert "SECRET" not in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.requirement("BARS-ERR-1")
def test_when_the_database_goes_away_the_sender_is_told_to_send_again(
    post: Post, original: OutboxMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody sends again what was answered with a server error: with 503 they do, with the same ids."""

    def lose(message: Any, sender: Any) -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    message, headers = messages.response(original.bundle_id), messages.sent()
    with monkeypatch.context() as losing:
        losing.setattr(listening, "precheck", lose)
        answer = post(message, dict(headers))
    connections["default"].close()
    (issue,) = json.loads(answer.content)["issue"]
    assert (answer.status_code, issue["code"]) == (503, "transient")
    assert issue["details"]["coding"][0]["code"] == "REC_UNAVAILABLE"
    assert answer["X-Request-Id"] == headers["X-Request-Id"]
    assert not InboxMessage.objects.exists()
    assert post(message, dict(headers)).status_code == 200
    assert InboxMessage.objects.count() == 1
