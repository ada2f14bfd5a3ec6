"""Where things stand in a chart: round figures for an axis, dates along the bottom, steps of a reference range."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ui.dates import date_full, date_month

_YEARS_IN_DAYS = 3 * 366


class Point(NamedTuple):
    """One result: the number to draw (None: it is none, the line breaks there) and the words to read.

    `limit` is "<" or ">" where the figure is only a limit: drawn hollow with an arrow, joined to nothing. `shape` tells
    the sources apart. `low` and `high` are the reference range that came with this very result.
    """

    value: float | None
    said: str
    #: Its date as written, or in words: worded only for the few points that are named.
    when: str | dt.datetime | None
    at: dt.datetime | None = None
    limit: str = ""
    shape: int = 0
    low: float | None = None
    high: float | None = None

    @property
    def day(self) -> str:
        return date_full(self.when) or (self.when if isinstance(self.when, str) else "")


@dataclass(frozen=True, slots=True)
class Frame:
    """A drawing of `width` by `height` with its edges, and the least and most of what is drawn, in time and value."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    least: float
    most: float
    start: float
    end: float

    def y(self, value: float) -> float:
        room = self.height - self.top - self.bottom
        return round(self.height - self.bottom - (value - self.least) / (self.most - self.least) * room, 1)

    def x(self, moment: float) -> float:
        room = self.width - self.left - self.right
        if self.end <= self.start:
            return round(self.left + room / 2, 1)
        return round(self.left + (moment - self.start) / (self.end - self.start) * room, 1)


def spread(values: Sequence[float]) -> tuple[float, float]:
    """The least and the most, always with room between: a flat line lies in the middle."""
    least, most = min(values), max(values)
    if most - least <= 1e-9 * max(1.0, abs(least), abs(most)):  # also what differs by less than can be drawn
        room = max(1.0, abs(least) / 10)
        return least - room, most + room
    return least, most


def round_figures(least: float, most: float) -> list[float]:
    """Three to six round figures that cover least to most: 40, 45, 50, 55, 60."""
    rough = (most - least) / 4
    ten: float = 10.0 ** math.floor(math.log10(rough))
    step = next(ten * factor for factor in (1, 2, 2.5, 5, 10) if ten * factor >= rough * 0.999)
    first, last = math.floor(least / step + 1e-9), math.ceil(most / step - 1e-9)
    return [number * step for number in range(first, last + 1)]


def figure(value: float) -> str:
    """A round figure as an axis says it: "1,200", "4.5"."""
    return f"{value:,.10g}" if abs(value) < 1e15 else f"{value:.3g}"


def moments(points: Sequence[Point]) -> list[float]:
    """Seconds of each point; their numbers in a row where one of them has no date."""
    if all(point.at is not None for point in points):
        return [point.at.timestamp() for point in points if point.at is not None]
    return [float(number) for number in range(len(points))]


def dates_along(start: float, end: float) -> list[tuple[float, str]]:
    """Two dates between the first and the last, for an axis of time."""
    if end - start < 4 * 86400:
        return []
    long = (end - start) / 86400 > _YEARS_IN_DAYS
    between = [start + (end - start) * part / 3 for part in (1, 2)]
    days = [dt.datetime.fromtimestamp(moment, dt.UTC) for moment in between]
    return [(m, date_month(d.date().isoformat()) if long else date_full(d)) for m, d in zip(between, days, strict=True)]


Limits = tuple[float | None, float | None]


def ranges(points: Sequence[Point]) -> list[tuple[int, Limits]]:
    """The reference ranges over time: (number of the first point it holds for, (low, high)), in order.

    One range, given with some points only, holds for all of them. (None, None): no range came with these.
    """
    given = [(point.low, point.high) for point in points]
    different = set(given) - {(None, None)}
    if len(different) == 1:
        return [(0, different.pop())]
    steps: list[tuple[int, Limits]] = []
    for number, one in enumerate(given):
        if not steps or steps[-1][1] != one:
            steps.append((number, one))
    return steps if different else []


def thinned(points: Sequence[Point], stretches: int) -> list[Point]:
    """Many points by the lowest and the highest of each stretch of time; the first and last stay. Few stay as they are.

    No peak is lost. What is no figure is left out.
    """
    drawn = [point for point in points if point.value is not None and point.at is not None]
    if len(points) <= 2 * stretches or not drawn:
        return list(points)
    start, end = drawn[0].at, drawn[-1].at
    assert start is not None
    assert end is not None
    length = max((end - start).total_seconds(), 1.0)
    kept: dict[int, tuple[int, int]] = {}
    for number, point in enumerate(drawn):
        assert point.at is not None
        stretch = int((point.at - start).total_seconds() / length * stretches)
        low, high = kept.get(stretch, (number, number))
        kept[stretch] = (
            number if _value(drawn[number]) < _value(drawn[low]) else low,
            number if _value(drawn[number]) > _value(drawn[high]) else high,
        )
    numbers = {0, len(drawn) - 1, *(number for both in kept.values() for number in both)}
    return [drawn[number] for number in sorted(numbers)]


def _value(point: Point) -> float:
    return point.value if point.value is not None else 0.0
