"""Whatever is posted: the published error, nothing of the message in it, and nothing stored but the refusal."""

import copy
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from access.models import AuditEvent
from exchange.errors import Rec
from exchange.fhir import validate
from exchange.models import InboxMessage, OutboxMessage, Refusal
from exchange.tests import messages
from exchange.tests.posting import Post, refused
from exchange.tests.second_opinion import faults

EXAMPLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "bars" / "api-examples-1.4.0"
POSTED = sorted(path.relative_to(EXAMPLES).as_posix() for path in EXAMPLES.rglob("*.json"))
published = pytest.mark.skipif(not EXAMPLES.is_dir(), reason="no ../shared/data/bars/api-examples-1.4.0")
KNOWN = {rec.value for rec in Rec}


def nothing_stored(answer: Any) -> dict[str, Any]:
    """An OperationOutcome with a published code; nothing kept but that it was turned away. Returns its issue."""
    outcome = json.loads(answer.content)
    assert 400 <= answer.status_code < 500
    assert validate.check(outcome) == []
    assert faults(outcome) == []
    (issue,) = outcome["issue"]
    assert issue["details"]["coding"][0]["code"] in KNOWN
    assert not InboxMessage.objects.exists()
    assert not AuditEvent.objects.filter(action="message received").exists()
    (refusal,) = Refusal.objects.values()
    assert refusal["status"] == answer.status_code
    found: dict[str, Any] = issue
    return found


# The published examples -----------------------------------------------------------------------------------------------
@published
@pytest.mark.requirement("BARS-TRAP-3", "BARS-ERR-1", "BARS-ERR-3")
@pytest.mark.django_db
@pytest.mark.parametrize("name", POSTED)
def test_a_published_example_is_refused_and_leaves_nothing(post: Post, original: OutboxMessage, name: str) -> None:
    """None of them is for us, and 23 are invalid R4: whichever rule they break first, it is told as published."""
    body = (EXAMPLES / name).read_bytes()
    answer = post(body)
    nothing_stored(answer)
    said = answer.content.decode()
    for number in re.findall(rb"\b\d{10}\b", body):
        assert number.decode() not in said
    for family in re.findall(rb'"family"\s*:\s*"([^"]+)"', body):
        assert family.decode() not in said


@published
def test_they_are_all_there() -> None:
    assert len(POSTED) >= 40


# Bytes ----------------------------------------------------------------------------------------------------------------
def body_of(original: OutboxMessage) -> bytes:
    return json.dumps(messages.response(original.bundle_id), ensure_ascii=False).encode()


@pytest.mark.requirement("BARS-ERR-1")
@pytest.mark.django_db
@pytest.mark.parametrize("keep", [1, 2, 17, 0.25, 0.5, 0.9, -1])
def test_truncated_json(post: Post, original: OutboxMessage, keep: float) -> None:
    whole = body_of(original)
    part = whole[: int(keep * len(whole))] if 0 < keep < 1 else whole[: int(keep)]
    refused(post(part), 400, Rec.BAD_REQUEST, "structure", "Bundle")


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "latin-1", "cp037"])
def test_any_charset_but_utf_8(post: Post, original: OutboxMessage, encoding: str) -> None:
    """FHIR JSON is UTF-8; a byte order mark is not JSON (RFC 8259) and would be kept with what is stored."""
    message = messages.response(original.bundle_id)
    message["entry"][2]["resource"]["name"] = [{"family": "Müller-SECRET"}]
    text = json.dumps(message, ensure_ascii=False)
    refused(post(text.encode(encoding)), 400, Rec.BAD_REQUEST, "structure", "Bundle")


