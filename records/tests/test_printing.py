"""The summary on paper: what stands on it, what is left out and said, who may print it, and a PDF that can be read."""

import builtins
import datetime as dt
import io
import socket
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pypdf import PdfReader

from access.models import AuditEvent, Organisation
from conftest import Person
from exchange.models import Partner
from records.models import Patient, Resource
from records.printing import pdf
from records.printing.heads import Heading, Line
from records.printing.summary import summary
from records.tests.saying import file_letter, say

MakePatient = Callable[..., Patient]
pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def jane(make_patient: MakePatient, riverside: Organisation, infirmary: Organisation) -> Patient:
    patient = make_patient(address="14 Millrace Road", postcode="ZZ1 3JS", phone="01632 960148", usual_gp="Dr A Khan")
    say(riverside, patient, "problem", "Chronic kidney disease stage 3A", "700378005")
    say(infirmary, patient, "problem", "Chronic kidney disease stage 3B", "700379002")
    say(riverside, patient, "problem", "Pneumonia", "233604007", status="resolved")
    say(riverside, patient, "medicine", "Bisoprolol 2.5mg tablets", "318605000", detail={"dose": "2.5 mg"})
    say(riverside, patient, "flag", "Large print", category=["Reasonable Adjustment"])
    say(riverside, patient, "flag", "ReSPECT form, Mar 2026", category=["ReSPECT"])
    detail = {"comparator": "<", "low": "10"}
    say(infirmary, patient, "result", "Ferritin", "2", value="5", unit="ug/L", detail=detail, date_written="2026-11-14")
    for years in (1, 2, 3):
        date = NOW - dt.timedelta(days=365 * years)
        say(riverside, patient, "immunisation", "Influenza vaccine", "1", status="completed", date=date)
    say(riverside, patient, "contact", "Ruth", detail={"name": "Ruth Smith", "phone": "01632 960402"})
    say(infirmary, patient, "contact", "Ruth", detail={"name": "Ruth Smith", "phone": "01632 960402"})
    team = {"participants": [{"name": "S Mbeki", "role": "Nurse"}], "phone": "01632 960331"}
    say(infirmary, patient, "careteam", "Heart failure nurses", detail=team)
    file_letter(infirmary, patient, "<p>x</p>", title="Cardiology clinic", gp_actions="repeat U&E")
    return patient


def page(person: Person, patient: Patient) -> str:
    answer = person.client.get(f"/patients/{patient.pk}/summary/")
    assert answer.status_code == 200
    return answer.content.decode()


def read(person: Person, patient: Patient) -> PdfReader:
    answer = person.client.get(f"/patients/{patient.pk}/summary.pdf")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Smith" not in answer.headers["Content-Disposition"]
    return PdfReader(io.BytesIO(answer.content))


# What stands on it ----------------------------------------------------------------------------------------------------
def test_each_line_has_its_heading_date_and_source(jane: Patient, gp: Person) -> None:
    sheet = summary(gp.actor, jane)
    heads = {head.name: head for head in sheet["heads"]}
    assert [head for head in heads if head != "Documents"] == [
        "Individual requirements", "Legal information", "Allergies and adverse reactions", "Problem list",
        "Medications and medical devices", "Investigation results", "Vaccinations", "Personal contacts",
        "Professional contacts",
    ]  # fmt: skip
    (ruth,) = heads["Personal contacts"].lines
    assert (ruth.how, [s.letters for s in ruth.sources]) == ("01632 960402", ["GP", "NI"])
    (ferritin,) = heads["Investigation results"].lines
    assert (ferritin.what, ferritin.how, ferritin.when) == ("Ferritin", "<5 µg/L, low", "14 Nov 2026")
    assert [s.letters for s in ferritin.sources] == ["NI"]
    (flu,) = heads["Vaccinations"].lines
    assert flu.how.startswith("3 times, first ")
    for head in heads.values():
        assert all(line.sources and line.when for line in head.lines)


def test_how_somebody_lives_stands_under_social_context_with_its_newest_word(
    jane: Patient, gp: Person, riverside: Organisation
) -> None:
    for days, value in ((400, "Smoker"), (2, "Ex-smoker")):
        say(riverside, jane, "social-history", "Smoking", "7", value=value, date=NOW - dt.timedelta(days=days))
    say(riverside, jane, "survey", "Fatigue score", "9", value="48")
    heads = {head.name: [f"{line.what} {line.how}" for line in head.lines] for head in summary(gp.actor, jane)["heads"]}
    assert heads["Social context"] == ["Smoking Ex-smoker"]
    assert not [line for line in heads["Investigation results"] if "Fatigue" in line]


def test_disagreement_and_what_is_missing_are_said(jane: Patient, gp: Person) -> None:
    html = page(gp, jane)
    for said in (
        "Sources disagree", "No allergies recorded: no source says", "1 past problem", "Held and not printed",
        "SMITH, Jane", "01-May-1970", "14 Millrace Road", "Riverside Surgery", "Ruth Smith", "GP to do: repeat U&amp;E",
        "Printed", "by Dr A Khan, Riverside Surgery", "GP Riverside Surgery; NI Northern Infirmary",
        "Northern Infirmary last told us something", "Open as PDF",
    ):  # fmt: skip
        assert said in html, said
    assert "Print summary" in gp.client.get(f"/patients/{jane.pk}/").content.decode()


def test_a_source_that_does_not_answer_is_said(jane: Patient, gp: Person, infirmary: Organisation) -> None:
    Partner.objects.update_or_create(organisation=infirmary, defaults={"failing_since": NOW - dt.timedelta(days=2)})
    assert "has not answered since" in page(gp, jane)


