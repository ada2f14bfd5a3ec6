"""What a record would be if two patients were joined: shown before anybody decides. Nothing is changed by looking."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from access.actor import Actor
from access.permissions import Permission
from exchange.happenings import kept_elsewhere
from records import panels, reach
from records.entries import words
from records.models import Patient
from records.people import comparing, joinable
from records.people.likeness import Facts, Likeness, likeness
from records.people.restricted import everyone_same
from records.screen.held import Held
from records.screen.rows import Row

_PARTS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "Medicines": panels.medicines,
    "Allergies": panels.allergies,
    "Problems": panels.problems,
}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: who it is, how much is held of it, and who reaches it, in words."""

    patient: Patient
    counts: tuple[str, ...]
    #: Entries, of every kind.
    number: int
    reached_by: tuple[str, ...]
    within_reach: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """Both sides and what joining would do. `clinical` is empty for those who do not read the record."""

    sides: tuple[Side, Side]
    table: comparing.Table
    likeness: Likeness
    blocked: str
    warnings: tuple[str, ...]
    newly: tuple[str, ...]
    clinical: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]
    may_be_kept: list[tuple[str, str]]


def preview(actor: Actor, patient: Patient, other: Patient) -> Preview:
    """What is known before they are joined. Of who is registered nowhere only who they are and how much is held."""
    sides = (_side(actor, patient), _side(actor, other))
    both = sides[1].within_reach
    ids = [*reach.ids(actor, patient), *(reach.ids(actor, other) if both else [other.pk])]
    clinical = _clinical(actor, patient, other) if both and actor.may(Permission.READ_RECORD) else ()
    return Preview(
        sides=sides,
        table=comparing.together(ids, hidden=patient.restricted or other.restricted),
        likeness=likeness(Facts.of(patient), Facts.of(other)),
        blocked=joinable.why_not(patient, other),
        warnings=tuple(_warnings(patient, other)),
        newly=tuple(_newly(sides)),
        clinical=clinical,
        may_be_kept=_may_be_kept(sides),
    )


def _side(actor: Actor, patient: Patient) -> Side:
    held = reach.counts(patient)
    within = bool(reach.ids(actor, patient))
    counts = (*_counted(held), *kept_elsewhere(everyone_same(patient.pk)))
    return Side(patient, counts, sum(held.values()), tuple(joinable.reached_by(patient)), within)


def _counted(held: dict[str, int]) -> list[str]:
    """Every kind there is something of, the most first: "medicines 3"."""
    return [f"{words.several(kind).lower()} {number:,}" for kind, number in sorted(held.items(), key=lambda k: -k[1])]


def _warnings(patient: Patient, other: Patient) -> list[str]:
    said = [
        (patient.restricted != other.restricted, "One of the two is restricted: then both will be, and no address, "
         "telephone or GP of either is shown any longer."),
        (patient.deceased != other.deceased, "One of the two is recorded as having died."),
        (bool(patient.nhs_number and other.nhs_number) and patient.nhs_number != other.nhs_number,
         "The NHS numbers differ."),
        (bool(patient.gender and other.gender) and patient.gender != other.gender, "The genders differ."),
    ]  # fmt: skip
    return [words for holds, words in said if holds]


def _newly(sides: tuple[Side, Side]) -> list[str]:
    """Who reaches only one of the two and will reach both."""
    first, second = (set(side.reached_by) for side in sides)
    return sorted(first ^ second)


def _may_be_kept(sides: tuple[Side, Side]) -> list[tuple[str, str]]:
    """Those within reach, the one with a verified number and the most entries first."""
    within = [side for side in sides if side.within_reach]
    verified = Patient.NhsNumber.VERIFIED
    within.sort(key=lambda side: (side.patient.nhs_number_status != verified, -side.number))
    return [(str(side.patient.pk), _words(side)) for side in within]


def _words(side: Side) -> str:
    p = side.patient
    return f"{p.family.upper()}, {p.given} · {', '.join(side.counts[:3]) or 'no entries'}"


def _clinical(
    actor: Actor, patient: Patient, other: Patient
) -> tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...]:
    """Per part: what the other record brings, and the disagreements that arise only when both stand together."""
    mine, theirs = Held(actor, patient), Held(actor, other)
    whole = Held(actor, patient)
    whole.__dict__["said"] = reach.resources(actor, patient) | reach.resources(actor, other)
    found = []
    for name, panel in _PARTS.items():
        before = [panel(actor, held.patient, held)["rows"] for held in (mine, theirs)]
        after = panel(actor, patient, whole)["rows"]
        brings = _brings(*before)
        old = {row.differs for rows in before for row in rows}
        new = tuple(f"{row.what}: {row.differs}" for row in after if row.differs and row.differs not in old)
        if brings or new:
            found.append((name, brings, new))
    return tuple(found)


def _brings(mine: Sequence[Row], theirs: Sequence[Row]) -> tuple[str, ...]:
    """What only the other record has: a thing by its name; of a thing that both have, what is said otherwise of it."""
    known = {row.what: {said.what.casefold() for said in row.says} for row in mine}
    found: list[str] = []
    for row in theirs:
        if row.what in known:
            found += [said.what for said in row.says if said.what.casefold() not in known[row.what]]
        else:
            found.append(row.what)
    return tuple(dict.fromkeys(found))
