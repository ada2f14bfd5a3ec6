"""The timeline: everything that is said of a patient, newest first, page by page from a known entry on.

A page is found by the entry it follows, not by counting: the thousandth costs what the first does. Nothing falls out:
what lies ahead and what has no date stand in sections of their own, and what is left out is counted and said.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from markupsafe import Markup

from records.models import Resource
from records.screen import wording
from records.screen.claims import Claim, Source, claims
from records.screen.held import EVENTS, NOT_SAID, RESULTS, Held
from records.screen.lines import line
from records.screen.narrowing import Narrowed
from records.search import asking
from records.search.words import Asked
from ui.dates import LONG_MONTHS, local, parts

AHEAD_SHOWN: Final = 50
_TOGETHER: Final = 3
_TAKEN_BACK: Final = {"entered-in-error": "Entered in error", "cancelled": "Cancelled"}
_NO_DATE: Final = "No date"
_NOTHING: Final = Markup("")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what it was, the rest of the sentence, who says it; several results of one day and source together."""

    claims: tuple[Claim, ...]
    what: str
    rest: str = ""
    sources: tuple[Source, ...] = ()
    new: bool = False
    taken_back: str = ""
    snippet: Markup = _NOTHING
    #: Results of the same day, each as a line of its own.
    within: tuple["Entry", ...] = ()

    @property
    def lead(self) -> Claim:
        return self.claims[0]


@dataclass(frozen=True, slots=True)
class Section:
    """The entries of one month, or of a year without its month, or without a date."""

    heading: str
    entries: list[Entry]
    #: The month began on the page before.
    goes_on: bool = False


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
def rows(held: Held, narrowed: Narrowed, asked: Asked) -> QuerySet[Resource]:
    """Everything that is let through, whenever it was."""
    found = asking.matching(held.said.filter(narrowed.lets_through()), asked)
    return found if narrowed.taken_back else found.exclude(NOT_SAID)


def _in_time(found: QuerySet[Resource], narrowed: Narrowed, now: dt.datetime) -> QuerySet[Resource]:
    if narrowed.period == "ahead":
        return found.filter(date__gt=now)
    if narrowed.period == "undated":
        return found.filter(date__isnull=True)
    if narrowed.bounded:
        return found.filter(narrowed.within())
    return found.filter(Q(date__lte=now) | Q(date__isnull=True))


def tally(held: Held, narrowed: Narrowed, asked: Asked) -> Tally:
    """The numbers beside a list, in one query."""
    now = timezone.now()
    back = Q() if narrowed.taken_back else ~NOT_SAID
    found = asking.matching(held.said.filter(narrowed.lets_through()), asked).order_by()
    times = {"ahead": Q(date__gt=now), "undated": Q(date__isnull=True)}
    if narrowed.period in times:
        inside = times[narrowed.period]
    else:
        inside = narrowed.within() if narrowed.bounded else Q(date__lte=now) | Q(date__isnull=True)
    return Tally(
        **found.aggregate(
            shown=Count("pk", filter=inside & back),
            ahead=Count("pk", filter=Q(date__gt=now) & back),
            undated=Count("pk", filter=Q(date__isnull=True) & back),
            taken_back=Count("pk", filter=NOT_SAID & (inside if narrowed.period else Q())),
        )
    )


def latest(held: Held, limit: int) -> tuple[list[Entry], bool]:
    """(the last main events, whether there are more), for the one screen."""
    said = held.said.filter(kind__in=EVENTS, date__lte=timezone.now()).exclude(NOT_SAID)
    found = list(claims(said.order_by("-date", "pk")[: limit + 1]))
    return _entries(held, found[:limit], Asked(), together=False), len(found) > limit


def ahead(held: Held, narrowed: Narrowed, asked: Asked) -> list[Entry]:
    """What lies in the future, the nearest first."""
    found = rows(held, narrowed, asked).filter(date__gt=timezone.now()).order_by("date", "pk")
    return _entries(held, list(claims(found[:AHEAD_SHOWN])), asked, together=False)


def page(held: Held, narrowed: Narrowed, asked: Asked, cursor: Cursor, size: int) -> Page:
    """One page of what is asked for. An entry to begin from that is not there begins at the newest."""
    now = timezone.now()
    everything = rows(held, narrowed, asked)
    anchor = _anchor(held, cursor)
    if anchor and anchor[0] and anchor[0] > now and not narrowed.period:
        found = everything  # led to something that lies ahead: the page goes on into the past
    else:
        found = _in_time(everything, narrowed, now)
    if anchor and cursor.how == "before":
        shown = list(reversed(_newer(found, anchor, size + 1)))
        more, shown = len(shown) > size, shown[-size:]
        newer, older = (shown[0].id if more else None), (shown[-1].id if shown else None)
    else:
        shown = _older(found, anchor, size + 1, inclusive=cursor.how == "at")
        more, shown = len(shown) > size, shown[:size]
        older = shown[-1].id if more else None
        newer = shown[0].id if anchor and shown else None
    entries = _entries(held, shown, asked, together=not asked)
    went_before = _month(anchor[2]) if anchor and cursor.how == "after" else ""
    return Page(_sections(entries, went_before), len(shown), newer, older)


