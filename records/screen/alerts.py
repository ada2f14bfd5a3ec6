"""What must not be missed, in words, for the banner: allergies in their three states, flags."""

from dataclasses import dataclass
from typing import Final

from records.screen import grouping, wording
from records.screen.claims import Claim
from records.screen.grouping import Group
from records.screen.held import Held
from ui.dates import date_full

#: SNOMED CT codes by which a source says that it asked and found none.
NONE_KNOWN: Final = {"716186003": "No known allergies", "409137002": "No known drug allergies"}
#: Categories of flags that belong beside the name. Others (key safe, lives alone) belong to social care's panel.
FLAG_COLOURS: Final = {"reasonable adjustment": "", "respect": "", "safeguarding concern": "red"}

#: How many allergies a sentence names.
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Alert:
    """One tag of the banner: its colour only repeats what its words say."""

    text: str
    colour: str = ""


def none_known(claim: Claim) -> str:
    """ "No known allergies" if that is what the claim says, else ""."""
    if claim.code in NONE_KNOWN:
        return NONE_KNOWN[claim.code]
    said = claim.display.casefold()
    return claim.display if not claim.coded and said.startswith(("no known", "nil known", "nkda", "nka")) else ""


def allergies_of(held: Held) -> tuple[list[Group], list[Claim]]:
    """(allergies that hold by anyone, statements that none are known); the latter also where a source contradicts.

    An allergy that another organisation's "no known allergies" contradicts says so in its sentence.
    """
    claims = [c for c in held.of("allergy") if not grouping.withdrawn(c)]
    none = [c for c in claims if none_known(c) and grouping.current(c)]
    asserted = grouping.groups((c for c in claims if not none_known(c)), grouping.allergies_differ)
    known = [group for group in asserted if group.current]
    return [_contradicted(group, none) for group in known], none


def _contradicted(group: Group, none: list[Claim]) -> Group:
    others = [c for c in none if _against(group, c)]
    if not others:
        return group
    said = ", ".join(f"{c.source.name} recorded {_plain(c)} {date_full(c.dated)}" for c in others)
    return Group(group.claims, f"{group.differs}. {said}" if group.differs else f"Sources disagree: {said}")


def _against(group: Group, none: Claim) -> list[Claim]:
    """The claims of an allergy that "no known allergies" contradicts; not what the same source found later."""
    return [
        c
        for c in group.latest
        if grouping.current(c) and (c.source != none.source or (c.date and none.date and c.date < none.date))
    ]


def contradictions(known: list[Group], none: list[Claim]) -> list[str]:
    """Who says that there are no allergies, against who lists which: one sentence per source that says none."""
    found = []
    for said in {c.source.id: c for c in reversed(none)}.values():
        against = [(group, claims) for group in known if (claims := _against(group, said))]
        if against:
            names = [wording.allergen(group.lead) for group, _ in against]
            listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
            who = dict.fromkeys(c.source.name for _, claims in against for c in claims)
            lists = f"{' and '.join(who)} {'lists' if len(who) == 1 else 'list'}"
            found.append(
                f"{said.source.name} recorded {_plain(said)} on {date_full(said.dated) or 'no known date'}, "
                f"but {'also lists' if list(who) == [said.source.name] else lists} {listed}."
            )
    return found


def _plain(claim: Claim) -> str:
    text = none_known(claim)
    return text[:1].lower() + text[1:]


def alerts(held: Held) -> list[Alert]:
    """Allergies first, always in words, then flags."""
    known, none = allergies_of(held)
    found = [Alert(wording.allergy_alert(group.lead, group.claims), "red") for group in known]
    if any(group.differs for group in known):
        found.append(Alert("Sources disagree on allergies", "amber"))
    if not known:
        found.append(_no_allergies(none))
    return found + [Alert(_flag(c), FLAG_COLOURS[category(c)]) for c in flags(held) if category(c) in FLAG_COLOURS]


def _no_allergies(none: list[Claim]) -> Alert:
    if not none:
        return Alert("No allergies recorded", "amber")
    newest = none[0]
    return Alert(f"{none_known(newest)} (recorded {date_full(newest.dated)})")


def flags(held: Held) -> list[Claim]:
    """Flags in force, each wording once."""
    active = [c for c in held.of("flag") if c.status == "active"]
    return list({c.display.casefold(): c for c in reversed(active)}.values())[::-1]


def category(claim: Claim) -> str:
    return claim.category[0].casefold() if claim.category else ""


def _flag(claim: Claim) -> str:
    return (
        f"Reasonable adjustment: {wording.lower_first(claim.display)}" if "adjust" in category(claim) else claim.display
    )
