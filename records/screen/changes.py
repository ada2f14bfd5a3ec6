"""What changed about one thing, in a clinician's words: "raised to 5 mg (was 2.5 mg)". Pure."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from records.screen import wording
from records.screen.claims import Claim
from records.screen.grouping import current, refuted, withdrawn
from ui.units import printed

_AMOUNT: Final = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z%/]+)(?:\s.*)?$")
TAKEN_BACK: Final = "taken back: entered in error"


def earlier(claim: Claim, drawn: dict[str, Any] | None, *, restricted: bool = False) -> Claim | None:
    """The same claim as an earlier version of it was drawn; None when that is not known.

    Of a restricted person nothing worded is taken from what was drawn before: it may say where they are.
    """
    if not drawn:
        return None
    names = {"status", "date_written"} if restricted else set(drawn)
    return replace(claim, **{name: drawn[name] for name in drawn if name in names and hasattr(claim, name)})


def said(now: Claim, before: Claim) -> str:
    """How `now` differs from the same source's earlier word on the same thing; "changed" when words fail."""
    if withdrawn(now) or withdrawn(before):
        return TAKEN_BACK if withdrawn(now) else "no longer said to be an error"
    return (
        _standing(now, before)
        or _amount(wording.strength_of(now), wording.strength_of(before), now.kind == "medicine")
        or _value(now, before)
        or _details(now, before)
        or "changed"
    )


def _standing(now: Claim, before: Claim) -> str:
    """That it is over, holds again, is refuted or confirmed."""
    if refuted(now) and not refuted(before):
        return "refuted"
    if current(now) != current(before):
        why = str(now.detail.get("status_reason") or "")
        return (_over(now) + (f": {why}" if why else "")) if not current(now) else "active again"
    if now.status != before.status and now.status:
        return f"now {now.status.replace('-', ' ')}"
    doubt, doubted = now.detail.get("verification", ""), before.detail.get("verification", "")
    return f"now {doubt}" if doubt != doubted and doubt else ""


def _over(claim: Claim) -> str:
    return (claim.status or "over").replace("-", " ")


def _amount(now: str, before: str, applies: bool = True) -> str:
    """ "raised to 5 mg (was 2.5 mg)" where both are amounts of one unit, else "now … (was …)"."""
    if not applies or _same(now, before) or not now:
        return ""
    verb = _direction(now, before)
    return f"{verb} to {now} (was {before})" if verb else f"now {now}" + (f" (was {before})" if before else "")


def _direction(now: str, before: str) -> str:
    new, old = _AMOUNT.match(now), _AMOUNT.match(before)
    if not new or not old or new[2] != old[2] or float(new[1]) == float(old[1]):
        return ""
    return "raised" if float(new[1]) > float(old[1]) else "lowered"


def _value(now: Claim, before: Claim) -> str:
    if (now.value, now.unit) == (before.value, before.unit) or not now.value:
        return ""
    if not before.value:
        return "result is in"
    return f"corrected, was {wording.figure_with_sign(before)} {printed(before.unit)}".rstrip()


def _details(now: Claim, before: Claim) -> str:
    if not _same(now.display, before.display):
        return f"was “{before.display}”" if before.display else ""
    if not _same(str(now.detail.get("directions", "")), str(before.detail.get("directions", ""))):
        return f"directions now: {now.detail.get('directions') or 'none'}"
    return "date changed" if now.date_written != before.date_written else ""


def _same(one: str, other: str) -> bool:
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


# A new word on a thing that was spoken of before ----------------------------------------------------------------------
def against(claim: Claim, others: Sequence[Claim]) -> str:
    """How a new claim differs from the newest older one about the same thing; "" when nothing can be compared.

    `others` are the claims about the same thing. Another source's word is named as that: nobody raised it.
    """
    older = [c for c in others if c.id != claim.id and c.date and claim.date and c.date <= claim.date and current(c)]
    if not older or not current(claim):
        return ""
    last = max(older, key=lambda c: (c.source.id == claim.source.id, c.date))
    now, before = wording.strength_of(claim), wording.strength_of(last)
    verb = _direction(now, before)
    if not verb:
        return ""
    return f"{verb} to {now} ({'was' if last.source.id == claim.source.id else last.source.letters + ':'} {before})"


def since_last(claim: Claim, series: Sequence[Claim]) -> str:
    """ "up from 51": a result against the one before it of the same test in the same unit; `series` newest first."""
    place = next((n for n, one in enumerate(series) if one.id == claim.id), None)
    before = next((c for c in series[place + 1 :] if c.unit == claim.unit), None) if place is not None else None
    now, old = wording.number(claim.value), wording.number(before.value) if before else None
    if now is None or old is None or before is None or "/" in claim.value:
        return ""
    if claim.detail.get("comparator") or before.detail.get("comparator"):
        return ""
    return f"{'up from' if now > old else 'down from' if now < old else 'same as'} {before.value}"
