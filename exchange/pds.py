"""The NHS's Personal Demographics Service over its FHIR API, application-restricted access, reading only.

Pure exchange: asks, and says what came. Nothing is stored or decided here, and no NHS number stands in any error or
log. Source: NHSDigital/personal-demographics-service-api (X-Request-ID reused on a retry; 5 requests a second; an
application is given one match or none; a superseded number is answered with the record that replaced it).
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final
from urllib.parse import urlencode
from uuid import UUID

import nhs_number as modulus_11
from django.conf import settings

from exchange import http, keys, oauth, pace
from exchange.errors import (
    ExchangeError,
    PartnerFailed,
    PartnerRefused,
    PartnerTimedOut,
    PartnerUnreachable,
    Phase,
)
from exchange.fhir import numbers
from exchange.fhir.messages import Json

#: Errors after which the same request, with the same X-Request-ID, is worth another try.
AgainLater = (PartnerUnreachable, PartnerTimedOut, PartnerFailed)
_AGAIN_STATUS: Final = frozenset({401, 403, 408, 425, 429, 500, 502, 503, 504})
_MEDIA_TYPE: Final = "application/fhir+json"
_REQUEST_ID: Final = "X-Request-ID"
_LONGEST_TURN_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Record:
    """What PDS holds of a person: the FHIR Patient, its NHS number, its version (ETag), the text as it came."""

    patient: Json
    nhs_number: str
    version: str
    text: str


class NumberNotSent(ExchangeError):
    """An NHS number that fails its check digit: it cannot be anybody's and is never sent."""

    phase = Phase.OURS
    code: ClassVar[str] = "number-not-sent"
    sentence: ClassVar[str] = "The NHS number fails its check digit and was not sent."


class NotKnown(ExchangeError):
    """404 RESOURCE_NOT_FOUND."""

    phase = Phase.REPLY
    code: ClassVar[str] = "not-known"
    sentence: ClassVar[str] = "PDS does not know this NHS number."


class Invalidated(ExchangeError):
    """404 INVALIDATED_RESOURCE: the number was given out once and is nobody's any longer."""

    phase = Phase.REPLY
    code: ClassVar[str] = "invalidated"
    sentence: ClassVar[str] = "PDS says that this NHS number is no longer valid."


class TooManyMatches(ExchangeError):
    """200 TOO_MANY_MATCHES: several people fit. None of them is ever chosen."""

    phase = Phase.REPLY
    code: ClassVar[str] = "too-many"
    sentence: ClassVar[str] = "Several people at PDS fit."


def set_up() -> bool:
    return bool(settings.PDS_URL)


def retrieve(nhs_number: str, *, request_id: UUID) -> Record:
    """The record under an NHS number, or the one that superseded it: compare `nhs_number`.

    Raises NumberNotSent, NotKnown, Invalidated, or a DeliveryError that says whether to ask again.
    """
    if not modulus_11.is_valid(nhs_number):  # type: ignore[attr-defined]
        raise NumberNotSent
    heard = _get(f"/Patient/{nhs_number}", request_id)
    return _record(_resource(heard), heard.text, heard.headers.get("ETag", ""))


def search(query: Mapping[str, str], *, request_id: UUID) -> Record | None:
    """The one person who fits (family, given, birthdate, gender, address-postalcode …), None if nobody does.

    Raises TooManyMatches, or a DeliveryError that says whether to ask again.
    """
    heard = _get(f"/Patient?{urlencode(dict(query))}", request_id)
    body = _resource(heard)
    if "TOO_MANY_MATCHES" in _codes(body):
        raise TooManyMatches
    entries = body.get("entry") or []
    if body.get("resourceType") != "Bundle" or not isinstance(entries, list):
        raise PartnerFailed("no searchset", again=True, status=heard.status)
    if len(entries) > 1:  # an application is never given several; should it be, none is chosen either
        raise TooManyMatches
    if not entries:
        return None
    found = entries[0].get("resource") if isinstance(entries[0], dict) else None
    return _record(found if isinstance(found, dict) else {}, heard.text, "")


# The call -------------------------------------------------------------------------------------------------------------
def _client() -> oauth.Client:
    return oauth.Client(settings.PDS_TOKEN_URL, settings.PDS_API_KEY, keys.national(), keys.NATIONAL_ALGORITHM)


def _get(path: str, request_id: UUID) -> http.Heard:
    """One request; a token that is no longer taken is renewed once, with the same X-Request-ID."""
    heard = _once(path, request_id)
    if heard.status == 401:
        oauth.forget_token_at(settings.PDS_TOKEN_URL)
        heard = _once(path, request_id)
    _judge(heard, request_id)
    return heard


def _once(path: str, request_id: UUID) -> http.Heard:
    wait = pace.wait_for("pds", settings.PDS_PER_SECOND)
    if wait > _LONGEST_TURN_SECONDS:
        raise PartnerUnreachable("too many wait for PDS", wait=int(wait))
    time.sleep(wait)
    sent = {
        "Authorization": f"Bearer {oauth.token_at(_client())}",
        "Accept": _MEDIA_TYPE,
        _REQUEST_ID: str(request_id),
        "NHSD-End-User-Organisation-ODS": settings.OUR_ODS_CODE,
    }
    return http.get(settings.PDS_URL + path, headers=sent)


def _judge(heard: http.Heard, request_id: UUID) -> None:
    """Lets an answer through that holds what was asked for. Reads HTTP status and Spine's code, never the words."""
    if heard.status == 200 and heard.headers.get(_REQUEST_ID, "").casefold() == str(request_id):
        return
    codes = _codes(_resource(heard))
    if heard.status == 404 and "INVALIDATED_RESOURCE" in codes:
        raise Invalidated
    if heard.status == 404 and "RESOURCE_NOT_FOUND" in codes:
        raise NotKnown
    if heard.status == 200 or heard.status in _AGAIN_STATUS or not codes:
        raise PartnerFailed(f"status {heard.status}", again=True, status=heard.status, wait=_asked_to_wait(heard))
    raise PartnerRefused(next(iter(sorted(codes))), status=heard.status)


def _asked_to_wait(heard: http.Heard) -> int:
    asked = heard.headers.get("Retry-After", "")
    return int(asked) if asked.isascii() and asked.isdigit() else 0


def _resource(heard: http.Heard) -> Json:
    try:
        found = numbers.loads(heard.text)
    except numbers.JsonError:
        return {}
    return found if isinstance(found, dict) else {}


def _record(patient: Json, text: str, etag: str) -> Record:
    number = patient.get("id")
    if patient.get("resourceType") != "Patient" or not isinstance(number, str):
        raise PartnerFailed("no Patient", again=True)
    if not modulus_11.is_valid(number):  # type: ignore[attr-defined]
        raise PartnerFailed("a Patient whose number fails its check digit", again=False)
    return Record(patient, number, etag, text)


def _codes(body: Json) -> set[str]:
    """Spine's codes in an OperationOutcome; empty for anything else."""
    if body.get("resourceType") != "OperationOutcome":
        return set()
    issues: list[Any] = body.get("issue") if isinstance(body.get("issue"), list) else []  # type: ignore[assignment]
    details = [one.get("details") for one in issues if isinstance(one, dict)]
    codings = [coding for one in details if isinstance(one, dict) for coding in one.get("coding") or []]
    return {str(one["code"]) for one in codings if isinstance(one, dict) and one.get("code")}


__all__ = [
    *("AgainLater", "DeliveryError", "Invalidated", "NotKnown", "NumberNotSent", "Record", "TooManyMatches"),
    *("retrieve", "search", "set_up"),
]
