"""Every number keeps the text it was written with."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.fhir import numbers

WHOLE = r"-?(0|[1-9][0-9]{0,40})"
json_numbers = st.from_regex(re.compile(rf"^{WHOLE}(\.[0-9]{{1,20}})?([eE][+-]?[0-9]{{1,3}})?\Z"))
leaves = json_numbers.map(lambda text: f"\0{text}") | st.text(
    alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")
)
documents: st.SearchStrategy[object] = st.deferred(
    lambda: (
        leaves | st.lists(documents, max_size=4) | st.dictionaries(st.text("abc", max_size=3), documents, max_size=4)
    )
)


def as_text(value: object) -> str:
    """JSON text of a generated document, in which \\0 marks a number by its text."""
    if isinstance(value, str):
        return value[1:] if value.startswith("\0") else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return "[" + ",".join(as_text(one) for one in value) + "]"
    assert isinstance(value, dict)
    return "{" + ",".join(f"{json.dumps(k)}:{as_text(v)}" for k, v in value.items()) + "}"


@given(json_numbers)
def test_any_json_number_survives(written: str) -> None:
    assert numbers.dumps(numbers.loads(f'{{"value":{written}}}')) == f'{{"value":{written}}}'


@given(documents)
def test_any_document_survives(document: object) -> None:
    text = as_text(document)
    once = numbers.dumps(numbers.loads(text))
    assert numbers.dumps(numbers.loads(once)) == once
    assert json.loads(once) == json.loads(text)
    assert re.findall(rf"{WHOLE}\.[0-9]+", once) == re.findall(rf"{WHOLE}\.[0-9]+", text) or '"' in text


@pytest.mark.parametrize("written", ["142.50", "1.0e2", "1E+5", "-0", "-0.0", "123456789012345678901234567890", "0.10"])
def test_known_traps(written: str) -> None:
    assert numbers.dumps(numbers.loads(f"[{written}]")) == f"[{written}]"


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", '{"a":1}x', "", b"\xff", "[" * 200_000])
def test_what_is_not_json_says_where_and_quotes_nothing(text: str | bytes) -> None:
    with pytest.raises(numbers.JsonError) as refused:
        numbers.loads(text)
    assert "{" not in str(refused.value)


def test_half_a_character_cannot_be_stored() -> None:
    with pytest.raises(numbers.JsonError):
        numbers.dumps(numbers.loads(r'{"a":"\ud800"}'))


@given(st.text())
def test_a_null_is_found_however_it_is_surrounded(text: str) -> None:
    assert numbers.holds_null(numbers.dumps({"a": text})) is ("\0" in text)


@pytest.mark.parametrize(
    ("text", "holds"),
    [(r'"\u0000"', True), (r'"\\u0000"', False), (r'"\\\u0000"', True), (r'"\\\\u0000"', False), ('"u0000"', False)],
)
def test_an_escaped_backslash_is_no_null(text: str, holds: bool) -> None:
    assert numbers.holds_null(text) is holds
