"""Who of the practice's patients is also known to the hospital and to social care, and how those records differ."""

from functools import cache
from random import Random

from gpportal.demonstration import cast
from gpportal.demonstration.people import Person, everyone

AT_HOSPITAL = 120
IN_CARE = 60

# Kept out: a shared or missing number, a failing one and a restricted record should stay the practice's own puzzle.
_ALONE = {cast.NO_NUMBER, cast.FAILING, cast.SHARED_A, cast.SHARED_B, cast.RESTRICTED, cast.TWIN_B}
_HOSPITAL_TOO = {cast.JANE, cast.ARJUN, cast.CARYS, cast.GRACE, cast.LONGEST, cast.DECEASED, cast.TWIN_A}
_CARE_TOO = {cast.JANE, cast.LONGEST}

# Place in the hospital's list -> what differs from the practice's demographics.
_DIFFERENCES = {
    11: "short_name",
    19: "old_address",
    27: "birth",
    38: "former_name",
    46: "old_phone",
    59: "old_address",
    73: "short_name",
    88: "birth",
    104: "old_phone",
}


def _chosen(topic: str, wanted: int, always: set[int], youngest: int) -> tuple[Person, ...]:
    """The people with a purpose, then others: the older the likelier."""
    random = Random(topic)
    ranked = sorted(
        (person for person in everyone() if person.number not in _ALONE),
        key=lambda person: (person.number not in always, random.random() * 70 - person.age),
    )
    able = [person for person in ranked if person.number in always or person.age >= youngest]
    return tuple(sorted(able[:wanted], key=lambda person: person.number))


@cache
def at_hospital() -> tuple[Person, ...]:
    """The practice's patients whom Northern Infirmary knows."""
    return _chosen("hospital", AT_HOSPITAL, _HOSPITAL_TOO, 18)


@cache
def in_care() -> tuple[Person, ...]:
    """The practice's patients whom Cityview Adult Social Care knows."""
    return _chosen("social care", IN_CARE, _CARE_TOO, 62)


def difference(place: int) -> str | None:
    """How the hospital's demographics of the patient at that place in its list differ, if they do."""
    return _DIFFERENCES.get(place)
