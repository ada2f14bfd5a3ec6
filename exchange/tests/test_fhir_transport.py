"""Plain FHIR: a message told as a transaction, and that repeating it makes nothing twice, over real HTTP."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from exchange import http, outbox
from exchange.errors import DeliveryError, NotOffered, PartnerFailed, PartnerRefused
from exchange.fhir import transactions, validate
from exchange.fhir.systems import System
from exchange.models import OutboxMessage, Partner
from exchange.tests import fhir_server
from exchange.tests.fhir_server import FhirServer, Json
from exchange.transports import fhir

REFERRAL, PATIENT, US, ALSO_US, TASK = (f"urn:uuid:{uuid4()}" for _ in range(5))


def message(reason: str = "new", status: str = "active") -> Json:
    """A referral as a message: its patient and sender (named twice) are known by identifiers, the task by none."""
    ods = {"system": str(System.ODS), "value": "Y90001"}
    number = {"system": str(System.NHS_NUMBER), "value": "9991234578"}
    own = {"system": str(System.OUR_REFERRAL), "value": "r1|a,b"}
    request: Json = {"resourceType": "ServiceRequest", "identifier": [own], "status": status, "intent": "plan"}
    request |= {"meta": {"lastUpdated": "2026-11-20T09:30:00Z", "profile": ["p"]}}
    request |= {"subject": {"reference": PATIENT}, "requester": {"reference": ALSO_US}}
    header: Json = {"resourceType": "MessageHeader", "reason": {"coding": [{"code": reason}]}}
    task: Json = {"resourceType": "Task", "status": "requested", "intent": "order", "focus": {"reference": REFERRAL}}
    parts = [
        (f"urn:uuid:{uuid4()}", header | {"focus": [{"reference": REFERRAL}]}),
        (REFERRAL, request),
        (PATIENT, {"resourceType": "Patient", "identifier": [number]}),
        (US, {"resourceType": "Organization", "identifier": [ods], "name": "Riverside"}),
        (ALSO_US, {"resourceType": "Organization", "identifier": [ods], "name": "Riverside"}),
        (TASK, task),
    ]
    entry = [{"fullUrl": url, "resource": one} for url, one in parts]
    return {"resourceType": "Bundle", "type": "message", "id": str(uuid4()), "entry": entry}


# The transaction ------------------------------------------------------------------------------------------------------
def requests(bundle: Json) -> dict[str, Json]:
    return {one["resource"]["resourceType"]: one["request"] for one in bundle["entry"]}


def test_what_is_new_is_created_only_if_nothing_bears_its_identifier() -> None:
    made = transactions.from_message(message())
    assert (made["type"], len(made["entry"])) == ("transaction", 4)
    found = requests(made)
    assert {one["method"] for one in found.values()} == {"POST"}
    assert found["Organization"]["ifNoneExist"] == (
        "identifier=https%3A%2F%2Ffhir.nhs.uk%2FId%2Fods-organization-code%7CY90001"
    )
    assert found["Task"]["ifNoneExist"].endswith(TASK.replace(":", "%3A"))
    assert "%5C%7Ca%5C%2Cb" in found["ServiceRequest"]["ifNoneExist"]  # its own | and , are escaped
    assert validate.check(made) == []


def test_what_changed_is_updated_and_nothing_shared_is_written_over() -> None:
    found = requests(transactions.from_message(message("update", "revoked")))
    assert found["ServiceRequest"]["method"] == found["Task"]["method"] == "PUT"
    assert found["ServiceRequest"]["url"].startswith("ServiceRequest?identifier=")
    assert found["Patient"]["method"] == found["Organization"]["method"] == "POST"


def test_no_address_within_it_holds_the_nhs_number() -> None:
    assert not [one for one in requests(transactions.from_message(message("update"))).values() if "9991" in one["url"]]


def test_one_thing_named_twice_is_created_once_and_both_references_lead_to_it() -> None:
    made = transactions.from_message(message())
    (us,) = [one for one in made["entry"] if one["resource"]["resourceType"] == "Organization"]
    (request,) = [one["resource"] for one in made["entry"] if one["resource"]["resourceType"] == "ServiceRequest"]
    assert us["fullUrl"] == request["requester"]["reference"] == US


def test_the_message_itself_is_left_as_it_was_and_times_are_the_receivers() -> None:
    given_, kept = message(), None
    kept = copy.deepcopy(given_)
    made = transactions.from_message(given_)
    assert given_ == kept
    assert [one["resource"]["meta"] for one in made["entry"] if "meta" in one["resource"]] == [{"profile": ["p"]}]
    assert transactions.from_message(given_) == made


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["Task", "Consent", "Composition", "Binary", "Patient"]), max_size=8), st.data())
def test_whatever_a_message_holds_nothing_is_lost_and_every_entry_can_be_repeated(kinds: list[str], data: Any) -> None:
    system = st.one_of(st.none(), st.sampled_from(["urn:a", "urn:b"]))
    entry = []
    for number, kind in enumerate(kinds):
        resource: Json = {"resourceType": kind}
        if chosen := data.draw(system):
            resource["identifier"] = [{"system": chosen, "value": "1"}]
        entry.append({"fullUrl": f"urn:uuid:{number}", "resource": resource})
    made = transactions.from_message({"resourceType": "Bundle", "type": "message", "id": "m", "entry": entry})
    for one in made["entry"]:
        asked = one["request"]
        assert "ifNoneExist" in asked if asked["method"] == "POST" else asked["method"] == "PUT"
    once, twice = FhirServer(), FhirServer()
    once.transaction(copy.deepcopy(made))
    for _ in range(2):
        twice.transaction(copy.deepcopy(made))
    assert once.count() == twice.count()
    assert set(once.count()) == set(kinds)


@pytest.mark.parametrize(
    ("resource", "asked"),
    [
        (
            {"identifier": [{"system": "urn:a", "value": "1"}]},
            ("POST", "/Task", {"If-None-Exist": "identifier=urn%3Aa%7C1"}),
        ),
        ({"id": "t1", "meta": {"versionId": "3"}}, ("PUT", "/Task/t1", {"If-Match": 'W/"3"'})),
        ({"id": "t1"}, ("PUT", "/Task/t1", {})),
    ],
)
def test_one_resource_is_created_or_updated_under_its_condition(resource: Json, asked: tuple[str, str, Any]) -> None:
    found = transactions.request_for({"resourceType": "Task"} | resource)
    assert (found.method, found.path, found.headers) == asked


def test_one_resource_that_could_be_made_twice_is_not_sealed() -> None:
    with pytest.raises(ValueError, match="identifier"):
        transactions.request_for({"resourceType": "Task"})


# What an answer means -------------------------------------------------------------------------------------------------
TASK_ONCE: Json = {"resourceType": "Task", "identifier": [{"system": "urn:a", "value": "1"}], "status": "requested"}


@pytest.mark.parametrize(("status", "duplicate"), [(201, False), (200, True), (204, False)])
def test_created_or_there_already(status: int, duplicate: bool) -> None:
    assert fhir.judge(http.Heard(status, {}, ""), TASK_ONCE).duplicate is duplicate


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, PartnerFailed) for status in (302, 401, 408, 409, 425, 429, 500, 502, 503, 504)),
        *((status, PartnerRefused) for status in (400, 403, 412, 413, 415, 422)),
        *((status, NotOffered) for status in (404, 405, 410, 501)),
    ],
)
@pytest.mark.parametrize("payload", [TASK_ONCE, transactions.from_message(message())])
def test_what_is_sent_again_and_what_a_person_looks_at(status: int, error: type[DeliveryError], payload: Json) -> None:
    heard = http.Heard(status, {"Retry-After": "7"}, '{"resourceType": "OperationOutcome"}')
    with pytest.raises(error) as raised:
        fhir.judge(heard, payload)
    assert type(raised.value) is error
    assert raised.value.again is (error is PartnerFailed)
    assert raised.value.wait == (7 if error is PartnerFailed else 0)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "[]",
        '{"resourceType": "Bundle", "type": "transaction-response"}',
        '{"resourceType": "Bundle", "type": "transaction-response", "entry": [{"response": {"status": "201"}}]}',
        '{"resourceType": "Bundle", "type": "batch-response", "entry": [1, 2, 3, 4]}',
    ],
)
def test_an_answer_that_does_not_tell_of_every_entry_proves_nothing(said: str) -> None:
    with pytest.raises(PartnerFailed):
        fhir.judge(http.Heard(200, {}, said), transactions.from_message(message()))


# Over HTTP ------------------------------------------------------------------------------------------------------------
@pytest.fixture
def server(hospital: Partner) -> Iterator[FhirServer]:
    """The hospital as a plain FHIR server."""
    with fhir_server.running() as running:
        hospital.transport, hospital.endpoint = Partner.Transport.FHIR, f"{running.url}/fhir"
        hospital.token_url = f"{running.url}/oauth2/token"
        hospital.save()
        yield running


Put = Callable[..., OutboxMessage]


def again(message_: OutboxMessage) -> str:
    """One more try, whether its partner rests or not."""
    OutboxMessage.objects.filter(pk=message_.pk).update(due_at="2026-01-01T00:00:00Z")
    Partner.objects.update(rest_until=None)
    return outbox.deliver(message_.pk)


@pytest.mark.django_db(transaction=True)
def test_a_referral_arrives_whole_and_its_references_hold(server: FhirServer, put: Put) -> None:
    sent = put(payload=message())
    assert outbox.deliver(sent.pk) == "delivered"
    assert server.count() == {"Organization": 1, "Patient": 1, "ServiceRequest": 1, "Task": 1}
    (request,) = server.all("ServiceRequest")
    assert request["subject"]["reference"] == f"Patient/{server.all('Patient')[0]['id']}"
    assert server.all("Task")[0]["focus"]["reference"] == f"ServiceRequest/{request['id']}"
    ((method, path, body),) = server.arrivals
    assert (method, path, body.decode()) == ("POST", "/fhir", sent.payload)
    assert not [name for name in sent.headers if name.startswith("NHSD")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [1, 3])
def test_an_answer_that_is_lost_makes_nothing_twice(server: FhirServer, put: Put, times: int) -> None:
    sent = put(payload=message())
    server.cut = times
    assert outbox.deliver(sent.pk) == "queued"
    for _ in range(times):
        ended = again(sent)
    assert ended == "delivered"
    sent.refresh_from_db()
    assert list(sent.tries.values_list("outcome", flat=True)) == [*["timed-out"] * times, "duplicate"]
    assert server.count() == {"Organization": 1, "Patient": 1, "ServiceRequest": 1, "Task": 1}
    assert len({body for _, _, body in server.arrivals}) == 1


@pytest.mark.django_db(transaction=True)
def test_an_update_changes_what_is_there_and_a_repeat_of_it_nothing_more(server: FhirServer, put: Put) -> None:
    outbox.deliver(put(payload=message()).pk)
    changed = put(payload=message("update", "revoked"))
    server.cut = 1
    assert (outbox.deliver(changed.pk), again(changed)) == ("queued", "delivered")
    assert [one["status"] for one in server.all("ServiceRequest")] == ["revoked"]
    assert server.count() == {"Organization": 1, "Patient": 1, "ServiceRequest": 1, "Task": 1}


@pytest.mark.django_db(transaction=True)
def test_the_first_message_sent_again_after_an_update_takes_nothing_back(server: FhirServer, put: Put) -> None:
    first = put(payload=message())
    outbox.deliver(first.pk)
    outbox.deliver(put(payload=message("update", "revoked")).pk)
    OutboxMessage.objects.filter(pk=first.pk).update(state="queued")
    assert again(first) == "delivered"
    assert [one["status"] for one in server.all("ServiceRequest")] == ["revoked"]


@pytest.mark.django_db(transaction=True)
def test_what_the_hospital_holds_twice_is_left_to_a_person_and_nothing_is_stored(server: FhirServer, put: Put) -> None:
    for _ in range(2):
        server.put("Patient", str(uuid4()), message()["entry"][2]["resource"])
    sent = put(payload=message())
    assert outbox.deliver(sent.pk) == "refused"
    assert server.count() == {"Patient": 2}
    assert sent.tries.get().status == 412


@pytest.mark.django_db(transaction=True)
def test_a_token_that_is_no_longer_known_is_mended_within_the_try(server: FhirServer, put: Put) -> None:
    server.says = [401]
    assert outbox.deliver(put(payload=message()).pk) == "delivered"
    assert server.tokens == 2


@pytest.mark.django_db(transaction=True)
def test_one_resource_is_created_once_however_often_it_is_sent(server: FhirServer, put: Put) -> None:
    sent = put(payload=TASK_ONCE)
    server.cut = 1
    assert (outbox.deliver(sent.pk), again(sent)) == ("queued", "delivered")
    assert server.count() == {"Task": 1}


@pytest.mark.django_db(transaction=True)
def test_an_update_whose_answer_was_lost_is_recognised_as_ours(server: FhirServer, put: Put) -> None:
    server.put("Task", "t1", {"resourceType": "Task", "status": "requested"})
    update: Json = {"resourceType": "Task", "id": "t1", "meta": {"versionId": "1"}, "status": "accepted"}
    sent = put(payload=update)
    server.cut = 1
    assert (outbox.deliver(sent.pk), again(sent)) == ("queued", "delivered")
    assert server.all("Task")[0]["meta"]["versionId"] == "2"


@pytest.mark.django_db(transaction=True)
def test_an_update_of_what_somebody_else_changed_is_refused_and_changes_nothing(server: FhirServer, put: Put) -> None:
    for status in ("requested", "rejected"):
        server.put("Task", "t1", {"resourceType": "Task", "status": status})
    update: Json = {"resourceType": "Task", "id": "t1", "meta": {"versionId": "1"}, "status": "accepted"}
    assert outbox.deliver(put(payload=update).pk) == "refused"
    assert [one["status"] for one in server.all("Task")] == ["rejected"]


@pytest.mark.django_db(transaction=True)
def test_two_updates_of_one_resource_are_two_messages(server: FhirServer, put: Put) -> None:
    server.put("Task", "t1", {"resourceType": "Task", "status": "requested"})
    for version, status in (("1", "accepted"), ("2", "completed")):
        update: Json = {"resourceType": "Task", "id": "t1", "meta": {"versionId": version}, "status": status}
        assert outbox.deliver(put(payload=update).pk) == "delivered"
    assert json.loads(server.arrivals[-1][2])["status"] == "completed"
    assert server.all("Task")[0]["status"] == "completed"
