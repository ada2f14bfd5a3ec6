"""What happened to a patient, newest first, from all sources, by page and by what one is looking for."""

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from records.models import Resource
from records.screen import wording
from records.screen.claims import Claim, Source, claims
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
