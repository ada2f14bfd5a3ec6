"""Opening a letter: its text made safe, its files handed out as downloads, and that it was read."""

import base64
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.models import InboxMessage, Partner
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
    assert "evil.example" not in html


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
    received = InboxMessage.objects.create(
        sender=sender,
        request_id=uuid4(),
        correlation_id=uuid4(),
        bundle_id=message["id"],
        event="document",
        payload=json.dumps(message),
        sha256="",
        reply="{}",
    )
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
    InboxMessage.objects.create(
        sender=sender,
        request_id=uuid4(),
        correlation_id=uuid4(),
        bundle_id="b",
        event="document",
        payload="{}",
        sha256="0" * 64,
        reply="{}",
        state=InboxMessage.State.NEEDS_REVIEW,
        review_reason="Nobody here has the NHS number in this letter.",
    )
    assert "Nobody here has the NHS number" in gp.client.get("/letters/").content.decode()
    assert "Nobody here has the NHS number" not in stranger.client.get("/letters/").content.decode()
