"""Dates, times and numbers as people say them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui import dates, numbers

TODAY = dt.date(2026, 11, 23)
NOW = dt.datetime(2026, 11, 23, 9, 31, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (dt.date(2026, 11, 18), "18 Nov"),
        (dt.date(2014, 3, 2), "2 Mar 2014"),
        ("2014", "2014"),
        ("2026-11", "Nov 2026"),
        ("2026-11-18", "18 Nov"),
        ("2026-06-30T23:30:00Z", "1 Jul"),  # half past midnight in London
        ("2026-11-18T10:20:00+00:00", "18 Nov"),
        ("", ""),
        (None, ""),
        ("about 1998", ""),
        ("2026-13", ""),
    ],
)
def test_date_short(value: str | dt.date | None, said: str) -> None:
    assert dates.date_short(value, TODAY) == said


@pytest.mark.parametrize(
    ("value", "said"), [("1970-05-01", "01-May-1970"), ("1970-05", "May-1970"), ("1970", "1970"), (None, "")]
)
def test_date_of_birth(value: str | None, said: str) -> None:
    assert dates.date_long(value) == said


@pytest.mark.parametrize(
    ("born", "said"),
    [
        ("1970-05-01", "56 y"),
        ("1970-11-24", "55 y"),
        ("1970-11-23", "56 y"),
        ("2025-01-10", "22 m"),
        ("2026-10-20", "4 w"),
        ("2026-11-20", "3 d"),
        ("1970", "about 56 y"),
        ("2027-01-01", ""),
        (None, ""),
    ],
)
def test_age(born: str | None, said: str) -> None:
    assert dates.age(born, TODAY) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        (NOW - dt.timedelta(seconds=20), "just now"),
        (NOW - dt.timedelta(minutes=3), "3 min ago"),
        (NOW - dt.timedelta(hours=3), "06:31"),
        (dt.datetime(2026, 11, 22, 16, 20, tzinfo=dt.UTC), "yesterday 16:20"),
        (dt.datetime(2026, 11, 3, 16, 20, tzinfo=dt.UTC), "3 Nov"),
        (NOW + dt.timedelta(minutes=10), "09:41"),
        (None, ""),
    ],
)
def test_ago(moment: dt.datetime | None, said: str) -> None:
    assert dates.ago(moment, NOW) == said


def test_since() -> None:
    assert dates.since(dt.datetime(2026, 11, 23, 9, 14, tzinfo=dt.UTC), NOW) == "since 09:14"
    assert dates.since(dt.datetime(2026, 7, 1, 23, 30, tzinfo=dt.UTC), NOW) == "since 2 Jul"
    assert dates.since(None, NOW) == ""


@given(st.text(max_size=40))
def test_no_written_date_breaks_a_page(text: str) -> None:
    for say in (dates.date_short, dates.date_long, dates.date_month, dates.date_full, dates.date_plain):
        assert isinstance(say(text), str)
    assert isinstance(dates.age(text, TODAY), str)


@pytest.mark.parametrize(
    ("value", "said"),
    [("9991234578", "999 123 4578"), ("999-123-4578", "999 123 4578"), ("12345", "12345"), ("", "")],
)
def test_nhs_number(value: str, said: str) -> None:
    assert numbers.nhs_number(value) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1840", "1,840"),
        ("142.50", "142.50"),
        ("1234567.0", "1,234,567.0"),
        ("<1500", "<1,500"),
        ("132/78", "132/78"),
        ("Ex-smoker", "Ex-smoker"),
        (None, ""),
        (58, "58"),
    ],
)
def test_figure(value: str | int | None, said: str) -> None:
    assert numbers.figure(value) == said


def test_count_and_telephone() -> None:
    assert numbers.count(1, "letter") == "1 letter"
    assert numbers.count(1200, "person", "people") == "1,200 people"
    assert numbers.phone_link("+44 1632 960 100") == "+441632960100"
