"""The directory as somebody chooses from it: the practice's favourites first, then each organisation's services."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from access.models import Organisation
from exchange import directory
from exchange.directory import fit
from exchange.directory.fit import Person
from exchange.models import Favourite, Service


@dataclass(frozen=True, slots=True)
class Choice:
    """A service as it is offered for one patient: what to know before choosing, in words."""

    service: Service
    #: Why it does not take this patient, "" if nothing known speaks against it.
    why_not: str
    limits: str
    waiting: str
    distance: str
    favourite: bool


def choices(
    text: str, person: Person, practice_id: int | None, today: dt.date
) -> list[tuple[Organisation | None, list[Choice]]]:
    """What is found, grouped under who runs it; favourites stand first under None, and only there.

    Within each group what does not take this patient comes last. Two queries.
    """
    favourites = set(Favourite.objects.filter(practice=practice_id).values_list("service_id", flat=True))
    found = directory.services(text)
    groups: list[tuple[Organisation | None, list[Service]]] = [(None, [one for one in found if one.pk in favourites])]
    groups += directory.by_organisation(one for one in found if one.pk not in favourites)
    return [(who, _suited_first(services, person, favourites, today)) for who, services in groups if services]


def _suited_first(services: Iterable[Service], person: Person, favourites: set[int], today: dt.date) -> list[Choice]:
    offered = [
        Choice(
            one,
            fit.why_not(one, person),
            fit.limits(one),
            fit.waiting(one, today),
            fit.distance(one, person),
            one.pk in favourites,
        )
        for one in services
    ]
    return sorted(offered, key=lambda choice: bool(choice.why_not))
