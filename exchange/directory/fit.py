"""Whether a service is for this patient, and how far from their home. Pure."""

import datetime as dt
from dataclasses import dataclass
from math import asin, cos, radians, sin, sqrt
from typing import Final

from exchange.models import Service

_EARTH_MILES: Final = 3958.8
_SEXES: Final = frozenset({"female", "male"})


@dataclass(frozen=True, slots=True)
class Person:
    """What of a patient decides: age in whole years (None: not known), FHIR gender, degrees north and east of home."""

    age: int | None = None
    gender: str = ""
    home: tuple[float, float] | None = None


def years(born: dt.date | None, on: dt.date) -> int | None:
    """Age in whole years; None where the birth date is not known or still to come."""
    if born is None or born > on:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def limits(service: Service) -> str:
    """Whom a service takes, in words; "" for everybody."""
    low, high = service.from_age, service.to_age
    ages = ""
    if low is not None and high is not None:
        ages = f"people aged {low} to {high}"
    elif low is not None:
        ages = f"people aged {low} and over"
    elif high is not None:
        ages = f"people aged {high} and under"
    sexes = Service.Sex(service.sex).label.lower() if service.sex else ""
    said = ", ".join(part for part in (ages, sexes) if part)
    return f"Takes {said}" if said else ""


def why_not(service: Service, person: Person) -> str:
    """Why a service does not take this patient, as a sentence; "" if nothing known speaks against it.

    What is not known of the patient never rules a service out: whoever refers sees its limits.
    """
    low, high = service.from_age or 0, service.to_age
    too_young = person.age is not None and person.age < low
    too_old = person.age is not None and high is not None and person.age > high
    other = bool(service.sex) and person.gender in _SEXES and person.gender != service.sex
    return f"{limits(service)}." if too_young or too_old or other else ""


def miles(service: Service, person: Person) -> float | None:
    """As the crow flies from the patient's home; None where one of the two places is not known."""
    if person.home is None or service.latitude is None or service.longitude is None:
        return None
    north, east = person.home
    up, across = radians(service.latitude - north) / 2, radians(service.longitude - east) / 2
    part = sin(up) ** 2 + cos(radians(north)) * cos(radians(service.latitude)) * sin(across) ** 2
    return 2 * _EARTH_MILES * asin(sqrt(min(1.0, part)))


def distance(service: Service, person: Person) -> str:
    """The same in words: "under 1 mile", "4 miles"; "" where it is not known."""
    far = miles(service, person)
    if far is None:
        return ""
    return "under 1 mile" if far < 1 else f"{far:.0f} mile{'' if round(far) == 1 else 's'}"


def waiting(service: Service, today: dt.date) -> str:
    """How long patients wait, and how old that word is when it is over a month; "" where nobody said."""
    weeks = service.waiting_weeks
    if weeks is None:
        return ""
    said = "no wait" if weeks == 0 else f"{weeks} week{'' if weeks == 1 else 's'} wait"
    on = service.waiting_said_on
    if on is None or (today - on).days <= 31:
        return said
    return f"{said} in {on:%B %Y}"
