"""Headers every page of ours carries."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def patient_pages_are_never_stored(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """`no-store` on everything a signed-in person sees, and `Vary: HX-Request` since a part is not the page."""

    def respond(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store")
        vary = response.headers.get("Vary", "")
        response.headers["Vary"] = f"{vary}, HX-Request" if vary else "HX-Request"
        return response

    return respond
