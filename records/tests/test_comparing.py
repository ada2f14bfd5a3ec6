"""What sources say of who somebody is, read and compared in words; odd input is shown and named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.fhir.systems import System
from records.people import comparing
from records.people.saying import stated
from records.screen.claims import Source

GP, NI = Source(1, "GP", "Riverside Surgery", "practice"), Source(2, "NI", "Northern Infirmary", "hospital")
Json = dict[str, Any]


def said(**more: Any) -> Json:
    return {
        "resourceType": "Patient",
        "name": [{"family": "Smith", "given": ["Jane"]}],
        "birthDate": "1970-05-01",
    } | more


def compared(one: Json, other: Json) -> dict[str, str]:
    table = comparing.table(comparing.statements_of([(GP, one), (NI, other)]))
    return {row.name: row.differs for row in table.rows if row.differs}


def named(family: str, *given: str) -> list[Json]:
    return [{"family": family, "given": list(given)}]


def at(line: str, postcode: str) -> list[Json]:
    return [{"line": [line], "city": "Northtown", "postalCode": postcode}]


def phone(value: str) -> list[Json]:
    return [{"system": "phone", "value": value}]


def number(value: str) -> list[Json]:
    return [{"system": str(System.NHS_NUMBER), "value": value}]


@pytest.mark.parametrize(
    "other",
    [
        said(),
        said(name=named("SMITH", "jane")),
        said(name=named("Smíth", "Jane", "Ann")),
        said(birthDate="1970"),
        said(birthDate="1970-05"),
        {"resourceType": "Patient"},
    ],
)
def test_what_is_only_written_differently_agrees(other: Json) -> None:
    assert compared(said(), other) == {}


def test_addresses_telephones_and_numbers_agree_however_they_are_spaced() -> None:
    one = said(address=at("1 Mill Lane", "NT1 2AB"), telecom=phone("01632 960148"), identifier=number("9991234578"))
    two = said(address=at("1 mill lane", "nt12ab"), telecom=phone("+44 1632 960148"), identifier=number("999 123 4578"))
    assert compared(one, two) == {}


def test_day_and_month_exchanged_are_named() -> None:
    assert compared(said(), said(birthDate="1970-01-05")) == {
        "birth_date": "Date of birth differs: Riverside Surgery 1 May 1970, Northern Infirmary 5 Jan 1970: "
        "day and month may be exchanged."
    }


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("name", {"name": named("Smith", "Jane")}, {"name": named("Jones", "Jane")}),
        ("name", {"name": named("Smith", "Jane")}, {"name": named("Smith", "Ruth")}),
        ("birth_date", {"birthDate": "1970-05-01"}, {"birthDate": "1971"}),
        ("gender", {"gender": "female"}, {"gender": "male"}),
        ("nhs_number", {"identifier": number("9991234578")}, {"identifier": number("9992041188")}),
        ("address", {"address": at("1 Mill Lane", "NT1 2AB")}, {"address": at("2 Mill Lane", "NT1 2AB")}),
        ("phone", {"telecom": phone("01632 960148")}, {"telecom": phone("01632 960149")}),
        ("deceased", {"deceasedBoolean": True}, {"deceasedBoolean": False}),
    ],
)
def test_what_differs_is_named_with_both_sources(field: str, one: Json, other: Json) -> None:
    differs = compared(said(**one), said(**other))
    assert list(differs) == [field]
    assert "Riverside Surgery" in differs[field]
    assert "Northern Infirmary" in differs[field]


def test_the_screen_says_what_matters_and_not_the_address() -> None:
    one = said(address=at("1 Mill Lane", "NT1 2AB"))
    two = said(address=at("2 Hill Road", "NT9 9ZZ"), birthDate="1971-05-01", gender="male")
    assert comparing.disagreements(comparing.statements_of([(GP, one), (NI, two)])) == ["date of birth"]


def test_of_a_restricted_person_nothing_says_where_they_are() -> None:
    whole = said(
        address=at("1 Mill Lane", "NT1 2AB"),
        telecom=phone("01632 960148"),
        generalPractitioner=[{"display": "Dr Who"}],
        managingOrganization={"display": "Mill Surgery"},
        contact=[{"name": {"text": "Sister"}, "telecom": phone("01632 960149")}],
    )
    table = comparing.table(comparing.statements_of([(GP, whole)]), hidden=True)
    assert {row.name for row in table.rows} == {"name", "birth_date"}


@pytest.mark.parametrize(
    ("given", "odd"),
    [
        ({"birthDate": ""}, "gives no date of birth"),
        ({"birthDate": "1970"}, "knows only the year of birth"),
        ({"birthDate": "1970-05"}, "knows only month and year of birth"),
        ({"birthDate": "2999-01-01"}, "gives a date of birth in the future"),
        ({"name": []}, "gives no name"),
        ({"name": [{"use": "official", "family": one} for one in "AB"]}, "gives several official names"),
        ({"name": named("x" * 200)}, "gives a name too long to be shown whole elsewhere"),
        ({"extension": [{"url": str(System.EXT_PATIENT_ANIMAL)}]}, "says that this is an animal"),
    ],
)  # fmt: skip
def test_what_is_odd_is_said(given: Json, odd: str) -> None:
    assert odd in stated(said(**given), lambda reference: "")[1]


def test_previous_names_and_periods_are_kept() -> None:
    names = [
        {"use": "old", "family": "Jones", "given": ["Jane"], "period": {"end": "2019-05-03"}},
        *named("Smith", "Jane"),
    ]
    says, _ = stated(said(name=names), lambda reference: "")
    assert says["name"] == ("SMITH, Jane",)
    assert says["names"] == ("JONES, Jane (old, until 3 May 2019)",)


TEXT = st.sampled_from(["", "x", "Jane", "1970", "01632 960148", "שלום", "🙂", "9991234578"])
ELEMENTS = ("family", "given", "use", "value", "system", "line", "city", "postalCode", "text", "period", "relationship")
PARTS = st.lists(st.dictionaries(st.sampled_from(ELEMENTS), st.one_of(TEXT, st.none()), max_size=3), max_size=2)
WHOLE = ("name", "birthDate", "gender", "telecom", "address", "identifier", "contact", "communication")
ANY = st.dictionaries(st.sampled_from(WHOLE), st.one_of(st.none(), TEXT, PARTS), max_size=4)


@given(ANY, ANY)
def test_whatever_is_written_is_read_and_compared_alike_both_ways(one: Json, other: Json) -> None:
    first = comparing.statements_of([(GP, one), (NI, other)])
    second = list(reversed(first))
    assert set(comparing.disagreements(first)) == set(comparing.disagreements(second))
