"""The printed summary stays within two pages however long the record, and says what it leaves out."""

import datetime as dt
import io
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from access.models import Organisation
from conftest import Person
from records.models import Patient, Resource
from records.printing.fitting import ROOM, fit, room
from records.printing.heads import Heading, Line
from records.printing.summary import summary
from records.tests.taking import take, write
from tests.walk import awkward

KINDS = ("problem", "medicine", "allergy", "result", "immunisation", "procedure", "contact", "flag")
LONG = "A rather long name of something that takes more than a line to print in a narrow column of a page"
KEPT_LONGEST = {"Allergies and adverse reactions", "Problem list", "Medications and medical devices"}


def filled(source: Organisation, patient: Patient, each: int, name: str) -> None:
    """So many of every kind, each of its own code."""
    Resource.objects.bulk_create(
        Resource(
            id=uuid4(), source=source, patient=patient, type="Basic", kind=kind,
            source_key=f"{kind}{n}", sha256="", body="{}", code=f"{kind}{n}", code_system="http://snomed.info/sct",
            display=f"{name} {n}", status="active", date=timezone.now() - dt.timedelta(days=n), value=str(n),
            unit="mmol/L",
        )
        for n in range(each)
        for kind in KINDS
    )  # fmt: skip


def pages(person: Person, patient: Patient) -> list[str]:
    answer = person.client.get(f"/patients/{patient.pk}/summary.pdf")
    assert answer.status_code == 200
    return [" ".join(one.extract_text().split()) for one in PdfReader(io.BytesIO(answer.content)).pages]


@pytest.mark.django_db
@pytest.mark.parametrize(("each", "name"), [(625, "Something"), (625, LONG), (30, LONG)])
def test_a_patient_with_five_thousand_resources_prints_on_two_pages(
    each: int, name: str, make_patient: Callable[..., Patient], riverside: Organisation, gp: Person
) -> None:
    patient = make_patient()
    filled(riverside, patient, each, name)
    found = pages(gp, patient)
    assert len(found) == 2
    heads = {head.name: head for head in summary(gp.actor, patient)["heads"]}
    for head in heads.values():
        assert (f"And {head.more}, not printed" if head.more else head.left_out) in " ".join(found), head.name
    assert len(heads["Allergies and adverse reactions"].lines) >= 8
    assert len(heads["Medications and medical devices"].lines) >= 8


@pytest.mark.django_db
def test_the_awkward_record_prints_on_two_pages(riverside: Organisation, gp: Person, tmp_path: Path) -> None:
    take(write(tmp_path / "awkward.ndjson", awkward.patient(), *awkward.resources()), riverside, practice=riverside)
    found = pages(gp, Patient.objects.get())
    assert 1 <= len(found) <= 2


@pytest.mark.django_db
def test_a_short_record_is_printed_whole(
    make_patient: Callable[..., Patient], riverside: Organisation, gp: Person
) -> None:
    patient = make_patient()
    filled(riverside, patient, 4, "Something")
    found = pages(gp, patient)
    assert len(found) == 1
    assert "not printed" not in found[0]


def heading(name: str, count: int, length: int) -> Heading:
    lines = [Line(f"{n}", "x" * min(length, 240), when=None, sources=()) for n in range(count)]
    return Heading(name, lines, one="entry", many="entries", most=30)


SIZES = st.tuples(st.sampled_from([*KEPT_LONGEST, "Procedures", "Documents"]), st.integers(0, 60), st.integers(0, 240))


@given(st.lists(SIZES, max_size=14))
def test_what_is_cut_is_counted_and_the_first_lines_stay(sizes: list[tuple[str, int, int]]) -> None:
    before = [heading(*one) for one in sizes]
    kept = [list(head.lines) for head in before]
    held = [count for _, count, _ in sizes]
    fit(before)
    for head, lines, count in zip(before, kept, held, strict=True):
        assert head.lines == lines[: len(head.lines)]
        assert head.cut == count - len(head.lines)
        assert bool(head.lines) == bool(lines)
    assert sum(map(room, before)) <= ROOM or all(len(head.lines) <= 3 for head in before)
