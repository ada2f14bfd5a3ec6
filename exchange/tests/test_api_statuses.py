"""Every status the API answers with: its code, the ids mirrored, and nothing stored."""

import json
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as configured
from django.test import Client

from exchange import oauth, pace
from exchange.errors import Rec
from exchange.fhir import headers, validate
from exchange.models import InboxMessage, OutboxMessage, Partner, Refusal
from exchange.tests import listening, messages
from exchange.tests.posting import URL, Post, change, refused
from exchange.tests.second_opinion import faults

IDS = ("X-Request-Id", "X-Correlation-Id")
LONG = headers.encode({"resourceType": "Organization", "name": "x" * 9000})
OTHER = headers.encode({"resourceType": "Patient"})
BROKEN = headers.encode({"resourceType": "Organization", "name": 7})

#: Header -> what may be wrong with it, and the issue type it is answered with.
HEADERS: dict[str, dict[str, tuple[str | None, str]]] = {
    **{
        name: {
            "missing": (None, "required"),
            "empty": ("", "required"),
            "no UUID": ("SECRET", "value"),
            "too long": (str(uuid4()) * 2, "value"),
        }
        for name in IDS
    },
    **{
        name: {
            "missing": (None, "required"),
            "empty": ("", "required"),
            "not base64": ("SECRET!", "structure"),
            "not JSON": ("U0VDUkVU", "structure"),
            "not an object": ("WyJTRUNSRVQiXQ==", "structure"),
            "too long": (LONG, "too-long"),
        }
        for name in ("NHSD-Target-Identifier", "NHSD-End-User-Organisation", "NHSD-Requesting-Software")
    },
}
HEADERS["NHSD-Target-Identifier"] |= {
    "without value": (headers.encode({"system": "https://fhir.nhs.uk/Id/dos-service-id"}), "value"),
    "another system": (headers.encode({"system": "https://example.org", "value": "9000000101"}), "value"),
}
for _name in ("NHSD-End-User-Organisation", "NHSD-Requesting-Software"):
    HEADERS[_name] |= {
        "another type": (OTHER, "structure"),
        "not R4": (BROKEN, "structure"),
        "{}": ("e30=", "structure"),
    }
HEADERS["NHSD-Requesting-Practitioner"] = {
    "not base64": ("SECRET!", "structure"),
    "another type": (OTHER, "structure"),
    "too long": (LONG, "too-long"),
}
ROWS = [
    pytest.param(name, value, issue, id=f"{name}: {what}")
    for name, wrong in HEADERS.items()
    for what, (value, issue) in wrong.items()
]


def mirrors(answer: Any, sent: dict[str, str], *but: str) -> None:
    """Both ids come back, but for one that was no UUID."""
    for name in IDS:
        assert answer.get(name) == (None if name in but else sent[name])


# Headers --------------------------------------------------------------------------------------------------------------
@pytest.mark.requirement(
    "BARS-HDR-1", "BARS-HDR-2", "BARS-HDR-3", "BARS-HDR-4", "BARS-HDR-5", "BARS-HDR-6", "BARS-HDR-7", "BARS-INT-1"
)
@pytest.mark.django_db
@pytest.mark.parametrize(("name", "value", "issue"), ROWS)
def test_a_wrong_header_is_400_by_its_name(
    post: Post, original: OutboxMessage, name: str, value: str | None, issue: str
) -> None:
    sent = messages.sent("9000000101", **{name: value})
    answer = post(messages.response(original.bundle_id), dict(sent))
    refused(answer, 400, Rec.BAD_REQUEST, issue, f"http.{name}")
    mirrors(answer, sent, *({name} & set(IDS)))


@pytest.mark.requirement("BARS-HDR-7")
@pytest.mark.django_db
@pytest.mark.parametrize("value", [None, "", headers.encode({"resourceType": "PractitionerRole", "active": True})])
def test_the_practitioner_may_be_missing(post: Post, original: OutboxMessage, value: str | None) -> None:
    sent = messages.sent("9000000101", **{"NHSD-Requesting-Practitioner": value})
    assert post(messages.response(original.bundle_id), sent).status_code == 200


ACCEPT = {
    "": 200,
    "*/*": 200,
    "application/*": 200,
    "application/json": 200,
    "application/fhir+json": 200,
    "application/fhir+json; version=1.4.0": 200,
    "application/fhir+json;version=1.0.0": 200,
    "application/fhir+json; fhirVersion=4.0": 200,
    "application/fhir+xml, application/fhir+json;q=0.5": 200,
    "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8": 200,
    "application/fhir+json; version=9.9": 406,
    "application/fhir+json; fhirVersion=3.0": 406,
    "application/fhir+json;q=0": 406,
    "application/fhir+xml": 406,
    "text/html": 406,
    "nonsense": 406,
    "x" * 9000: 406,
}


@pytest.mark.requirement("BARS-HDR-9", "BARS-ERR-1")
@pytest.mark.django_db
@pytest.mark.parametrize(("accept", "status"), ACCEPT.items(), ids=lambda one: str(one)[:50])
def test_an_accept_that_cannot_be_served_is_406(post: Post, original: OutboxMessage, accept: str, status: int) -> None:
    sent = messages.sent(Accept=accept)
    answer = post(messages.response(original.bundle_id), dict(sent))
    assert answer.status_code == status
    mirrors(answer, sent)
    assert InboxMessage.objects.exists() == (status == 200)
    if status == 406:
        (issue,) = json.loads(answer.content)["issue"]
        assert (issue["code"], issue["details"]["coding"][0]["code"]) == ("processing", "SEND_NOT_ACCEPTABLE")


