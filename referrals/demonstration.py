"""A few referrals of the demonstration practice, made by the real acts: what is sent really goes to the sandbox."""

from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from access.actor import Actor, person
from access.models import Membership
from access.permissions import Role
from exchange import directory
from records import reach
from records.models import Patient
from referrals import actions
from referrals.models import Referral
from referrals.summary import clinical_summary

PRACTICE: Final = "Y90001"


@dataclass(frozen=True, slots=True)
class Example:
    """A referral to a service for somebody whose record names the problem; sent or left as a draft."""

    service_id: str
    problem: str
    priority: str
    reason: str
    send: bool = True


EXAMPLES: Final = (
    Example(
        "9000000301",
        "hypertension",
        Referral.Priority.ROUTINE,
        "Clinic reading above target twice. Please check blood pressure and arrange home readings if still raised.",
    ),
    Example(
        "9000000205",
        "osteoarthritis",
        Referral.Priority.ROUTINE,
        "Knee pain limits walking to ten minutes. Please assess for strengthening exercises.",
    ),
    Example(
        "9000000202",
        "atrial fibrillation",
        Referral.Priority.URGENT,
        "Palpitations with light-headedness, pulse irregular. Please assess rate control.",
        send=False,
    ),
)


def seed() -> int:
    """Write the examples as the practice's GPs, once: nothing when there is any referral already. Returns how many."""
    if Referral.objects.exists():
        return 0
    gps = Membership.objects.filter(organisation__ods_code=PRACTICE, role=Role.GP).select_related(
        "organisation", "user"
    )
    by = next((person(membership) for membership in gps), None)
    return sum(_make(example, by) for example in EXAMPLES) if by else 0


def _make(example: Example, by: Actor) -> bool:
    service, patient = directory.service(example.service_id), _patient(example.problem, by)
    if service is None or patient is None:
        return False
    referral = actions.draft(
        patient=patient,
        service=service,
        priority=example.priority,
        reason=example.reason,
        clinical_summary=clinical_summary(by, patient, timezone.now()),
        by=by,
    )
    if example.send:
        actions.send(referral=referral, version=referral.version, by=by)
    return True


def _patient(problem: str, by: Actor) -> Patient | None:
    """Somebody at the practice with that problem now, whom nobody referred yet; the same on every machine."""
    has = {"resources__kind": "problem", "resources__status": "active", "resources__display__icontains": problem}
    alive = reach.patients(by).filter(deceased=False, restricted=False, referrals=None, **has).exclude(phone="")
    return alive.exclude(resources__source__ods_code="VZZ01").order_by("family", "given", "nhs_number").first()
