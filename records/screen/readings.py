"""Results of one test as figures to draw and lines to list. Pure.

A figure is drawn on a line with others only where their units are the same or differ by a power of ten.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from uuid import UUID

from exchange.fhir import units
from records.screen import figures
from records.screen.claims import Claim
from ui.axes import Point
from ui.units import printed

MOST_UNITS: Final = 6


class Reading(NamedTuple):
    """What a chart and the order of a table need of one result; the rest of it is read for the page that shows it."""

    id: UUID
    source: int
    date: dt.datetime | None
    written: str
    value: str
    unit: str
    status: str = ""
    ucum: str = ""
    comparator: str = ""
    interpretation: str = ""
    low: str = ""
    high: str = ""
    range: str = ""
    absent: str = ""

    @property
    def stands(self) -> bool:
        """Neither entered in error nor cancelled."""
        return self.status not in figures.TAKEN_BACK

    @property
    def compared(self) -> str:
        """The unit to compare by."""
        return figures.unit_read(self.unit, self.ucum)

    @property
    def says(self) -> tuple[object, ...]:
        """Equal for two results that say the same: time, figure, unit, range, sign, status."""
        return (
            *(self.date, self.written, self.value, self.unit, self.status, self.comparator),
            *(self.interpretation, self.low, self.high, self.range, self.absent),
        )


#: Keys of `detail` that a Reading holds.
KEYS: Final = ("ucum", "comparator", "interpretation", "low", "high", "range", "absent")


def reading(claim: Claim) -> Reading:
    kept = {key: str(claim.detail.get(key) or "") for key in KEYS}
    written = claim.date_written
    return Reading(claim.id, claim.source.id, claim.date, written, claim.value, claim.unit, claim.status, **kept)


@dataclass(slots=True)
class Series:
    """Readings in units that stand on one line, newest first, each with the power of ten that leads to `unit`."""

    unit: str
    members: list[tuple[Reading, int]] = field(default_factory=list)

    @property
    def years(self) -> tuple[int, int] | None:
        dated = [one.date.year for one, _ in self.members if one.date]
        return (min(dated), max(dated)) if dated else None


def by_unit(readings: Iterable[Reading]) -> list[Series]:
    """The figures among the readings, newest first, by the units in which they can be drawn; the latest unit first."""
    found: list[Series] = []
    known: dict[str, tuple[Series, int] | None] = {}
    for one in readings:
        if not one.stands or not _is_figure(one):
            continue
        key = one.compared
        place = known.get(key)
        if place is None:
            steps = ((series, units.steps(key, series.unit)) for series in found)
            place = next(((series, step) for series, step in steps if step is not None), None)
            if place is None:
                found.append(Series(key))
                place = (found[-1], 0)
            known[key] = place
        place[0].members.append((one, place[1]))
    return found


def _is_figure(one: Reading) -> bool:
    return figures.number(figures.limit(one.value, one.comparator)[1]) is not None


def points(series: Series, shapes: dict[int, int], gaps: Sequence[Reading] = ()) -> tuple[list[Point], list[Point]]:
    """(points to draw, oldest first; the second figure of each where all are pairs). Each time and figure once.

    `gaps` are readings without a figure: the line breaks where they stand.
    """
    drawn = {one.id: step for one, step in series.members}
    said = Counter(one.source for one, _ in series.members)  # what two say alike goes to the longer line
    every = sorted(
        [*(one for one, _ in series.members), *gaps], key=lambda one: (_oldest_first(one), -said[one.source])
    )
    first, second, seen = [], [], set()
    for one in every:
        same = (one.date, one.value, one.compared, one.comparator, one.id if one.id not in drawn else None)
        if same in seen:
            continue
        seen.add(same)
        first.append(_point(one, drawn.get(one.id), shapes.get(one.source, 0)))
        both = figures.pair(one.value)
        if both:
            second.append(Point(both[1], one.value, one.written or one.date, one.date, shape=shapes.get(one.source, 0)))
    return first, second if len(second) == len(first) else []


def _oldest_first(one: Reading) -> tuple[bool, dt.datetime]:
    return (one.date is not None, one.date or dt.datetime.min.replace(tzinfo=dt.UTC))


def _point(one: Reading, step: int | None, shape: int) -> Point:
    if step is None:
        return Point(None, one.value or "no value", one.written or one.date, one.date)
    beyond, figure = figures.limit(one.value, one.comparator)
    figure = shifted(figure, step)
    return Point(
        value=figures.number(figure),
        said=figures.in_words(figure, beyond),
        when=one.written or one.date,
        at=one.date,
        limit=beyond,
        shape=shape,
        low=figures.number(shifted(one.low, step)),
        high=figures.number(shifted(one.high, step)),
    )


def shifted(figure: str, step: int) -> str:
    """A figure times a power of ten, exactly; a pair and a limit part by part, words as they are."""
    if not step or not figure:
        return figure
    beyond, bare = figures.limit(figure, "")
    both = figures.pair(bare)
    if both:
        return "/".join(units.convert(part.strip(), step) for part in bare.split("/"))
    return beyond + units.convert(bare.strip(), step) if figures.number(bare) is not None else figure


def lines(readings: Sequence[Reading]) -> list[tuple[Reading, ...]]:
    """The readings in order, those of several sources that say the same of the same moment as one line.

    Every reading is in exactly one line. What has no time, or comes twice from one source, stands alone.
    """
    at_once = Counter(one.date for one in readings)
    found: list[tuple[Reading, ...]] = []
    places: dict[tuple[object, ...], list[int]] = {}
    for one in readings:
        if one.date is None or at_once[one.date] == 1:
            found.append((one,))
            continue
        same = places.setdefault(one.says, [])
        place = next((n for n in same if one.source not in {r.source for r in found[n]}), None)
        if place is None:
            same.append(len(found))
            found.append((one,))
        else:
            found[place] += (one,)
    return found


def conflicts(readings: Sequence[Reading]) -> dict[UUID, list[Reading]]:
    """Readings that another source's contradict: another figure at the same moment. By id, with those others."""
    moments: dict[dt.datetime, list[Reading]] = {}
    at_once = Counter(one.date for one in readings)
    for one in readings:
        if one.date is not None and at_once[one.date] > 1 and one.stands and one.value:
            moments.setdefault(one.date, []).append(one)
    return {one.id: others for group in moments.values() if len(group) > 1 for one, others in _against(group)}