# Pages from an entry on -----------------------------------------------------------------------------------------------
Anchor = tuple[dt.datetime | None, UUID, Any]


def _anchor(held: Held, cursor: Cursor) -> Anchor | None:
    if cursor.item is None:
        return None
    found = held.said.filter(pk=cursor.item).values_list("date", "pk", "date_written").first()
    return (found[0], found[1], found[2] or found[0]) if found else None


def _older(found: QuerySet[Resource], anchor: Anchor | None, number: int, *, inclusive: bool) -> list[Claim]:
    """The next ones in order: dated ones from the newest on, by index, then those without a date."""
    shown: list[Claim] = []
    dated, undated = found.filter(date__isnull=False), found.filter(date__isnull=True)
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


def _newer(found: QuerySet[Resource], anchor: Anchor, number: int) -> list[Claim]:
    """The ones before, the nearest first."""
    shown: list[Claim] = []
    moment, pk, _ = anchor
    dated, undated = found.filter(date__isnull=False), found.filter(date__isnull=True)
    if moment is None:
        shown = list(claims(undated.filter(pk__lt=pk).order_by("-pk")[:number]))
    else:
        dated = dated.filter(Q(date__gt=moment) | Q(date=moment, pk__lt=pk), date__gte=moment)
    if len(shown) < number:
        shown += claims(dated.order_by("date", "-pk")[: number - len(shown)])
    return shown


# Lines and months -----------------------------------------------------------------------------------------------------
def _entries(held: Held, found: Sequence[Claim], asked: Asked, *, together: bool) -> list[Entry]:
    """The claims as lines, in their order, each claim in exactly one line."""
    texts = asking.texts(claim.id for claim in found) if asked else {}
    lines: dict[object, list[Claim]] = {}
    for claim in found:
        together_with = lines.setdefault(_same(claim), [])
        spoken = any(claim.source.id == one.source.id for one in together_with)
        (lines.setdefault(claim.id, []) if spoken else together_with).append(claim)
    entries = [_entry(held, members, asked, texts.get(members[0].id, "")) for members in lines.values()]
    return _results_together(entries) if together else entries


def _same(claim: Claim) -> object:
    """What certainly is one thing said twice: the same code, in the same words, from the same day to the same day.

    Of one source two entries stay two, and what is uncoded stands alone.
    """
    day = claim.date and local(claim.date)
    if not claim.coded or day is None or len(parts(claim.dated)) < 3 or claim.kind not in EVENTS:
        return claim.id
    end = parts(claim.detail.get("end"))
    said = wording.event(claim)[0].casefold(), claim.display.casefold(), claim.status
    return (claim.kind, claim.concept, day, end, said, claim.detail.get("class_code"))


def _entry(held: Held, members: Sequence[Claim], asked: Asked, text: str = "") -> Entry:
    lead = members[0]
    what, rest = line(lead)
    return Entry(
        claims=tuple(members),
        what=what,
        rest=rest,
        sources=tuple(dict.fromkeys(claim.source for claim in members)),
        new=any(map(held.is_new, members)),
        taken_back=_TAKEN_BACK.get(lead.status, ""),
        snippet=asked.around(text) if asked and not asked.all_in(f"{what}{rest}") else _NOTHING,
    )


def _results_together(entries: Sequence[Entry]) -> list[Entry]:
    """Three and more results of one day and source as one line that opens: hundreds would drown the rest."""
    days: dict[object, list[Entry]] = {}
    for entry in entries:
        days.setdefault(_day_of_results(entry), []).append(entry)
    found = []
    for entry in entries:
        members = days.pop(_day_of_results(entry), [])
        found += [_bundled(members)] if len(members) >= _TOGETHER else members
    return found


def _day_of_results(entry: Entry) -> object:
    lead = entry.lead
    if lead.kind not in RESULTS or lead.date is None or entry.taken_back:
        return lead.id
    return (local(lead.date), parts(lead.dated), lead.source.id)


def _bundled(members: Sequence[Entry]) -> Entry:
    marked = [one for one in members if wording.sign(one.lead)]
    first = [*marked, *(one for one in members if one not in marked)][:2]
    named = ", ".join(f"{one.what}{one.rest}" for one in first)
    return Entry(
        claims=tuple(claim for one in members for claim in one.claims),
        what=f"{len(members)} results",
        rest=f": {named} …",
        sources=members[0].sources,
        new=any(one.new for one in members),
        within=tuple(members),
    )


def _month(dated: Any) -> str:
    """The heading an entry stands under: "November 2026", "2014, month not known", "No date"."""
    known = parts(dated)
    if not known:
        return _NO_DATE
    return f"{LONG_MONTHS[known[1] - 1]} {known[0]}" if len(known) > 1 else f"{known[0]}, month not known"


def _sections(entries: Iterable[Entry], went_before: str) -> list[Section]:
    found: list[Section] = []
    for entry in entries:
        heading = _month(entry.lead.dated) if entry.lead.date else _NO_DATE
        if not found or found[-1].heading != heading:
            found.append(Section(heading, [], goes_on=not found and heading == went_before))
        found[-1].entries.append(entry)
    return found
