"""No more calls a minute from one partner than we can serve the others beside: 429 with Retry-After."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from exchange import pace
from exchange.api.authentication import Caller

if TYPE_CHECKING:  # rest_framework.views imports this module while it is itself being imported
    from rest_framework.views import APIView


class PartnerPace(BaseThrottle):
    """Counts the calls of whoever proved to be a partner; what is open to everyone is not counted."""

    _wait = 0

    def allow_request(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.user, Caller) and settings.PARTNER_PER_MINUTE:
            self._wait = pace.ask(f"from {request.user.partner.pk}", settings.PARTNER_PER_MINUTE)
        return not self._wait

    def wait(self) -> int:
        """Seconds until the next call is served."""
        return self._wait
