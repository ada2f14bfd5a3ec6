"""How a claim of any kind is worded on a line of the timeline. Pure; says nothing the source did not."""

import re
from typing import Final

from records.screen import figures, wording
from records.screen.claims import Claim
from records.screen.grouping import current

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
_EVENTS: Final = frozenset({"encounter", "letter", "immunisation", "procedure", "report", "careplan"})


def line(claim: Claim) -> tuple[str, str]:
    """(what stands first, the rest of the sentence)."""
    if claim.kind in ("result", "vital"):
        return claim.display or "Test without a name", _measured(claim)
    if claim.kind in _EVENTS:
        return wording.event(claim)
    over = "" if current(claim) or claim.kind == "appointment" else f" ({claim.status.replace('-', ' ')})"
    if claim.kind == "medicine":
        how = wording.medicine_how(claim)
        return "Medicine", f": {wording.medicine_name(claim)}{' ' + how if how else ''}{over}"
    if claim.kind in _CALLED:
        return _CALLED[claim.kind], f": {claim.display or claim.detail.get('name') or 'without a name'}{over}"
    # What has no kind of its own is called by its FHIR type, in words: "Service request: Physiotherapy".
    called = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", claim.type).capitalize()
    return called, f": {claim.display}" if claim.display else ""


def _measured(claim: Claim) -> str:
    """ " 58 mmol/mol"; the parts of what has only parts; or why there is no value."""
    why = figures.absent_said(claim)
    if claim.value:
        return f" {figures.figure_with_sign(claim)} {claim.unit}".rstrip() + (f" ({why})" if why else "")
    found = ", ".join(f"{part.name} {part.value} {part.unit}".strip() for part in figures.parts(claim))
    return f": {found or wording.lower_first(why) or 'no value given'}"
