"""Whether a service is for a patient: limits in words, what is not known rules nothing out, how far it is."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.directory import fit
from exchange.directory.fit import Person
from exchange.models import Service

TODAY = dt.date(2026, 11, 24)
ages = st.none() | st.integers(0, 120)


@pytest.mark.parametrize(
    ("limits", "person", "why"),
    [
        ({}, Person(), ""),
        ({"from_age": 16}, Person(15), "Takes people aged 16 and over."),
        ({"from_age": 16}, Person(16), ""),
        ({"to_age": 17}, Person(18), "Takes people aged 17 and under."),
        ({"from_age": 40, "to_age": 74}, Person(75), "Takes people aged 40 to 74."),
        ({"sex": "female"}, Person(30, "male"), "Takes female patients only."),
        (
            {"sex": "female", "from_age": 16},
            Person(12, "female"),
            "Takes people aged 16 and over, female patients only.",
        ),
        ({"sex": "female"}, Person(30, "other"), ""),
        ({"sex": "male"}, Person(30, "unknown"), ""),
        ({"from_age": 16}, Person(None, "female"), ""),
        ({"from_age": 0, "to_age": 1}, Person(2), "Takes people aged 0 to 1."),
    ],
)
def test_a_service_says_whom_it_takes(limits: dict[str, Any], person: Person, why: str) -> None:
    assert fit.why_not(Service(**limits), person) == why


@given(low=ages, high=ages, age=ages)
def test_only_a_known_age_outside_the_limits_speaks_against_it(
    low: int | None, high: int | None, age: int | None
) -> None:
    outside = age is not None and (age < (low or 0) or (high is not None and age > high))
    assert bool(fit.why_not(Service(from_age=low, to_age=high), Person(age))) is outside


@pytest.mark.parametrize(
    ("born", "age"),
    [
        (dt.date(2010, 11, 24), 16),
        (dt.date(2010, 11, 25), 15),
        (dt.date(2024, 2, 29), 2),
        (dt.date(2027, 1, 1), None),
        (None, None),
    ],
)
def test_age_counts_whole_years(born: dt.date | None, age: int | None) -> None:
    assert fit.years(born, TODAY) == age


def test_distance_is_as_the_crow_flies() -> None:
    leeds = Service(latitude=53.8008, longitude=-1.5491)
    assert fit.miles(leeds, Person(home=(53.9590, -1.0815))) == pytest.approx(22, abs=1)  # York
    assert fit.distance(leeds, Person(home=(53.8010, -1.5490))) == "under 1 mile"
    assert fit.distance(leeds, Person()) == ""
    assert fit.distance(Service(), Person(home=(53.9, -1.0))) == ""


@given(st.tuples(st.floats(-90, 90), st.floats(-180, 180)), st.tuples(st.floats(-90, 90), st.floats(-180, 180)))
def test_distance_is_never_negative_and_at_most_half_round_the_earth(
    one: tuple[float, float], other: tuple[float, float]
) -> None:
    far = fit.miles(Service(latitude=one[0], longitude=one[1]), Person(home=other))
    back = fit.miles(Service(latitude=other[0], longitude=other[1]), Person(home=one))
    assert far is not None
    assert back is not None
    assert 0 <= far <= 12_440
    assert far == pytest.approx(back, abs=0.01)


@pytest.mark.parametrize(
    ("weeks", "on", "said"),
    [
        (None, None, ""),
        (0, TODAY, "no wait"),
        (1, TODAY, "1 week wait"),
        (12, TODAY - dt.timedelta(days=31), "12 weeks wait"),
        (12, dt.date(2026, 8, 3), "12 weeks wait in August 2026"),
    ],
)
def test_an_old_word_about_the_wait_says_how_old(weeks: int | None, on: dt.date | None, said: str) -> None:
    assert fit.waiting(Service(waiting_weeks=weeks, waiting_said_on=on), TODAY) == said
