"""Every error of the FHIR API as an OperationOutcome with BaRS's code, the sender's ids mirrored."""

from typing import Any, Final

import structlog
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response

from exchange.errors import PayloadInvalid, Rec
from exchange.fhir.headers import mirrored

log = structlog.get_logger(__name__)

_KNOWN: dict[type[Exception], tuple[Rec, str, str]] = {
    exceptions.NotAuthenticated: (Rec.UNAUTHORIZED, "login", "A bearer token is required."),
    exceptions.AuthenticationFailed: (Rec.UNAUTHORIZED, "security", "The bearer token is not valid."),
    exceptions.PermissionDenied: (Rec.FORBIDDEN, "forbidden", "The token does not open this."),
    PermissionDenied: (Rec.FORBIDDEN, "forbidden", "The token does not open this."),
    exceptions.MethodNotAllowed: (Rec.METHOD_NOT_ALLOWED, "not-supported", "This method is not allowed here."),
    exceptions.NotAcceptable: (Rec.NOT_ACCEPTABLE, "processing", "No answer can be given in the form of Accept."),
    exceptions.NotFound: (Rec.NOT_FOUND, "not-found", "There is nothing at this address."),
    Http404: (Rec.NOT_FOUND, "not-found", "There is nothing at this address."),
    exceptions.Throttled: (Rec.TOO_MANY_REQUESTS, "throttled", "Too many requests."),
}


#: Seconds after which a sender may come again when nothing is taken just now.
_COME_AGAIN: Final = 60


def invalid_from(error: Exception) -> PayloadInvalid:
    """Any error as one that can be told to a partner; what we did not foresee says nothing but that it is our fault.

    While the database is away that is 503: a partner sends it again. A server error it would lay before a person.
    """
    if isinstance(error, PayloadInvalid):
        return error
    if isinstance(error, OperationalError | InterfaceError):
        log.warning("no use of the database", error=type(error).__name__)
        return PayloadInvalid(Rec.UNAVAILABLE, "transient", "The service is unavailable. Please try again later.")
    for kind, (rec, issue, text) in _KNOWN.items():
        if isinstance(error, kind):
            return PayloadInvalid(rec, issue, text)
    log.exception("fault in the FHIR API", exc_info=error)
    return PayloadInvalid(Rec.SERVER_ERROR, "exception", "The message could not be processed.")


def as_operation_outcome(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler (settings.REST_FRAMEWORK)."""
    invalid = invalid_from(error)
    headers = dict(mirrored(context["request"].headers))
    if invalid.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if invalid.status == 503:
        headers["Retry-After"] = str(_COME_AGAIN)
    if wait := getattr(error, "wait", None):  # of exceptions.Throttled
        headers["Retry-After"] = str(wait)
    return Response(invalid.outcome(), status=invalid.status, headers=headers)
