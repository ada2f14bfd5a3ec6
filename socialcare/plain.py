"""Medicines and conditions in plain words, each with who said it."""

from dataclasses import dataclass
from typing import Final

from records.screen import grouping, wording
from records.screen.claims import Claim
from records.screen.grouping import Group
from records.screen.held import Held
from socialcare import lay_terms
from ui.dates import date_plain

CHECKING: Final = "Ask the surgery before giving."


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence: what stands in bold, the rest, and who said it when."""

    bold: str
    rest: str = ""
    source: str = ""


def said_by(claim: Claim) -> str:
    """ "Northern Infirmary, 18 November"."""
    day = date_plain(claim.dated)
    return f"{claim.source.name}, {day}" if day else claim.source.name


def medicines(held: Held) -> list[Line]:
    groups = grouping.groups(held.of("medicine"), grouping.medicines_differ)
    found = [_medicine(group) for group in groups if group.current]
    return sorted(_said_once(found), key=lambda line: line.bold.casefold())


def _said_once(lines: list[Line]) -> list[Line]:
    """What several sources say in the same words stands once, with all who say it. Uncoded medicines come so."""
    said: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        said.setdefault((line.bold, line.rest), []).append(line.source)
    return [Line(bold, rest, "; ".join(filter(None, sources))) for (bold, rest), sources in said.items()]


def _medicine(group: Group) -> Line:
    """Name, what it is for, directions as recorded; or that it is being checked."""
    lead = group.lead
    name = wording.medicine_name(lead)
    purpose = lay_terms.medicine(lead.code_system, lead.code) or str(lead.detail.get("reason", ""))
    named = f"{name} ({wording.lower_first(purpose)}):" if purpose else f"{name}:"
    if group.stopped_by:
        by = " and ".join(f"{c.source.name}, {date_plain(c.detail.get('ended') or c.dated)}" for c in group.stopped_by)
        still = " and ".join(c.source.name for c in group.latest if grouping.current(c))
        return Line(named, f"stopped by {by}; still on the list of {still}. {CHECKING}")
    if group.differs:
        doses = "; ".join(f"{grouping.strength(c)} ({said_by(c)})" for c in group.latest if grouping.current(c))
        return Line(named, f"sources disagree: {doses}. {CHECKING}")
    return Line(named, f"{wording.medicine_how(lead)}.", said_by(lead))


def conditions(held: Held) -> list[Line]:
    groups = [g for g in grouping.groups(held.of("problem"), grouping.problems_differ) if g.current]
    found: dict[str, Line] = {}
    for group in groups:
        lead = group.lead
        plain = lay_terms.condition(lead.code_system, lead.code)
        words = plain[:1].upper() + plain[1:] if plain else lead.display
        found.setdefault(words.casefold(), Line(words, "", ", ".join(source.name for source in group.sources)))
    return list(found.values())
