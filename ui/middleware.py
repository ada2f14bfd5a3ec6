"""Headers every page of ours carries."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url


def patient_pages_are_never_stored(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """`no-store` on everything a signed-in person sees, and `Vary: HX-Request` since a part is not the page."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = _to_sign_in(request, get_response(request))
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        vary = response.headers.get("Vary", "")
        response.headers["Vary"] = f"{vary}, HX-Request" if vary else "HX-Request"
        return response

    return respond


def _to_sign_in(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A part asked for after the session ended: the whole page goes to sign-in, not the form into the part's place."""
    if response.status_code != 302 or not getattr(request, "htmx", False):
        return response
    if not response.headers["Location"].startswith(resolve_url(settings.LOGIN_URL)):
        return response
    again = HttpResponse(status=204)
    again.headers["HX-Refresh"] = "true"
    return again
