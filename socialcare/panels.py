"""What social care says, on a clinician's screen: the package, the key worker, how the person lives."""

from typing import Any

from access.actor import Actor
from records.looking import last_looked
from records.models import Patient
from records.screen import freshness, grouping
from records.screen.claims import Claim
from records.screen.held import Held
from socialcare.package import package_of

SOCIAL_CARE = "social-care"


def care(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """Package, key worker and home as the social-care provider told us; since when it has not answered, if so."""
    held = held or Held(actor, patient, last_looked(actor, patient))
    heard = next((h for h in held.heard if h.source.kind == SOCIAL_CARE), None)
    said = [c for c in held.summary if c.source.kind == SOCIAL_CARE and not grouping.withdrawn(c)]
    return {
        "patient": patient,
        "heard": heard,
        "lines": freshness.lines(held, "care"),
        "packages": [package_of(c) for c in said if c.kind == "careplan" and c.status in ("active", "on-hold")],
        "workers": [worker for c in said if c.kind == "careteam" for worker in workers(c)],
        "lives": [c for c in said if c.kind == "flag" and c.status == "active" and _of_home(c)],
        "goals": [c for c in said if c.kind == "goal" and c.status in ("active", "accepted")],
    }


def _of_home(claim: Claim) -> bool:
    return not claim.category or claim.category[0].casefold() == "additional patient information"


def workers(claim: Claim) -> list[dict[str, str]]:
    """The people of a CareTeam: name, role, and the team's number."""
    phone = str(claim.detail.get("phone", ""))
    people = claim.detail.get("participants") or []
    return [
        {"name": str(one.get("name", "")), "role": str(one.get("role", "")), "phone": phone}
        for one in people
        if one.get("name") or one.get("role")
    ]
