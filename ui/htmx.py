"""Page or part: the same view answers both, and the view, not the browser, says which part."""

from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

UNCHANGED: Final = 204
CHANGED: Final = 200
SETTLED: Final = 286  # htmx: swap, then stop polling

#: What htmx is told once for every page (meta name="htmx-config"): nothing inline, and which answers are swapped in.
CONFIG: Final = {
    "includeIndicatorStyles": False,
    "allowEval": False,
    "historyRestoreAsHxRequest": False,
    "historyCacheSize": 0,
    # Without "style": a text box that was pulled larger has one, which our content security policy forbids to copy.
    "attributesToSettle": ["class", "width", "height"],
    "responseHandling": [
        {"code": "204", "swap": False},
        {"code": "[23]..", "swap": True},
        {"code": "422", "swap": True},
        {"code": "[45]..", "swap": False, "error": True},
    ],
}


#: With these htmx wants the page itself.
_WHOLE: Final = ("HX-History-Restore-Request", "HX-Boosted")


def wants_part(request: HttpRequest) -> bool:
    """Whether htmx asks for a part, and not for a whole page that it restores or that a boosted link leads to."""
    return bool(getattr(request, "htmx", False)) and not any(name in request.headers for name in _WHOLE)


def respond(request: HttpRequest, page: str, part: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The page, or for htmx only its part, from one context."""
    return render(request, part if wants_part(request) else page, context, status=status)


def moving(seen: str | None, version: int | str, *, settled: bool) -> int:
    """The status a poll is answered with: 286 when nothing will move any more, 204 when nothing did, else 200.

    `seen` is the version the page shows (`?seen=`).
    """
    if settled:
        return SETTLED
    return UNCHANGED if seen is not None and seen == str(version) else CHANGED
