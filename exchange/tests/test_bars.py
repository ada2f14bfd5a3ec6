"""What an answer means: BaRS's table, and that no answer whatever can break us."""

import io
import json
from typing import Any

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from exchange.api import body
from exchange.errors import DeliveryError, PayloadInvalid
from exchange.http import Heard
from exchange.transports import Answer
from exchange.transports.bars import judge

SENT = {
    "X-Request-Id": "8c3c0d1a-0000-4000-8000-000000000001",
    "X-Correlation-Id": "8C3C0D1A-0000-4000-8000-000000000002",
}
ELEMENTS = st.sampled_from(
    ["resourceType", "issue", "code", "details", "coding", "OperationOutcome", "Bundle", "duplicate"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | ELEMENTS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ELEMENTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.integers(100, 599), JSON.map(json.dumps) | st.text(max_size=40), st.booleans())
@pytest.mark.requirement("BARS-INT-8")
def test_every_answer_means_something(status: int, text: str, mirrors: bool) -> None:
    try:
        answer: object = judge(Heard(status, SENT if mirrors else {}, text), SENT)
    except DeliveryError as error:
        answer = error
    if isinstance(answer, Answer):
        assert mirrors
        assert status == 409 if answer.duplicate else 200 <= status < 300
    else:
        assert isinstance(answer, DeliveryError)
        assert answer.status == status
        assert text not in str(answer) or len(text) < 8


@pytest.mark.requirement("BARS-INT-8")
def test_ids_are_mirrored_whatever_their_case() -> None:
    mirrored = {name: value.swapcase() for name, value in SENT.items()}
    assert judge(Heard(200, mirrored, '{"resourceType": "Bundle"}'), SENT) == Answer(200, '{"resourceType": "Bundle"}')


@pytest.mark.parametrize(("asked", "wait"), [("120", 120), ("soon", 0), ("", 0), ("-5", 0), ("٣", 0)])
def test_a_partner_may_ask_for_a_pause(asked: str, wait: int) -> None:
    with pytest.raises(DeliveryError) as raised:
        judge(Heard(503, SENT | {"Retry-After": asked}, ""), SENT)
    assert (raised.value.again, raised.value.wait) == (True, wait)


# Bodies that come in pieces -------------------------------------------------------------------------------------------
def in_pieces(content: bytes) -> Any:
    request = RequestFactory().post("/", content_type="application/fhir+json; charset=utf-8")
    del request.META["CONTENT_LENGTH"]
    request.META |= {"wsgi.input": io.BytesIO(content), "wsgi.input_terminated": True}
    return request


def test_a_body_without_a_length_is_read_to_its_end() -> None:
    assert body.read(in_pieces(b"x" * 100_000)) == b"x" * 100_000


def test_a_body_without_a_length_is_limited_too(settings: Any) -> None:
    settings.MESSAGE_LIMIT_BYTES = 99_999
    with pytest.raises(PayloadInvalid) as raised:
        body.read(in_pieces(b"x" * 100_000))
    assert raised.value.status == 413
