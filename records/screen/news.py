"""What is new to the reader, worded for the line at the top, the page of changes and the day's list."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import (
    Case,
    DateTimeField,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    UUIDField,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber

from records.entries import words
from records.kinds import RESULTS
from records.looking import unseen
from records.models import LetterRead, Resource, ResourceVersion
from records.screen import changes, grouping, lines, wording
from records.screen.claims import Claim, Source, claims_with
from records.screen.held import Held

KINDS: Final = tuple(name for name, kind in words.KINDS.items() if kind.news is not None)
#: How many entries are read of one patient at most; where there are more, the page says so.
MOST: Final = 300
#: The same for each of several patients, of whom a list shows the first few.
MOST_OF_EACH: Final = 40
#: Kinds that come in hundreds: read last, so that no flood of them pushes out the rest.
_IN_NUMBERS: Final = (*RESULTS, "dispensed", "other")
_ORDER: Final = (
    Case(When(kind__in=_IN_NUMBERS, then=1), default=0, output_field=IntegerField()).asc(),
    F("date").desc(nulls_last=True),
    F("id").asc(),
)


@dataclass(frozen=True, slots=True)
class News:
    """One thing that is new: what it is, how it changed, who says so, dated when."""

    id: UUID
    kind: str
    when: Any
    what: str
    #: The rest of the sentence: a value, or what became of it.
    how: str
    source: Source
    unread: bool = False

    @property
    def of_a_test(self) -> bool:
        """Whether it has a page of its test over time."""
        return self.kind in RESULTS


@dataclass(frozen=True, slots=True)
class Told:
    """What is new of one patient, weightiest first; `cut` where more has changed than was read."""

    items: list[News] = field(default_factory=list)
    cut: bool = False


def of_one(held: Held) -> Told:
    """All that is new of one patient, weightiest first, in one query.

    New is what changed since the reader marked the record as seen. For who never did it is what is dated in the last 30
    days, and the page says that it is that. A letter that this person opened is not new.
    """
    if not held.ids:
        return Told()
    assert held.actor.user_id is not None
    new = _new(held.said, held.ids, held.looked.times, held.actor.user_id).order_by(*_ORDER)
    found = list(_read(new[: MOST + 1], held.looked.times))
    told = [_told(claim, before, unread, held) for claim, before, unread in _worded(found[:MOST])]
    return Told(_in_order(told), len(found) > MOST)


def of_several(
    said: QuerySet[Resource], kept: Mapping[UUID, UUID], looked: Mapping[UUID, datetime], user_id: int
) -> dict[UUID, Told]:
    """The same for several patients, each with their own time of the last look, in one query.

    `kept` names, for each id that entries stand under, the patient it is told of: those found to be one are one.
    """
    if not kept:
        return {}
    whose = Case(*(When(patient=one, then=Value(of)) for one, of in kept.items()), output_field=UUIDField())
    place = Window(RowNumber(), partition_by=[whose], order_by=_ORDER)
    first = _new(said, kept, looked, user_id).annotate(place=place).filter(place__lte=MOST_OF_EACH + 1)
    found: dict[UUID, list[Found]] = defaultdict(list)
    for row in _read(Resource.objects.filter(pk__in=first.values("pk")).order_by(*_ORDER), looked):
        if row[0].patient_id is not None:
            found[kept[row[0].patient_id]].append(row)
    return {
        patient: Told(
            _in_order(_told(*row, None) for row in _worded(rows[:MOST_OF_EACH])),
            len(rows) > MOST_OF_EACH,
        )
        for patient, rows in found.items()
    }


#: They bring what another entry tells of, such as a letter's text, and are no news of their own.
CARRIERS: Final = ("Binary", "Bundle")
#: (claim, how it stood when the reader last looked, whether it is a letter to be read).
Found = tuple[Claim, Claim | None, bool]


def _new(
    said: QuerySet[Resource], ids: Iterable[UUID], times: Mapping[UUID, datetime], user_id: int
) -> QuerySet[Resource]:
    """The rows that are new to this person; a letter that they opened since it changed is not."""
    opened = LetterRead.objects.filter(letter__document=OuterRef("pk"), user_id=user_id)
    read = Q(kind="letter") & Exists(opened.filter(at__gte=OuterRef("changed_at")))
    return said.filter(unseen(ids, times), kind__in=KINDS).exclude(read).exclude(type__in=CARRIERS)


def _read(rows: QuerySet[Resource], times: Mapping[UUID, datetime]) -> Iterator[Found]:
    """Each with its earlier version as it stood at the time of the last look, in one query."""
    seen = Case(
        *(When(patient=one, then=Value(at)) for one, at in times.items()),
        default=None,
        output_field=DateTimeField(),
    )
    earlier = ResourceVersion.objects.filter(resource=OuterRef("pk"), stored_at__lte=OuterRef("seen_until"))
    annotated = (
        rows.annotate(seen_until=seen)
        .annotate(before=Subquery(earlier.order_by("-version").values("drawn")[:1]))
        .annotate(unread=Q(kind="letter") & ~Q(letter__message_id="") & Q(letter__isnull=False))
    )
    for claim, drawn, unread, restricted in claims_with(annotated, "before", "unread", "patient__restricted"):
        yield claim, changes.earlier(claim, drawn, restricted=restricted), bool(unread)


def _worded(found: Iterable[Found]) -> Iterator[Found]:
    """Newest first, without what is over: it is news only that it was taken back."""
    for claim, before, unread in sorted(found, key=lambda row: _newest_first(row[0])):
        gone = grouping.withdrawn(claim) or claim.status == "cancelled"
        if not gone or (before is not None and not grouping.withdrawn(before)):
            yield claim, before, unread


def _newest_first(claim: Claim) -> tuple[bool, float, UUID]:
    return (claim.date is None, -claim.date.timestamp() if claim.date else 0, claim.id)


def _told(claim: Claim, before: Claim | None, unread: bool, held: Held | None) -> tuple[Claim, News]:
    what, how = _words(claim)
    if before is not None:
        how = " " + changes.said(claim, before) if not claim.of_a_test else f"{how}, {changes.said(claim, before)}"
    elif held is not None:
        how = _compared(claim, held) or how
    if claim.kind == "medicine" and not how.startswith((" raised", " lowered", " now")):
        what = f"{what} {wording.strength_of(claim)}".strip()
    return claim, News(claim.id, claim.kind, claim.dated, what, how, claim.source, unread)


def _compared(claim: Claim, held: Held) -> str:
    """A new word against what was said before of the same thing, from rows that the screen has read anyway."""
    if claim.kind == "medicine":
        same = next((group for group in grouping.together(held.of("medicine")) if claim in group), ())
        said = changes.against(claim, same)
        return f" {said}" if said else ""
    if claim.of_a_test:
        series = next((test for test in held.series if any(one.id == claim.id for one in test)), [])
        said = changes.since_last(claim, series)
        return f"{lines.line(claim)[1]}, {said}" if said else ""
    return ""


def _words(claim: Claim) -> tuple[str, str]:
    """How a line of news names it, without what changed."""
    match claim.kind:
        case "medicine":
            return wording.medicine_name(claim), " stopped" if not grouping.current(claim) else ""
        case "problem" | "flag":
            return claim.display or claim.type, "" if grouping.current(claim) else f" {claim.status}"
        case "allergy":
            return wording.allergy_alert(claim), ""
    if claim.kind in lines.SAID:
        more, called = lines.more_of(claim), words.one(claim.kind, claim.type)
        return f"{called}: {claim.display}" if claim.display else called, f", {more}" if more else ""
    return lines.line(claim)


def _in_order(told: Iterable[tuple[Claim, News]]) -> list[News]:
    """Each thing once per source, by its newest claim: letters and changes first, ordinary results last."""
    first: dict[object, tuple[int, News]] = {}
    for claim, news in told:
        first.setdefault((news.source.id, news.kind, news.what, _thing(claim)), (_weight(claim, news), news))
    return [news for _, news in sorted(first.values(), key=lambda one: one[0])]


def _thing(claim: Claim) -> object:
    """What tells two lines apart that begin alike ("Immunisation", "Consultation"); two visits are two things."""
    return (claim.display.casefold(), str(claim.dated) if claim.kind in ("encounter", "procedure") else "")


def _weight(claim: Claim, news: News) -> int:
    """Letters, new problems and what was stopped before abnormal results, those before the rest."""
    if claim.of_a_test:
        return 1 if wording.sign(claim) or changes.TAKEN_BACK in news.how else 5
    if claim.kind == "medicine" and grouping.current(claim):
        return 0 if news.how else 2 if claim.source.kind != "practice" else 3
    return words.KINDS[claim.kind].news or 0