def _against(group: Sequence[Reading]) -> Iterator[tuple[Reading, list[Reading]]]:
    for one in group:
        others = [other for other in group if other.source != one.source and not same_figure(one, other)]
        if others:
            yield one, others


def same_figure(one: Reading, other: Reading) -> bool:
    """13.2 g/dL and 132 g/L are the same figure."""
    step = units.steps(one.compared, other.compared)
    mine, theirs = (figures.limit(r.value, r.comparator) for r in (one, other))
    if step is None or mine[0] != theirs[0]:
        return False
    left, right = figures.number(shifted(mine[1], step)), figures.number(theirs[1])
    if left is None or right is None or "/" in mine[1] or "/" in theirs[1]:
        return shifted(mine[1], step).casefold() == theirs[1].casefold()
    return left == right


def units_said(found: Sequence[Series]) -> str:
    """ "The unit changed in 2019: % before, mmol/mol since. They are not drawn on one line." """
    named = [printed(series.unit) or "no unit" for series in found[:MOST_UNITS]]
    if len(named) < 2:
        return ""
    newer, older = found[0].years, found[1].years
    if len(named) == 2 and newer and older and older[1] <= newer[0]:
        return f"The unit changed in {newer[0]}: {named[1]} before, {named[0]} since. They are not drawn on one line."
    return f"The units differ: {', '.join(named[:-1])} and {named[-1]}. They are not drawn on one line."


def shapes_of(readings: Iterable[Reading]) -> dict[int, int]:
    """Source -> number of its mark, in the order in which they come."""
    return {source: number for number, source in enumerate(dict.fromkeys(one.source for one in readings))}
