"""Which PDFs may be drawn within a letter's page: those in which nothing can act."""

import zlib
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from records.letters.pdf import acts

PLAIN = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction[3 0 R /Fit]>>endobj\ntrailer<</Root 1 0 R>>"


def packed(
    objects: bytes, about: bytes = b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode", cut: int | None = None
) -> bytes:
    """A PDF whose objects stand in a compressed stream."""
    stream = zlib.compress(objects)[:cut]
    return b"%PDF-1.5\n9 0 obj<<" + about + b">>\nstream\n" + stream + b"\nendstream endobj"


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        packed(b"1 0 <</Type/Catalog>>"),
        b"%PDF-1.4 1 0 obj<</Length 3>>\nstream\nabc\nendstream",
        b"%PDF-1.4 (/JSON and /Launching are other names)",
    ],
)
def test_what_cannot_act_may_be_shown(data: bytes) -> None:
    assert not acts(data)


@pytest.mark.parametrize(
    "data",
    [
        PLAIN + b"<</S/JavaScript/JS(app.alert(1))>>",
        PLAIN + b"<</S /Java#53cript>>",
        PLAIN + b"<</#4a#53 (x)>>",
        PLAIN + b"<</S/Launch/F(calc.exe)>>",
        PLAIN + b"<</S/SubmitForm/F(https://evil.example)>>",
        PLAIN + b"<</AcroForm<</XFA 4 0 R>>>>",
        PLAIN + b"trailer<</Encrypt 5 0 R>>",
        packed(b"1 0 <</S/JavaScript/JS(app.alert(1))>>"),
        packed(b"1 0 <</Type/Catalog>>", b"/Type/ObjStm/Filter/LZWDecode"),
        packed(b"1 0 <</Type/Catalog>>", b"/Type/Obj#53tm/Filter/LZWDecode"),
        packed(b"1 0 <</Type/Catalog>>" * 50, cut=12),
        packed(b"1 0 <</S/JS(x)>>", b"/Type/ObjStm/N 1/First 4/Filter/FlateDecode/Pad(" + b"x" * 2000 + b")"),
        packed(b"1 0 <</S/JS(x)>>", b"/N 1/First 4/Filter/FlateDecode"),
        packed(b"1 0 <</Type/Catalog>>").replace(b">>\nstream\n", b">>\nstream\r"),
    ],
)
def test_what_acts_or_cannot_be_looked_into_is_not(data: bytes) -> None:
    assert acts(data)


@pytest.mark.parametrize("script", ["", "app.alert(1)"])
def test_a_pdf_as_others_write_it_is_told_apart(script: str) -> None:
    writer = PdfWriter()
    writer.add_blank_page(width=200, height=200)
    if script:
        action = DictionaryObject(
            {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject(script)}
        )
        writer.root_object[NameObject("/OpenAction")] = action
    written = BytesIO()
    writer.write(written)
    assert len(PdfReader(written).pages) == 1
    assert acts(written.getvalue()) is bool(script)


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_there_is_an_answer(data: bytes) -> None:
    assert acts(b"%PDF-1.7\n" + data) in (True, False)
