"""What a search found in a record: looked through once, then counted and cut into pages in memory."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import BooleanField, Case, Q, QuerySet, Value, When

from records.models import Resource
from records.screen.held import NOT_SAID
from records.search import asking
from records.search.words import Asked

Place = tuple[dt.datetime | None, UUID]
Hit = tuple[dt.datetime | None, UUID, bool]  # date, id, whether it lies in the time asked for


@dataclass(frozen=True, slots=True)
class Hits:
    """The entries that hold what is asked: without those taken back, unless they are asked for too."""

    hits: Sequence[Hit]
    #: Taken back, within the time asked for, whether they are among the hits or not.
    taken_back: int

    @property
    def shown(self) -> int:
        return sum(within for _, _, within in self.hits)

    @property
    def undated(self) -> int:
        return sum(date is None for date, _, _ in self.hits)

    def ahead(self, now: dt.datetime) -> list[UUID]:
        """What lies in the future, the nearest first."""
        return [pk for _, pk in sorted((date, pk) for date, pk, _ in self.hits if date and date > now)]

    def window(self, anchor: Place | None, how: str, number: int) -> list[UUID]:
        """The entries from which a page is made: the `number` nearest to the one it begins from."""
        ordered = sorted(_order((date, pk)) for date, pk, within in self.hits if within)
        if anchor is None:
            return [pk for *_, pk in ordered[:number]]
        at = _order(anchor)
        if how == "before":
            return [pk for *_, pk in [one for one in ordered if one < at][-number:]]
        return [pk for *_, pk in [one for one in ordered if one > at or (how == "at" and one == at)][:number]]


def _order(place: Place) -> tuple[bool, float, UUID]:
    """Newest first, then by id; what has no date comes last."""
    date, pk = place
    return (date is None, -date.timestamp() if date else 0.0, pk)


def hits(through: QuerySet[Resource], asked: Asked, inside: Q, also_taken_back: bool) -> Hits:
    """What among rows holds what is asked, in one query."""

    def whether(condition: Q) -> Case:
        return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())

    rows = asking.matching(through, asked).order_by()
    found = list(rows.values_list("date", "pk", whether(inside), whether(NOT_SAID)))
    kept = [(date, pk, within) for date, pk, within, back in found if also_taken_back or not back]
    return Hits(kept, sum(within and back for _, _, within, back in found))
