"""Units: what stands on one line, and that no digit is lost on the way."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.fhir import units

SAME = [
    ("g/L", "g/dL", -1),
    ("g/dL", "g/L", 1),
    ("mmol/L", "umol/L", 3),
    ("µmol/L", "umol/L", 0),
    ("μmol/l", "mmol/L", -3),
    ("10*3/uL", "10*9/L", 0),
    ("10^9/L", "10*9/L", 0),
    ("10*6/uL", "10*12/L", 0),
    ("ng/mL", "ug/L", 0),
    ("mg/mmol", "g/mol", 0),
    ("mmol/mol", "umol/mol", 3),
    ("kg", "g", 3),
    ("cm", "m", -2),
    ("cm2", "m2", -4),
    ("m[iU]/L", "[iU]/L", -3),
    ("mL.min-1", "mL/min", 0),
    ("{beats}/min", "/min", 0),
    ("mL/min/{1.73_m2}", "L/min/{1.73_m2}", -3),
    ("Banana", "Banana", 0),
    ("", "", 0),
]
APART = [
    ("mg/dL", "mmol/L"),  # needs a molar mass
    ("%", "mmol/mol"),  # HbA1c: a formula, not a factor
    ("Cel", "[degF]"),
    ("mm[Hg]", "kPa"),
    ("U/L", "[iU]/L"),  # UCUM: an arbitrary unit is like no other
    ("mL/min", "mL/min/{1.73_m2}"),  # what is normalised is something else
    ("K/uL", "10*9/L"),  # UCUM: kelvin
    ("IU/L", "U/L"),
    ("mg/L", ""),
    ("/min", "/h"),
    ("{score}", "{ScoreOf}"),
    ("{score}", "1"),
    ("mol/mol", "g/g"),
    ("kg/m2", "kg/m"),
    ("m", "min"),
    ("Banana", "banana"),
]


@pytest.mark.parametrize(("one", "other", "step"), SAME)
def test_what_differs_by_a_power_of_ten(one: str, other: str, step: int) -> None:
    assert units.steps(one, other) == step
    assert units.steps(other, one) == -step


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_is_never_drawn_on_one_line(one: str, other: str) -> None:
    assert units.steps(one, other) is None
    assert units.steps(other, one) is None


@pytest.mark.parametrize(
    ("figure", "step", "said"),
    [("13.20", 1, "132.0"), ("5", 3, "5000"), ("142.50", -3, "0.14250"), ("0", 2, "0"), ("-1.5", 0, "-1.5")],
)
def test_digits_are_kept(figure: str, step: int, said: str) -> None:
    assert units.convert(figure, step) == said


_FIGURES = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=6)


@given(_FIGURES, st.sampled_from(SAME))
def test_there_and_back_is_exact(figure: Decimal, pair: tuple[str, str, int]) -> None:
    written = format(figure, "f")
    there = units.convert(written, pair[2])
    assert Decimal(units.convert(there, -pair[2])) == figure
    assert Decimal(there) == figure.scaleb(pair[2])
    assert "E" not in there


@given(st.text(max_size=70), st.text(max_size=70))
def test_nothing_written_as_a_unit_is_an_error(one: str, other: str) -> None:
    step = units.steps(one, other)
    back = units.steps(other, one)
    assert (step is None and back is None) or step == -(back or 0)