@pytest.mark.requirement("BARS-VER-2")
@pytest.mark.django_db
def test_which_versions_are_taken_is_a_setting(post: Post, original: OutboxMessage, settings: Any) -> None:
    old = messages.response(original.bundle_id)
    settings.BARS_VERSIONS_SUPPORTED = ["7.0.0"]
    answer = post(old)
    refused(answer, 422, "REC_UNPROCESSABLE_ENTITY", "not-supported", "Bundle.meta.versionId")
    assert post(messages.response(original.bundle_id, version="7.0.0")).status_code == 200
    settings.BARS_API_VERSIONS = ["2.0.0"]
    assert post(messages.response(original.bundle_id, version="7.0.0")).status_code == 406


# Statuses -------------------------------------------------------------------------------------------------------------
@pytest.fixture
def calls(
    post: Post, original: OutboxMessage, hospital: Partner, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Status -> a call that is answered with it, given the headers."""

    def breaking(error: Exception) -> None:
        def fail(message: Any, sender: Any) -> None:
            raise error

        monkeypatch.setattr(listening, "precheck", fail)

    def as_hospital(method: str, path: str, sent: dict[str, str]) -> Any:
        bearer = {"Authorization": f"Bearer {oauth.bearer(hospital)}"}
        return getattr(Client(), method)(path, headers=sent | bearer)

    def good() -> dict[str, Any]:
        return messages.response(original.bundle_id)

    def twice(sent: dict[str, str]) -> Any:
        assert post(good(), dict(sent)).status_code == 200
        return post(good(), dict(sent))

    def slow(sent: dict[str, str]) -> Any:
        settings.MESSAGE_TIME_LIMIT_SECONDS = 0.1
        monkeypatch.setattr(listening, "precheck", lambda message, sender: time.sleep(0.2))
        return post(good(), dict(sent))

    def too_many(sent: dict[str, str]) -> Any:
        settings.PARTNER_PER_MINUTE = 1
        pace.ask(f"from {hospital.pk}", 1)
        return post(good(), dict(sent))

    def broken(sent: dict[str, str]) -> Any:
        breaking(ValueError("SECRET"))
        return post(good(), dict(sent))

    def away(sent: dict[str, str]) -> Any:
        from django.db import InterfaceError

        breaking(InterfaceError("SECRET"))
        return post(good(), dict(sent))

    return {
        400: lambda sent: post(b"{", dict(sent)),
        401: lambda sent: post(good(), dict(sent), token="SECRET"),
        403: lambda sent: post(good(), dict(sent), token=oauth.bearer(hospital, scope="system/*.rs")),
        404: lambda sent: post(messages.response("SECRET"), dict(sent)),
        405: lambda sent: as_hospital("get", URL, sent),
        406: lambda sent: post(good(), dict(sent) | {"Accept": "text/html"}),
        408: slow,
        409: twice,
        413: lambda sent: post(b" " * (configured.MESSAGE_LIMIT_BYTES + 1), dict(sent)),
        415: lambda sent: post(good(), dict(sent) | {"Content-Type": "application/fhir+xml"}),
        422: lambda sent: post(change(good(), "meta", "versionId", to="SECRET"), dict(sent)),
        429: too_many,
        500: broken,
        501: lambda sent: as_hospital("get", "/fhir/R4/Slot?status=free", sent),
        503: away,
    }


CODES = {
    **{400: (Rec.BAD_REQUEST, "structure"), 401: (Rec.UNAUTHORIZED, "security"), 403: (Rec.FORBIDDEN, "forbidden")},
    **{404: (Rec.NOT_FOUND, "not-found"), 405: (Rec.METHOD_NOT_ALLOWED, "not-supported")},
    **{406: (Rec.NOT_ACCEPTABLE, "processing"), 408: (Rec.TIMEOUT, "timeout"), 409: (Rec.CONFLICT, "duplicate")},
    **{413: (Rec.BAD_REQUEST, "too-long"), 415: (Rec.BAD_REQUEST, "not-supported")},
    **{422: (Rec.UNPROCESSABLE_ENTITY, "not-supported"), 429: (Rec.TOO_MANY_REQUESTS, "throttled")},
    **{500: (Rec.SERVER_ERROR, "exception"), 501: (Rec.NOT_IMPLEMENTED, "not-supported")},
    503: (Rec.UNAVAILABLE, "transient"),
}


@pytest.mark.requirement("BARS-ERR-1", "BARS-HDR-4", "BARS-ERR-3")
@pytest.mark.django_db
@pytest.mark.parametrize(("status", "told"), CODES.items())
def test_every_status_has_its_code_and_mirrors_the_ids(
    calls: dict[int, Callable[[dict[str, str]], Any]], status: int, told: tuple[Rec, str]
) -> None:
    sent = messages.sent()
    del sent["Content-Type"]
    answer = calls[status](sent)
    mirrors(answer, sent)
    outcome = json.loads(answer.content)
    (issue,) = outcome["issue"]
    assert (answer.status_code, issue["details"]["coding"][0]["code"], issue["code"]) == (status, *told)
    assert validate.check(outcome) == []
    assert faults(outcome) == []
    assert answer["Content-Type"].startswith("application/fhir+json")
    assert "SECRET" not in answer.content.decode()
    assert InboxMessage.objects.count() == (1 if status == 409 else 0)
    stored = status in (400, 404, 408, 409, 413, 415, 422)
    assert [row.status for row in Refusal.objects.all()] == ([status] if stored else [])
