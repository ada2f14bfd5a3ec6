"""Whatever is sent, the checks answer with a refusal or take it; what they take can be answered; nothing leaks."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox import hospital, pharmacy
from sandbox.bars import headers
from sandbox.bars.check import check_referral
from sandbox.bars.messages import Case, acknowledgement
from sandbox.bars.names import Json
from sandbox.bars.outcomes import Refused, operation_outcome
from sandbox.partner import Partner
from sandbox.tests import golden
from sandbox.words import WRITERS

PARTNERS = (
    (hospital.PARTNER, "9000000201", golden.HOSPITAL_CASE),
    (pharmacy.PARTNER, "9000000301", golden.PHARMACY_CASE),
)
SECRET = "Quillfeather"
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.just(SECRET) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["reference", "code", "coding", "system", "value", "url"]), inner, max_size=2)
    ),
    max_leaves=4,
)
SETTINGS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, as a path of keys and indexes."""
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        found += places(value, (*path, key))
    return found


PLACES = places(golden.referral("9000000201", golden.HOSPITAL_CASE, "1.0.0"))


def put(message: Json, path: tuple[Any, ...], value: Any) -> None:
    """Put `value` at `path`."""
    node: Any = message
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value


def verdict(message: Any, partner: Partner, service: str) -> Refused | None:
    """The refusal of a message, or None if it is taken."""
    try:
        check_referral(message, partner.accepts(), service)
    except Refused as refusal:
        return refusal
    return None


@SETTINGS
@given(st.sampled_from(PARTNERS), st.sampled_from(PLACES), ODD)
def test_one_odd_value_anywhere_never_breaks_the_receiver(who: Any, path: tuple[Any, ...], value: Any) -> None:
    partner, service, case = who
    message = golden.referral(service, case, partner.version)
    put(message, path, copy.deepcopy(value))
    refusal = verdict(message, partner, service)
    if refusal:
        told = json.dumps(operation_outcome(refusal.status, refusal.issues))
        assert 400 <= refusal.status < 500
        assert SECRET not in told
        return
    taken = Case(partner, "5b7cf8f0-6a8e-4b68-9d7b-0e8e6f7f8a10", service, message)
    acknowledgement(taken)
    for write in WRITERS.values():
        json.dumps(write(taken))


@SETTINGS
@given(st.recursive(ODD, lambda inner: st.dictionaries(st.sampled_from(["resourceType", "entry", "meta"]), inner)))
def test_no_message_at_all_is_refused(value: Any) -> None:
    if isinstance(value, dict):
        value["resourceType"] = "Bundle"
    refusal = verdict(value, hospital.PARTNER, "9000000201")
    assert refusal is not None
    assert 400 <= refusal.status < 500


@SETTINGS
@given(
    st.sampled_from(["X-Request-Id", headers.TARGET, headers.ORGANISATION, headers.SOFTWARE]),
    st.text(),
    ODD.filter(lambda value: not isinstance(value, dict)),
)
def test_an_odd_header_is_refused_by_name(name: str, text: str, value: Any) -> None:
    for odd in (text, headers.encode(value)):
        with pytest.raises(Refused) as refusal:
            headers.read({**golden.sent_with("t", "9000000201"), name: odd})
        assert refusal.value.status == 400
        assert name in refusal.value.issues[0].diagnostics


@SETTINGS
@given(st.dictionaries(st.sampled_from(["system", "value", "resourceType"]), st.text()))
def test_what_we_encode_we_can_decode(value: dict[str, str]) -> None:
    sent = {
        **golden.sent_with("t", "9000000201"),
        headers.TARGET: headers.encode({**value, "system": "s", "value": "v"}),
    }
    heard = headers.read(sent)
    assert (heard.target_system, heard.target) == ("s", "v")
