"""What a partner meets at our $process-message: taken once, or turned away with the right words and nothing stored."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client

from access.models import AuditEvent
from exchange import inbox, oauth
from exchange.errors import Rec
from exchange.fhir import validate
from exchange.models import InboxMessage, OutboxMessage, Partner, Refusal
from exchange.tests import listening, messages

URL = "/fhir/R4/$process-message"
Post = Callable[..., Any]


@pytest.fixture
def original(put: Callable[..., OutboxMessage]) -> OutboxMessage:
    """A message of ours that can be answered."""
    return put(concerns_id=str(uuid4()))


@pytest.fixture
def post(hospital: Partner, bell: list[Any]) -> Post:
    """Sends a message as the hospital."""

    def send(message: Any, headers: dict[str, str] | None = None, token: str | None = None, **extra: Any) -> Any:
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        headers = headers or messages.sent()
        bearer = {"Authorization": f"Bearer {token or oauth.bearer(hospital)}"}
        kind = headers.pop("Content-Type", "application/fhir+json")
        return Client().post(URL, data=body, content_type=kind, headers=headers | bearer, **extra)

    return send


def refused(answer: Any, status: int, code: str, issue: str, expression: str) -> None:
    """An OperationOutcome that names code, issue type and place; and nothing stored but ids and reason."""
    outcome = json.loads(answer.content)
    assert (answer.status_code, outcome["resourceType"]) == (status, "OperationOutcome")
    assert validate.check(outcome) == []
    (found,) = outcome["issue"]
    assert (found["details"]["coding"][0]["code"], found["code"]) == (code, issue)
    assert found.get("expression", [""]) == [expression]
    assert answer["Content-Type"].startswith("application/fhir+json")
    assert "SECRET" not in answer.content.decode()
    assert not InboxMessage.objects.exists()
    assert not AuditEvent.objects.filter(action="message received").exists()
    refusal = Refusal.objects.get()
    assert (refusal.status, refusal.code, refusal.sender) == (status, code, "RZZ01")


@pytest.mark.django_db
def test_an_answer_is_stored_and_acknowledged(
    post: Post, original: OutboxMessage, hospital: Partner, django_capture_on_commit_callbacks: Any, bell: list[Any]
) -> None:
    bell.clear()
    message, headers = messages.response(original.bundle_id), messages.sent()
    with django_capture_on_commit_callbacks(execute=True):
        answer = post(message, dict(headers))
    assert answer.status_code == 200
    assert answer["X-Request-Id"] == headers["X-Request-Id"]
    assert answer["X-Correlation-Id"] == headers["X-Correlation-Id"]
    reply = json.loads(answer.content)
    assert validate.check(reply) == []
    header = reply["entry"][0]["resource"]
    assert header["response"] == {"identifier": message["id"], "code": "ok"}
    assert reply["entry"][1]["resource"]["id"] == original.concerns_id
    assert header["destination"][0]["endpoint"].endswith("|9000000201")
    assert reply["id"] != message["id"]
    assert "SECRET" not in answer.content.decode()
    stored = InboxMessage.objects.get()
    assert (stored.answers, stored.state, stored.event) == (original, "received", "servicerequest-response")
    assert stored.payload == json.dumps(message)
    assert stored.reply == answer.content.decode()
    assert AuditEvent.objects.filter(action="message received", actor_id="RZZ01").count() == 1
    assert bell == [("exchange.tasks.file", str(stored.pk))]
    hospital.refresh_from_db()
    assert hospital.last_received_at is not None
    assert not Refusal.objects.exists()


@pytest.mark.django_db
def test_a_repeat_is_told_that_we_have_it_and_stores_nothing(post: Post, original: OutboxMessage) -> None:
    message, headers = messages.response(original.bundle_id), messages.sent()
    assert post(message, dict(headers)).status_code == 200
    before = InboxMessage.objects.values().get()
    answer = post(message, dict(headers))
    assert answer.status_code == 409
    (issue,) = json.loads(answer.content)["issue"]
    assert (issue["code"], issue["details"]["coding"][0]["code"]) == ("duplicate", "REC_CONFLICT")
    assert answer["X-Request-Id"] == headers["X-Request-Id"]
    assert InboxMessage.objects.values().get() == before
    assert AuditEvent.objects.filter(action="message received").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_same_message_racing_is_stored_once(post: Post, original: OutboxMessage) -> None:
    message, headers = messages.response(original.bundle_id), messages.sent()
    statuses: list[int] = []

    def send() -> None:
        try:
            statuses.append(post(message, dict(headers)).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [409] * 5
    assert InboxMessage.objects.count() == 1
    assert AuditEvent.objects.filter(action="message received").count() == 1


@pytest.mark.django_db
def test_updates_of_one_conversation_share_a_bundle_id(post: Post, original: OutboxMessage) -> None:
    message = messages.response(original.bundle_id)
    assert post(message).status_code == 200
    assert post(message).status_code == 200  # new request id
    assert InboxMessage.objects.count() == 2


# Turned away ----------------------------------------------------------------------------------------------------------
def change(message: dict[str, Any], *path: Any, to: Any = None) -> dict[str, Any]:
    """The message with one element changed, or left out."""
    *way, last = path
    found: Any = message
    for step in way:
        found = found[step]
    if to is None:
        del found[last]
    else:
        found[last] = to
    return message


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
def test_headers_must_be_there_and_say_something(
    post: Post, original: OutboxMessage, name: str, value: Any, issue: str
) -> None:
    answer = post(messages.response(original.bundle_id), messages.sent(**{name: value}))
    found = json.loads(answer.content)["issue"][0]["code"]
    refused(answer, 400, BAD, issue or found, f"http.{name}")


@pytest.mark.django_db
def test_a_message_for_another_service_is_not_ours(post: Post, original: OutboxMessage) -> None:
    answer = post(messages.response(original.bundle_id), messages.sent("9000000999"))
    refused(answer, 404, "REC_NOT_FOUND", "not-found", "http.NHSD-Target-Identifier")


@pytest.mark.django_db
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
def test_too_slow_answers_408_and_rolls_back(
    post: Post, original: OutboxMessage, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MESSAGE_TIME_LIMIT_SECONDS = 0.3
    monkeypatch.setattr(listening, "precheck", lambda message, sender: time.sleep(0.4))
    refused(post(messages.response(original.bundle_id)), 408, "REC_TIMEOUT", "timeout", "")


@pytest.mark.django_db
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


# Who may --------------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_nobody_without_a_token_of_ours(hospital: Partner, original: OutboxMessage, settings: Any) -> None:
    good = oauth.bearer(hospital)
    expired = oauth.bearer(hospital, seconds=-1)
    settings.PUBLIC_URL = "http://elsewhere.example"
    foreign = oauth.bearer(hospital)
    settings.PUBLIC_URL = "http://127.0.0.1:8000"
    wrong = ["", "Bearer", "Basic eDp5", f"Bearer {good}x", f"Bearer {expired}", f"Bearer {foreign}", "Bearer a.b.c"]
    for authorization in wrong:
        headers = messages.sent()
        del headers["Content-Type"]
        answer = Client().post(
            URL,
            data=json.dumps(messages.response(original.bundle_id)),
            content_type="application/fhir+json",
            headers=headers | {"Authorization": authorization},
        )
        assert answer.status_code == 401, authorization
        assert answer["WWW-Authenticate"] == "Bearer"
        assert answer["X-Request-Id"] == headers["X-Request-Id"]
        assert json.loads(answer.content)["issue"][0]["details"]["coding"][0]["code"] == Rec.UNAUTHORIZED
    assert not InboxMessage.objects.exists()


@pytest.mark.django_db
def test_a_token_that_only_reads_sends_nothing(post: Post, hospital: Partner, original: OutboxMessage) -> None:
    answer = post(messages.response(original.bundle_id), token=oauth.bearer(hospital, scope="system/*.rs"))
    assert answer.status_code == 403
    assert not InboxMessage.objects.exists()


@pytest.mark.django_db
def test_a_partner_that_was_switched_off_is_nobody(post: Post, hospital: Partner, original: OutboxMessage) -> None:
    Partner.objects.update(enabled=False)
    assert post(messages.response(original.bundle_id)).status_code == 401
    assert not InboxMessage.objects.exists()


@pytest.mark.django_db
def test_other_addresses_and_methods_answer_as_fhir(client: Client) -> None:
    for answer, status in (
        (client.get("/fhir/R4/Patient/1"), 404),
        (client.post("/fhir/R4/Nothing", data=b"{}", content_type="application/json"), 404),
        (client.get("/fhir/"), 404),
        (client.get(URL), 401),
        (client.post("/fhir/R4/metadata"), 405),
    ):
        assert (answer.status_code, json.loads(answer.content)["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.django_db
def test_what_we_can_do_is_open_and_valid(client: Client) -> None:
    answer = client.get("/fhir/R4/metadata")
    stated = json.loads(answer.content)
    assert (answer.status_code, stated["resourceType"]) == (200, "CapabilityStatement")
    assert validate.check(stated) == []
    assert stated["rest"][0]["operation"][0]["name"] == "process-message"


def test_our_version_is_the_projects(project: Path) -> None:
    import tomllib

    from exchange.fhir.messages import SOFTWARE_VERSION

    assert tomllib.loads((project / "pyproject.toml").read_text())["project"]["version"] == SOFTWARE_VERSION


def test_our_error_codes_are_the_published_ones(project: Path) -> None:
    contract = project.parent / "shared" / "data" / "openapi" / "bars-1.4.0" / "booking-and-referral-1.4.0.json"
    if not contract.exists():
        pytest.skip("no ../shared/data")
    published = contract.read_text()
    missing = {code for code in Rec if f"| {code} " not in published}
    # The guide names these; the contract has no row for them.
    assert missing == {Rec.FORBIDDEN, Rec.TOO_EARLY}
    for code in set(Rec) - missing:
        assert f"| {code.status}         | {code} " in published


@pytest.mark.django_db
def test_refusals_keep_ids_and_reason_only(post: Post, original: OutboxMessage) -> None:
    headers = messages.sent()
    post(change(messages.response(original.bundle_id), "meta", "versionId"), dict(headers))
    row = Refusal.objects.values().get()
    assert row["request_id"] == headers["X-Request-Id"]
    assert set(row) == {"id", "at", "sender", "request_id", "correlation_id", "status", "code", "expression"}


# Reading what was received --------------------------------------------------------------------------------------------
@pytest.fixture
def received(post: Post, original: OutboxMessage) -> InboxMessage:
    assert post(messages.response(original.bundle_id)).status_code == 200
    return InboxMessage.objects.get()


@pytest.mark.django_db
def test_a_received_message_is_filed_once(received: InboxMessage) -> None:
    assert inbox.file(received.pk) == "filed"
    received.refresh_from_db()
    assert (received.state, received.due_at, received.attempts) == ("filed", None, 1)
    assert inbox.file(received.pk) == "not-claimed"
    assert [str(received.pk)] == listening.HANDLED


@pytest.mark.django_db
def test_what_only_a_person_can_settle_waits_and_leaves_nothing_half_done(received: InboxMessage) -> None:
    listening.BROKEN.add("review")
    assert inbox.file(received.pk) == "needs-review"
    received.refresh_from_db()
    assert (received.state, received.due_at) == ("needs-review", None)
    assert received.review_reason == "Nobody here is meant."
    assert received.sender.organisation.letters == "NI"  # what the handler wrote is undone


@pytest.mark.django_db(transaction=True)
def test_a_bug_leaves_it_for_the_sweep_with_growing_pauses(received: InboxMessage, bell: list[Any]) -> None:
    listening.BROKEN.add("handle")
    with pytest.raises(listening.Broken):
        inbox.file(received.pk)
    received.refresh_from_db()
    assert (received.state, received.attempts) == ("received", 1)
    assert received.due_at is not None
    assert received.sender.organisation.letters == "NI"
    bell.clear()
    assert inbox.sweep() == 0  # not yet
    InboxMessage.objects.update(due_at=received.received_at)
    assert inbox.sweep() == 1
    assert bell == [("exchange.tasks.file", str(received.pk))]
    listening.BROKEN.clear()
    assert inbox.file(received.pk) == "filed"


@pytest.mark.django_db
def test_after_many_tries_a_person_is_asked(received: InboxMessage) -> None:
    listening.BROKEN.add("handle")
    InboxMessage.objects.update(attempts=inbox.MOST_TRIES)
    assert inbox.file(received.pk) == "needs-review"
