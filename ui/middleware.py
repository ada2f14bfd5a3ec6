"""Headers every page of ours carries."""

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

#: Headers by which browsers, also older ones, say that they fetch ahead.
_PURPOSES: Final = ("Sec-Purpose", "Purpose", "X-Purpose", "X-Moz")


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


def nothing_is_fetched_ahead(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """503 without content for what a browser fetches before anybody asks to see it: every page opened is recorded as
    seen by a person, and nobody has seen these. The browser asks again when somebody does."""

    def respond(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/static/") and _is_ahead(request):
            return HttpResponse(status=503, headers={"Cache-Control": "no-store", "Vary": "Sec-Purpose, Purpose"})
        return get_response(request)

    return respond


def _is_ahead(request: HttpRequest) -> bool:
    said = " ".join(request.headers.get(name, "") for name in _PURPOSES).casefold()
    return any(word in said for word in ("prefetch", "prerender", "preview"))


def _to_sign_in(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A part asked for after the session ended: the whole page goes to sign-in, not the form into the part's place."""
    if response.status_code != 302 or not getattr(request, "htmx", False):
        return response
    if not response.headers["Location"].startswith(resolve_url(settings.LOGIN_URL)):
        return response
    again = HttpResponse(status=204)
    again.headers["HX-Refresh"] = "true"
    return again
