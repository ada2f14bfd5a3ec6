"""One entry, whole: what it says in its own words, who else speaks of the same, and how it stood before."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from markupsafe import Markup

from exchange.fhir import numbers
from exchange.fhir.systems import System
from records import bodies, reach
from records.drawing import Json, codings, every, text_at
from records.entries import words
from records.entries.telling import Line, told
from records.letters.cleaning import clean
from records.models import Resource, ResourceVersion
from records.screen import rows
from records.screen.claims import Claim, claims
from records.screen.grouping import refuted, withdrawn
from records.screen.held import Held

OTHERS_SHOWN: Final = 20
VERSIONS_SHOWN: Final = 20
NARRATIVE_SHOWN: Final = 20_000
_MOST_CHANGES: Final = 12


@dataclass(frozen=True, slots=True)
class Change:
    """One line that differs between two versions; "" where one of them has no such line."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Version:
    """An earlier version: until when it stood, and what the next one changed."""

    number: int
    until: dt.datetime
    changes: tuple[Change, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Item:
    """An entry as its page shows it."""

    row: Resource
    claim: Claim
    called: str
    title: str
    lines: tuple[Line, ...]
    narrative: Markup
    #: Characters of narrative that are not shown unless asked for.
    cut: int
    #: (code system's name, code, coded name)
    codes: tuple[tuple[str, str, str], ...]
    others: tuple[Claim, ...]
    versions: tuple[Version, ...]
    #: What is odd about it, in sentences.
    odd: tuple[str, ...]


def opened(held: Held, item_id: UUID, *, whole: bool = False) -> Item | None:
    """One entry within reach; None if there is none. `whole` shows a long narrative to its end."""
    row = held.said.filter(pk=item_id).select_related("source").first()
    if row is None:
        return None
    claim = next(claims(held.said.filter(pk=item_id)))
    resource: Json = numbers.loads(bodies.full(row))
    point = _Pointing(held, [resource])
    div = text_at(resource, "text.div")
    shown = div if whole else div[:NARRATIVE_SHOWN]
    return Item(
        row=row,
        claim=claim,
        called=words.one(claim.kind, claim.type),
        title=words.title(claim),
        lines=tuple(told(resource, point)),
        narrative=clean(shown, 2) if shown else Markup(""),
        cut=len(div) - len(shown),
        codes=tuple(_codes(resource)),
        others=_others(held, claim),
        versions=_versions(held, row, resource),
        odd=tuple(_odd(claim)),
    )


class _Pointing:
    """Where the references of some resources lead, asked of the store in one query for all of them.

    Another entry of the same patient is named and linked. Of what is nobody's (a clinician, an organisation, a
    medicine) the name is given. Of another person nothing is ever said.
    """

    def __init__(self, held: Held, resources: Sequence[Json]) -> None:
        wanted = {found for one in resources for found in _referred(one)}
        self._patient = held.patient.pk
        self._own = {c.id: c for c in claims(held.said.filter(pk__in=wanted))} if wanted else {}
        self._names = reach.names(wanted - self._own.keys()) if wanted - self._own.keys() else {}

    def __call__(self, reference: Json) -> tuple[str, str]:
        target = _target(reference)
        own = self._own.get(target) if target else None
        said = str(reference.get("display") or "")
        if own is not None:
            return said or words.title(own), f"/patients/{self._patient}/items/{own.id}/"
        name = said or (self._names.get(target, "") if target else "")
        kind = str(reference.get("reference", "")).partition("/")[0]
        return name or (f"{words.one('other', kind)}, not held here" if kind.isalpha() else "Not held here"), ""


def _referred(node: Any) -> set[UUID]:
    """Ids of everything a resource refers to."""
    if isinstance(node, list):
        return set().union(*(_referred(one) for one in node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*(_referred(value) for value in node.values()))
    target = _target(node)
    return found | {target} if target else found


def _target(reference: Json) -> UUID | None:
    try:
        return UUID(str(reference.get("reference", "")).partition("/")[2])
    except ValueError:
        return None


def _codes(resource: Json) -> list[tuple[str, str, str]]:
    """The codes of what the entry is, with their systems' short names."""
    concepts = [
        resource.get(name) for name in ("code", "medicationCodeableConcept", "vaccineCode", "type", "reasonCode")
    ]
    found = [
        (_system(str(c.get("system", ""))), str(c["code"]), str(c.get("display", "")))
        for c in codings(*(one for concept in concepts for one in every(concept)))
        if c.get("code")
    ]
    return list(dict.fromkeys(found))


_SYSTEMS: Final = {"sct": "SNOMED CT", "loinc.org": "LOINC", "rxnorm": "RxNorm", "dmd.nhs.uk": "dm+d", "cvx": "CVX"}


def _system(address: str) -> str:
    name = address.rstrip("/").rsplit("/", 1)[-1]
    return _SYSTEMS.get(name, name)


def _others(held: Held, claim: Claim) -> tuple[Claim, ...]:
    """Who else, or when else, says something of the same coded thing, newest first."""
    if not claim.coded or claim.kind in ("administrative", "encounter"):
        return ()
    same = held.said.filter(kind=claim.kind, code=claim.code, code_system__in=_systems(claim)).exclude(pk=claim.id)
    return tuple(claims(same.order_by(F("date").desc(nulls_last=True), "id")[:OTHERS_SHOWN]))


def _systems(claim: Claim) -> set[str]:
    """The addresses under which its code means the same: dm+d codes are SNOMED CT codes."""
    same = {str(System.SNOMED), str(System.DMD)}
    return same if claim.code_system in same else {claim.code_system}


def _odd(claim: Claim) -> list[str]:
    """What a reader should know before relying on it."""
    found = []
    if withdrawn(claim):
        found.append(f"{claim.source.name} has taken this back: it was entered in error.")
    elif refuted(claim):
        found.append(f"{claim.source.name} looked into this and says that it is not so.")
    if claim.date and claim.date > timezone.now() and claim.kind not in ("appointment", "careplan", "goal"):
        found.append("It is dated in the future. Check the date with its source.")
    if claim.value and claim.detail.get("absent"):
        found.append("It gives a value and also says that there is none. Check it with its source.")
    if not claim.coded and claim.kind in ("problem", "medicine", "allergy"):
        found.append("It is not coded: it stands alone, and no warning or list that works by codes knows of it.")
    if rows.doubt(claim):
        found.append(f"{rows.doubt(claim)}.")
    return found


# Earlier versions -----------------------------------------------------------------------------------------------------
def _versions(held: Held, row: Resource, resource: Json) -> tuple[Version, ...]:
    """Earlier versions, newest first, each with what the one after it changed."""
    before = list(ResourceVersion.objects.filter(resource=row).order_by("-version")[:VERSIONS_SHOWN])
    told_of: list[Json] = [resource, *(numbers.loads(bodies.full(row, one)) for one in before)]
    point = _Pointing(held, told_of)
    lines = [told(one, point) for one in told_of]
    starts = [row.stored_at, *(one.stored_at for one in before)]
    found = []
    for (after, earlier), version, until in zip(pairwise(lines), before, starts, strict=False):
        changes = _changes(earlier, after)
        more = max(0, len(changes) - _MOST_CHANGES)
        found.append(Version(version.version, until, tuple(changes[:_MOST_CHANGES]), more))
    return tuple(found)


def _changes(before: Sequence[Line], after: Sequence[Line]) -> list[Change]:
    """Lines that differ, by label: those only before, those only after, paired in their order."""
    gone = _by_label([line for line in before if line not in after])
    come = _by_label([line for line in after if line not in before])
    changes = []
    for label in dict.fromkeys([*gone, *come]):
        old, new = gone.get(label, []), come.get(label, [])
        for place in range(max(len(old), len(new))):
            changes.append(Change(label, *(part[place] if place < len(part) else "" for part in (old, new))))
    return changes


def _by_label(lines: Sequence[Line]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        if line.text:
            found.setdefault(line.label, []).append(line.text)
    return found
