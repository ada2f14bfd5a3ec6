"""Units as they are printed and said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.units import printed, unit


@pytest.mark.parametrize(
    ("written", "print_"),
    [
        ("10*9/L", "×10⁹/L"),
        ("10^9/L", "×10⁹/L"),
        ("x10^9/L", "×10⁹/L"),
        ("x 10*9/L", "×10⁹/L"),
        ("10e9/L", "×10⁹/L"),
        ("10*12/L", "×10¹²/L"),
        ("10*3/uL", "×10³/µL"),
        ("10*-3", "×10⁻³"),
        ("umol/L", "µmol/L"),
        ("μmol/L", "μmol/L"),
        ("ug/L", "µg/L"),
        ("mU/L", "mU/L"),
        ("u[iU]/mL", "µIU/mL"),
        ("m[iU]/L", "mIU/L"),
        ("mm[Hg]", "mmHg"),
        ("Cel", "°C"),
        ("[degF]", "°F"),
        ("kg/m2", "kg/m²"),
        ("mL/min/{1.73_m2}", "mL/min/1.73 m²"),
        ("mL/min/1.73m2", "mL/min/1.73m²"),
        ("{beats}/min", "beats/min"),
        ("mg/mmol{creat}", "mg/mmol creat"),
        ("/min", "/min"),
        ("mmol/mol", "mmol/mol"),
        ("{score}", ""),
        ("1", ""),
        ("", ""),
        ("units a week", "units a week"),
        ("unit", "unit"),
        ("10 tablets", "10 tablets"),
        ("mouse units", "mouse units"),
    ],
)
def test_a_unit_is_printed_as_people_write_it(written: str, print_: str) -> None:
    assert printed(written) == print_


def test_a_power_of_ten_is_said_in_words_too() -> None:
    assert unit("10*9/L") == (
        '<span aria-hidden="true">×10⁹/L</span><span class="vh">times ten to the power 9 per litre</span>'
    )
    assert "times ten to the power 3 per microlitre" in unit("10*3/uL")
    assert unit("mmol/L") == "mmol/L"
    assert unit(None) == ""


def test_a_units_text_is_never_markup() -> None:
    assert unit("<b>10*9/L</b>").count("<b>") == 0


@given(st.text(max_size=60))
def test_any_unit_is_printed_once_and_for_all(written: str) -> None:
    assert printed(printed(written)) == printed(written)
