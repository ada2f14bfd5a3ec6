"""Working days in England, and when silence becomes an event."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.deadlines import bank_holidays, due_on, is_working_day, working_days_after
from referrals.models import Referral

State, Priority = Referral.State, Referral.Priority
MONDAY = dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("year", "days"),
    [  # gov.uk/bank-holidays, England and Wales
        (2021, ["01-01", "04-02", "04-05", "05-03", "05-31", "08-30", "12-27", "12-28"]),
        (2024, ["01-01", "03-29", "04-01", "05-06", "05-27", "08-26", "12-25", "12-26"]),
        (2026, ["01-01", "04-03", "04-06", "05-04", "05-25", "08-31", "12-25", "12-28"]),
        (2027, ["01-01", "03-26", "03-29", "05-03", "05-31", "08-30", "12-27", "12-28"]),
    ],
)
def test_bank_holidays(year: int, days: list[str]) -> None:
    assert bank_holidays(year) == {dt.date.fromisoformat(f"{year}-{day}") for day in days}


def test_christmas_on_a_sunday_and_new_year_on_a_saturday() -> None:
    assert {dt.date(2022, 12, 26), dt.date(2022, 12, 27)} <= bank_holidays(2022)
    assert dt.date(2022, 1, 3) in bank_holidays(2022)


def test_working_days_jump_over_weekend_and_christmas() -> None:
    assert working_days_after(dt.date(2026, 11, 20), 2) == dt.date(2026, 11, 24)
    assert working_days_after(dt.date(2026, 12, 24), 1) == dt.date(2026, 12, 29)


@given(st.dates(dt.date(2000, 1, 1), dt.date(2099, 1, 1)), st.integers(1, 30))
def test_working_days_are_counted(day: dt.date, count: int) -> None:
    end = working_days_after(day, count)
    between = (day + dt.timedelta(days=n) for n in range(1, (end - day).days + 1))
    assert is_working_day(end)
    assert sum(map(is_working_day, between)) == count


@pytest.mark.parametrize(
    ("priority", "state", "due"),
    [
        (Priority.SUSPECTED_CANCER, State.SENT, dt.date(2026, 11, 25)),
        (Priority.SUSPECTED_CANCER, State.ACCEPTED, dt.date(2026, 12, 7)),
        (Priority.URGENT, State.DELIVERED, dt.date(2026, 11, 30)),
        (Priority.ROUTINE, State.DELIVERED, dt.date(2026, 12, 7)),
        (Priority.ROUTINE, State.REJECTED, dt.date(2026, 12, 7)),
        (Priority.ROUTINE, State.BOOKED, dt.date(2026, 12, 15)),
        (Priority.ROUTINE, State.ANSWERED, None),
        (Priority.ROUTINE, State.COMPLETED, None),
    ],
)
def test_due_on(priority: str, state: str, due: dt.date | None) -> None:
    assert due_on(priority, state, MONDAY, dt.date(2026, 12, 8)) == due


@pytest.mark.parametrize("state", [State.DRAFT, State.WITHDRAWN])
def test_what_was_never_sent_has_no_clock(state: str) -> None:
    assert due_on(Priority.URGENT, state, None, None) is None


def test_whatever_waits_for_a_receiver_has_a_clock() -> None:
    for priority in Priority.values:
        for state in (State.SENT, State.DELIVERED, State.ACCEPTED, State.NOT_DELIVERED, State.REJECTED):
            assert due_on(priority, state, MONDAY, None) is not None
