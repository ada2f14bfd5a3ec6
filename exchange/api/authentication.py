"""Who calls the FHIR API: another organisation's system, by the token we gave it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from exchange import oauth
from exchange.models import Partner

if TYPE_CHECKING:  # rest_framework.views imports this module while it is itself being imported
    from rest_framework.views import APIView


@dataclass(frozen=True, slots=True)
class Caller:
    """A partner's system that proved who it is, and what its token opens."""

    partner: Partner
    scopes: frozenset[str]
    is_authenticated: bool = True


class PartnerToken(BaseAuthentication):
    """Reads `Authorization: Bearer …`. Anything else is nobody, which IsPartner answers with 401."""

    def authenticate(self, request: Request) -> tuple[Caller, None] | None:
        scheme, _, token = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        try:
            partner, scopes = oauth.holder(token.strip().decode("ascii", "replace"))
        except oauth.TokenRefused as refused:
            raise AuthenticationFailed(refused.text) from None
        return Caller(partner, scopes), None

    def authenticate_header(self, request: Request) -> str:
        """With this DRF answers 401 and not 403 when nobody is authenticated."""
        return "Bearer"


class IsPartner(BasePermission):
    """A partner whose token opens what the view needs: its attribute `scope`, sending messages unless it says other."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        caller = request.user
        return isinstance(caller, Caller) and getattr(view, "scope", oauth.WRITE) in caller.scopes


class IsAnyPartner(BasePermission):
    """A partner, whatever its token opens: for what is not about patients."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return isinstance(request.user, Caller)
