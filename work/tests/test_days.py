"""Working days in England: bank holidays, weekends, and when a day begins."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from work.days import Limit, begins, is_working_day, working_days_after, working_days_before

DATES = st.dates(dt.date(2000, 1, 1), dt.date(2099, 1, 1))


@pytest.mark.parametrize(
    ("year", "days"),
    [  # gov.uk/bank-holidays, England and Wales
        (2021, ["01-01", "04-02", "04-05", "05-03", "05-31", "08-30", "12-27", "12-28"]),
        (2022, ["01-03", "04-15", "04-18", "05-02", "06-02", "06-03", "08-29", "09-19", "12-26", "12-27"]),
        (2023, ["01-02", "04-07", "04-10", "05-01", "05-08", "05-29", "08-28", "12-25", "12-26"]),
        (2026, ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"]),
        (2027, ["01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"]),
    ],
)
def test_weekdays_on_which_nobody_works(year: int, days: list[str]) -> None:
    first = dt.date(year, 1, 1)
    weekdays = [day for n in range(365) if (day := first + dt.timedelta(days=n)).weekday() < 5]
    off = [day for day in weekdays if not is_working_day(day)]
    assert off == [dt.date.fromisoformat(f"{year}-{day}") for day in days]


@pytest.mark.parametrize(
    ("since", "limit", "due"),
    [
        ("2026-11-20", Limit(2), "2026-11-24"),
        ("2026-12-24", Limit(1), "2026-12-29"),  # Christmas, a weekend and the substitute of Boxing Day
        ("2026-12-31", Limit(1), "2027-01-04"),  # the year ends
        ("2026-04-02", Limit(1), "2026-04-07"),  # Easter
        ("2026-11-21", Limit(0), "2026-11-23"),
        ("2026-11-24", Limit(14, working=False), "2026-12-08"),
        ("2026-11-28", Limit(28, working=False), "2026-12-24"),  # 26 December: not stretched beyond 28 days
        ("2026-11-27", Limit(1, working=False), "2026-11-27"),
        ("2026-11-28", Limit(1, working=False), "2026-11-30"),
    ],
)
def test_when_something_is_due(since: str, limit: Limit, due: str) -> None:
    assert limit.due(dt.date.fromisoformat(since)) == dt.date.fromisoformat(due)


@given(DATES, st.integers(0, 60), st.booleans())
def test_a_deadline_is_never_on_a_day_on_which_nobody_works(since: dt.date, number: int, working: bool) -> None:
    due = Limit(number, working).due(since)
    assert is_working_day(due)
    assert due >= since
    if working and number:
        assert sum(is_working_day(since + dt.timedelta(days=n)) for n in range(1, (due - since).days + 1)) == number
    if not working and number > 5:
        assert due <= since + dt.timedelta(days=number)


@given(DATES, st.integers(0, 40), st.integers(0, 40))
def test_more_days_are_never_due_earlier(since: dt.date, less: int, more: int) -> None:
    less, more = sorted((less, more))
    assert Limit(less).due(since) <= Limit(more).due(since)
    assert Limit(less).due(since) <= Limit(less).due(since + dt.timedelta(days=1))


@given(DATES, st.integers(1, 20))
def test_back_is_the_way_there(day: dt.date, count: int) -> None:
    there = working_days_after(day, count)
    back = working_days_before(there, count)
    assert back <= day
    assert not any(is_working_day(back + dt.timedelta(days=n)) for n in range(1, (day - back).days + 1))


@given(DATES)
def test_a_day_begins_once_and_after_the_day_before(day: dt.date) -> None:
    start, next_start = begins(day), begins(day + dt.timedelta(days=1))
    assert (start.hour, start.minute) == (0, 0)
    assert start.utcoffset() in (dt.timedelta(0), dt.timedelta(hours=1))
    hours = (next_start.astimezone(dt.UTC) - start.astimezone(dt.UTC)) / dt.timedelta(hours=1)
    assert hours in (23, 24, 25)


def test_summer_time_moves_the_moment_and_not_the_day() -> None:
    assert begins(dt.date(2026, 3, 29)).astimezone(dt.UTC) == dt.datetime(2026, 3, 29, 0, tzinfo=dt.UTC)
    assert begins(dt.date(2026, 3, 30)).astimezone(dt.UTC) == dt.datetime(2026, 3, 29, 23, tzinfo=dt.UTC)
    assert begins(dt.date(2026, 10, 26)).astimezone(dt.UTC) == dt.datetime(2026, 10, 26, 0, tzinfo=dt.UTC)
