"""GET ServiceRequest and GET Appointment for partners: search and read (BaRS API 1.4.0). One audit event each."""

from typing import Final
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.utils import timezone
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from access import audit
from access.actor import acting
from access.actor import partner as partner_actor
from exchange.api.authentication import Caller, IsAnyPartner
from exchange.errors import PayloadInvalid, Rec
from exchange.fhir import headers
from exchange.fhir.messages import instant
from exchange.models import Partner
from records.drawing import Json
from referrals.api import asked, reach

MOST: Final = 100


@login_not_required
@api_view(["GET"])
@permission_classes([IsAnyPartner])  # whose tokens may send or read: both may know how their own requests stand
def service_requests(request: Request) -> Response:
    """Requests by the patient's NHS number, by name, birth date and postcode, or by their identifier."""
    return _search(request, "ServiceRequest")


@login_not_required
@api_view(["GET"])
@permission_classes([IsAnyPartner])
def service_request(request: Request, request_id: str) -> Response:
    """One request."""
    return _read(request, "ServiceRequest", request_id)


@login_not_required
@api_view(["GET"])
@permission_classes([IsAnyPartner])
def appointments(request: Request) -> Response:
    """Bookings, looked for as requests are."""
    return _search(request, "Appointment")


@login_not_required
@api_view(["GET"])
@permission_classes([IsAnyPartner])
def appointment(request: Request, request_id: str) -> Response:
    """One booking."""
    return _read(request, "Appointment", request_id)


def _read(request: Request, kind: str, written: str) -> Response:
    partner = _caller(request)
    wanted = asked.request_id(written)
    with acting(partner_actor(partner.organisation)):
        found = reach.one(partner, kind, wanted)
        if found is None:
            raise PayloadInvalid(Rec.NOT_FOUND, "not-found", f"There is no such {kind} of yours.", "id")
        resource, row, patient = found
        audit.record(by=partner_actor(partner.organisation), action="read a request by API", patient=patient, of=row)
    return Response(resource, headers=headers.mirrored(request.headers))


def _search(request: Request, kind: str) -> Response:
    partner = _caller(request)
    query = asked.read(request.query_params.dict())
    with acting(partner_actor(partner.organisation)):
        found, patients = reach.several(partner, kind, query, MOST)
        audit.record(
            by=partner_actor(partner.organisation),
            action="looked for requests by API",
            patient=next(iter(patients)) if len(patients) == 1 else None,
            note=f"{kind}: {len(found)} found",
        )
    return Response(_searchset(kind, found, query), headers=headers.mirrored(request.headers))


def _caller(request: Request) -> Partner:
    """Who asks, with the headers that BaRS wants of every call, and us as their target."""
    heard = headers.check(request.headers)
    if heard.target_service != settings.OUR_SERVICE_ID:
        where = f"http.{headers.TARGET}"
        raise PayloadInvalid(Rec.NOT_FOUND, "not-found", "The target is not a service of ours.", where)
    assert isinstance(request.user, Caller)  # IsAnyPartner let nobody else in
    return request.user.partner


def _searchset(kind: str, found: list[Json], query: asked.Query) -> Json:
    """FHIR searchset. Its link repeats no parameter: an address with an NHS number stands in logs."""
    address = f"{settings.PUBLIC_URL.rstrip('/')}/fhir/R4/{kind}"
    entries: list[Json] = [
        {"fullUrl": f"{address}/{one['id']}", "resource": one, "search": {"mode": "match"}} for one in found
    ]
    if query.unknown:
        entries.append({"resource": _not_understood(), "search": {"mode": "outcome"}})
    made: Json = {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "type": "searchset",
        "timestamp": instant(timezone.now()),
        "total": len(found),
        "link": [{"relation": "self", "url": address}],
    }
    return made | ({"entry": entries} if entries else {})


def _not_understood() -> Json:
    text = "The query has a parameter that is not known here; it was not looked at."
    issue = {"severity": "warning", "code": "not-supported", "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}
