"""How likely two are one person: a table of cases, and what must hold of any two."""

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.people.likeness import TWINS, Facts, Grade, likeness

JANE = Facts(
    number="9991234578",
    verified=True,
    family="smith",
    given="jane ann",
    born=dt.date(1970, 5, 1),
    address="1 mill lane northtown",
    postcode="NT12AB",
    phone="01632960148",
)
NO_NUMBER = replace(JANE, number="", verified=False)
ELSEWHERE = replace(NO_NUMBER, address="", postcode="", phone="")

CASES = [
    ("everything", JANE, Grade.CERTAIN),
    ("number, name and birth date", replace(ELSEWHERE, number=JANE.number), Grade.CERTAIN),
    ("number and birth date, married", replace(ELSEWHERE, number=JANE.number, family="jones"), Grade.LIKELY),
    ("number and name, day and month exchanged", replace(JANE, born=dt.date(1970, 1, 5)), Grade.LIKELY),
    ("number alone", Facts(number=JANE.number, family="brown", given="ali"), Grade.POSSIBLE),
    ("number, but twins", replace(JANE, given="ruth"), Grade.POSSIBLE),
    ("name, birth date and telephone", replace(ELSEWHERE, phone=JANE.phone), Grade.CERTAIN),
    ("name and birth date", ELSEWHERE, Grade.LIKELY),
    ("initial and birth date", replace(ELSEWHERE, given="j"), Grade.LIKELY),
    ("names exchanged", replace(ELSEWHERE, family="jane ann", given="smith"), Grade.LIKELY),
    ("name, birth date exchanged, same home", replace(NO_NUMBER, born=dt.date(1970, 1, 5)), Grade.LIKELY),
    ("name, birth date exchanged", replace(ELSEWHERE, born=dt.date(1970, 1, 5)), Grade.POSSIBLE),
    ("name and telephone, birth date unknown", replace(NO_NUMBER, born=None), Grade.POSSIBLE),
    ("twins", replace(NO_NUMBER, given="ruth"), Grade.POSSIBLE),
    ("new family name, same home", replace(NO_NUMBER, family="jones"), Grade.POSSIBLE),
    ("verified numbers differ", replace(JANE, number="9992041188"), Grade.POSSIBLE),
    ("a number not verified differs", replace(JANE, number="9992041188", verified=False), Grade.LIKELY),
    ("name alone", replace(ELSEWHERE, born=dt.date(1981, 2, 3)), None),
    ("birth date alone", replace(ELSEWHERE, family="brown", given="ali"), None),
    ("same home alone", replace(NO_NUMBER, given="tom", born=dt.date(1999, 2, 3)), None),
    ("nothing known", Facts(), None),
]


@pytest.mark.parametrize(("other", "grade"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_grade(other: Facts, grade: Grade | None) -> None:
    assert likeness(JANE, other).grade == grade


def test_twins_are_warned_of() -> None:
    assert TWINS in likeness(JANE, replace(NO_NUMBER, given="ruth")).reasons


def test_two_of_whom_nothing_is_known_are_not_alike() -> None:
    assert likeness(Facts(), Facts()).grade is None


FACTS = st.builds(
    Facts,
    number=st.sampled_from(["", "9991234578", "9992041188"]),
    verified=st.booleans(),
    family=st.sampled_from(["", "smith", "jane", "jones", "שלום"]),
    given=st.sampled_from(["", "jane", "j", "smith", "ruth", "🙂"]),
    born=st.sampled_from([None, dt.date(1970, 5, 1), dt.date(1970, 1, 5), dt.date(1980, 2, 29)]),
    address=st.sampled_from(["", "1 mill lane"]),
    postcode=st.sampled_from(["", "NT12AB"]),
    phone=st.sampled_from(["", "01632960148"]),
)


@given(FACTS, FACTS)
def test_it_is_the_same_whichever_is_named_first(one: Facts, other: Facts) -> None:
    assert likeness(one, other) == likeness(other, one)


@given(FACTS, FACTS)
def test_verified_numbers_that_differ_are_never_likely(one: Facts, other: Facts) -> None:
    if one.verified and other.verified and one.number and other.number and one.number != other.number:
        assert likeness(one, other).grade in (None, Grade.POSSIBLE)


@given(FACTS, FACTS)
def test_no_grade_is_without_a_reason(one: Facts, other: Facts) -> None:
    found = likeness(one, other)
    assert bool(found.grade) == bool(found.reasons)
