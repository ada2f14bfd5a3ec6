"""Finding people by what is typed, and only those within reach."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import Person
from records.models import Patient
from records.people.asked import take_apart
from records.people.find import patients
from records.people.names import search_text

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 11, 23)
FIRST_OF_MAY = dt.date(1970, 5, 1)


@pytest.fixture
def people(make_patient: Callable[..., Patient]) -> dict[str, Patient]:
    def person(family: str, given: str, born: str, number: str, postcode: str, **more: Any) -> Patient:
        text = search_text(family=family, given=given, postcode=postcode)
        fields = {"family": family, "given": given, "birth_date": dt.date.fromisoformat(born), "nhs_number": number}
        return make_patient(postcode=postcode, search_text=text, **(fields | more))

    return {
        "jane": person("Smith", "Jane", "1970-05-01", "9991234578", "ZZ1 3JS"),
        "joan": person("Smithson", "Joan", "1970-05-20", "9992041188", "ZZ1 4AB"),
        "siobhan": person("O'Brien", "Siobhán", "1985-12-31", "9993105538", "ZZ2 1CD"),
        "lukasz": person("Nowak-Łęcki", "Łukasz", "1960-02-29", "9991187758", "ZZ3 9XX"),
        "elsewhere": person("Smith", "Janet", "1970-05-01", "9994429019", "ZZ1 3JS", registered_at=None),
    }


def found(actor: Person, text: str, people: dict[str, Patient]) -> list[str]:
    names = {person.pk: name for name, person in people.items()}
    return [names[one.patient.pk] for one in patients(actor.actor, text)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("smith", ["jane", "joan"]),
        ("Smith, Jane", ["jane"]),
        ("jane smith", ["jane"]),
        ("jane smi", ["jane"]),
        ("mith", ["jane", "joan"]),
        ("j sm", ["jane", "joan"]),
        ("SMITH 1 may 1970", ["jane"]),
        ("1/5/70", ["jane"]),
        ("01-05-1970", ["jane"]),
        ("1.5.1970", ["jane"]),
        ("1970-05-01", ["jane"]),
        ("01051970", ["jane"]),
        ("1st May 70", ["jane"]),
        ("may 1970", ["jane", "joan"]),
        ("1970", ["jane", "joan"]),
        ("smith 1970", ["jane", "joan"]),
        ("999 123 4578", ["jane"]),
        ("9991234578", ["jane"]),
        ("999-123-4578 jane", ["jane"]),
        ("zz1 3js", ["jane"]),
        ("ZZ13JS", ["jane"]),
        ("zz1", ["jane", "joan"]),
        ("obrien", ["siobhan"]),
        ("O'Brien", ["siobhan"]),
        ("o brien siobhan", ["siobhan"]),
        ("lukasz", ["lukasz"]),
        ("Łęcki", ["lukasz"]),
        ("nowaklecki", ["lukasz"]),
        ("29/02/1960", ["lukasz"]),
        ("31/02/1970", []),
        ("smith 2 may 1970", []),
        ("999 123 4579", []),
        ("", []),
        ("  ", []),
        ("%", []),
        ("_", []),
    ],
)
def test_found_as_written(people: dict[str, Patient], gp: Person, typed: str, expected: list[str]) -> None:
    assert found(gp, typed, people) == expected


@pytest.mark.parametrize("typed", ["simth", "smiht", "smtih jane", "smoth", "smithh", "jane smth", "siobahn"])
def test_a_slip_of_the_finger_is_forgiven(people: dict[str, Patient], gp: Person, typed: str) -> None:
    assert found(gp, typed, people)[0] in ("jane", "siobhan")
    assert all(one.near for one in patients(gp.actor, typed))


def test_whole_names_come_first(people: dict[str, Patient], gp: Person) -> None:
    assert found(gp, "smith j", people) == ["jane", "joan"]
    assert not patients(gp.actor, "smith")[0].near


def test_no_more_than_asked_for(people: dict[str, Patient], gp: Person) -> None:
    assert len(patients(gp.actor, "1970", limit=1)) == 1


@pytest.mark.parametrize("who", ["stranger", "social_worker", "hospital_clinician", "privacy_officer"])
@pytest.mark.parametrize("typed", ["smith", "9991234578", "1/5/70", "zz1 3js", "simth"])
def test_nobody_out_of_reach_is_found(
    people: dict[str, Patient], who: str, typed: str, request: pytest.FixtureRequest
) -> None:
    assert patients(request.getfixturevalue(who).actor, typed) == []


def test_at_most_three_questions_to_the_database(
    people: dict[str, Patient], gp: Person, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):  # the best of all are enough
        patients(gp.actor, "smith", limit=2)
    with django_assert_num_queries(2):
        patients(gp.actor, "smith")
    with django_assert_num_queries(3):
        patients(gp.actor, "simth")


@pytest.mark.parametrize("ranked", [1, 2, 200])
@pytest.mark.parametrize("limit", [1, 2, 20])
def test_however_many_are_ranked_first_the_same_are_found(
    people: dict[str, Patient], gp: Person, monkeypatch: pytest.MonkeyPatch, ranked: int, limit: int
) -> None:
    """Janet Smith, out of reach, stands between the two who are found."""
    monkeypatch.setattr("records.people.find._RANKED", ranked)
    assert [one.patient.given for one in patients(gp.actor, "smith", limit)] == ["Jane", "Joan"][:limit]


BRITISH = [
    "{d}/{m}/{y}",
    "{d:02}/{m:02}/{y}",
    "{d}-{m}-{y}",
    "{d}.{m}.{y}",
    "{d:02}{m:02}{y}",
    "{d} {mon} {y}",
    "{y}-{m:02}-{d:02}",
]


@given(st.dates(dt.date(1900, 1, 1), TODAY), st.sampled_from(BRITISH))
def test_any_birth_date_in_any_usual_form(born: dt.date, form: str) -> None:
    text = form.format(d=born.day, m=born.month, y=born.year, mon=born.strftime("%B"))
    asked = take_apart(f"smith {text}", TODAY)
    assert asked.born == [(born, born)]
    assert asked.words == ["smith"]


@given(st.text(max_size=60))
def test_anything_may_be_typed(text: str) -> None:
    asked = take_apart(text, TODAY)
    assert len(asked.words) <= 6


def test_two_figures_of_a_year_are_the_past() -> None:
    assert take_apart("1/5/70", TODAY).born == [(FIRST_OF_MAY, FIRST_OF_MAY)]
    years = [span[0].year for span in take_apart("1/5/20", TODAY).born]
    assert years == [2020, 1920]
