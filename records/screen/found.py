"""What a search found in a record: looked through once, then counted and cut into pages in memory."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import BooleanField, Case, F, FloatField, Func, Q, QuerySet, Value, When

from records.models import Resource
from records.screen.held import NOT_SAID
from records.search import asking
from records.search.words import Asked

Place = tuple[dt.datetime | None, UUID]
Hit = tuple[float | None, UUID, bool]  # seconds since 1970, id, whether it lies in the time asked for


class _Seconds(Func):
    """A moment as seconds since 1970: thousands are read several times as fast as moments."""

    template = "EXTRACT(EPOCH FROM %(expressions)s)::float8"
    output_field = FloatField()


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
        return sum(at is None for at, _, _ in self.hits)

    def ahead(self, now: dt.datetime) -> list[UUID]:
        """What lies in the future, the nearest first."""
        start = now.timestamp()
        return [pk for _, pk in sorted((at, pk) for at, pk, _ in self.hits if at is not None and at > start)]

    def window(self, anchor: Place | None, how: str, number: int) -> list[UUID]:
        """The entries from which a page is made: the `number` nearest to the one it begins from."""
        ordered = sorted(_order(at, pk) for at, pk, within in self.hits if within)
        if anchor is None:
            return [pk for *_, pk in ordered[:number]]
        date, item = anchor
        start = _order(date.timestamp() if date else None, item)
        if how == "before":
            return [pk for *_, pk in [one for one in ordered if one < start][-number:]]
        return [pk for *_, pk in [one for one in ordered if one > start or (how == "at" and one == start)][:number]]


def _order(at: float | None, pk: UUID) -> tuple[bool, float, UUID]:
    """Newest first, then by id; what has no date comes last."""
    return (at is None, 0.0 if at is None else -at, pk)


def hits(through: QuerySet[Resource], asked: Asked, inside: Q, also_taken_back: bool) -> Hits:
    """What among rows holds what is asked, in one query."""

    def whether(condition: Q) -> Case:
        return Case(When(condition, then=Value(True)), default=Value(False), output_field=BooleanField())

    rows = asking.matching(through, asked).order_by()
    found = list(rows.values_list(_Seconds(F("date")), "pk", whether(inside), whether(NOT_SAID)))
    kept = [(at, pk, within) for at, pk, within, back in found if also_taken_back or not back]
    return Hits(kept, sum(within and back for _, _, within, back in found))
