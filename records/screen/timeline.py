"""The timeline: everything that is said of a patient, newest first, page by page from a known entry on.

A page is found by the entry it follows, not by counting: the thousandth costs what the first does. Nothing falls out:
what lies ahead and what has no date stand in sections of their own, and what is left out is counted and said.
"""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from records.models import Resource
from records.screen import found
from records.screen.claims import Claim, claims
from records.screen.held import EVENTS, NOT_SAID, Held
from records.screen.months import Entry, Section, entries_of, month, sections
from records.screen.narrowing import Narrowed
from records.search.words import Asked

AHEAD_SHOWN: Final = 50


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page begins: after, before or at an entry; at the newest when nothing is said."""

    how: str = ""
    item: UUID | None = None


@dataclass(slots=True)
class Page:
    """One page of the timeline, and the entries its neighbours begin from."""

    sections: list[Section] = field(default_factory=list)
    number: int = 0
    newer: UUID | None = None
    older: UUID | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entries there are: shown in all, ahead of today, without a date, and taken back."""

    shown: int = 0
    ahead: int = 0
    undated: int = 0
    taken_back: int = 0


# What is asked for ----------------------------------------------------------------------------------------------------
@dataclass(slots=True)
class Shown:
    """What a page of the timeline is made of; numbers and what lies ahead only where it begins at the newest."""

    page: Page
    tally: Tally | None = None
    ahead: list[Entry] = field(default_factory=list)


def shown(held: Held, narrowed: Narrowed, asked: Asked, cursor: Cursor, size: int) -> Shown:
    """One page of what is let through and holds what is asked, with its numbers where it is the first.

    A search looks through the record once: page, numbers and what lies ahead come from what it found.
    """
    now = timezone.now()
    first, open_ended = cursor.item is None, not narrowed.period
    if not asked:
        page = page_of(held, narrowed, cursor, size)
        if not first:
            return Shown(page)
        return Shown(page, tally(held, narrowed), ahead(held, rows(held, narrowed), asked) if open_ended else [])
    hits = found.hits(held.said.filter(narrowed.lets_through()), asked, inside(narrowed, now), narrowed.taken_back)
    anchor = _anchor(held, cursor)
    window = hits.window(anchor[:2] if anchor else None, cursor.how, size + 1)
    page = _page(held, held.said.filter(pk__in=window), asked, cursor, anchor, size)
    if not first:
        return Shown(page)
    lies_ahead = hits.ahead(now)
    numbers = Tally(hits.shown, len(lies_ahead), hits.undated, hits.taken_back)
    some = held.said.filter(pk__in=lies_ahead[:AHEAD_SHOWN])
    return Shown(page, numbers, ahead(held, some, asked) if open_ended and lies_ahead else [])


def inside(narrowed: Narrowed, now: dt.datetime) -> Q:
    """The time that is asked for; where none is, up to now."""
    if narrowed.period == "ahead":
        return Q(date__gt=now)
    if narrowed.period == "undated":
        return Q(date__isnull=True)
    return narrowed.within() if narrowed.bounded else Q(date__lte=now) | Q(date__isnull=True)


def rows(held: Held, narrowed: Narrowed) -> QuerySet[Resource]:
    """Everything that is let through, whenever it was."""
    through = held.said.filter(narrowed.lets_through())
    return through if narrowed.taken_back else through.exclude(NOT_SAID)


def tally(held: Held, narrowed: Narrowed) -> Tally:
    """The numbers beside a list, in one query."""
    now = timezone.now()
    within = inside(narrowed, now)
    back = Q() if narrowed.taken_back else ~NOT_SAID
    return Tally(
        **held.said.filter(narrowed.lets_through())
        .order_by()
        .aggregate(
            shown=Count("pk", filter=within & back),
            ahead=Count("pk", filter=Q(date__gt=now) & back),
            undated=Count("pk", filter=Q(date__isnull=True) & back),
            taken_back=Count("pk", filter=NOT_SAID & (within if narrowed.period else Q())),
        )
    )