def test_what_does_not_fit_is_counted(make_patient: MakePatient, gp: Person, riverside: Organisation) -> None:
    patient = make_patient()
    for number in range(40):
        say(riverside, patient, "problem", f"Problem {number}", str(number))
    sheet = summary(gp.actor, patient)
    (problems,) = (head for head in sheet["heads"] if head.name == "Problem list")
    assert len(problems.lines) == 20
    assert "20 more problems" in sheet["left_out"]


def test_long_texts_end_visibly() -> None:
    line = Line("x" * 10, "word " * 100, when=None, sources=())
    assert line.how.endswith("…")
    assert line.when == "no date"
    assert Heading("H", [line] * 3, most=1, one="letter", also="2 old").left_out == "2 more letters and 2 old"


def test_of_a_restricted_person_nothing_says_where(
    make_patient: MakePatient, gp: Person, riverside: Organisation, infirmary: Organisation
) -> None:
    patient = make_patient(restricted=True)
    say(riverside, patient, "problem", "Asthma", "195967001")
    say(riverside, patient, "contact", "Ruth", detail={"name": "Ruth Smith", "phone": "01632 960402"})
    say(infirmary, patient, "careteam", "Team", detail={"participants": [{"name": "S Mbeki"}], "phone": "01632 960331"})
    sheet = page(gp, patient).partition('<article class="sheet">')[2].partition("</article>")[0]
    text = "".join(one.extract_text() for one in read(gp, patient).pages)
    for said in (sheet, text):
        assert "Ruth Smith" in said
        assert "Restricted record" in said
        for hidden in ("960402", "960331", "S Mbeki", "Riverside", "Northern Infirmary", "GP practice"):
            assert hidden not in said, hidden


# Who prints -----------------------------------------------------------------------------------------------------------
def test_printing_is_recorded(jane: Patient, gp: Person) -> None:
    page(gp, jane)
    read(gp, jane)
    events = AuditEvent.objects.filter(action="printed summary", patient_id=jane.pk)
    assert sorted(events.values_list("note", flat=True)) == ["PDF", "page to print"]


@pytest.mark.parametrize("rest", ["summary/", "summary.pdf"])
@pytest.mark.parametrize("who", ["receptionist", "practice_manager", "social_worker", "hospital_clinician"])
def test_who_may_not_read_may_not_print(rest: str, who: str, jane: Patient, request: pytest.FixtureRequest) -> None:
    person: Person = request.getfixturevalue(who)
    answer = person.client.get(f"/patients/{jane.pk}/{rest}")
    assert answer.status_code == 403
    assert b"SMITH" not in answer.content
    assert not AuditEvent.objects.filter(patient_id=jane.pk).exists()


# The PDF --------------------------------------------------------------------------------------------------------------
def test_the_pdf_is_tagged_titled_in_english_and_names_the_patient_on_each_page(jane: Patient, gp: Person) -> None:
    found = read(gp, jane)
    root: Any = found.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/Lang"] == "en-GB"
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert found.metadata is not None
    assert found.metadata.title == "Summary of the shared record: SMITH, Jane"
    assert b"pdfuaid" in root["/Metadata"].get_data()
    assert 1 <= len(found.pages) <= 2
    _each_page_says_whose_it_is(found)


def _each_page_says_whose_it_is(found: PdfReader) -> None:
    for number, one in enumerate(found.pages, 1):
        text = " ".join(one.extract_text().split())
        assert "SMITH, Jane" in text
        assert "999 123 4501" in text
        assert f"Page {number} of {len(found.pages)}" in text


def test_a_very_long_record_stays_two_pages(jane: Patient, gp: Person, riverside: Organisation) -> None:
    kinds = ("problem", "medicine", "allergy", "result", "immunisation", "contact", "flag")
    long = "A rather long name of something that takes more than a line to print in a narrow column of a page"
    Resource.objects.bulk_create(
        Resource(
            id=uuid4(), source=riverside, patient=jane, type="Basic", kind=kind,
            source_key=f"{kind}{n}", sha256="", body="{}", code=f"{kind}{n}", code_system="http://snomed.info/sct",
            display=f"{long} {n}", status="active", date=NOW - dt.timedelta(days=n), value=str(n), unit="mmol/L",
        )
        for n in range(700)
        for kind in kinds
    )  # fmt: skip
    found = read(gp, jane)
    assert len(found.pages) == 2
    _each_page_says_whose_it_is(found)
    assert "Held and not printed" in " ".join("".join(one.extract_text() for one in found.pages).split())


@pytest.fixture
def no_pango(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine without Pango, where importing the library fails."""
    real = builtins.__import__

    def failing(name: str, *rest: Any, **more: Any) -> Any:
        if name.partition(".")[0] == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")
        return real(name, *rest, **more)

    pdf._weasyprint.cache_clear()
    monkeypatch.setattr(builtins, "__import__", failing)
    yield
    pdf._weasyprint.cache_clear()


@pytest.mark.usefixtures("no_pango")
def test_without_pango_the_page_says_so_and_can_be_printed(jane: Patient, gp: Person) -> None:
    html = page(gp, jane)
    assert "A PDF cannot be made on this machine. Print this page instead" in html
    assert "summary.pdf" not in html
    assert "Chronic kidney disease" in html
    answer = gp.client.get(f"/patients/{jane.pk}/summary.pdf")
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"/patients/{jane.pk}/summary/"
    assert not AuditEvent.objects.filter(note="PDF").exists()


def test_nothing_is_fetched_for_a_pdf() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/x.png"
        assert pdf.made(f'<html lang="en"><title>x</title><img src="{address}" alt="x">').startswith(b"%PDF")
        with pytest.raises(TimeoutError):
            listening.accept()
