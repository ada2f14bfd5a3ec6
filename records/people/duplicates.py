"""Finding two patients who may be one person, as they come in or change, for somebody to decide."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from records.models import DuplicateSuggestion, Patient, Relationship
from records.people.likeness import Facts, Likeness, likeness

State = DuplicateSuggestion.State
#: Of one batch; more would be a number or date that half the practice bears, which says nothing.
_MOST: Final = 5000
_COMPARED: Final = (
    *("pk", "nhs_number", "nhs_number_status", "family", "given"),
    *("birth_date", "address", "postcode", "phone"),
)


def look(people: Iterable[UUID]) -> None:
    """Compares people with everybody who shares a number, birth date, telephone or postcode with them. Few queries.

    What was decided stays decided; an open suggestion that no longer holds goes.
    """
    touched = {one.pk: one for one in alone().filter(pk__in=list(people)).only(*_COMPARED)}
    if not touched:
        return
    near = list(alone().filter(_blocks(list(touched.values()))).only(*_COMPARED)[:_MOST])
    found = dict(_pairs(touched, near))
    known = DuplicateSuggestion.objects.filter(Q(first__in=touched) | Q(second__in=touched))
    decided = set(known.exclude(state=State.OPEN).values_list("first", "second"))
    stale = [one.pk for one in known.filter(state=State.OPEN) if (one.first_id, one.second_id) not in found]
    DuplicateSuggestion.objects.filter(pk__in=stale).delete()
    DuplicateSuggestion.objects.bulk_create(
        (
            DuplicateSuggestion(first_id=first, second_id=second, grade=like.grade or "", reasons=list(like.reasons))
            for (first, second), like in _some_registered(found).items()
            if (first, second) not in decided
        ),
        update_conflicts=True,
        unique_fields=["first", "second"],
        update_fields=["grade", "reasons"],
    )


def alone() -> QuerySet[Patient]:
    """Everybody who is joined to nobody."""
    return Patient.objects.filter(merged_into__isnull=True)


def _blocks(people: Sequence[Patient]) -> Q:
    """Who has to be compared: each of these is answered by an index."""
    days = {one.birth_date for one in people if one.birth_date}
    days |= {day.replace(month=day.day, day=day.month) for day in days if day.day <= 12}
    alike = [
        Q(nhs_number__in={one.nhs_number for one in people if one.nhs_number}),
        Q(birth_date__in=days),
        Q(phone__in={one.phone for one in people if one.phone}) & ~Q(phone=""),
        Q(postcode__in={one.postcode for one in people if one.postcode}),
    ]
    return reduce(or_, alike)


def _pairs(touched: dict[UUID, Patient], near: Sequence[Patient]) -> Iterator[tuple[tuple[UUID, UUID], Likeness]]:
    facts = {one.pk: Facts.of(one) for one in (*near, *touched.values())}
    shelves: dict[object, set[UUID]] = {}
    for pk, one in facts.items():
        for key in _shelf(one):
            shelves.setdefault(key, set()).add(pk)
    for pk in touched:
        mine = facts[pk]
        others = {other for key in _shelf(mine, exchanged=True) for other in shelves.get(key, ())} - {pk}
        for other in others:
            like = likeness(mine, facts[other])
            if like.grade is not None:
                yield (min(pk, other), max(pk, other)), like


def _shelf(one: Facts, *, exchanged: bool = False) -> Iterator[object]:
    """Keys under which two that are alike are found together."""
    yield from (("number", one.number),) if one.number else ()
    yield from (("phone", one.phone),) if one.phone else ()
    yield from (("home", one.postcode, one.address),) if one.postcode else ()
    if one.born:
        yield ("born", one.born)
        if exchanged and one.born.day <= 12:
            yield ("born", one.born.replace(month=one.born.day, day=one.born.month))


def _some_registered(found: dict[tuple[UUID, UUID], Likeness]) -> dict[tuple[UUID, UUID], Likeness]:
    """Only pairs of which one is registered somewhere: nobody else's staff could decide."""
    people = {pk for pair in found for pk in pair}
    open_ = Relationship.objects.filter(patient__in=people, kind=Relationship.Kind.REGISTERED, until__isnull=True)
    registered = set(open_.values_list("patient", flat=True))
    return {pair: like for pair, like in found.items() if registered & set(pair)}


def registered_nowhere() -> QuerySet[Patient]:
    """People whom no practice has registered: known only to other sources."""
    open_ = Relationship.objects.filter(patient=OuterRef("pk"), kind=Relationship.Kind.REGISTERED, until__isnull=True)
    return alone().filter(~Exists(open_))
