"""What is new to the reader, worded for the line at the top, the page of changes and the day's list."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, DateTimeField, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When

from records.entries import words
from records.kinds import RESULTS
from records.looking import unseen
from records.models import LetterRead, Resource, ResourceVersion
from records.screen import changes, grouping, lines, wording
from records.screen.claims import Claim, Source, claims_with
from records.screen.held import Held

KINDS: Final = (
    *("problem", "medicine", "allergy", "flag", "result", "vital", "letter", "encounter", "procedure"),
    *("immunisation", "report", "careplan", "goal", "family-history"),
    *("social-history", "survey", "dispensed", "request", "task", "form", "message", "consent"),
)
MOST: Final = 300
#: What comes after what, where it is not the first of all.
_WEIGHTS: Final = {
    **{"encounter": 2, "message": 2, "request": 3, "task": 3, "form": 3, "consent": 3},
    **{"report": 4, "immunisation": 3, "family-history": 3, "dispensed": 5},
}


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


def of_one(held: Held) -> list[News]:
    """All that is new of one patient, weightiest first, in one query.

    New is what changed since the reader marked the record as seen. For who never did it is what is dated in the last 30
    days, and the page says that it is that. A letter that this person opened is not new.
    """
    told = [_told(claim, before, unread, held) for claim, before, unread in _found(held)]
    return _in_order(told)


def of_several(
    said: QuerySet[Resource], patients: Iterable[UUID], looked: Mapping[UUID, datetime], user_id: int
) -> dict[UUID, list[News]]:
    """The same for several patients, each with their own time of the last look, in one query."""
    found: dict[UUID, list[tuple[Claim, News]]] = defaultdict(list)
    for claim, before, unread in _rows(said, list(patients), looked, user_id):
        if claim.patient_id is not None:
            found[claim.patient_id].append(_told(claim, before, unread, None))
    return {patient: _in_order(members) for patient, members in found.items()}


Found = tuple[Claim, Claim | None, bool]


def _found(held: Held) -> Iterator[Found]:
    ids = held.ids
    assert held.actor.user_id is not None
    return _rows(held.said, ids, held.looked.times, held.actor.user_id)


def _rows(said: QuerySet[Resource], ids: list[UUID], times: Mapping[UUID, datetime], user_id: int) -> Iterator[Found]:
    """(claim, how it stood when the reader last looked, whether it is a letter to be read)."""
    if not ids:
        return
    seen = Case(
        *(When(patient=one, then=Value(at)) for one, at in times.items()),
        default=None,
        output_field=DateTimeField(),
    )
    earlier = ResourceVersion.objects.filter(resource=OuterRef("pk"), stored_at__lte=OuterRef("seen_until"))
    opened = LetterRead.objects.filter(letter__document=OuterRef("pk"), user_id=user_id)
    rows = (
        said.filter(unseen(ids, times), kind__in=KINDS)
        .annotate(seen_until=seen)
        .annotate(before=Subquery(earlier.order_by("-version").values("drawn")[:1]))
        .annotate(ordinary=Case(When(kind__in=RESULTS, then=1), default=0))  # no flood of results pushes out the rest
        .annotate(unread=Q(kind="letter") & ~Q(letter__message_id="") & Q(letter__isnull=False))
        .exclude(Q(kind="letter") & Exists(opened.filter(at__gte=OuterRef("changed_at"))))
        .order_by("ordinary", F("date").desc(nulls_last=True), "id")
    )
    found = claims_with(rows[:MOST], "before", "unread", "patient__restricted")
    for claim, drawn, unread, restricted in sorted(found, key=lambda row: _newest_first(row[0])):
        before = changes.earlier(claim, drawn, restricted=restricted)
        gone = grouping.withdrawn(claim) or claim.status == "cancelled"
        if not gone or (before is not None and not grouping.withdrawn(before)):
            yield claim, before, bool(unread)


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
    return lines.line(claim) if claim.of_a_test else wording.event(claim)


def _in_order(told: Iterable[tuple[Claim, News]]) -> list[News]:
    """Each thing once per source, by its newest claim: letters and changes first, ordinary results last."""
    first: dict[object, tuple[int, News]] = {}
    for claim, news in told:
        first.setdefault((news.source.id, news.kind, news.what), (_weight(claim, news), news))
    return [news for _, news in sorted(first.values(), key=lambda one: one[0])]


def _weight(claim: Claim, news: News) -> int:
    """Letters, new problems and what was stopped before abnormal results, those before the rest."""
    if claim.of_a_test:
        return 1 if wording.sign(claim) or changes.TAKEN_BACK in news.how else 5
    if claim.kind == "medicine" and grouping.current(claim):
        return 0 if news.how else 2 if claim.source.kind != "practice" else 3
    return _WEIGHTS.get(claim.kind, 0)
