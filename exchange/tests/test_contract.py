"""Everything we answer and everything we send against the published contract of the BaRS API 1.4.0."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from conftest import Person
from exchange import oauth
from exchange.errors import DeliveryError, Rec
from exchange.fhir import headers
from exchange.fhir.messages import operation_outcome
from exchange.fhir.systems import System
from exchange.http import Heard
from exchange.models import OutboxMessage, Partner, Refusal
from exchange.tests import contract, messages
from exchange.tests.posting import Post, change
from exchange.tests.second_opinion import faults
from exchange.transports.bars import judge

pytestmark = contract.present
ROOT = Path(__file__).resolve().parents[2]
IDS = {
    headers.REQUEST_ID: "8c3c0d1a-0000-4000-8000-000000000001",
    headers.CORRELATION_ID: "8c3c0d1a-0000-4000-8000-000000000002",
}
EXAMPLES = contract.FOLDER.parents[1] / "bars" / "api-examples-1.4.0"
#: Every message of ours that a golden file shows.
SENT = sorted(
    path
    for path in (ROOT / "referrals").rglob("golden/*.json")
    if json.loads(path.read_text())["resourceType"] == "Bundle"
)


# What we send ---------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-SEND-1", "BARS-SEND-2")
@pytest.mark.parametrize("path", SENT, ids=lambda path: path.stem)
def test_every_message_of_ours_keeps_the_contract(path: Path) -> None:
    assert contract.faults(json.loads(path.read_text()), "MessageBundle") == []


def test_there_are_messages_and_the_contract_finds_faults() -> None:
    assert len(SENT) > 10
    broken = json.loads(SENT[0].read_text())
    broken["entry"][0]["resource"]["destination"] = {"endpoint": 7}
    broken["meta"]["versionId"] = 1.0
    assert len(contract.faults(broken, "MessageBundle")) == 2
    assert contract.faults({"resourceType": "OperationOutcome", "issue": {}}, "OperationalOutcome")


@pytest.mark.requirement("BARS-HDR-1", "BARS-HDR-2", "BARS-HDR-3", "BARS-HDR-5", "BARS-HDR-6", "BARS-HDR-9")
@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/$process-message", "/ServiceRequest/{id}", "/MessageDefinition"])
def test_every_header_it_requires_goes_with_what_we_send(put: Any, gp: Person, path: str) -> None:
    """A referral is read with the headers of the message that takes it back."""
    sealed = put(by=gp.actor).headers
    assert contract.required_headers(path) - set(sealed) == set()
    for name in (headers.TARGET, headers.ORGANISATION, headers.SOFTWARE, headers.PRACTITIONER):
        assert contract.faults(sealed[name], SCHEMAS[name]) == []
        value = json.loads(base64.b64decode(sealed[name], validate=True))
        assert name == headers.TARGET or faults(value) == []


SCHEMAS = {
    headers.TARGET: "TargetIdentifier",
    headers.ORGANISATION: "RequestingOrganisationToken",
    headers.SOFTWARE: "RequestingSoftwareToken",
    headers.PRACTITIONER: "RequestingPractitionerToken",
}


@pytest.mark.requirement("BARS-HDR-5", "BARS-HDR-6")
@pytest.mark.django_db
def test_the_contracts_own_examples_of_headers_are_taken(post: Post, original: OutboxMessage) -> None:
    examples = {
        name: json.loads((contract.FOLDER / "schemas1.4.0" / f"{file}.json").read_text())["example"]
        for name, file in ((headers.ORGANISATION, "RequestingOrganisation"), (headers.SOFTWARE, "RequestingSoftware"))
    }
    sent = messages.sent("9000000101", **examples)
    assert post(messages.response(original.bundle_id), sent).status_code == 200


# What we answer -------------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-ACK-1", "BARS-ACK-3")
@pytest.mark.django_db
def test_an_acknowledgement_keeps_the_contract(post: Post, original: OutboxMessage) -> None:
    sent = messages.sent()
    answer = post(messages.response(original.bundle_id), dict(sent))
    reply = json.loads(answer.content)
    assert contract.faults(reply, contract.answer_schema("/$process-message", "post")) == []
    assert faults(reply) == []
    for name in contract.published()["paths"]["/$process-message"]["post"]["responses"]["200"]["headers"]:
        assert answer[name] == sent[name]


@pytest.mark.requirement("BARS-ERR-1")
@pytest.mark.parametrize("rec", list(Rec))
def test_a_refusal_keeps_the_contract(rec: Rec) -> None:
    outcome = operation_outcome(rec, "invalid", "A rule.", "Bundle")
    assert contract.faults(outcome, "OperationalOutcome") == []
    assert faults(outcome) == []
    # The guide names these two, and the contract has no row for them.
    assert rec in contract.codes(rec.status) or rec in (Rec.FORBIDDEN, Rec.TOO_EARLY)


@pytest.mark.requirement("BARS-ERR-1", "BARS-HDR-4")
@pytest.mark.django_db
@pytest.mark.parametrize(("path", "to"), [(("type",), "collection"), (("meta", "versionId"), "9.9"), (("id",), None)])
def test_a_refusal_at_the_door_keeps_the_contract(
    post: Post, original: OutboxMessage, path: tuple[str, ...], to: Any
) -> None:
    answer = post(change(messages.response(original.bundle_id), *path, to=to))
    outcome = json.loads(answer.content)
    assert contract.faults(outcome, "OperationalOutcome") == []
    (issue,) = outcome["issue"]
    assert issue["details"]["coding"][0]["code"] in contract.codes(answer.status_code)
    assert Refusal.objects.count() == 1


@pytest.mark.requirement("BARS-API-1", "BARS-API-2")
@pytest.mark.django_db
def test_what_can_be_read_keeps_the_contract(hospital: Partner, settings: Any) -> None:
    stated = json.loads(Client().get("/fhir/R4/metadata").content)
    assert contract.faults(stated, contract.answer_schema("/metadata")) == []
    sent = messages.sent() | {"Authorization": f"Bearer {oauth.bearer(hospital)}"}
    sent.pop("Content-Type")
    query = {"context": [f"{System.SERVICE_ID}|{settings.OUR_SERVICE_ID}", f"{System.BARS_USE_CASE}|a5t3"]}
    answer = Client().get("/fhir/R4/MessageDefinition", query, headers=sent)
    assert answer.status_code == 200
    assert contract.faults(json.loads(answer.content), contract.answer_schema("/MessageDefinition")) == []


# What others answer ---------------------------------------------------------------------------------------------------
@pytest.mark.requirement("BARS-ERR-2")
@pytest.mark.parametrize("path", sorted((EXAMPLES / "OperationOutcome").rglob("*.json")), ids=lambda path: path.stem)
def test_every_published_refusal_is_understood(path: Path) -> None:
    """By its status in the file's name: none is taken for an acknowledgement, and each says whether to send again."""
    status = int(path.name[:3])
    with pytest.raises(DeliveryError) as raised:
        judge(Heard(status, IDS, path.read_text()), IDS)
    code = json.loads(path.read_text())["issue"][0]["details"]["coding"][0]["code"]
    again = status in (401, 408, 503) or code == "SEND_FORBIDDEN" or code.startswith("PROXY")
    assert (raised.value.status, raised.value.again) == (status, again), code


def test_the_example_of_an_acknowledgement_is_one() -> None:
    text = (EXAMPLES / "process_message" / "POST-success.json").read_text()
    assert judge(Heard(200, IDS, text), IDS).text == text
