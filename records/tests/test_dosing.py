"""How often a medicine is taken, read from a timing and from words: a table, and that both mean the same."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records import dosing


def timing(**repeat: Any) -> dict[str, Any]:
    return {"timing": {"repeat": repeat}}


@pytest.mark.parametrize(
    ("dosages", "said"),
    [
        ([timing(frequency=1, period=1, periodUnit="d")], "once a day"),
        ([timing(frequency=2, period=1, periodUnit="d")], "twice a day"),
        ([timing(period=8, periodUnit="h")], "3 times a day"),
        ([timing(frequency=1, period=2, periodUnit="d")], "every other day"),
        ([timing(frequency=1, period=1, periodUnit="wk")], "once a week"),
        ([timing(frequency=1, period=1, periodUnit="d", when=["HS"])], "once a day, at night"),
        ([timing(when=["MORN", "HS"])], "twice a day"),
        ([{"timing": {"code": {"coding": [{"code": "BID"}]}}, "asNeededBoolean": True}], "twice a day, when needed"),
        ([timing(frequency=1, period=1, periodUnit="d")] * 2, "once a day"),
        ([timing(frequency=1, period=1, periodUnit="d"), timing(frequency=2, period=1, periodUnit="d")], ""),
        ([timing(frequency=1, period=1, periodUnit="d"), {"text": "then stop"}], ""),
        ([timing(frequency=1, frequencyMax=2, period=1, periodUnit="d")], ""),
        ([timing(frequency=1, period=0, periodUnit="d")], ""),
        ([timing(frequency=1, period=1, periodUnit="mo")], ""),
        ([{"text": "once a day"}], ""),
        ([], ""),
    ],
)
def test_a_timing_is_understood_whole_or_not_at_all(dosages: list[dict[str, Any]], said: str) -> None:
    assert str(dosing.often(dosages) or "") == said


@pytest.mark.parametrize(
    ("text", "whole", "part"),
    [
        ("1 tablet once a day", "once a day", "once a day"),
        ("Take ONE daily.", "once a day", "once a day"),
        ("one b.d.", "twice a day", "twice a day"),
        ("every 8 hours", "3 times a day", "3 times a day"),
        ("2 tablets (500mg) 3 times per day", "3 times a day", "3 times a day"),
        ("TDS prn", "3 times a day, when needed", "3 times a day, when needed"),
        ("one in the morning and one at night", "twice a day", "twice a day"),
        ("two in the morning and one at night", "", "twice a day"),
        ("take two twice a day with meals", "", "twice a day"),
        ("take one or two up to four times a day when needed", "", ""),
        ("one daily for 7 days, then stop", "", ""),
        ("one on", "once a day, at night", "once a day, at night"),
        ("1 tablet once a day on Mondays", "", ""),
        ("one at night, Sundays only", "", ""),
        ("one daily except Friday", "", ""),
        ("one tablet once a week on Mondays", "", "once a week"),
        ("½ tablet daily", "once a day", "once a day"),
        ("as directed", "", ""),
        ("every 0 hours", "", ""),
        ("", "", ""),
    ],
)
def test_words_are_understood_whole_or_in_part(text: str, whole: str, part: str) -> None:
    assert str(dosing.read(text) or "") == whole
    assert str(dosing.glean(text) or "") == part


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("TWO tablets once a day", "2"),
        ("half a tablet daily", "0.5"),
        ("½ tablet daily", "0.5"),
        ("ONE to be taken twice a day", "1"),
        ("1 tablet in the morning and 2 tablets at night", "1 and 2"),
        ("500 mg once a day", ""),
        ("once a day", ""),
    ],
)
def test_how_many_at_a_time(text: str, said: str) -> None:
    assert dosing.many(text) == said


@given(st.integers(1, 12), st.sampled_from([1, 7, 14]), st.booleans())
def test_what_is_said_is_understood_again(times: int, days: int, needed: bool) -> None:
    said = dosing.Often(Fraction(times, days), needed=needed)
    again = dosing.glean(str(said))
    assert again is not None
    assert again.agrees(said)


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    whole = dosing.read(text)
    assert whole is None or dosing.glean(text) is not None