@pytest.mark.django_db
@pytest.mark.parametrize("depth", [100, 1000, 10_000])
@pytest.mark.parametrize("opens", ['{"a":', "["])
def test_deep_nesting(post: Post, original: OutboxMessage, depth: int, opens: str) -> None:
    whole = body_of(original).decode()
    closes = "}" if opens == '{"a":' else "]"
    deep = opens * depth + "1" + closes * depth
    for body in (deep, whole[:-1] + f', "extension": {deep}}}'):
        Refusal.objects.all().delete()
        nothing_stored(post(body.encode()))


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["Bundle", "header", "patient"])
def test_duplicate_keys(post: Post, original: OutboxMessage, where: str) -> None:
    """Which of the two counts is not defined: readers differ, so nobody may guess."""
    text = body_of(original).decode()
    twice = {
        "Bundle": text.replace('"type": "message"', '"type": "message", "type": "message"', 1),
        "header": text.replace('"focus":', '"focus": [], "focus":', 1),
        "patient": text.replace('"family": "SECRET"', '"family": "OTHER", "family": "SECRET"', 1),
    }[where]
    assert twice != text
    refused(post(twice.encode()), 400, Rec.BAD_REQUEST, "structure", "Bundle")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "body",
    [b"\x00", b"\x00" * 1000, b"NaN", b'{"resourceType": "Bundle", "total": NaN}', b"\xed\xa0\x80", b"null", b"0"],
)
def test_what_is_no_json_or_no_object(post: Post, body: bytes) -> None:
    refused(post(body), 400, Rec.BAD_REQUEST, "structure", "Bundle")


@pytest.mark.django_db
@pytest.mark.parametrize("character", ["\\ud800", "\\udfff", "\\u0000"])
def test_characters_that_cannot_be_stored_break_nothing(post: Post, original: OutboxMessage, character: str) -> None:
    """Half a pair and NUL are legal in JSON's escapes. They are refused or kept, never a fault of ours."""
    text = body_of(original).decode()
    for place in ('"value": "r1"', '"family": "SECRET"', f'"id": "{json.loads(text)["id"]}"'):
        assert place in text
        name, _, value = place.partition(": ")
        answer = post(text.replace(place, f'{name}: "{character}{value[1:]}', 1).encode())
        assert answer.status_code in (200, 400)


# Shapes ---------------------------------------------------------------------------------------------------------------
def without_header(message: dict[str, Any]) -> None:
    del message["entry"][0]


def header_last(message: dict[str, Any]) -> None:
    message["entry"].append(message["entry"].pop(0))


def no_entries(message: dict[str, Any]) -> None:
    del message["entry"]


def entry_without_resource(message: dict[str, Any]) -> None:
    message["entry"][0] = {"fullUrl": f"urn:uuid:{uuid4()}"}


def another_event(message: dict[str, Any]) -> None:
    message["entry"][0]["resource"]["eventCoding"]["code"] = "SECRET"


def another_destination(message: dict[str, Any]) -> None:
    endpoint = "https://fhir.nhs.uk/Id/dos-service-id|9000000999"
    message["entry"][0]["resource"]["destination"][0]["endpoint"] = endpoint


def no_destination(message: dict[str, Any]) -> None:
    del message["entry"][0]["resource"]["destination"]


def missing_focus(message: dict[str, Any]) -> None:
    del message["entry"][1]


def focus_by_type(message: dict[str, Any]) -> None:
    message["entry"][0]["resource"]["focus"] = [{"reference": "ServiceRequest/1"}]


def birth_date_of_the_contract(message: dict[str, Any]) -> None:
    message["entry"][2]["resource"]["birthDate"] = "eq20/01/1995"


SHAPES = {
    without_header: (400, Rec.BAD_REQUEST, "structure", "Bundle.entry[0].resource"),
    header_last: (400, Rec.BAD_REQUEST, "structure", "Bundle.entry[0].resource"),
    no_entries: (400, Rec.BAD_REQUEST, "structure", "Bundle.entry[0].resource"),
    entry_without_resource: (400, Rec.BAD_REQUEST, "structure", "Bundle.entry[0].resource"),
    another_event: (422, Rec.UNPROCESSABLE_ENTITY, "not-supported", "MessageHeader.eventCoding"),
    another_destination: (422, Rec.UNPROCESSABLE_ENTITY, "value", "MessageHeader.destination"),
    no_destination: (422, Rec.UNPROCESSABLE_ENTITY, "value", "MessageHeader.destination"),
    missing_focus: (400, Rec.BAD_REQUEST, "not-found", "MessageHeader.focus"),
    focus_by_type: (400, Rec.BAD_REQUEST, "not-found", "MessageHeader.focus"),
    birth_date_of_the_contract: (400, Rec.BAD_REQUEST, "value", "Bundle.entry[2].resource.birthDate"),
}


