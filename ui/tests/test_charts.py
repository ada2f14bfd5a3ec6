"""Charts: honest about time, limits, gaps, ranges and what is left out, and never an error."""

import datetime as dt
import re

from hypothesis import given
from hypothesis import strategies as st

from ui import charts
from ui.axes import Point, ranges, round_figures, thinned
from ui.charts import Line

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def points(*values: float | None, days: int = 100, **more: object) -> list[Point]:
    return [
        Point(value, _said(value), f"day {n}", START + dt.timedelta(days=n * days), **more)  # type: ignore[arg-type]
        for n, value in enumerate(values)
    ]


def _said(value: float | None) -> str:
    return "clotted" if value is None else f"{value:g}"


def drawn(*found: Point) -> charts.Chart:
    made = charts.chart("HbA1c, mmol/mol", [Line(list(found))])
    assert made is not None
    return made


def places(svg: str) -> list[list[tuple[float, float]]]:
    """The corners of each line of a drawing."""
    return [
        [(float(pair.split(",")[0]), float(pair.split(",")[1])) for pair in line.split()]
        for line in re.findall(r'<polyline[^>]* points="([^"]+)"', svg)
    ]


# The small one --------------------------------------------------------------------------------------------------------
def test_a_trend_says_its_figures_and_shows_the_range() -> None:
    svg = charts.sparkline("HbA1c", points(45, 51, 58), None, 42)
    assert 'aria-label="HbA1c: 45, 51, 58"' in svg
    assert 'class="band"' in svg
    assert "style=" not in svg


def test_one_figure_is_no_trend() -> None:
    assert charts.sparkline("HbA1c", points(58)) == ""
    assert charts.sparkline("HbA1c", points(58, None)) == ""
    assert charts.chart("HbA1c", [Line([])]) is None
    assert charts.chart("HbA1c", [Line(points(None, None))]) is None


def test_a_name_from_elsewhere_is_escaped() -> None:
    made = charts.chart("<script>alert(1)</script>", [Line(points(1, 2))])
    assert made is not None
    svg = made.svg + charts.sparkline('"><b>', points(1, 2))
    assert "<script" not in svg
    assert "<b>" not in svg


def test_a_pressure_has_two_lines() -> None:
    svg = charts.sparkline("BP", points(150, 140), also=points(90, 80))
    assert len(places(svg)) == 2
    made = charts.chart("BP", [Line(points(150, 140)), Line(points(90, 80))])
    assert made is not None
    assert [len(line) for line in places(made.svg)] == [2, 2]


# The large one --------------------------------------------------------------------------------------------------------
def test_time_runs_in_proportion() -> None:
    found = [
        Point(1, "1", "a", START),
        Point(2, "2", "b", START + dt.timedelta(days=1)),
        Point(3, "3", "c", START + dt.timedelta(days=101)),
    ]
    ((first, second, third),) = places(drawn(*found).svg)
    assert second[0] - first[0] < 10
    assert third[0] - second[0] > 500


def test_each_source_has_its_own_line_and_a_lone_result_a_dot() -> None:
    found = [p._replace(shape=n % 2) for n, p in enumerate(points(1, 9, 2, 8))]
    one, two = places(drawn(*found).svg)
    assert min(y for _, y in one) > max(y for _, y in two)
    small = charts.sparkline("x", [*points(1, 2), points(0, 0, 5)[2]._replace(shape=1)])
    assert 'r="1.2"' in small


def test_both_axes_say_figures_and_dates() -> None:
    svg = drawn(*points(45, 51, 58)).svg
    assert ">day 0</text>" in svg
    assert ">day 2</text>" in svg
    assert ">45</text>" in svg
    assert "From 45 on day 0 to 58 on day 2; lowest 45, highest 58." in svg


def test_the_line_breaks_where_there_is_no_figure() -> None:
    made = drawn(*points(45, 47, None, 51, 58))
    assert [len(line) for line in places(made.svg)] == [2, 2]
    assert "The line is broken where a result is not a figure." in made.notes


