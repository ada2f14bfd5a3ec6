"""Working days in England, and the moments at which days begin there. Pure."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

import holidays

_DAY = dt.timedelta(days=1)
#: Days of the practice are days here, whatever the clock of the machine or the summer does.
LONDON = ZoneInfo("Europe/London")


@cache
def _bank_holidays() -> holidays.HolidayBase:
    return holidays.country_holidays("GB", subdiv="ENG")


def is_working_day(day: dt.date) -> bool:
    """Neither weekend nor bank holiday in England."""
    return day.weekday() < 5 and day not in _bank_holidays()


def working_days_after(day: dt.date, count: int) -> dt.date:
    """The working day that comes `count` working days after `day`; with 0, `day` or the next working day."""
    while count > 0:
        day += _DAY
        count -= is_working_day(day)
    return on_or_after(day)


def working_days_before(day: dt.date, count: int) -> dt.date:
    """The working day that lies `count` working days before `day`."""
    while count > 0:
        day -= _DAY
        count -= is_working_day(day)
    return day


def on_or_after(day: dt.date) -> dt.date:
    """The first working day from `day` on."""
    while not is_working_day(day):
        day += _DAY
    return day


def begins(day: dt.date) -> dt.datetime:
    """The moment at which a day begins in England. Summer time never begins or ends at midnight, so there is one."""
    return dt.datetime.combine(day, dt.time.min, LONDON)


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something may take: working days, or days of the calendar."""

    number: int
    working: bool = True

    def due(self, since: dt.date) -> dt.date:
        """The last day on which it is in time: always a working day.

        A limit in days of the calendar that ends when nobody works is met before that: a standard of 28 days is not
        stretched to 30 by a weekend.
        """
        if self.working:
            return working_days_after(since, self.number)
        day = since + dt.timedelta(days=self.number)
        while day > since and not is_working_day(day):
            day -= _DAY
        return on_or_after(day)

    @property
    def unit(self) -> str:
        """ "working days", "day" …"""
        return ("working " if self.working else "") + ("day" if self.number == 1 else "days")
