"""Results of one test side by side: which stand on one line, which are one line of the table, which contradict."""

import datetime as dt
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.fhir import units
from records.screen import readings
from records.screen.readings import Reading

DAY = dt.datetime(2026, 1, 1, 9, tzinfo=dt.UTC)


def one(number: int, value: str, unit: str = "mmol/L", source: int = 1, days: int | None = 0, **more: str) -> Reading:
    date = None if days is None else DAY + dt.timedelta(days=days)
    return Reading(UUID(int=number), source, date, "", value, unit, **more)


def test_grams_per_litre_and_per_decilitre_are_one_line_with_exact_figures() -> None:
    found = readings.by_unit([one(1, "132", "g/L", days=9), one(2, "13.20", "g/dL", high="16.0")])
    assert [series.unit for series in found] == ["g/L"]
    drawn, _ = readings.points(found[0], {})
    assert [(p.said, p.value) for p in drawn] == [("132.0", 132.0), ("132", 132.0)]
    assert drawn[0].high == 160.0


def test_percent_and_mmol_mol_are_two_lines_and_it_is_said() -> None:
    found = readings.by_unit([one(1, "54", "mmol/mol", days=900), one(2, "7.1", "%")])
    assert [series.unit for series in found] == ["mmol/mol", "%"]
    assert readings.units_said(found) == (
        "The unit changed in 2028: % before, mmol/mol since. They are not drawn on one line."
    )
    assert readings.units_said(found[:1]) == ""


def test_units_to_and_fro_are_said_otherwise() -> None:
    found = readings.by_unit([one(1, "5", "mmol/L", days=900), one(2, "90", "mg/dL", days=500), one(3, "5", "mmol/L")])
    assert readings.units_said(found) == "The units differ: mmol/L and mg/dL. They are not drawn on one line."


def test_what_was_taken_back_or_is_no_figure_is_not_drawn() -> None:
    back = [one(n, "5", status=status) for n, status in enumerate(("entered-in-error", "cancelled"))]
    assert readings.by_unit([*back, one(7, "haemolysed"), one(8, "")]) == []


def test_a_limit_stays_a_limit() -> None:
    (series,) = readings.by_unit([one(1, "5", comparator="<"), one(2, ">90", days=-1), one(3, "7", days=-2)])
    drawn, _ = readings.points(series, {})
    assert [(p.said, p.limit) for p in drawn] == [("7", ""), ("above 90", ">"), ("below 5", "<")]


def test_what_two_sources_say_alike_is_drawn_once_on_the_longer_line() -> None:
    (series,) = readings.by_unit([one(1, "5", source=2), one(2, "5"), one(3, "4", days=-9), one(4, "3", days=-20)])
    drawn, _ = readings.points(series, {2: 0, 1: 1})
    assert [(p.said, p.shape) for p in drawn] == [("3", 1), ("4", 1), ("5", 1)]


def test_pairs_have_a_second_line() -> None:
    (series,) = readings.by_unit([one(1, "138/82", "mmHg"), one(2, "150/90", "mmHg", days=-9)])
    first, second = readings.points(series, {})
    assert [p.value for p in first] == [150, 138]
    assert [p.value for p in second] == [90, 82]


def test_the_same_from_two_sources_is_one_line_and_twice_from_one_is_two() -> None:
    same = [one(1, "5"), one(2, "5", source=2), one(3, "5"), one(4, "5", source=2, low="1")]
    assert [[r.id.int for r in line] for line in readings.lines(same)] == [[1, 2], [3], [4]]
    assert [len(line) for line in readings.lines([one(1, "5", days=None), one(2, "5", source=2, days=None)])] == [1, 1]


def test_other_figures_at_the_same_moment_contradict() -> None:
    found = readings.conflicts(
        [
            one(1, "5"),
            one(2, "8", source=2),
            one(3, "5", days=1),
            one(4, "8"),
            one(5, "9", source=2, status="cancelled"),
        ]
    )
    assert {key.int: [r.id.int for r in others] for key, others in found.items()} == {1: [2], 2: [1]}
    assert readings.conflicts([one(1, "13.2", "g/dL"), one(2, "132", "g/L", source=2)]) == {}
    assert len(readings.conflicts([one(1, "5", "mg/dL"), one(2, "5", source=2)])) == 2
    assert len(readings.conflicts([one(1, "138/82"), one(2, "138/80", source=2)])) == 2


@pytest.mark.parametrize(
    ("value", "step", "said"),
    [("13.2", 1, "132"), ("<5", 3, "<5000"), ("1.20/0.80", 1, "12.0/8.0"), ("trace", 1, "trace"),
     ("", 1, ""), ("5", 0, "5")],
)  # fmt: skip
def test_shifting_keeps_digits_and_words(value: str, step: int, said: str) -> None:
    assert readings.shifted(value, step) == said


_READINGS = st.lists(
    st.builds(
        one,
        number=st.integers(0, 10**9),
        value=st.sampled_from(["5", "5.0", "<5", "132/78", "text", "", "1e999", "-3"]),
        unit=st.sampled_from(["g/L", "g/dL", "mmol/L", "umol/L", "%", "", "Banana", "mm[Hg]"]),
        source=st.integers(1, 3),
        days=st.none() | st.integers(0, 4),
        status=st.sampled_from(["final", "cancelled", "amended"]),
        comparator=st.sampled_from(["", "<", ">="]),
    ),
    max_size=25,
    unique_by=lambda r: r.id,
)


@given(_READINGS)
def test_every_reading_is_in_one_line_of_the_table_and_under_its_own_source(found: list[Reading]) -> None:
    listed = [r for line in readings.lines(found) for r in line]
    assert sorted(r.id.int for r in listed) == sorted(r.id.int for r in found)
    for line in readings.lines(found):
        assert len({r.source for r in line}) == len(line)
        assert len({r.says for r in line}) == 1


@given(_READINGS)
def test_every_figure_is_drawn_once_and_only_with_its_own_unit(found: list[Reading]) -> None:
    series = readings.by_unit(found)
    drawn = [r.id for one_series in series for r, _ in one_series.members]
    assert len(drawn) == len(set(drawn))
    for one_series in series:
        for r, step in one_series.members:
            assert r.stands
            assert units.steps(r.compared, one_series.unit) == step
        readings.points(one_series, {}, [r for r in found if r.id not in drawn])