def latest(held: Held, limit: int) -> tuple[list[Entry], bool]:
    """(the last main events, whether there are more), for the one screen."""
    said = held.said.filter(kind__in=EVENTS, date__lte=timezone.now()).exclude(NOT_SAID)
    newest = list(claims(said.order_by("-date", "pk")[: limit + 1]))
    return entries_of(held, newest[:limit], Asked(), together=False), len(newest) > limit


def ahead(held: Held, among: QuerySet[Resource], asked: Asked) -> list[Entry]:
    """What lies in the future, the nearest first."""
    coming = among.filter(date__gt=timezone.now()).order_by("date", "pk")
    return entries_of(held, list(claims(coming[:AHEAD_SHOWN])), asked, together=False)


def page_of(held: Held, narrowed: Narrowed, cursor: Cursor, size: int) -> Page:
    """One page without a search. An entry to begin from that is not there begins at the newest."""
    now = timezone.now()
    everything = rows(held, narrowed)
    anchor = _anchor(held, cursor)
    # Led to something that lies ahead, the page goes on into the past.
    coming = anchor and anchor[0] and anchor[0] > now and not narrowed.period
    some = everything if coming else everything.filter(inside(narrowed, now))
    return _page(held, some, Asked(), cursor, anchor, size)


def _page(
    held: Held, some: QuerySet[Resource], asked: Asked, cursor: Cursor, anchor: "Anchor | None", size: int
) -> Page:
    if anchor and cursor.how == "before":
        on_page = list(reversed(_newer(some, anchor, size + 1)))
        more, on_page = len(on_page) > size, on_page[-size:]
        newer, older = (on_page[0].id if more else None), (on_page[-1].id if on_page else None)
    else:
        on_page = _older(some, anchor, size + 1, inclusive=cursor.how == "at")
        more, on_page = len(on_page) > size, on_page[:size]
        older = on_page[-1].id if more else None
        newer = on_page[0].id if anchor and on_page else None
    entries = entries_of(held, on_page, asked, together=not asked)
    went_before = month(anchor[2]) if anchor and cursor.how == "after" else ""
    return Page(sections(entries, went_before), len(on_page), newer, older)


# Pages from an entry on -----------------------------------------------------------------------------------------------
Anchor = tuple[dt.datetime | None, UUID, Any]


def _anchor(held: Held, cursor: Cursor) -> Anchor | None:
    if cursor.item is None:
        return None
    item = held.said.filter(pk=cursor.item).values_list("date", "pk", "date_written").first()
    return (item[0], item[1], item[2] or item[0]) if item else None


def _older(some: QuerySet[Resource], anchor: Anchor | None, number: int, *, inclusive: bool) -> list[Claim]:
    """The next ones in order: dated ones from the newest on, by index, then those without a date."""
    shown: list[Claim] = []
    dated, undated = some.filter(date__isnull=False), some.filter(date__isnull=True)
    if anchor:
        moment, pk, _ = anchor
        after = Q(pk__gte=pk) if inclusive else Q(pk__gt=pk)
        if moment is None:
            dated, undated = dated.none(), undated.filter(after)
        else:
            dated = dated.filter(Q(date__lt=moment) | (Q(date=moment) & after), date__lte=moment)
    shown = list(claims(dated.order_by("-date", "pk")[:number]))
    if len(shown) < number:
        shown += claims(undated.order_by("pk")[: number - len(shown)])
    return shown


def _newer(some: QuerySet[Resource], anchor: Anchor, number: int) -> list[Claim]:
    """The ones before, the nearest first."""
    shown: list[Claim] = []
    moment, pk, _ = anchor
    dated, undated = some.filter(date__isnull=False), some.filter(date__isnull=True)
    if moment is None:
        shown = list(claims(undated.filter(pk__lt=pk).order_by("-pk")[:number]))
    else:
        dated = dated.filter(Q(date__gt=moment) | Q(date=moment, pk__lt=pk), date__gte=moment)
    if len(shown) < number:
        shown += claims(dated.order_by("date", "-pk")[: number - len(shown)])
    return shown
