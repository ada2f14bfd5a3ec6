"""Records to check: pairs that may be one person, and what else imports found, as far as they are within reach."""

from dataclasses import dataclass
from typing import Final

from access.actor import Actor
from records import reach
from records.models import DuplicateSuggestion, Finding, Patient

MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Pair:
    """Two who may be one person; `mine` is within reach."""

    suggestion: DuplicateSuggestion
    mine: Patient
    other: Patient

    @property
    def people(self) -> tuple[Patient, Patient]:
        return self.mine, self.other


@dataclass(frozen=True, slots=True)
class ToCheck:
    """What is listed, and how much there is in all."""

    pairs: list[Pair]
    findings: list[Finding]
    number: int


def to_check(actor: Actor) -> ToCheck:
    """What somebody at the actor's practice has to look at. A shared number that is listed as a pair is listed once."""
    pairs = _pairs(actor)
    waiting = reach.findings(actor)
    for pair in pairs:
        for mine, theirs in (pair.people, pair.people[::-1]):
            waiting = waiting.exclude(kind=Finding.Kind.SAME_NUMBER, patient=mine.pk, about=str(theirs.pk))
    found = list(waiting.order_by("kind", "found_at")[:MOST])
    return ToCheck(pairs, found, len(pairs) + (len(found) if len(found) < MOST else waiting.count()))


def _pairs(actor: Actor) -> list[Pair]:
    """The likeliest first."""
    rank = {grade: place for place, grade in enumerate(DuplicateSuggestion.Grade.values)}
    found = sorted(reach.suggestions(actor)[:MOST], key=lambda one: (rank[one.grade], one.found_at))
    near = reach.patients(actor).filter(pk__in=[pk for one in found for pk in (one.first_id, one.second_id)])
    within = set(near.values_list("pk", flat=True))
    return [
        Pair(one, one.first, one.second) if one.first_id in within else Pair(one, one.second, one.first)
        for one in found
    ]
