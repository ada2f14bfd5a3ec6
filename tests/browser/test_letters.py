"""Letters in a browser: what others wrote runs nothing and asks for nothing, and a PDF is drawn within our page."""

import base64

import pytest
from playwright.sync_api import Dialog, Page, expect
from pytest_django.live_server_helper import LiveServer

from access.models import Organisation
from conftest import Person
from records.models import Patient
from records.tests.saying import file_letter
from records.tests.test_letters_cleaned import CORPUS
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R{}>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 44>>stream
BT /F 24 Tf 40 100 Td (Discharge letter) Tj ET
endstream
endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R>>
"""
SCRIPT = b"/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"


def watched(page: Page) -> tuple[list[str], list[str]]:
    """(dialogs that opened, requests to anywhere but our server), as they happen."""
    dialogs: list[str] = []
    asked: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(str(dialog))
        dialog.dismiss()

    page.on("dialog", dismiss)
    page.on("request", lambda request: asked.append(request.url))
    return dialogs, asked


def foreign(asked: list[str], ours: str) -> list[str]:
    return [url for url in asked if not url.startswith((ours, "data:", "chrome://", "chrome-extension://", "blob:"))]


def test_nothing_of_the_corpus_runs_or_asks_for_anything(
    sign_in: SignIn, gp: Person, jane: Patient, infirmary: Organisation, live_server: LiveServer
) -> None:
    page = sign_in(gp)
    dialogs, asked = watched(page)
    ours = live_server.url
    for number, html in enumerate(CORPUS):
        letter = file_letter(infirmary, jane, f"<p>Dear Doctor</p>{html}<p>Yours</p>", title=f"Letter {number}")
        asked.clear()
        page.goto(f"/patients/{jane.pk}/letters/{letter.pk}/")
        expect(page.locator("article h1")).to_have_text(f"Letter {number}")
        page.locator("article").click(position={"x": 5, "y": 5})
        assert page.locator("article :is(script, style, img, iframe, svg, form, input, a, object)").count() == 0, html
        assert foreign(asked, ours) == [], html
        paths = {url.removeprefix(ours).split("?")[0] for url in asked}
        assert all(p.startswith(("/static/", f"/patients/{jane.pk}/letters/{letter.pk}/")) for p in paths), (
            html,
            paths,
        )
        expect(page).to_have_url(f"{ours}/patients/{jane.pk}/letters/{letter.pk}/")
    assert dialogs == []


def with_pdf(infirmary: Organisation, patient: Patient, pdf: bytes) -> str:
    """The address of a letter with a PDF."""
    attachment = {"contentType": "application/pdf", "title": "Scan", "data": base64.b64encode(pdf).decode()}
    letter = file_letter(infirmary, patient, "<p>See below</p>", content=[{"attachment": attachment}])
    return f"/patients/{patient.pk}/letters/{letter.pk}"


@pytest.mark.parametrize("width", [1280, 400])
def test_a_pdf_is_drawn_within_the_page(
    width: int, sign_in: SignIn, gp: Person, jane: Patient, infirmary: Organisation, live_server: LiveServer
) -> None:
    address = with_pdf(infirmary, jane, PDF.replace(b"{}", b""))
    page = sign_in(gp, width=width)
    dialogs, asked = watched(page)
    with page.expect_response(f"**{address}/shown/1/") as answer:
        page.goto(f"{address}/")
        page.locator("iframe.pdf").scroll_into_view_if_needed()
    assert answer.value.status == 200
    page.wait_for_timeout(1500)
    assert any(f"{address}/shown/1/" in frame.url for frame in page.frames)
    assert not any(frame.url.startswith("chrome-error") for frame in page.frames)
    assert dialogs == []
    assert foreign(asked, live_server.url) == []
    sideways = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert sideways <= 0
    expect(page.locator(".file a")).to_have_attribute("href", f"{address}/files/1/")


def test_a_pdf_with_a_script_is_a_download_and_runs_nothing(
    sign_in: SignIn, gp: Person, jane: Patient, infirmary: Organisation
) -> None:
    address = with_pdf(infirmary, jane, PDF.replace(b"{}", SCRIPT))
    page = sign_in(gp)
    dialogs, asked = watched(page)
    page.goto(f"{address}/")
    expect(page.locator(".file .stale")).to_contain_text("It holds a script")
    page.wait_for_timeout(800)
    assert dialogs == []
    assert not any("/shown/" in url for url in asked)
    with page.expect_download() as download:
        page.click(".file a")
    assert download.value.suggested_filename == "Scan.pdf"
