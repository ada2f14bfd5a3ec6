"""Charts drawn on the server as SVG: no script, no style attribute, and always with the figures in words.

Time runs to the right in proportion. What is only a limit ("<5") is a hollow mark with an arrow, at the limit, and no
line leads to it. A reference range that changed is drawn in steps; one that changes to and fro is not drawn, and the
chart's notes say so.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from ui.axes import Frame, Limits, Point, dates_along, figure, moments, ranges, round_figures, spread, thinned

__all__ = ["SHAPES", "Chart", "Line", "Point", "chart", "mark", "sparkline"]

#: How the sources are told apart, in words.
SHAPES: Final = ("round", "square", "triangle", "diamond", "cross")
#: More points than this are thinned, by stretches of time.
STRETCHES: Final = 150
_MOST_STEPS: Final = 6
_FEW: Final = 60


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart: its name where there are two ("systolic"), and its points, oldest first."""

    points: Sequence[Point]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing, and the sentences that have to stand below it."""

    svg: Markup
    notes: tuple[str, ...] = ()


# Parts of a drawing ---------------------------------------------------------------------------------------------------
def mark(shape: int, x: float, y: float, size: float, hollow: bool = False) -> str:
    """The mark of one result; its shape is its source's."""
    kind = f' class="{"mark hollow" if hollow else "mark"}"'
    match SHAPES[min(shape, len(SHAPES) - 1)]:
        case "round":
            return f'<circle{kind} cx="{x}" cy="{y}" r="{size}"/>'
        case "square":
            return f'<rect{kind} x="{x - size:.1f}" y="{y - size:.1f}" width="{2 * size}" height="{2 * size}"/>'
        case "triangle":
            low, half = f"{y + size:.1f}", size * 1.15
            return f'<path{kind} d="M{x} {y - size:.1f}L{x + half:.1f} {low}L{x - half:.1f} {low}Z"/>'
        case "diamond":
            far = size * 1.3
            return f'<path{kind} d="M{x} {y - far:.1f}L{x + far:.1f} {y}L{x} {y + far:.1f}L{x - far:.1f} {y}Z"/>'
    ends = f"M{x - size:.1f} {y - size:.1f}L{x + size:.1f} {y + size:.1f}M{x - size:.1f} {y + size:.1f}"
    return f'<path class="mark cross" d="{ends}L{x + size:.1f} {y - size:.1f}"/>'


def legend_mark(shape: int) -> Markup:
    """The mark alone, for a legend that says in words whose it is."""
    drawn = mark(shape, 7, 7, 4)
    return Markup(f'<svg class="key" viewBox="0 0 14 14" aria-hidden="true">{drawn}</svg>')  # noqa: S704 - ours


def _arrow(limit: str, x: float, y: float, size: float) -> str:
    """Which way the true figure lies of a limit."""
    way = 1 if limit.startswith("<") else -1
    begin, tip = y + way * size, y + way * (size + 9)
    barb = tip - way * 4
    head = f"M{x - 3:.1f} {barb:.1f}L{x} {tip:.1f}L{x + 3:.1f} {barb:.1f}"
    return f'<path class="arrow" d="M{x} {begin:.1f}V{tip:.1f}{head}"/>'


def _joined(points: Sequence[Point], places: Sequence[tuple[float, float] | None], kind: str) -> Iterator[str]:
    """A line for each source, broken where a result of its is no figure or only a limit."""
    for shape in dict.fromkeys(point.shape for point in points):
        own = [pair for pair in zip(points, places, strict=True) if pair[0].shape == shape]
        run: list[str] = []
        for point, place in [*own, (None, None)]:
            if place is not None and point is not None and not point.limit:
                run.append(f"{place[0]},{place[1]}")
                continue
            if len(run) > 1:
                yield f'<polyline{kind} points="{" ".join(run)}"/>'
            run = []


