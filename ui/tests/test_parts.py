"""Page or part, what we vendor, and the middleware."""

import re
from pathlib import Path

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from ui import htmx, vendor
from ui.middleware import patient_pages_are_never_stored

STATIC = Path(__file__).resolve().parents[2] / "static"


# Page or part ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("seen", "version", "settled", "status"),
    [("3", 3, False, 204), ("2", 3, False, 200), (None, 3, False, 200), ("3", 3, True, 286), ("x", "3-1", False, 200)],
)
def test_what_a_poll_is_answered(seen: str | None, version: int | str, settled: bool, status: int) -> None:
    assert htmx.moving(seen, version, settled=settled) == status


@pytest.mark.parametrize(
    ("headers", "part"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-History-Restore-Request": "true"}, False),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
    ],
)
def test_a_part_is_for_htmx_alone(headers: dict[str, str], part: bool) -> None:
    request = RequestFactory().get("/", headers=headers)
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]
    assert htmx.wants_part(request) is part


def _through(response: HttpResponse, **headers: str) -> HttpResponse:
    request = RequestFactory().get("/patients/", headers=headers)
    request.htmx = HtmxDetails(request)  # type: ignore[attr-defined]

    def view(_: HttpRequest) -> HttpResponse:
        return response

    return patient_pages_are_never_stored(view)(request)


def test_no_page_is_stored_and_a_part_is_not_a_page() -> None:
    answer = _through(HttpResponse("x"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert "HX-Request" in answer.headers["Vary"]


def test_a_part_asked_for_after_the_session_ended_reloads_the_page() -> None:
    gone = HttpResponse(status=302, headers={"Location": "/sign-in/?next=/patients/"})
    answer = _through(gone, **{"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["HX-Refresh"] == "true"
    assert _through(gone).status_code == 302


# What we vendor -------------------------------------------------------------------------------------------------------
def test_our_css_drops_fonts_maps_and_absolute_addresses() -> None:
    css = (
        "@font-face{font-family:Frutiger W01;src:url(https://assets.nhs.uk/x.woff2)}"
        "body{font-family:Frutiger W01,Arial;background:url(/assets/images/a.svg)}\n/*# sourceMappingURL=x.css.map */"
    )
    assert vendor.our_css(css) == "body{font-family:Arial;background:url(images/a.svg)}\n"


def test_nothing_we_serve_asks_another_host_or_bears_the_nhs_marks() -> None:
    kept = [p for p in STATIC.rglob("*") if p.suffix in (".css", ".js", ".svg")]
    assert len(kept) > 4
    for path in kept:
        text = path.read_text(encoding="utf-8")
        assert "sourceMappingURL" not in text, path
        assert "Frutiger" not in text, path
        assert not re.search(r"url\(\s*[\"']?(https?:)?//", text), path
        assert not re.search(r"@import|fetch\(|importScripts", text), path
    css = (STATIC / "vendor/nhsuk-frontend/nhsuk-frontend.min.css").read_text(encoding="utf-8")
    for image in vendor.images_named(css):
        assert (STATIC / "vendor/nhsuk-frontend/images" / image).is_file()
