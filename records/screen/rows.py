"""Rows of a patient's screen: what several sources say of one thing, worded."""

import datetime as dt
from dataclasses import dataclass

from records.screen import grouping, wording
from records.screen.claims import Source
from records.screen.grouping import Group
from records.screen.held import Held


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


def problem_groups(held: Held) -> list[Group]:
    return grouping.groups(held.of("problem"), grouping.problems_differ)


def problem(held: Held, group: Group) -> Row:
    lead = group.lead
    name = lead.display or "Problem without a name"
    doubt = str(lead.detail.get("verification", ""))
    remark = wording.problem_over(lead) or ("Not confirmed" if doubt in ("unconfirmed", "provisional") else "")
    return Row(
        what=name if not group.differs or not grouping.family(lead) else name[: len(grouping.family(lead))],
        how="",
        when=min((wording.problem_since(c) for c in group.claims if wording.problem_since(c)), default=lead.dated),
        sources=group.sources,
        differs=group.differs,
        remark=remark,
        new=any(map(held.is_new, group.claims)),
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
        how=wording.medicine_how(lead),
        when=group.claims[0].dated,
        sources=group.sources,
        differs=group.differs,
        remark=stopped or ended + why,
        gone=bool(stopped),
        new=any(map(held.is_new, group.claims)),
    )


def allergy(held: Held, group: Group) -> Row:
    name = wording.allergen(group.lead)
    return Row(
        what=name[:1].upper() + name[1:],
        how=wording.reaction(group.lead),
        when=group.claims[0].dated,
        sources=group.sources,
        differs=group.differs,
        remark="Unconfirmed" if group.lead.detail.get("verification") == "unconfirmed" else "",
        new=any(map(held.is_new, group.claims)),
    )
