"""The people: numbers nobody has, places nowhere, and the awkward ones on purpose."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpportal.demonstration import ORGANISATIONS, PRACTITIONERS, nhs_numbers
from gpportal.demonstration.people import everyone
from gpportal.demonstration.tests.conftest import Practice, number_of, walk


@given(st.integers(0, 620))
def test_nhs_numbers_are_valid_and_of_the_range_never_issued(index: int) -> None:
    number = nhs_numbers.nth(index)
    assert nhs_numbers.is_valid(number)
    assert number.startswith("999")


@given(st.integers(0, 620), st.integers(0, 9), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(index: int, place: int, step: int) -> None:
    number = nhs_numbers.nth(index)
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    assert not nhs_numbers.is_valid(wrong)


@pytest.mark.parametrize("wrong", ["", "999123457", "99912345780", "999 123 45", "abcdefghij"])
def test_what_is_not_ten_digits_is_no_nhs_number(wrong: str) -> None:
    assert not nhs_numbers.is_valid(wrong)


def test_numbers_are_unique_but_for_the_pair_that_shares_one(practice: Practice) -> None:
    numbers = Counter(number_of(patient) for patient in practice.of("Patient"))
    assert numbers[None] == 1
    assert [count for _number, count in numbers.most_common(2)] == [2, 1]
    assert [number for number in numbers if number and not nhs_numbers.is_valid(number)] == ["9990042317"]


def test_one_is_restricted_and_one_has_died(practice: Practice) -> None:
    restricted = [patient for patient in practice.of("Patient") if "security" in patient["meta"]]
    assert [patient["meta"]["security"][0]["code"] for patient in restricted] == ["R"]
    assert [patient["deceasedDateTime"] for patient in practice.of("Patient") if "deceasedDateTime" in patient] == [
        "2026-10-20"
    ]


def test_only_one_pair_looks_like_the_same_person(practice: Practice) -> None:
    alike = Counter((patient["birthDate"], patient["address"][0]["postalCode"]) for patient in practice.of("Patient"))
    names = Counter(
        (patient["name"][0]["given"][0], patient["name"][0]["family"], patient["birthDate"])
        for patient in practice.of("Patient")
    )
    assert alike.most_common(2)[0] == (("1974-03-12", "ZZ2 6PJ"), 2)
    assert alike.most_common(2)[1][1] == 1
    assert set(names.values()) == {1}


def test_the_hospital_differs_on_a_few_people(practice: Practice) -> None:
    differing = Counter[str]()
    for theirs in practice.of("Patient", "RZZ01"):
        ours = practice.same_person(theirs, "Y90001")
        assert ours
        for element in ("name", "birthDate", "address", "telecom"):
            differing[element] += ours.get(element) != theirs.get(element)
    assert set(differing) == {"name", "birthDate", "address", "telecom"}
    assert all(1 <= count <= 9 for count in differing.values()), differing


def test_every_telephone_number_is_one_of_ofcoms_for_drama(practice: Practice) -> None:
    numbers = [part["value"] for resource in practice.all() for part in walk(resource) if part.get("system") == "phone"]
    numbers += [row.phone for row in ORGANISATIONS.values()]
    assert len(numbers) > 500
    assert not [number for number in numbers if not re.fullmatch(r"01632 960\d{3}|07700 900\d{3}", number)]


def test_every_postcode_is_of_an_area_that_does_not_exist(practice: Practice) -> None:
    codes = {part["postalCode"] for resource in practice.all() for part in walk(resource) if "postalCode" in part}
    assert len(codes) > 100
    assert not [code for code in codes if not re.fullmatch(r"ZZ[1-9] \d[A-Z]{2}", code)]


def test_the_town_is_a_british_mixture_of_all_ages() -> None:
    people = everyone()
    assert len({person.ethnic for person in people}) >= 8
    assert sum("'" in person.family or "-" in person.family for person in people) >= 10
    assert sum(any(ord(letter) > 127 for letter in person.given + person.family) for person in people) >= 25
    for low, high, least in ((0, 16, 60), (16, 40, 80), (40, 65, 120), (65, 100, 80)):
        assert sum(low <= person.age < high for person in people) >= least
    assert 210 <= sum(person.gender == "female" for person in people) <= 290


def test_every_login_of_the_contract_has_its_member_of_staff() -> None:
    emails = {row.email for row in PRACTITIONERS.values() if row.email}
    riverside = {f"{who}@riverside.example" for who in ("gp", "nurse", "reception", "manager", "privacy")}
    others = {"gp@hillside.example", "social@cityview.example", "clinician@infirmary.example"}
    assert emails == riverside | others
