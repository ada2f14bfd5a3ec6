"""What happened to a patient, newest first, from all sources, by page and by what one is looking for."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from records.models import Resource
from records.screen import grouping, wording
from records.screen.claims import Claim, Source, claims, of_patients
from records.screen.held import EVENTS, NOT_SAID, RESULTS, Held

#: Name in the address -> words on the page, and what it lets through.
TABS: Final[dict[str, tuple[str, Q]]] = {
    "everything": ("Everything", Q(kind__in=EVENTS)),
    "consultations": ("Consultations", Q(kind="encounter", source__kind="practice")),
    "hospital": ("Hospital", Q(kind__in=EVENTS, source__kind="hospital")),
    "letters": ("Letters", Q(kind="letter")),
    "results": ("Results", Q(kind__in=RESULTS) & ~Q(value="")),
    "social-care": ("Social care", Q(kind__in=(*EVENTS, "goal"), source__kind="social-care")),
}
NEWS_KINDS: Final = ("problem", "medicine", "allergy", "result", "letter", "encounter", "procedure", "flag")
RECENT: Final = dt.timedelta(days=30)
MOST_NEWS: Final = 300


@dataclass(frozen=True, slots=True)
class Event:
    """One line: when, what in bold, the rest of the sentence, who says it."""

    id: Any
    kind: str
    when: Any
    what: str
    rest: str
    source: Source
    new: bool = False


def page(held: Held, tab: str, number: int, size: int, words: str = "") -> dict[str, Any]:
    """One page of a tab, in one query; `more` tells whether there is another. An unknown tab is the first."""
    tab = tab if tab in TABS else "everything"
    rows = _happened(held).filter(TABS[tab][1])
    for word in words.split():
        rows = rows.filter(Q(display__icontains=word) | Q(detail__icontains=word) | Q(value__icontains=word))
    first = (number - 1) * size
    found = list(claims(rows.order_by(F("date").desc(nulls_last=True), "id")[first : first + size + 1]))
    return {
        "tab": tab,
        "tabs": [(name, text) for name, (text, _) in TABS.items()],
        "events": [event(held, claim) for claim in found[:size]],
        "number": number,
        "more": len(found) > size,
        "words": words,
    }


def _happened(held: Held) -> QuerySet[Resource]:
    """What lies in the past: a plan or booking ahead is no event yet."""
    return held.said.exclude(NOT_SAID).filter(Q(date__lte=timezone.now()) | Q(date__isnull=True))


def event(held: Held, claim: Claim) -> Event:
    what, rest = wording.event(claim)
    return Event(claim.id, claim.kind, claim.dated, what, rest, claim.source, held.is_new(claim))


def newest(held: Held, limit: int) -> tuple[list[Event], int]:
    """(the newest of what is new to the reader, how many more), in one query.

    New is what was stored since they last looked. Who never looked is shown what is dated in the last 30 days, and the
    page says that it is that.
    """
    told = _in_order(claims(_new(held.said, held.looked)[:MOST_NEWS]))
    return told[:limit], max(0, len(told) - limit)


def new_of_several(
    said: QuerySet[Resource], patients: Iterable[UUID], looked: dict[UUID, dt.datetime]
) -> dict[UUID, list[Event]]:
    """The same for several patients, each with their own time of the last look, in one query."""
    new = Q(pk__in=[])
    now = timezone.now()
    for patient in patients:
        at = looked.get(patient)
        new |= Q(patient=patient) & (Q(stored_at__gt=at) if at else Q(date__gt=now - RECENT, date__lte=now))
    rows = said.filter(new, kind__in=NEWS_KINDS).exclude(NOT_SAID).order_by(F("date").desc(nulls_last=True), "id")
    found: dict[UUID, list[Claim]] = defaultdict(list)
    for patient, claim in of_patients(rows[:MOST_NEWS]):
        found[patient].append(claim)
    return {patient: _in_order(members) for patient, members in found.items()}


def _new(said: QuerySet[Resource], looked: dt.datetime | None) -> QuerySet[Resource]:
    now = timezone.now()
    since = Q(stored_at__gt=looked) if looked else Q(date__gt=now - RECENT, date__lte=now)
    rows = said.filter(since, kind__in=NEWS_KINDS).exclude(NOT_SAID)
    return rows.order_by(F("date").desc(nulls_last=True), "id")


def _in_order(found: Iterable[Claim]) -> list[Event]:
    """Each thing once per source, by its newest claim: letters and changes first, ordinary results last."""
    told: dict[object, Event] = {}
    weight: dict[object, int] = {}
    for claim in found:
        what, rest = _told(claim)
        key = (claim.source.id, claim.kind, what)
        told.setdefault(key, Event(claim.id, claim.kind, claim.dated, what, rest, claim.source, True))
        weight.setdefault(key, _weight(claim))
    return [told[key] for key in sorted(told, key=lambda key: weight[key])]


def _weight(claim: Claim) -> int:
    """Letters, new problems and what was stopped before abnormal results, those before the rest."""
    if claim.kind in RESULTS:
        return 1 if wording.sign(claim) else 4
    if claim.kind == "medicine" and grouping.current(claim):
        return 2 if claim.source.kind != "practice" else 3
    return 2 if claim.kind == "encounter" else 0


def _told(claim: Claim) -> tuple[str, str]:
    """How a line of news words it."""
    match claim.kind:
        case "medicine":
            stopped = " stopped" if claim.status in ("stopped", "ended") else ""
            return f"{wording.medicine_name(claim)} {wording.strength_of(claim)}".strip(), stopped
        case "problem" | "flag":
            return claim.display, ""
        case "allergy":
            return wording.allergy_alert(claim), ""
    return wording.event(claim)
