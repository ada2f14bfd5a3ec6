"""BaRS headers: what is built is read back; anything else is refused by name, never a crash."""

import base64
import json
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.errors import PayloadInvalid
from exchange.fhir import headers
from exchange.fhir.messages import SOFTWARE_DEVICE
from exchange.tests import messages

NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(str.strip)
PRACTITIONER = {"resourceType": "PractitionerRole", "practitioner": {"display": "Dr A Khan"}}


@given(st.uuids(), st.uuids(), st.from_regex(r"[0-9]{1,12}", fullmatch=True), NAMES)
@pytest.mark.requirement("BARS-HDR-1", "BARS-HDR-2", "BARS-HDR-3", "BARS-HDR-5", "BARS-HDR-6", "BARS-HDR-7")
def test_what_is_sealed_is_heard(request_id: UUID, correlation_id: UUID, service: str, name: str) -> None:
    sealed = headers.sealed(
        request_id=request_id,
        correlation_id=correlation_id,
        service_id=service,
        use_context="a5t3|referral|servicerequest-request|new",
        organisation=messages.ORGANISATION | {"name": name},
        software=SOFTWARE_DEVICE,
        practitioner=PRACTITIONER,
    )
    assert all(value.isascii() and value.isprintable() for value in sealed.values())
    heard = headers.check(sealed)
    assert (heard.request_id, heard.correlation_id, heard.target_service) == (request_id, correlation_id, service)
    assert heard.organisation["name"] == name


ANYTHING = st.one_of(
    st.text(max_size=60),
    st.binary(max_size=60).map(lambda raw: base64.b64encode(raw).decode()),
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), st.lists, max_leaves=5).map(
        lambda value: base64.b64encode(json.dumps(value).encode()).decode()
    ),
    st.dictionaries(
        st.sampled_from(["system", "value", "resourceType", "name", "identifier"]),
        st.none() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=3), max_size=2),
    ).map(lambda value: base64.b64encode(json.dumps(value).encode()).decode()),
)


@given(st.sampled_from(sorted(messages.sent().keys() - {"Content-Type", "Accept", "use-context"})), ANYTHING)
@pytest.mark.requirement("BARS-HDR-1", "BARS-HDR-2", "BARS-HDR-3", "BARS-HDR-5", "BARS-HDR-6")
def test_anything_else_is_refused_by_name(name: str, value: str) -> None:
    refused = refusal(messages.sent(**{name: value}))
    assert refused is not None
    assert refused.status == 400
    assert refused.expression == f"http.{name}"
    assert len(value) < 10 or value not in refused.text


def refusal(sent: dict[str, str]) -> PayloadInvalid | None:
    try:
        headers.check(sent)
    except PayloadInvalid as refused:
        return refused
    return None


@pytest.mark.parametrize(
    "name", ["NHSD-End-User-Organisation", "NHSD-Requesting-Software", "NHSD-Requesting-Practitioner"]
)
@pytest.mark.requirement("BARS-HDR-5", "BARS-HDR-6", "BARS-HDR-7")
def test_base64_must_hold_valid_fhir_of_the_right_type(name: str) -> None:
    for wrong in ({"resourceType": "Patient"}, {"resourceType": "Organization", "name": 7}, {"resourceType": "Bed"}):
        with pytest.raises(PayloadInvalid):
            headers.check(messages.sent(**{name: headers.encode(wrong)}))


@pytest.mark.requirement("BARS-HDR-5")
def test_a_huge_header_is_not_decoded() -> None:
    huge = headers.encode(messages.ORGANISATION | {"alias": ["x" * 9000]})
    with pytest.raises(PayloadInvalid, match="REC_BAD_REQUEST"):
        headers.check(messages.sent(**{"NHSD-End-User-Organisation": huge}))


@pytest.mark.requirement("BARS-HDR-4")
def test_only_ids_are_mirrored() -> None:
    given_id = str(uuid4())
    sent = {"X-Request-Id": given_id, "X-Correlation-Id": "<script>", "Authorization": "Bearer x"}
    assert headers.mirrored(sent) == {"X-Request-Id": given_id}
