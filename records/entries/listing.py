"""Lists of everything held of a patient, by kind. Nothing is left out: not what was taken back, no rare type."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F

from records.entries import words
from records.screen import lines, wording
from records.screen.claims import Claim, claims
from records.screen.grouping import withdrawn
from records.screen.held import Held

PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list: its title, the rest of the sentence, and whether its source took it back."""

    claim: Claim
    title: str
    rest: str
    taken_back: bool


def kinds(held: Held) -> list[tuple[str, str, int]]:
    """(kind, words, how many) of every kind of which there is something, in the order of records.entries.words."""
    counted = dict(held.said.order_by().values_list("kind").annotate(number=Count("pk")))
    order = [*words.KINDS, *sorted(set(counted) - set(words.KINDS))]
    return [(kind, words.several(kind), counted[kind]) for kind in order if kind in counted]


def page(held: Held, kind: str, number: int) -> dict[str, Any]:
    """One page of a kind, newest first, what has no date last; `more` tells whether there is another."""
    rows = held.said.filter(kind=kind).order_by(F("date").desc(nulls_last=True), "id")
    first = (number - 1) * PAGE
    found = list(claims(rows[first : first + PAGE + 1]))
    return {
        "kind": kind,
        "called": words.several(kind),
        "entries": entries(found[:PAGE]),
        "number": number,
        "more": len(found) > PAGE,
    }


def entries(found: Iterable[Claim]) -> list[Entry]:
    return [Entry(claim, words.title(claim), _rest(claim), withdrawn(claim)) for claim in found]


def _rest(claim: Claim) -> str:
    """What the line adds to the title."""
    if claim.kind == "medicine":
        return str(claim.detail.get("directions") or claim.detail.get("dose") or "")
    if claim.kind == "allergy":
        return wording.reaction(claim)
    if claim.kind in lines.SAID:
        return lines.more_of(claim)
    if claim.of_a_test:
        return lines.line(claim)[1].strip(" :,.")
    what, rest = wording.event(claim)
    return rest.strip(" :,.") if what == words.title(claim) else ""
