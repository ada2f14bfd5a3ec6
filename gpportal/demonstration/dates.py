"""The demonstration's calendar: recent events keep their distance to today, history keeps its dates."""

from dataclasses import dataclass
from datetime import date, timedelta

# The day on which the story was written. What lies further back than RECENT days is fixed to it.
EPOCH = date(2026, 11, 23)
RECENT = 400


def british_offset(day: date) -> str:
    """Offset of Europe/London from UTC on that day, without needing a time-zone database."""
    changes = [date(day.year, month, 31) for month in (3, 10)]
    start, end = (last - timedelta(days=(last.weekday() + 1) % 7) for last in changes)
    return "+01:00" if start <= day < end else "+00:00"


def at(day: date, hour: int = 9, minute: int = 0) -> str:
    """FHIR dateTime at a British wall-clock time."""
    return f"{day.isoformat()}T{hour:02}:{minute:02}:00{british_offset(day)}"


def years_before(day: date, born: date) -> int:
    """Age in whole years on a day."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@dataclass(frozen=True)
class Calendar:
    """Turns 'so many days ago' into a date."""

    today: date

    def ago(self, days: int) -> date:
        """The date so many days ago; negative numbers lie ahead. Beyond RECENT days it does not move with today."""
        return (self.today if days <= RECENT else min(EPOCH, self.today)) - timedelta(days=days)
