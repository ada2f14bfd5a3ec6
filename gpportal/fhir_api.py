"""What our FHIR API can do (FHIR CapabilityStatement): only what is built."""

from functools import cache
from typing import Any

from django.conf import settings

from exchange import oauth
from exchange.fhir.messages import MEDIA_TYPE, SOFTWARE, SOFTWARE_VERSION
from exchange.fhir.systems import System
from gpportal import definitions

#: When what is stated here last changed (CapabilityStatement.date).
STATED_ON = "2026-11-24"
_CONTEXT = {"searchParam": [{"name": "context", "type": "token"}]}
#: Of a partner's own requests only (referrals.api).
_READ_AND_FOUND = {
    "interaction": [{"code": "read"}, {"code": "search-type"}],
    "searchParam": [{"name": "patient", "type": "reference"}, {"name": "identifier", "type": "token"}],
}


@cache
def capabilities() -> dict[str, Any]:
    """The answer to GET metadata (FHIR CapabilityStatement of this instance)."""
    base = f"{settings.PUBLIC_URL.rstrip('/')}/fhir/R4"
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": STATED_ON,
        "kind": "instance",
        "software": {"name": SOFTWARE, "version": SOFTWARE_VERSION},
        "implementation": {"description": "gpportal, the practice's side of records and referrals", "url": base},
        "fhirVersion": "4.0.1",
        "format": [MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "security": {"service": [_smart()], "description": _SECURITY, "extension": [_token_address()]},
                "resource": [
                    {"type": "Appointment", **_READ_AND_FOUND},
                    {"type": "MessageDefinition", "interaction": [{"code": "search-type"}], **_CONTEXT},
                    {"type": "ServiceRequest", **_READ_AND_FOUND},
                ],
                "operation": [{"name": "process-message", "definition": str(System.PROCESS_MESSAGE)}],
            }
        ],
        "messaging": [
            {
                "endpoint": [{"protocol": _HTTP, "address": f"{base}/$process-message"}],
                "supportedMessage": [
                    {"mode": "receiver", "definition": str(one)}
                    for one in sorted(set().union(*definitions.events().values()))
                ],
            }
        ],
    }


_SECURITY = "SMART Backend Services: client_credentials with private_key_jwt."
_HTTP = {"system": str(System.MESSAGE_TRANSPORT), "code": "http"}


def _smart() -> dict[str, Any]:
    return {"coding": [{"system": str(System.RESTFUL_SECURITY), "code": "SMART-on-FHIR"}]}


def _token_address() -> dict[str, Any]:
    return {
        "url": str(System.EXT_OAUTH_URIS),
        "extension": [{"url": "token", "valueUri": oauth.token_endpoint()}],
    }
