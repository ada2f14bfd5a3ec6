"""How a claim of any kind is worded on a line of the timeline. Pure; says nothing the source did not."""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from records.entries import words
from records.screen import figures, wording
from records.screen.claims import Claim
from records.screen.grouping import current
from ui.units import printed

#: What a line calls a kind that `wording.event` has no words for.
_CALLED: Final = {
    "problem": "Problem",
    "allergy": "Allergy",
    "flag": "Flag",
    "appointment": "Appointment",
    "careteam": "Care team",
    "goal": "Goal",
    "contact": "Contact",
    "family-history": "Family history",
}
#: Kinds that are asked for, given, answered or agreed -> what a line tells of their detail.
SAID: Final[dict[str, Callable[[dict[str, Any]], Iterable[Any]]]] = {
    "dispensed": lambda d: (d.get("quantity"), d.get("dose"), d.get("directions")),
    "request": lambda d: (d.get("reason"), d.get("performer") and f"for {d['performer']}"),
    "task": lambda d: (d.get("text"), d.get("owner") and f"for {d['owner']}", d.get("business_status")),
    "form": lambda d: [f"{one.get('question')}: {one.get('answer')}" for one in (d.get("answers") or [])[:2]],
    "message": lambda d: (d.get("sender") and f"from {d['sender']}", d.get("text")),
    "consent": lambda d: ({"permit": "permitted", "deny": "denied"}.get(d.get("decision", "")), d.get("actors")),
}
_ORDINARY: Final = frozenset({"", "active", "completed", "unknown"})
_LONGEST: Final = 240
_EVENTS: Final = frozenset({"encounter", "letter", "immunisation", "procedure", "report", "careplan"})


def line(claim: Claim) -> tuple[str, str]:
    """(what stands first, the rest of the sentence)."""
    if claim.of_a_test:
        return claim.display or "Test without a name", _measured(claim)
    if claim.kind in _EVENTS:
        return wording.event(claim)
    over = "" if current(claim) or claim.kind == "appointment" else f" ({claim.status.replace('-', ' ')})"
    if claim.kind == "medicine":
        how = wording.medicine_how(claim)
        return "Medicine", f": {wording.medicine_name(claim)}{' ' + how if how else ''}{over}"
    if claim.kind in SAID:
        more = more_of(claim)
        named = f": {claim.display}" if claim.display else ""
        return words.one(claim.kind, claim.type), named + (f"{', ' if named else ': '}{more}" if more else "")
    if claim.kind in _CALLED:
        return _CALLED[claim.kind], f": {claim.display or claim.detail.get('name') or 'without a name'}{over}"
    # What has no kind of its own is called by its FHIR type, in words: "Service request: Physiotherapy".
    called = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", claim.type).capitalize()
    return called, f": {claim.display}" if claim.display else ""


def more_of(claim: Claim) -> str:
    """What a line says beyond what it is called, of a kind of `SAID`; what is not done or not yet says so."""
    told = [str(part) for part in SAID[claim.kind](claim.detail) if part]
    told += [claim.status.replace("-", " ")] if claim.status not in _ORDINARY else []
    return _shortened(", ".join(told))


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST].rpartition(" ")[0] + " …"


def _measured(claim: Claim) -> str:
    """ " 58 mmol/mol"; the parts of what has only parts; or why there is no value."""
    why = figures.absent_said(claim)
    if claim.value:
        return f" {figures.figure_with_sign(claim)} {printed(claim.unit)}".rstrip() + (f" ({why})" if why else "")
    found = ", ".join(f"{part.name} {part.value} {printed(part.unit)}".strip() for part in figures.parts(claim))
    return f": {found or wording.lower_first(why) or 'no value given'}"
