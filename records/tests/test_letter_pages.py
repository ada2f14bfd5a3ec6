"""Opening a letter: its text made safe, its files handed out as downloads, and that it was read."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.models import InboxMessage, Partner
from exchange.tests.arriving import came_in
from records import inbound
from records.models import Letter, LetterRead, Patient
from records.tests import letters as messages
from records.tests.saying import file_letter, say

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db
PDF = {"contentType": "application/pdf", "title": "Scan <1>", "data": base64.b64encode(b"%PDF-1.4 x").decode()}


def test_a_letter_opens_is_read_and_recorded(make_patient: MakePatient, gp: Person, infirmary: Organisation) -> None:
    patient = make_patient()
    letter = file_letter(infirmary, patient, "<p>Seen today</p><script>alert(1)</script>", gp_actions="repeat U&E")
    page = gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/")
    html = page.content.decode()
    assert page.status_code == 200
    assert "Seen today" in html
    assert "repeat U&amp;E" in html
    assert "alert(1)" not in html
    assert LetterRead.objects.get().user_id == gp.user.pk
    event = AuditEvent.objects.get()
    assert (event.action, event.object_id) == ("opened letter", str(letter.pk))
    gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/")
    assert LetterRead.objects.count() == 1


def test_it_opens_by_the_id_of_its_document_too(make_patient: MakePatient, gp: Person, infirmary: Organisation) -> None:
    patient = make_patient()
    letter = file_letter(infirmary, patient, "<p>Seen today</p>")
    assert b"Seen today" in gp.client.get(f"/patients/{patient.pk}/letters/{letter.document_id}/").content


def test_a_letter_of_another_patient_does_not_open_under_this_one(
    make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient, other = make_patient(), make_patient(nhs_number="9991234528")
    letter = file_letter(infirmary, other, "<p>Seen today</p>")
    assert gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/").status_code == 404
    assert not LetterRead.objects.exists()
    assert not AuditEvent.objects.exists()


def test_a_file_is_a_download_and_never_a_page(make_patient: MakePatient, gp: Person, infirmary: Organisation) -> None:
    patient = make_patient()
    html = {"contentType": "image/svg+xml", "title": "x", "data": base64.b64encode(b"<svg onload=x>").decode()}
    content = [{"attachment": PDF}, {"attachment": html}]
    letter = file_letter(infirmary, patient, "<p>x</p>", content=content)
    base = f"/patients/{patient.pk}/letters/{letter.pk}/files"
    answer = gp.client.get(f"{base}/1/")
    assert answer.content == b"%PDF-1.4 x"
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="Scan 1.pdf"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert gp.client.get(f"{base}/2/").headers["Content-Type"] == "application/octet-stream"
    assert gp.client.get(f"{base}/3/").status_code == 404


def written(name: str, bytes_: bytes, said: str) -> dict[str, Any]:
    return {"attachment": {"contentType": said, "title": name, "data": base64.b64encode(bytes_).decode()}}


PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
HOSTILE_PDF = b"%PDF-1.4\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj"


@pytest.mark.parametrize(
    ("said", "data", "kind"),
    [
        ("application/pdf", b"%PDF-1.7 x", "application/pdf"),
        ("image/png", PNG, "image/png"),
        ("image/jpg", b"\xff\xd8\xff\xe0 x", "image/jpeg"),
    ],
)
def test_a_pdf_or_picture_is_shown_within_our_page_and_nowhere_else(
    said: str, data: bytes, kind: str, make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    letter = file_letter(infirmary, patient, "<p>x</p>", content=[written("Scan", data, said)])
    base = f"/patients/{patient.pk}/letters/{letter.pk}"
    assert f'src="{base}/shown/1/' in gp.client.get(f"{base}/").content.decode()
    answer = gp.client.get(f"{base}/shown/1/")
    assert answer.content == data
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Content-Disposition"].startswith("inline")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script-src" not in policy
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["opened letter", "opened file of letter"]


@pytest.mark.parametrize(
    ("said", "data", "remark"),
    [
        ("application/pdf", b"<html><script>alert(1)</script>", "says PDF, but is not"),
        ("application/pdf", HOSTILE_PDF, "It holds a script"),
        ("image/png", b"%PDF-1.4 x", "says PNG picture, but is not"),
        ("image/jpeg", b"<svg onload=alert(1)>", "says JPEG picture, but is not"),
        ("text/html", b"%PDF-1.4 x", "says HTML page, but is a PDF"),
        ("image/svg+xml", b"<svg onload=alert(1)>", ""),
        ("text/rtf", b"{\\rtf1 x}", ""),
        ("image/tiff", b"II*\x00 x", ""),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04 x", ""),
        ("text/plain", b"a\x00\x01b", ""),
        ("", b"<script>alert(1)</script>", ""),
    ],
)
def test_what_is_not_what_it_says_or_not_to_be_shown_is_a_download_only(
    said: str, data: bytes, remark: str, make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    letter = file_letter(infirmary, patient, "<p>x</p>", content=[written("Skan ü.pdf", data, said)])
    base = f"/patients/{patient.pk}/letters/{letter.pk}"
    html = gp.client.get(f"{base}/").content.decode()
    assert remark in html
    assert "/shown/" not in html
    assert "alert(1)" not in html
    before = AuditEvent.objects.count()
    assert gp.client.get(f"{base}/shown/1/").status_code == 404
    assert AuditEvent.objects.count() == before
    answer = gp.client.get(f"{base}/files/1/")
    assert answer.content == data
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "filename*=utf-8''Skan%20%C3%BCpdf" in answer.headers["Content-Disposition"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert "html" not in answer.headers["Content-Type"]
    assert "svg" not in answer.headers["Content-Type"]


def test_no_scan_of_a_restricted_person_is_drawn(
    make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    letter = file_letter(infirmary, patient, "<p>See below</p>", content=[{"attachment": PDF}])
    Patient.objects.filter(pk=patient.pk).update(restricted=True)
    address = f"/patients/{patient.pk}/letters/{letter.pk}/"
    page = gp.client.get(address).content.decode()
    assert f"{address}shown/1/" not in page
    assert "but not out of the files" in page
    assert gp.client.get(f"{address}shown/1/").status_code == 404
    assert [event.action for event in AuditEvent.objects.all()] == ["opened letter"]
    assert gp.client.get(f"{address}files/1/").status_code == 200


@pytest.mark.parametrize(
    ("attachment", "words"),
    [
        ({"contentType": "application/pdf", "data": "%%% not base64"}, "arrived damaged"),
        ({"contentType": "application/pdf", "data": "===="}, "arrived damaged"),
        ({"contentType": "application/pdf", "data": " "}, "arrived empty"),
        ({"contentType": "text/html", "url": "https://elsewhere.example/x"}, "Held at https://elsewhere.example/x"),
        ({"contentType": "text/html", "url": "javascript:alert(1)"}, "has not come with the letter"),
        ({"contentType": "text/html", "url": "Binary/none"}, "has not come with the letter"),
        ({"contentType": "text/html"}, "attached nothing"),
    ],
)
def test_what_cannot_be_opened_says_why(
    attachment: dict[str, str], words: str, make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    body = {"resourceType": "DocumentReference", "content": [{"attachment": attachment}]}
    letter = say(infirmary, patient, "letter", "Clinic letter", body=body)
    answer = gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/")
    html = answer.content.decode()
    assert answer.status_code == 200
    assert words in html
    assert 'href="javascript' not in html
    assert gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/files/1/").status_code == 404


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "superseded"}, "A newer version replaces this letter"),
        ({"status": "entered-in-error"}, "Do not rely on it"),
        ({"status": "current", "docStatus": "preliminary"}, "has not finished it"),
        ({"status": "current", "docStatus": "final"}, ""),
    ],
)
def test_what_has_to_be_known_of_a_letter_is_said_first(
    fields: dict[str, str], words: str, make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    body = {"resourceType": "DocumentReference", "content": [written("x", b"Text", "text/plain")], **fields}
    letter = say(infirmary, patient, "letter", "Clinic letter", body=body)
    html = gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/").content.decode()
    assert words in html
    assert ('class="notice"' in html) is bool(words)


def test_versions_of_a_letter_lead_to_each_other(
    make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient, other = make_patient(), make_patient(nhs_number="9991234528")
    body = {"resourceType": "DocumentReference", "content": [written("x", b"Text", "text/plain")]}
    first = say(infirmary, patient, "letter", "First version", body=body, status="superseded")
    replaces = {"replaces": [f"DocumentReference/{first.pk}"]}
    second = say(infirmary, patient, "letter", "Second version", body=body, detail=replaces)
    say(infirmary, other, "letter", "Somebody else's", body=body, detail=replaces)
    html = gp.client.get(f"/patients/{patient.pk}/letters/{first.pk}/").content.decode()
    assert f'Replaced by <a href="/patients/{patient.pk}/letters/{second.pk}/">Second version' in " ".join(html.split())
    assert "Somebody else" not in html
    html = gp.client.get(f"/patients/{patient.pk}/letters/{second.pk}/").content.decode()
    assert f'/letters/{first.pk}/">First version' in html


def test_nested_sections_entries_and_tables_of_a_document_are_readable(
    make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    table = "<table><tr><th>Test</th><td>58</td></tr></table>"
    inner = {"title": "Bloods", "text": {"div": f"<div>{table}</div>"}}
    entries = [{"reference": "urn:uuid:1"}, {"reference": "urn:uuid:2", "display": "Amlodipine 5 mg"}]
    section = [
        {"title": "Investigations", "section": [inner]},
        {"title": "Medicines", "entry": entries},
        {"title": "Allergies", "emptyReason": {"text": "None known"}},
    ]
    medicine = {"resourceType": "MedicationStatement", "medicationCodeableConcept": {"text": "Ramipril 5 mg"}}
    resources = [{"resource": {"resourceType": "Composition", "section": section}},
                 {"fullUrl": "urn:uuid:1", "resource": medicine}]  # fmt: skip
    data = json.dumps({"resourceType": "Bundle", "type": "document", "entry": resources}).encode()
    letter = file_letter(infirmary, patient, "", content=[written("", data, "application/fhir+json")])
    html = gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/").content.decode()
    for said in ("<h2>Investigations</h2>", "<h3>Bloods</h3>", "<td>58</td>", "<li>Ramipril 5 mg</li>"):
        assert said in html
    assert "<li>Amlodipine 5 mg</li>" in html
    assert "None known" in html


def test_two_megabytes_of_text_show_their_beginning_and_all_of_it_on_demand(
    make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    letter = file_letter(infirmary, patient, f"<p>Beginning</p>{'<p>line of it</p>' * 140_000}<p>Very end</p>")
    address = f"/patients/{patient.pk}/letters/{letter.pk}/"
    html = gp.client.get(address).content.decode()
    assert "Beginning" in html
    assert "Very end" not in html
    assert 'href="?all=1"' in html
    assert "Very end" in gp.client.get(f"{address}?all=1").content.decode()


def test_the_list_narrows_to_a_sender_and_to_what_is_unread_and_is_paged(
    make_patient: MakePatient, gp: Person, infirmary: Organisation, cityview: Organisation
) -> None:
    patient = make_patient()
    for number in range(55):
        file_letter(infirmary, patient, "<p>x</p>", title=f"Clinic {number}", message_id="m" if number % 2 else "")
    file_letter(cityview, patient, "<p>x</p>", title="Care plan", message_id="")
    client, address = gp.client, f"/patients/{patient.pk}/letters/"
    first = client.get(address).content.decode()
    second = client.get(address, {"page": "2"}).content.decode()
    assert first.count("/letters/") >= 50
    assert "Earlier" in first
    assert second.count(f'href="{address}') == 6
    mine = client.get(address, {"sender": str(cityview.pk)}).content.decode()
    assert "Care plan" in mine
    assert "Clinic" not in mine
    unread = client.get(address, {"unread": "1"}).content.decode()
    assert '<span class="n">27' in unread
    assert "Clinic 54" not in unread
    for odd in ("page=x", "sender=x", "page=0", "sender=99999999", "page=²"):
        assert client.get(f"{address}?{odd}").status_code == 200
    assert "No letters here" in client.get(address, {"page": "9"}).content.decode()


def test_a_fhir_document_in_a_binary_beside_it_is_read_by_sections(
    make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    sections = [
        {"title": "Diagnoses", "text": {"div": "<div><p>Heart failure</p><img src=x></div>"}},
        {"title": "Actions for GP", "text": {"div": "<div>Repeat U&amp;E</div>"}},
    ]
    document = {"resourceType": "Bundle", "type": "document",
                "entry": [{"resource": {"resourceType": "Composition", "section": sections}}]}  # fmt: skip
    data = base64.b64encode(json.dumps(document).encode()).decode()
    binary = {"resourceType": "Binary", "contentType": "application/fhir+json", "data": data}
    say(infirmary, patient, "binary", source_key="b-1", body=binary)
    pointer = {"attachment": {"contentType": "application/fhir+json", "url": "Binary/b-1"}}
    body = {"resourceType": "DocumentReference", "content": [pointer]}
    letter = say(infirmary, patient, "letter", "Discharge summary", body=body)
    html = gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/").content.decode()
    assert html.index("Diagnoses") < html.index("Heart failure") < html.index("Actions for GP")
    assert "<img" not in html


@pytest.mark.parametrize(
    "attachment",
    [
        {"contentType": "text/plain", "data": "%%% not base64"},
        {"contentType": "application/fhir+json", "data": base64.b64encode(b"[1,2").decode()},
        {"contentType": "application/fhir+json", "url": "https://evil.example/letter"},
        {"url": "urn:uuid:00000000-0000-4000-8000-000000000000"},
        {},
    ],
)
def test_a_letter_that_cannot_be_read_says_whom_to_ask(
    attachment: dict[str, str], make_patient: MakePatient, gp: Person, infirmary: Organisation
) -> None:
    patient = make_patient()
    body = {"resourceType": "DocumentReference", "content": [{"attachment": attachment}]}
    letter = say(infirmary, patient, "letter", "Clinic letter", body=body)
    page = gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/")
    assert page.status_code == 200
    html = page.content.decode()
    assert ("Ask Northern Infirmary for it" in html) is not ("Opens as a download" in html)
    assert 'href="https://evil.example' not in html
    assert 'src="https://evil.example' not in html
    assert ("Held at https://evil.example/letter. It was not fetched." in html) is ("evil" in str(attachment))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: messages.letter(), ["Diagnoses", "Heart failure", "Check kidney function in two weeks"]),
        (lambda: messages.letter(content_type="text/html", data=b"<h1>Clinic</h1><p>Seen today</p>"), ["Seen today"]),
        (lambda: messages.letter(content_type="text/plain", data=b"Seen <today>"), ["Seen &lt;today&gt;"]),
        (lambda: messages.letter(content_type="application/pdf", data=b"%PDF-1.4"), ["Opens as a download"]),
    ],
)
def test_a_letter_that_came_as_a_message_is_readable(
    made: Callable[[], dict[str, Any]],
    words: list[str],
    make_patient: MakePatient,
    gp: Person,
    infirmary: Organisation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("records.actions.happen", lambda name, **ids: None)
    patient = make_patient(nhs_number=messages.NHS_NUMBER)
    sender = Partner.objects.create(
        organisation=infirmary, endpoint="http://x", token_url="http://x", jwks_url="http://x"
    )
    message = made()
    received = came_in(sender, json.dumps(message), bundle_id=message["id"])
    inbound.handle(received)
    screen = gp.client.get(f"/patients/{patient.pk}/").content.decode()
    assert "1 unread" in screen
    letter = Letter.objects.get()
    page = gp.client.get(f"/patients/{patient.pk}/letters/{letter.pk}/")
    assert page.status_code == 200
    for said in words:
        assert said in page.content.decode()
    assert "1 unread" not in gp.client.get(f"/patients/{patient.pk}/").content.decode()


def test_what_could_not_be_filed_is_listed_for_a_person_here_and_for_nobody_else(
    gp: Person, stranger: Person, infirmary: Organisation
) -> None:
    sender = Partner.objects.create(
        organisation=infirmary, endpoint="http://x", token_url="http://x", jwks_url="http://x"
    )
    why = "Nobody here has the NHS number in this letter."
    came_in(sender, state=InboxMessage.State.NEEDS_REVIEW, review_reason=why)
    assert "Nobody here has the NHS number" in gp.client.get("/letters/").content.decode()
    assert "Nobody here has the NHS number" not in stranger.client.get("/letters/").content.decode()
