"""The addresses other systems call: messages, what we can do, our keys and tokens."""

from typing import Final

import structlog
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST
from rest_framework.decorators import api_view, authentication_classes, permission_classes
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from exchange import inbox, keys, oauth
from exchange.api import body
from exchange.api.authentication import Caller
from exchange.errors import PayloadInvalid, Rec
from exchange.fhir.headers import mirrored

log = structlog.get_logger(__name__)
#: Addresses of the BaRS API 1.4.0 that nobody answers here.
NOT_BUILT: Final = frozenset({"Slot", "DocumentReference", "HealthcareService", "Endpoint"})


@login_not_required
@api_view(["POST"])
def process_message(request: Request) -> Response:
    """Take a message (FHIR $process-message, BaRS). Answers once it is stored, with a message Bundle."""
    assert isinstance(request.user, Caller)  # IsPartner let nobody else in
    sender = request.user.partner
    try:
        if not sender.receives:  # a sender repeats what is answered 503; anything else it would lay before a person
            raise PayloadInvalid(Rec.UNAVAILABLE, "transient", "Receiving is switched off for now. Try again later.")
        reply = inbox.receive(body.read(request._request), request.headers, sender=sender)
    except PayloadInvalid as refused:
        inbox.note_refusal(refused, request.headers, sender=sender)
        raise
    return Response(reply, headers=mirrored(request.headers))


@login_not_required
@api_view(["GET"])
@authentication_classes([])
@permission_classes([])
def metadata(request: Request) -> Response:
    """What we can do (FHIR CapabilityStatement). Open to everyone."""
    return Response(import_string(settings.FHIR_CAPABILITIES)(), headers=mirrored(request.headers))


@login_not_required
@api_view(["GET", "POST", "PUT", "PATCH", "DELETE"])
@authentication_classes([])
@permission_classes([])
def nothing_here(request: Request, path: str = "") -> Response:
    """Every other address under the FHIR base: an OperationOutcome, not a web page. 501 for what BaRS has besides."""
    if path.removeprefix("R4/").partition("/")[0] in NOT_BUILT:
        raise PayloadInvalid(Rec.NOT_IMPLEMENTED, "not-supported", "This is not offered here.")
    raise NotFound


@login_not_required
@require_GET
def smart_configuration(request: HttpRequest) -> JsonResponse:
    """How to get a token (SMART App Launch, Backend Services)."""
    return JsonResponse(
        {
            "token_endpoint": oauth.token_endpoint(),
            "jwks_uri": f"{settings.PUBLIC_URL.rstrip('/')}/.well-known/jwks.json",
            "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": oauth.ASSERTION_ALGORITHMS,
            "scopes_supported": list(oauth.SCOPES),
            "capabilities": ["client-confidential-asymmetric", "permission-v2"],
        }
    )


@login_not_required
@require_GET
def jwks(request: HttpRequest) -> JsonResponse:
    """Our public keys (RFC 7517)."""
    return JsonResponse(keys.published())


@login_not_required
@csrf_exempt
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """The token endpoint (RFC 6749, client_credentials with private_key_jwt). Errors in the form of that standard."""
    try:
        answer, status = oauth.grant(request.POST.dict()), 200
    except oauth.TokenRefused as refused:
        log.info("token refused", error=refused.error, why=refused.text)
        answer = {"error": refused.error, "error_description": refused.text}
        status = {"invalid_client": 401, "temporarily_unavailable": 503}.get(refused.error, 400)
    return JsonResponse(answer, status=status, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})
