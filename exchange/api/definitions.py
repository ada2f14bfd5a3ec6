"""GET MessageDefinition: which messages a service of ours takes in a use case (BaRS API 1.4.0)."""

from importlib import import_module
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.utils import timezone
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from exchange.api.authentication import IsAnyPartner
from exchange.errors import PayloadInvalid, Rec
from exchange.fhir import headers
from exchange.fhir.messages import instant
from exchange.fhir.systems import SERVICE_ID_SYSTEMS

_PARAMETER = "MessageDefinition.context"
Json = dict[str, Any]


@login_not_required
@api_view(["GET"])
@permission_classes([IsAnyPartner])
def message_definition(request: Request) -> Response:
    """`context` twice: a service, and a use case. 400 unless both are there once; 404 where we take nothing."""
    heard = headers.check(request.headers)
    if heard.target_service != settings.OUR_SERVICE_ID:
        where = f"http.{headers.TARGET}"
        raise PayloadInvalid(Rec.NOT_FOUND, "not-found", "The target is not a service of ours.", where)
    service, (system, use_case) = _asked(request.query_params.getlist("context"))
    found = import_module(settings.FHIR_DEFINITIONS).definitions(use_case, system)
    if service != settings.OUR_SERVICE_ID or not found:
        raise PayloadInvalid(Rec.NOT_FOUND, "not-found", "Nothing is taken for this service and use case.", _PARAMETER)
    return Response(_searchset(found), headers=headers.mirrored(request.headers))


def _asked(contexts: list[str]) -> tuple[str, tuple[str, str]]:
    """The service and the use case (system, code) that are asked for. `system|value` is preferred, a value is taken."""
    if len(contexts) != 2 or not all(contexts):
        text = "Ask with a service and a use case, each once."
        raise PayloadInvalid(Rec.BAD_REQUEST, "required", text, _PARAMETER)
    tokens = [(system, value) for system, _, value in (one.rpartition("|") for one in contexts)]
    services = [one for one in tokens if one[0] in SERVICE_ID_SYSTEMS or (not one[0] and one[1].isdigit())]
    use_cases = [one for one in tokens if one not in services and _is_use_case(*one)]
    if len(services) != 1 or len(use_cases) != 1:
        raise PayloadInvalid(Rec.BAD_REQUEST, "value", "One context must be a service, one a use case.", _PARAMETER)
    return services[0][1], use_cases[0]


def _is_use_case(system: str, code: str) -> bool:
    return bool(code) and (not system or system in import_module(settings.FHIR_DEFINITIONS).use_case_systems())


def _searchset(found: list[Json]) -> Json:
    address = f"{settings.PUBLIC_URL.rstrip('/')}/fhir/R4/MessageDefinition"
    entries = [{"fullUrl": f"{address}/{one['id']}", "resource": one, "search": {"mode": "match"}} for one in found]
    return {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "type": "searchset",
        "timestamp": instant(timezone.now()),
        "total": len(found),
        "link": [{"relation": "self", "url": address}],
        "entry": entries,
    }
