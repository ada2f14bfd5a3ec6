"""GET MessageDefinition tells what we really take, and nothing to whoever asks wrongly."""

import json
from typing import Any

import pytest
from django.test import Client
from django.utils.module_loading import import_string

from access.models import Organisation
from exchange import oauth
from exchange.fhir import validate
from exchange.fhir.messages import event_system
from exchange.fhir.systems import System
from exchange.models import InboxMessage, Partner, Service
from exchange.tests import messages as sent
from exchange.tests.second_opinion import faults
from gpportal import definitions, messages

ADDRESS = "/fhir/R4/MessageDefinition"
SERVICE = f"{System.SERVICE_ID}|9000000101"


@pytest.fixture
def partner(infirmary: Organisation, settings: Any, tmp_path: Any) -> Partner:
    settings.SIGNING_KEY_FILE = tmp_path / "signing-key.json"
    return Partner.objects.create(
        organisation=infirmary, endpoint="http://x", token_url="http://x", jwks_url="http://x"
    )


def ask(partner: Partner, *context: str, scope: str = oauth.WRITE, **headers: str | None) -> Any:
    given = sent.sent("9000000101", **headers)
    given.pop("Content-Type", None)
    bearer = {"Authorization": f"Bearer {oauth.bearer(partner, scope=scope)}"}
    return Client().get(ADDRESS, {"context": list(context)}, headers=given | bearer)


@pytest.mark.requirement("BARS-API-2")
@pytest.mark.django_db
@pytest.mark.parametrize("scope", ["system/*.rs", oauth.WRITE])
@pytest.mark.parametrize("use_case", ["a5t1", "a5t2", "a5t3"])
def test_what_we_take_in_a_use_case_is_told(partner: Partner, use_case: str, scope: str) -> None:
    for context in (f"{System.BARS_USE_CASE}|{use_case}", use_case):
        answer = ask(partner, SERVICE, context, scope=scope)
        found = json.loads(answer.content)
        assert (answer.status_code, found["type"], found["total"]) == (200, "searchset", len(found["entry"]))
        assert validate.check(found) == []
        assert faults(found) == []
        events = {entry["resource"]["eventCoding"]["code"] for entry in found["entry"]}
        assert "servicerequest-response" in events
        assert events <= set(messages.EVENTS)


@pytest.mark.requirement("BARS-API-2", "BARS-HDR-4")
@pytest.mark.django_db
def test_either_order_and_a_bare_service_id_are_taken(partner: Partner) -> None:
    ours = f"{System.OUR_USE_CASE}|gp-to-hospital"
    for context in ((ours, SERVICE), ("9000000101", "gp-to-hospital")):
        answer = ask(partner, *context)
        assert answer.status_code == 200
        assert answer["X-Request-Id"]
        assert answer["X-Correlation-Id"]


WRONG = {
    "nothing": ((), 400, "required"),
    "only the service": ((SERVICE,), 400, "required"),
    "only the use case": (("a5t3",), 400, "required"),
    "an empty one": ((SERVICE, ""), 400, "required"),
    "three": ((SERVICE, "a5t3", "a5t1"), 400, "required"),
    "two services": ((SERVICE, SERVICE), 400, "value"),
    "two use cases": (("a5t1", "a5t3"), 400, "value"),
    "another system": ((SERVICE, "https://example.org|a5t3"), 400, "value"),
    "another service": ((f"{System.SERVICE_ID}|9000000999", "a5t3"), 404, "not-found"),
    "a use case we do not take": ((SERVICE, f"{System.BARS_USE_CASE}|a6t3"), 404, "not-found"),
    "an unknown use case": ((SERVICE, "SECRET"), 404, "not-found"),
}


@pytest.mark.requirement("BARS-API-2")
@pytest.mark.django_db
@pytest.mark.parametrize(("context", "status", "issue"), WRONG.values(), ids=WRONG)
def test_a_wrong_question_is_told_as_published(
    partner: Partner, context: tuple[str, ...], status: int, issue: str
) -> None:
    answer = ask(partner, *context)
    (told,) = json.loads(answer.content)["issue"]
    code = {400: "REC_BAD_REQUEST", 404: "REC_NOT_FOUND"}[status]
    assert (answer.status_code, told["code"], told["details"]["coding"][0]["code"]) == (status, issue, code)
    assert answer["X-Request-Id"]
    assert "SECRET" not in answer.content.decode()
    assert not InboxMessage.objects.exists()


@pytest.mark.requirement("BARS-HDR-1", "BARS-HDR-2", "BARS-HDR-8")
@pytest.mark.django_db
def test_headers_and_token_are_needed_here_too(partner: Partner) -> None:
    assert ask(partner, SERVICE, "a5t3", X_Request_Id=None).status_code == 400
    assert ask(partner, SERVICE, "a5t3", NHSD_Target_Identifier=None).status_code == 400
    assert Client().get(ADDRESS, {"context": [SERVICE, "a5t3"]}).status_code == 401


@pytest.mark.requirement("BARS-API-2")
def test_every_bars_event_we_handle_is_defined_and_nothing_else() -> None:
    ours = {event for event in messages.EVENTS if event_system(event) == System.BARS_EVENT}
    assert set(messages.USE_CASES) == ours
    assert set(definitions.events()) == ours
    for event, path in messages.USE_CASES.items():
        for one in import_string(path)():
            told = definitions.definitions(one["code"], one["system"])
            assert event in {each["eventCoding"]["code"] for each in told}
            assert [each for each in told if validate.check(each) or faults(each)] == []


@pytest.mark.requirement("BARS-API-2")
def test_we_are_answered_in_every_use_case_in_which_we_refer() -> None:
    for use_case in Service.UseCase.values:
        assert any(one["eventCoding"]["code"] == "servicerequest-response" for one in definitions.definitions(use_case))


@pytest.mark.requirement("BARS-API-1", "BARS-API-2")
@pytest.mark.django_db
def test_the_capability_statement_names_it(client: Client) -> None:
    stated = json.loads(client.get("/fhir/R4/metadata").content)
    assert validate.check(stated) == []
    assert faults(stated) == []
    assert "MessageDefinition" in {one["type"] for one in stated["rest"][0]["resource"]}
    told = {one["definition"] for one in stated["messaging"][0]["supportedMessage"]}
    assert told == {str(one) for event in definitions.events().values() for one in event}


@pytest.mark.requirement("BARS-API-2")
def test_a_validation_is_told_from_a_referral_and_a_booking() -> None:
    def urls(code: str) -> set[str]:
        return {one["url"].rpartition("/")[2] for one in definitions.definitions(code)}

    assert urls("a4t1") == {"bars-message-servicerequest-request-validation"}
    assert urls("hospital-to-gp") == {"bars-message-servicerequest-request-referral"}
    assert urls("booking-at-gp") == {"bars-message-booking-request"}
    assert urls("a5t3") == {"bars-message-servicerequest-response-referral"}
