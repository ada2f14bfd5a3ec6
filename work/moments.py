"""When silence reaches its next level. Pure but for the limits it is given."""

import datetime as dt
from collections.abc import Mapping

from django.utils import timezone

from work import days
from work.models import Clock
from work.rules import MANAGER, SECOND, WARN, Rules

Level = Clock.Level
Numbers = Mapping[str, Mapping[str, int]]


def next_level(level: int) -> int | None:
    """The level after this one; None after the last."""
    return level + 1 if level < Level.MANAGER else None


def arm(clock: Clock, rules: Rules, numbers: Numbers) -> None:
    """Start the silence of a deadline that was just set: `due_on` and `set_at` are there. Does not save."""
    clock.level = Level.QUIET
    clock.next_at = moment(clock, Level.SOON, rules, numbers)
    if clock.next_at <= clock.set_at:  # so short that a warning would come with the deadline itself
        clock.level = Level.SOON
        clock.next_at = moment(clock, Level.OVERDUE, rules, numbers)


def moment(clock: Clock, level: int, rules: Rules, numbers: Numbers) -> dt.datetime:
    """When silence about a clock's deadline reaches a level, if nothing happens before.

    Two working days after it means: when two whole working days of it being overdue are over. A deadline that had
    passed when it was set is overdue at once, but people are given their days to act on it.
    """
    if level == Level.SOON:
        gap = rules.limit(numbers, clock.priority, WARN).number
        return days.begins(days.working_days_before(clock.due_on, gap))
    if level == Level.OVERDUE:
        return max(days.begins(clock.due_on + dt.timedelta(days=1)), clock.set_at)
    late_from = max(clock.due_on, timezone.localdate(clock.set_at))
    gap = rules.limit(numbers, clock.priority, SECOND).number
    if level == Level.MANAGER:
        gap = max(gap, rules.limit(numbers, clock.priority, MANAGER).number)
    return max(days.begins(days.working_days_after(late_from, gap + 1)), moment(clock, Level.OVERDUE, rules, numbers))