def test_a_limit_is_hollow_stands_alone_and_points_to_where_the_figure_lies() -> None:
    before, limit, after = points(8, 5, 7)
    made = drawn(before, Point(5, "below 5", limit.when, limit.at, limit="<"), after)
    assert places(made.svg) == []
    assert made.svg.count('class="mark hollow"') == 1
    arrow = re.search(r'class="arrow" d="M[\d.]+ ([\d.]+)V([\d.]+)', made.svg)
    assert arrow is not None
    assert float(arrow[2]) > float(arrow[1])
    assert any("limit" in note for note in made.notes)


def test_what_has_no_date_is_said_not_drawn() -> None:
    made = drawn(*points(1, 2), Point(3, "3", ""))
    assert made.notes == ("Not drawn, because they have no date: 1.",)
    assert made.svg.count('class="mark"') == 2


def test_a_range_that_changed_is_drawn_in_steps_and_one_to_and_fro_is_not() -> None:
    old, new = points(1, 2, high=5.0), [*points(0, 0, 3, 4, high=4.0)][2:]
    made = drawn(*old, *new)
    assert made.svg.count('class="band"') == 2
    assert any("step" in note for note in made.notes)
    restless = [Point(1, "1", "", START + dt.timedelta(days=n), high=5.0 + n % 2) for n in range(12)]
    made = drawn(*restless)
    assert 'class="band"' not in made.svg
    assert any("not drawn" in note for note in made.notes)
    assert ranges([*points(1), *points(2, high=4.0)]) == [(0, (None, 4.0))]


def test_many_results_keep_their_peaks_and_it_is_said() -> None:
    many = [Point(100 + n % 7, "", "", START + dt.timedelta(hours=n)) for n in range(10_000)]
    many[5003] = Point(999, "999", "the peak", START + dt.timedelta(hours=5003))
    made = drawn(*many)
    assert "highest 999" in made.svg
    assert made.notes == ("There are 10,000 results: of each stretch of time the lowest and the highest are drawn.",)
    assert len(made.svg) < 60_000


def test_sources_have_marks_of_their_own() -> None:
    drawings = {charts.mark(shape, 10, 10, 4) for shape in range(5)}
    assert len(drawings) == 5
    assert charts.mark(99, 10, 10, 4) == charts.mark(4, 10, 10, 4)


def test_an_axis_has_round_figures() -> None:
    assert round_figures(41, 59) == [40, 45, 50, 55, 60]
    assert round_figures(0.12, 0.47) == [0.1, 0.2, 0.30000000000000004, 0.4, 0.5]


# Anything at all ------------------------------------------------------------------------------------------------------
def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)


_VALUES = st.none() | st.floats(-1e12, 1e12) | st.sampled_from([0.0, 1e-12, 1e12, -1e12])
_POINTS = st.lists(
    st.builds(
        Point,
        value=_VALUES,
        said=st.text(max_size=5),
        when=st.text(max_size=5),
        at=st.none() | st.dates(dt.date(1, 1, 2), dt.date(9999, 12, 30)).map(_midnight),
        limit=st.sampled_from(["", "<", ">", "<=", ">="]),
        shape=st.integers(0, 9),
        low=_VALUES,
        high=_VALUES,
    ),
    max_size=12,
)  # fmt: skip


@given(_POINTS, _VALUES, _VALUES)
def test_nothing_is_an_error_and_everything_is_within_the_picture(
    found: list[Point], low: float | None, high: float | None
) -> None:
    found.sort(key=lambda p: p.at or START)
    small = charts.sparkline("x", found, low, high, found)
    for line in places(small):
        assert all(0 <= x <= 96 and 0 <= y <= 24 for x, y in line)
    made = charts.chart("x", [Line(found), Line(found)])
    if made is not None:
        assert "nan" not in made.svg
        assert all(0 <= x <= 640 and 0 <= y <= 240 for line in places(made.svg) for x, y in line)


@given(st.lists(st.floats(-1e6, 1e6), min_size=401, max_size=600), st.integers(2, 100))
def test_thinning_keeps_first_last_lowest_and_highest(values: list[float], stretches: int) -> None:
    every = points(*values, days=1)
    kept = thinned(every, stretches)
    assert {every[0], every[-1]} <= set(kept)
    assert min(values) == min(p.value or 0.0 for p in kept if p.value is not None)
    assert max(values) == max(p.value for p in kept if p.value is not None)
    assert [p.at for p in kept] == sorted(p.at for p in kept if p.at)
    assert len(kept) <= 2 * stretches + 4