def _bands(frame: Frame, steps: Sequence[tuple[int, Limits]], when: Sequence[float]) -> Iterator[str]:
    """The reference ranges, each from its first result to the next range's; an open end reaches the edge."""
    for number, (first, (low, high)) in enumerate(steps):
        if low is None and high is None:
            continue
        left = frame.left if number == 0 else frame.x(when[first])
        right = frame.width - frame.right if number == len(steps) - 1 else frame.x(when[steps[number + 1][0]])
        top = frame.top if high is None else max(frame.top, frame.y(high))
        bottom = frame.height - frame.bottom if low is None else min(frame.height - frame.bottom, frame.y(low))
        yield (
            f'<rect class="band" x="{left}" y="{top}" width="{max(right - left, 0):.1f}" '
            f'height="{max(bottom - top, 1):.1f}"/>'
        )


def _places(frame: Frame, points: Sequence[Point], when: Sequence[float]) -> list[tuple[float, float] | None]:
    return [
        None if point.value is None else (frame.x(moment), frame.y(point.value))
        for point, moment in zip(points, when, strict=True)
    ]


def _figures(points: Sequence[Point], *limits: float | None) -> list[float]:
    return [p.value for p in points if p.value is not None] + [one for one in limits if one is not None]


# The small one --------------------------------------------------------------------------------------------------------
def sparkline(
    name: str,
    points: Sequence[Point],
    low: float | None = None,
    high: float | None = None,
    also: Sequence[Point] = (),
) -> Markup:
    """A trend of 96 by 24 pixels, oldest first, the reference range as a band; "" when fewer than two are figures.

    `also` is a second line: the lower figure of a blood pressure. Its title is what a screen reader says: the figures,
    oldest first.
    """
    if len(_figures(points)) < 2:
        return Markup("")
    when = moments(points)
    least, most = spread(_figures([*points, *also], low, high))
    frame = Frame(96, 24, 3, 3, 3, 3, least, most, when[0], when[-1])
    parts = [_whole_band(frame, low, high)] if low is not None or high is not None else []
    for line, kind in ((points, ""), (also, ' class="second"')):
        places = _places(frame, line, when[: len(line)])
        parts += _joined(line, places, kind)
        parts += [mark(0, *place, 2, True) for p, place in zip(line, places, strict=True) if place and p.limit]
        parts += [mark(0, *place, 1.2) for place in _lonely(line, places)]
        last = next((place for place in reversed(places) if place), None)
        if last and not line[-1].limit:
            parts.append(f'<circle cx="{last[0]}" cy="{last[1]}" r="2.5"/>')
    said = escape(f"{name}: {', '.join(p.said for p in points)}")
    return Markup(  # noqa: S704 the drawing is numbers of ours, the words are escaped
        f'<svg class="spark" viewBox="0 0 96 24" role="img" aria-label="{said}">{"".join(parts)}</svg>'
    )


def _lonely(points: Sequence[Point], places: Sequence[tuple[float, float] | None]) -> list[tuple[float, float]]:
    """Where a source has only one figure, which no line would show."""
    number = Counter(point.shape for point, place in zip(points, places, strict=True) if place)
    return [place for point, place in zip(points, places, strict=True) if place and number[point.shape] == 1]


def _whole_band(frame: Frame, low: float | None, high: float | None) -> str:
    above = 0.0 if high is None else frame.y(high)
    below = float(frame.height) if low is None else frame.y(low)
    return f'<rect class="band" x="0" y="{above}" width="{frame.width}" height="{round(max(below - above, 1), 1)}"/>'


# The large one --------------------------------------------------------------------------------------------------------
def chart(name: str, lines: Sequence[Line]) -> Chart | None:
    """The trend of one test in one unit, with both axes, to stand above its data table; None with nothing to draw.

    Points without a date are left out, and a note says how many.
    """
    dated = [Line([p for p in line.points if p.at is not None], line.name) for line in lines]
    drawn = [Line(thinned(line.points, STRETCHES), line.name) for line in dated if _figures(line.points)]
    if not drawn or len(_figures(drawn[0].points)) < 2:
        return None
    points = drawn[0].points
    steps = ranges(points) if len(drawn) == 1 else []
    told = _notes(lines, dated, drawn, steps)
    steps = steps if len(steps) <= _MOST_STEPS else []
    frame = _frame([p for line in drawn for p in line.points], steps, moments(points))
    parts = [*_bands(frame, steps, moments(points)), *_axes(frame, points)]
    for number, line in enumerate(drawn):
        parts += _drawn(frame, line.points, ' class="second"' if number else "")
    return Chart(_svg(name, points, "".join(parts)), tuple(told))


