"""Today's appointments: always there, never twice, Jane among the first."""

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.fhir.validate import check
from gpportal.demonstration import appointments, dumps
from gpportal.demonstration.dates import at
from gpportal.demonstration.people import everyone

DAY = date(2026, 11, 23)


def _actors(appointment: dict[str, list[dict[str, dict[str, str]]]]) -> list[str]:
    return [row["actor"]["reference"] for row in appointment["participant"]]


def test_fourteen_for_each_gp_and_twelve_for_the_nurse() -> None:
    counts = Counter(_actors(row)[1] for row in appointments(DAY))
    assert counts == {"Practitioner/khan": 14, "Practitioner/silva": 14, "Practitioner/hughes": 12}


def test_jane_is_among_dr_khans_first() -> None:
    khan = [row for row in appointments(DAY) if _actors(row)[1] == "Practitioner/khan"]
    assert "Patient/rs-0001" in [_actors(row)[0] for row in sorted(khan, key=lambda row: str(row["start"]))[:3]]


def test_they_are_valid() -> None:
    for row in appointments(DAY):
        assert check(dumps(row)) == []


@settings(max_examples=25)
@given(st.dates(date(2026, 1, 1), date(2035, 12, 31)))
def test_any_day_is_complete_without_clashes_and_the_same_when_asked_again(day: date) -> None:
    rows = list(appointments(day))
    assert rows == list(appointments(day))
    assert len({row["id"] for row in rows}) == len(rows) == 40
    patients = [_actors(row)[0] for row in rows]
    assert len(set(patients)) == 40
    alive = {f"Patient/{person.patient_id}" for person in everyone() if person.died_days_ago is None}
    assert set(patients) <= alive
    starts = Counter((_actors(row)[1], row["start"]) for row in rows)
    assert set(starts.values()) == {1}
    for row in rows:
        start, end = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"])
        assert end - start == timedelta(minutes=row["minutesDuration"])
        assert start.astimezone(ZoneInfo("Europe/London")).date() == day


@given(st.dates(date(1996, 1, 1), date(2040, 12, 31)), st.integers(3, 23), st.integers(0, 59))
def test_times_are_british(day: date, hour: int, minute: int) -> None:
    expected = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo("Europe/London"))
    assert datetime.fromisoformat(at(day, hour, minute)) == expected


@pytest.mark.parametrize(("day", "offset"), [(date(2026, 10, 24), "+01:00"), (date(2026, 10, 25), "+00:00")])
def test_the_clocks_go_back_on_the_last_sunday_of_october(day: date, offset: str) -> None:
    assert at(day, 9).endswith(offset)
