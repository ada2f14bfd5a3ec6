"""When silence becomes an event: working days in England, and the date by which something must have happened."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Final

from dateutil.easter import easter

from referrals.models import Referral

State, Priority = Referral.State, Referral.Priority

#: NHS Standard Contract, Service Condition 11: a letter after an outpatient attendance within 7 days.
LETTER_AFTER_DAYS: Final = 7


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when we want to have heard: working days until a first answer, days from sending until a date is known."""

    answer_working_days: int
    booked_days: int


DEADLINES: Final[dict[str, Deadline]] = {
    # The old two-week wait, kept as the practice's net under the 28-day faster diagnosis standard;
    # a referral that nobody took up within two working days may be lost.
    Priority.SUSPECTED_CANCER: Deadline(answer_working_days=2, booked_days=14),
    # The practice's own choice until it sets its own: a week to answer, six weeks to a date.
    Priority.URGENT: Deadline(answer_working_days=5, booked_days=42),
    # NHS Constitution: treatment starts within 18 weeks.
    Priority.ROUTINE: Deadline(answer_working_days=10, booked_days=126),
}


def due_on(priority: str, state: str, sent_on: dt.date | None, booked_for: dt.date | None) -> dt.date | None:
    """The date by which the next thing must have happened, or None when nothing is awaited.

    A referral that was rejected or did not arrive, or about which more is asked, keeps the clock of its sending:
    somebody has to act on it.
    """
    if sent_on is None:
        return None
    deadline = DEADLINES[priority]
    if state in (State.SENT, State.DELIVERED, State.NOT_DELIVERED, State.REJECTED, State.ASKED):
        return working_days_after(sent_on, deadline.answer_working_days)
    if state == State.ACCEPTED:
        return sent_on + dt.timedelta(days=deadline.booked_days)
    if state == State.BOOKED and booked_for is not None:
        return booked_for + dt.timedelta(days=LETTER_AFTER_DAYS)
    return None


def working_days_after(day: dt.date, count: int) -> dt.date:
    """The working day that comes `count` working days after `day`."""
    while count > 0:
        day += dt.timedelta(days=1)
        count -= is_working_day(day)
    return day


def is_working_day(day: dt.date) -> bool:
    """Neither weekend nor bank holiday in England."""
    return day.weekday() < 5 and day not in bank_holidays(day.year)


@cache
def bank_holidays(year: int) -> frozenset[dt.date]:
    """Bank holidays in England by rule (Banking and Financial Dealings Act 1971), without one-off days."""
    sunday = easter(year)
    moving = {
        sunday - dt.timedelta(days=2),
        sunday + dt.timedelta(days=1),
        _monday_from(dt.date(year, 5, 1)),
        _monday_from(dt.date(year, 5, 25)),
        _monday_from(dt.date(year, 8, 25)),
    }
    fixed: set[dt.date] = set()
    for day in (dt.date(year, 1, 1), dt.date(year, 12, 25), dt.date(year, 12, 26)):
        # On a weekend, or where the substitute of the day before already lies, the next free weekday is the holiday.
        while day.weekday() > 4 or day in fixed:
            day += dt.timedelta(days=1)
        fixed.add(day)
    return frozenset(moving | fixed)


def _monday_from(day: dt.date) -> dt.date:
    """The first Monday on or after a day."""
    return day + dt.timedelta(days=-day.weekday() % 7)
