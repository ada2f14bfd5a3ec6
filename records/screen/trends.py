"""The row of a test: its latest result, in words where it is no figure, with the few before it as a small trend."""

from dataclasses import dataclass, field
from typing import Final

from records.screen import figures, readings
from records.screen.claims import Claim, Source
from records.screen.grouping import in_order
from records.screen.held import Held
from ui.charts import Point
from ui.units import printed

UNNAMED: Final = "Test without a name"
_LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class Trend:
    """The latest result of one test with the few before it, oldest first.

    `value` is what stands in the row: a figure with its "<" or ">", the text, or why there is none. `word` is the word
    beside the mark; `status` what has to be said of the result; `differs` that another source says another figure.
    """

    latest: Claim
    value: str
    sign: str
    points: tuple[Point, ...]
    low: float | None
    high: float | None
    new: bool = False
    first: bool = False
    word: str = ""
    status: str = ""
    differs: str = ""
    sources: tuple[Source, ...] = ()
    also: tuple[Point, ...] = field(default=())

    @property
    def name(self) -> str:
        return self.latest.display or UNNAMED


def trend(held: Held, series: list[Claim]) -> Trend:
    """A row per test from its results, newest first: the latest, and the others in its unit, whoever measured."""
    latest = next((claim for claim in series if claim.status not in figures.TAKEN_BACK), series[0])
    read = [readings.reading(claim) for claim in series]
    first, second = _drawn(readings.reading(latest), read)
    return Trend(
        latest=latest,
        value=value_said(latest),
        sign=figures.sign(latest),
        points=tuple(first),
        also=tuple(second),
        low=figures.number(latest.detail.get("low")),
        high=figures.number(latest.detail.get("high")),
        new=held.is_new(latest),
        first=len(series) < 2,
        word=figures.sign_in_words(latest),
        status=", ".join(filter(None, (figures.STATUSES.get(latest.status), figures.future_said(latest)))),
        differs=_differs(latest, series),
        sources=_sources(latest, series),
    )


def _drawn(latest: readings.Reading, read: list[readings.Reading]) -> tuple[list[Point], list[Point]]:
    found = readings.by_unit([latest, *(one for one in read if one.id != latest.id)])
    if not found or latest.id not in {one.id for one, _ in found[0].members}:
        return [], []
    return readings.points(found[0], readings.shapes_of(read))


def value_said(claim: Claim) -> str:
    """What stands where the figure would: the figure, a text shortened, how many parts, or why there is nothing."""
    if claim.status in figures.TAKEN_BACK:
        return "–"
    said = figures.figure_with_sign(claim)
    if said:
        return said if len(said) <= _LONGEST else said[:_LONGEST].rsplit(" ", 1)[0] + " …"
    for key, one in (("components", "part"), ("members", "result")):
        number = len(claim.detail.get(key) or [])
        if number:
            return f"{number} {one}{'s' if number > 1 else ''}"
    return str(claim.detail.get("sampled") or figures.absent_said(claim) or "No value was sent")


def _at_once(latest: Claim, series: list[Claim]) -> list[Claim]:
    """The results of the same moment, one per source."""
    same = [c for c in series if c.date == latest.date and c.date and c.status not in figures.TAKEN_BACK]
    return list({claim.source.id: claim for claim in reversed(same)}.values())[::-1] or [latest]


def _sources(latest: Claim, series: list[Claim]) -> tuple[Source, ...]:
    one = readings.reading(latest)
    agreeing = [c for c in _at_once(latest, series) if readings.same_figure(readings.reading(c), one)]
    return tuple(sorted({latest.source, *(claim.source for claim in agreeing)}, key=in_order))


def _differs(latest: Claim, series: list[Claim]) -> str:
    one = readings.reading(latest)
    others = [c for c in _at_once(latest, series) if c.value and c.source != latest.source]
    against = [c for c in others if latest.value and not readings.same_figure(readings.reading(c), one)]
    if not against:
        return ""
    said = (f"{value_said(c)} {printed(c.unit)}".strip() + f" ({c.source.letters})" for c in [latest, *against])
    return f"Sources disagree: {', '.join(said)}"