def _frame(points: Sequence[Point], steps: Sequence[tuple[int, Limits]], when: Sequence[float]) -> Frame:
    limits = [limit for _, both in steps for limit in both]
    marks = round_figures(*spread(_figures(points, *limits)))
    return Frame(640, 240, 84, 20, 16, 40, marks[0], marks[-1], when[0], when[-1])


def _axes(frame: Frame, points: Sequence[Point]) -> Iterator[str]:
    """Round figures at the left with a hair line each; the first and the last date, and two between where there is
    room."""
    right, base = frame.width - frame.right, frame.height - 14
    for value in round_figures(frame.least, frame.most):
        y = frame.y(value)
        yield f'<path class="hair" d="M{frame.left} {y}H{right}"/>'
        yield f'<text x="{frame.left - 8}" y="{y + 4:.1f}" text-anchor="end">{figure(value)}</text>'
    if frame.end <= frame.start:
        yield f'<text x="{frame.x(0)}" y="{base}" text-anchor="middle">{escape(points[0].day)}</text>'
        return
    yield f'<text x="{frame.left}" y="{base}">{escape(points[0].day)}</text>'
    yield f'<text x="{right}" y="{base}" text-anchor="end">{escape(points[-1].day)}</text>'
    for moment, said in dates_along(frame.start, frame.end):
        yield f'<text class="mid" x="{frame.x(moment)}" y="{base}" text-anchor="middle">{escape(said)}</text>'


def _drawn(frame: Frame, points: Sequence[Point], kind: str) -> Iterator[str]:
    places = _places(frame, points, moments(points))
    yield from _joined(points, places, kind)
    size = 4 if len(points) <= _FEW else 2
    for point, place in zip(points, places, strict=True):
        if place:
            yield mark(point.shape, *place, size, bool(point.limit))
            if point.limit:
                yield _arrow(point.limit, *place, size)


def _notes(
    lines: Sequence[Line], dated: Sequence[Line], drawn: Sequence[Line], steps: Sequence[tuple[int, Limits]]
) -> Iterator[str]:
    """What the drawing leaves out or changes, in sentences."""
    undated = len(lines[0].points) - len(dated[0].points)
    if undated:
        yield f"Not drawn, because they have no date: {undated}."
    if len(drawn[0].points) < len(dated[0].points):
        number = len(dated[0].points)
        yield f"There are {number:,} results: of each stretch of time the lowest and the highest are drawn."
    if len(lines) > 1 and lines[0].name:
        yield f"Unbroken line: {lines[0].name}. Dashed line: {lines[1].name}."
    if any(p.limit for p in drawn[0].points):
        yield "A hollow mark with an arrow is a limit, such as “below 5”; the true figure lies that way."
    if any(p.value is None for p in drawn[0].points):
        yield "The line is broken where a result is not a figure."
    if len(steps) > _MOST_STEPS:
        yield "The reference range differs from result to result and is not drawn; the table has each."
    elif len(steps) > 1:
        yield "The reference range changed over time; the green band has a step where it did."
    elif steps:
        yield "The green band is the reference range that came with the results."


def _svg(name: str, points: Sequence[Point], drawing: str) -> Markup:
    figures = [p for p in points if p.value is not None]
    first, last = figures[0], figures[-1]
    least, most = (pick(figures, key=lambda p: p.value or 0.0) for pick in (min, max))
    said = f"From {first.said} on {first.day} to {last.said} on {last.day}; lowest {least.said}, highest {most.said}."
    return Markup(  # noqa: S704 the drawing is numbers of ours, the words are escaped
        f'<svg class="chart" viewBox="0 0 640 240" role="img"><title>{escape(name)}</title>'
        f"<desc>{escape(said)} The table below has every figure.</desc>{drawing}</svg>"
    )
