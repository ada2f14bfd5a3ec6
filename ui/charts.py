"""Small charts drawn on the server as SVG: no script, no style attribute, and always with the figures in words."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape


@dataclass(frozen=True, slots=True)
class Point:
    """One figure of a trend: the number to draw and the words to read."""

    value: float
    said: str
    when: str


def _scale(
    points: Sequence[Point], low: float | None, high: float | None, top: float, bottom: float
) -> tuple[float, float]:
    """(least, per unit): where the drawing begins and how many pixels one unit is. Always room around a flat line."""
    marks = [p.value for p in points] + [mark for mark in (low, high) if mark is not None]
    least, most = min(marks), max(marks)
    if most - least <= 1e-9 * max(1.0, abs(least), abs(most)):  # also what differs by less than can be drawn
        least, most = least - 1, most + 1
    return least, (bottom - top) / (most - least)


def _drawing(
    points: Sequence[Point], low: float | None, high: float | None, width: int, height: int, edge: float, dot: float
) -> str:
    least, unit = _scale(points, low, high, edge, height - edge)

    def y(value: float) -> float:
        return round(height - edge - (value - least) * unit, 1)

    parts = []
    if low is not None or high is not None:
        above = 0.0 if high is None else y(high)
        below = float(height) if low is None else y(low)
        parts.append(
            f'<rect class="band" x="0" y="{above}" width="{width}" height="{round(max(below - above, 1), 1)}"/>'
        )
    step = (width - 2 * edge) / max(len(points) - 1, 1)
    places = [(round(edge + number * step, 1), y(point.value)) for number, point in enumerate(points)]
    parts.append(f'<polyline points="{" ".join(f"{x},{py}" for x, py in places)}"/>')
    parts.append(f'<circle cx="{places[-1][0]}" cy="{places[-1][1]}" r="{dot}"/>')
    return "".join(parts)


def sparkline(name: str, points: Sequence[Point], low: float | None = None, high: float | None = None) -> Markup:
    """A trend of 96 by 24 pixels, oldest first, the reference range as a band; "" when there are fewer than two.

    Its title is what a screen reader says: the figures, oldest first.
    """
    if len(points) < 2:
        return Markup("")
    drawn = _drawing(points, low, high, 96, 24, 3, 2.5)
    said = escape(f"{name}: {', '.join(p.said for p in points)}")
    return Markup(  # noqa: S704 the drawing is numbers of ours, the words are escaped
        f'<svg class="spark" viewBox="0 0 96 24" role="img" aria-label="{said}">{drawn}</svg>'
    )


def chart(name: str, points: Sequence[Point], low: float | None = None, high: float | None = None) -> Markup:
    """The same trend large, with title and description, to stand beside its data table."""
    if len(points) < 2:
        return Markup("")
    drawn = _drawing(points, low, high, 640, 160, 16, 4)
    first, last = points[0], points[-1]
    title = escape(name)
    desc = escape(f"From {first.said} on {first.when} to {last.said} on {last.when}; the table has every figure.")
    return Markup(  # noqa: S704 the drawing is numbers of ours, the words are escaped
        f'<svg class="chart" viewBox="0 0 640 160" role="img"><title>{title}</title><desc>{desc}</desc>{drawn}</svg>'
    )
