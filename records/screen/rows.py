"""Rows of a patient's screen: what several sources say of one thing, worded."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from records.screen import coding, grouping, wording
from records.screen.claims import Claim, Source
from records.screen.grouping import Group
from records.screen.held import Held

SAID_SHOWN: Final = 12
_TITLED: Final = ("letter", "encounter")


@dataclass(frozen=True, slots=True)
class Said:
    """One line of "who says what": a source's newest word of its kind, and how many equal ones it said before."""

    claim: Claim
    what: str
    status: str
    earlier: int
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A group as a row: what stands first, the rest of the line, remarks, its date, who says it, whether it is new."""

    what: str
    how: str
    when: str | dt.datetime | None
    sources: tuple[Source, ...]
    differs: str = ""
    remark: str = ""
    gone: bool = False
    new: bool = False
    #: Who says what, for whoever opens the row.
    says: tuple[Said, ...] = ()
    #: How many more lines there are than `says` shows.
    more: int = 0
    #: Whose row it is, to lead to its entries.
    patient: UUID | None = None


def _opened(held: Held, group: Group, words: Callable[[Claim], str]) -> dict[str, Any]:
    """What a row shows when it is opened: every source's words, equal ones of one source once, and what to check."""
    same: dict[tuple[int, str, str], list[Claim]] = {}
    for claim in group.claims:
        same.setdefault((claim.source.id, words(claim).casefold(), _status(claim)), []).append(claim)
    lines = [Said(c[0], words(c[0]), _status(c[0]), len(c) - 1, doubt(c[0])) for c in same.values()]
    return {"says": tuple(lines[:SAID_SHOWN]), "more": max(0, len(lines) - SAID_SHOWN), "patient": held.patient.pk}


def _status(claim: Claim) -> str:
    if grouping.refuted(claim):
        return "refuted"
    certainty = str(claim.detail.get("verification", ""))
    said = (claim.status or "not said").replace("-", " ")
    return f"{said}, {certainty}" if certainty in ("unconfirmed", "provisional", "differential") else said


def doubt(claim: Claim) -> str:
    """What a reader should know of an entry whose words and code do not say the same; "" where they may.

    A letter or a visit has a title of its own, and a code for what sort it is: they are not meant to say the same.
    """
    if claim.kind in _TITLED:
        return ""
    return coding.remark(claim.display, str(claim.detail.get("coded_as", "")))


def problem_said(claim: Claim) -> str:
    return claim.display or "Problem without a name"


def medicine_said(claim: Claim) -> str:
    """The product with its dose and directions."""
    dose = str(claim.detail.get("dose", ""))
    directions = str(claim.detail.get("directions", ""))
    return ", ".join(filter(None, (claim.display or "Medicine without a name", dose, wording.lower_first(directions))))


def allergy_said(claim: Claim) -> str:
    return ", ".join(filter(None, (claim.display or "Not named", wording.reaction(claim))))


def problem_groups(held: Held) -> list[Group]:
    return grouping.groups(held.of("problem"), grouping.problems_differ)


def problem(held: Held, group: Group) -> Row:
    lead = group.lead
    name = lead.display or "Problem without a name"
    certainty = str(lead.detail.get("verification", ""))
    remark = wording.problem_over(lead) or ("Not confirmed" if certainty in ("unconfirmed", "provisional") else "")
    return Row(
        what=name if not group.differs or not grouping.family(lead) else name[: len(grouping.family(lead))],
        how="",
        when=min((wording.problem_since(c) for c in group.claims if wording.problem_since(c)), default=lead.dated),
        sources=group.sources,
        differs=group.differs,
        remark=remark or doubt(lead),
        new=any(map(held.is_new, group.claims)),
        **_opened(held, group, problem_said),
    )


def medicine_groups(held: Held) -> list[Group]:
    return grouping.groups(held.of("medicine"), grouping.medicines_differ)


def medicine(held: Held, group: Group) -> Row:
    lead = group.lead
    stopped = grouping.stopped(group)
    ended = "" if group.current else lead.status.replace("-", " ").capitalize()
    why = f": {lead.detail['status_reason']}" if ended and lead.detail.get("status_reason") else ""
    return Row(
        what=wording.medicine_name(lead),
        how=_how(group),
        when=group.claims[0].dated,
        sources=group.sources,
        differs=group.differs,
        remark=stopped or ended + why or doubt(lead),
        gone=any(claim.status not in grouping.FINISHED for claim in group.stopped_by),
        new=any(map(held.is_new, group.claims)),
        **_opened(held, group, medicine_said),
    )


def _how(group: Group) -> str:
    """Product and directions; where one source has several products of it current at once, all of them."""
    lead = group.lead
    products = [c for c in group.spoken if c.source == lead.source and grouping.current(c)]
    return " and ".join(dict.fromkeys(wording.medicine_how(c) for c in products or [lead]))


def allergy(held: Held, group: Group) -> Row:
    name = wording.allergen(group.lead)
    return Row(
        what=name[:1].upper() + name[1:],
        how=wording.reactions(group.claims) or wording.reaction(group.lead),
        when=group.claims[0].dated,
        sources=group.sources,
        differs=group.differs,
        remark="Unconfirmed" if group.lead.detail.get("verification") == "unconfirmed" else doubt(group.lead),
        new=any(map(held.is_new, group.claims)),
        **_opened(held, group, allergy_said),
    )
