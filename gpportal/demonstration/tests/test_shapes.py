"""Building blocks: decimals as written, text escaped."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from gpportal.demonstration.shapes import concept, dumps, narrative, quantity


def test_a_decimal_keeps_its_last_nought() -> None:
    assert dumps({"value": Decimal("142.50")}) == '{"value":142.50}'


@given(st.decimals(min_value=-10_000, max_value=10_000, places=3), st.text())
def test_every_decimal_is_written_as_it_is_and_text_is_left_alone(value: Decimal, words: str) -> None:
    line = dumps({"value": value, "words": words.replace("\0", "")})
    assert "\n" not in line
    read = json.loads(line, parse_float=str, parse_int=str)
    assert read == {"value": f"{value}", "words": words.replace("\0", "")}


def test_accents_stay_readable() -> None:
    assert dumps({"family": "Țurcanu"}) == '{"family":"Țurcanu"}'


@given(st.text(st.characters(exclude_categories=("Cc", "Cs"))))
def test_a_narrative_never_lets_markup_through(words: str) -> None:
    inner = (
        narrative(words)["div"].removeprefix('<div xmlns="http://www.w3.org/1999/xhtml"><p>').removesuffix("</p></div>")
    )
    assert "<" not in inner
    assert ">" not in inner


def test_a_unit_outside_the_table_stays_text() -> None:
    assert quantity("2", "puff") == {"value": Decimal(2), "unit": "puff"}
    assert quantity("2", "") == {"value": Decimal(2)}
    assert quantity("58", "mmol/mol")["code"] == "mmol/mol"


def test_what_has_no_code_is_words_only() -> None:
    assert concept(None, text="Hearing loss") == {"text": "Hearing loss"}
