"""How likely two patients are one person, and why, in words: a pure function of what is drawn of both.

Deliberately plain: a person reads the reasons and decides. Nothing is joined by it.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from records.models import DuplicateSuggestion, Patient
from records.people.comparing import exchanged, folded, postcode, telephone

Grade = DuplicateSuggestion.Grade
TWINS: Final = "Same address, family name and date of birth, but another first name: they may be twins, not one person"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is compared of one patient; empty where nothing is known."""

    number: str = ""
    verified: bool = False
    family: str = ""
    given: str = ""
    born: dt.date | None = None
    address: str = ""
    postcode: str = ""
    phone: str = ""

    @classmethod
    def of(cls, patient: Patient) -> "Facts":
        status = patient.nhs_number_status
        usable = status in (Patient.NhsNumber.VERIFIED, Patient.NhsNumber.PRESENT)
        return cls(
            number=patient.nhs_number if usable else "",
            verified=status == Patient.NhsNumber.VERIFIED,
            family=folded(patient.family),
            given=folded(patient.given),
            born=patient.birth_date,
            address=folded(patient.address),
            postcode=postcode(patient.postcode),
            phone=telephone(patient.phone),
        )


@dataclass(frozen=True, slots=True)
class Likeness:
    """None as grade: not worth anybody's time."""

    grade: Grade | None
    reasons: tuple[str, ...] = ()


def likeness(one: Facts, other: Facts) -> Likeness:
    """How alike two are; the same whichever is named first."""
    same = _Same(one, other)
    grade = _grade(same)
    if grade is None:
        return Likeness(None)
    if same.numbers_verified_and_differ:
        grade = Grade.POSSIBLE
    return Likeness(grade, tuple(_reasons(same)))


class _Same:
    """What two have in common."""

    def __init__(self, one: Facts, other: Facts) -> None:
        self.number = bool(one.number) and one.number == other.number
        self.numbers_differ = bool(one.number and other.number) and one.number != other.number
        self.numbers_verified_and_differ = self.numbers_differ and one.verified and other.verified
        self.family = bool(one.family) and one.family == other.family
        self.given = bool(one.given) and one.given == other.given
        self.nearly_given = self.given or _nearly(one.given, other.given)
        self.swapped = bool(one.given and one.family) and (one.family, one.given) == (other.given, other.family)
        self.born = one.born is not None and one.born == other.born
        self.exchanged = bool(one.born and other.born and exchanged(one.born, other.born))
        self.born_differs = bool(one.born and other.born) and one.born != other.born
        self.names_differ = not (self.family or self.nearly_given or self.swapped)
        self.born_unknown = one.born is None or other.born is None
        self.phone = bool(one.phone) and one.phone == other.phone
        self.home = bool(one.postcode and one.address) and (one.postcode, one.address) == (
            other.postcode,
            other.address,
        )

    @property
    def name(self) -> bool:
        return (self.family and self.nearly_given) or self.swapped

    @property
    def reached(self) -> bool:
        return self.phone or self.home

    @property
    def twins(self) -> bool:
        return self.home and self.family and self.born and not self.nearly_given


def _nearly(one: str, other: str) -> bool:
    """First given names alike: the same, or one is the initial of the other. No nicknames."""
    mine, theirs = one.split(), other.split()
    if not mine or not theirs:
        return False
    short, long = sorted((mine[0], theirs[0]), key=len)
    return short == long or (len(short) == 1 and long.startswith(short))


def _grade(same: _Same) -> Grade | None:
    if same.number:
        return _with_one_number(same)
    if same.name and same.born:
        return Grade.CERTAIN if same.reached and same.given and not same.numbers_differ else Grade.LIKELY
    if same.name and same.exchanged:
        return Grade.LIKELY if same.reached else Grade.POSSIBLE
    if same.name and same.born_unknown and same.reached:
        return Grade.POSSIBLE
    if same.reached and same.born and (same.nearly_given or same.family):
        return Grade.POSSIBLE  # a new family name, or twins
    return None


def _with_one_number(same: _Same) -> Grade:
    if same.born and same.name:
        return Grade.CERTAIN
    if same.twins or not (same.born or same.name or same.exchanged):
        return Grade.POSSIBLE
    return Grade.LIKELY


def _reasons(same: _Same) -> list[str]:
    said = [
        (same.number, "Same NHS number"),
        (same.family and same.given, "Same name"),
        (same.family and same.nearly_given and not same.given, "Same family name, and first names that may be one"),
        (same.swapped, "First name and family name exchanged"),
        (same.family and not same.nearly_given and not same.twins, "Same family name, another first name"),
        (same.nearly_given and not same.family and not same.swapped, "Same first name, another family name"),
        (same.born, "Same date of birth"),
        (same.exchanged, "Dates of birth with day and month exchanged"),
        (same.born_unknown, "The date of birth of one is not known in full"),
        (same.phone, "Same telephone"),
        (same.home, "Same address"),
        (same.twins, TWINS),
        (same.born_differs and not same.exchanged, "But the dates of birth differ"),
        (same.names_differ, "But the names differ"),
        (same.numbers_verified_and_differ, "But both NHS numbers are verified and differ: then they are two people"),
        (same.numbers_differ and not same.numbers_verified_and_differ, "But the NHS numbers differ"),
    ]
    return [words for holds, words in said if holds]