@pytest.mark.requirement("BARS-TRAP-2", "BARS-ACK-2", "BARS-ACK-3", "BARS-CODE-1")
@pytest.mark.django_db
@pytest.mark.parametrize(("spoil", "told"), SHAPES.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_a_message_of_the_wrong_shape(post: Post, original: OutboxMessage, spoil: Any, told: Any) -> None:
    message = messages.response(original.bundle_id)
    spoil(message)
    refused(post(message), *told)


# Nothing of a message is ever told ------------------------------------------------------------------------------------
#: Elements whose value the sender chooses freely, in any place.
FREE = {
    "family",
    "text",
    "value",
    "city",
    "postalCode",
    "name",
    "line",
    "given",
    "display",
    "software",
    "version",
    0,
    1,
}


def strings(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The place of every string."""
    for step, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict | list):
            yield from strings(value, (*path, step))
        elif isinstance(value, str):
            yield (*path, step)


def put(message: Any, path: tuple[Any, ...], value: Any) -> None:
    *way, last = path
    for step in way:
        message = message[step]
    message[last] = value


def rich(bundle_id: str) -> dict[str, Any]:
    """A valid message that says much of a patient."""
    message = messages.response(bundle_id)
    message["entry"][2]["resource"] |= {
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9991234501"}],
        "name": [{"family": "Smith", "given": ["Jane", "Mary"], "text": "Mrs Jane Smith"}],
        "telecom": [{"system": "phone", "value": "01632 960148"}],
        "gender": "female",
        "birthDate": "1970-05-01",
        "address": [{"line": ["12 Weaver Lane"], "city": "Riverside", "postalCode": "ZZ1 4AB"}],
    }
    message["entry"][1]["resource"] |= {"note": [{"text": "Breathless"}], "reasonCode": [{"text": "Heart failure"}]}
    return message


@pytest.mark.requirement("BARS-ERR-3", "BARS-ERR-4")
@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chance=st.randoms(use_true_random=False))
def test_no_value_of_a_message_is_in_the_answer_the_logs_or_the_refusal(
    post: Post, original: OutboxMessage, caplog: pytest.LogCaptureFixture, capfd: Any, chance: random.Random
) -> None:
    """A marker in every string that may hold any, and the message broken somewhere: no marker comes out anywhere."""
    Refusal.objects.all().delete()
    InboxMessage.objects.all().delete()
    caplog.clear()
    message = rich(original.bundle_id)
    places = list(strings(message))
    free = [place for place in places if place[-1] in FREE]
    for number, place in enumerate(free):
        put(message, place, f"ZQMARKER{number:03d}")
    broken = copy.deepcopy(message)
    for place in chance.sample(places, chance.randint(1, 3)):
        put(broken, place, chance.choice(["ZQMARKER-x y", 7, None, [], {"ZQMARKERkey": "ZQMARKER"}, True]))
    sent = messages.sent()
    if chance.random() < 0.2:
        sent[chance.choice(["X-Request-Id", "X-Correlation-Id", "NHSD-Requesting-Software"])] = "ZQMARKERheader"
    answer = post(broken, sent)
    assert answer.status_code in (200, 400, 404, 422)
    assert InboxMessage.objects.count() == (1 if answer.status_code == 200 else 0)
    told = capfd.readouterr()
    kept = str(list(Refusal.objects.values())) + str(list(AuditEvent.objects.values()))
    headers = str(dict(answer.headers))
    everything = caplog.text + told.out + told.err + kept + headers
    if answer.status_code != 200:  # an acknowledgement names the request by its sender's own number
        everything += answer.content.decode()
        assert Refusal.objects.count() == 1
    assert "ZQMARKER" not in everything
