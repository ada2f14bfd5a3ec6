"""Which version of a form is used on which day. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Start:
    """A version, by number, is the one in use from a day on, until the day of another start."""

    version: int
    day: dt.date


@dataclass(frozen=True, slots=True)
class Period:
    """The days on which a version is used, both included; no end: until further notice."""

    version: int
    first: dt.date
    last: dt.date | None


class State(StrEnum):
    """Where a version stands today."""

    DRAFT = "Draft"
    COMING = "Planned"
    VALID = "In use"
    WITHDRAWN = "Replaced"


def periods(starts: Sequence[Start]) -> list[Period]:
    """The periods of a form by day. `starts` come in the order in which they were said: the last for a day wins."""
    by_day = {start.day: start.version for start in starts}
    days = sorted(day for day in by_day)
    found: list[Period] = []
    for place, day in enumerate(days):
        last = days[place + 1] - dt.timedelta(days=1) if place + 1 < len(days) else None
        if found and found[-1].version == by_day[day]:
            found[-1] = Period(by_day[day], found[-1].first, last)
        else:
            found.append(Period(by_day[day], day, last))
    return found


def in_use(starts: Sequence[Start], day: dt.date) -> int | None:
    """The version used on a day; None before the first."""
    return next((one.version for one in reversed(periods(starts)) if one.first <= day), None)


def state(version: int, starts: Sequence[Start], today: dt.date) -> State:
    """Where a version stands: in use, planned for a day that comes, replaced since, or never used."""
    if in_use(starts, today) == version:
        return State.VALID
    if any(one.first > today for one in periods(starts) if one.version == version):
        return State.COMING
    # Also what was replaced on the very day it began: that was in use, if for an hour.
    begun = any(one.day <= today for one in starts if one.version == version)
    return State.WITHDRAWN if begun else State.DRAFT
