"""What happens to referrals whose patient died or left the practice, and to those that have no clock yet."""

from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from access import audit
from access.actor import system
from records.models import Relationship
from referrals import clocks, states
from referrals.actions import record_event
from referrals.models import Referral, ReferralEvent

Kind = ReferralEvent.Kind
BY: Final = system("clock")
BATCH: Final = 200


def sweep() -> int:
    """Find what changed around open referrals, each once. How many events and clocks that made.

    Asked of the rows and not heard as it happens: death and leaving are learnt in many ways (imports, PDS, joining two
    records), and none of them may be missed.
    """
    return (
        sum(_happened(Kind.DIED, one) for one in _without(Kind.DIED).filter(_died())[:BATCH])
        + sum(_happened(Kind.LEFT, one) for one in _without(Kind.LEFT).exclude(_registered()).exclude(_died())[:BATCH])
        + sum(_start(one) for one in Referral.objects.filter(clock__isnull=True, state__in=states.OPEN)[:BATCH])
    )


def _without(kind: str) -> QuerySet[Referral]:
    """Open referrals in whose history this does not stand yet."""
    told = ReferralEvent.objects.filter(referral=OuterRef("pk"), kind=kind)
    return Referral.objects.filter(state__in=states.OPEN).exclude(Exists(told)).order_by("created_at")


def _died() -> Q:
    return Q(patient__deceased=True) | Q(patient__merged_into__deceased=True)


def _registered() -> Q:
    """Whether the patient, or whom they were joined to, is registered at the practice that refers."""
    there = Relationship.objects.filter(
        organisation=OuterRef("organisation"), kind=Relationship.Kind.REGISTERED, until__isnull=True
    )
    own, joined = Q(patient=OuterRef("patient")), Q(patient=OuterRef("patient__merged_into"))
    return Q(Exists(there.filter(own | joined)))


@transaction.atomic
def _happened(kind: str, found: Referral) -> int:
    held = Referral.objects.select_for_update(skip_locked=True).filter(pk=found.pk, state__in=states.OPEN).first()
    if held is None or held.events.filter(kind=kind).exists():
        return 0
    said = {Kind.DIED: "patient of referral died", Kind.LEFT: "patient of referral left"}[Kind(kind)]
    audit.record(by=BY, action=said, patient=held.patient_id, of=held)
    record_event(referral=held, kind=kind, by=BY)
    return 1


@transaction.atomic
def _start(found: Referral) -> int:
    """A clock for a referral from before there were clocks."""
    held = Referral.objects.select_for_update(skip_locked=True).filter(pk=found.pk, clock__isnull=True).first()
    if held is None:
        return 0
    clocks.wind(held, list(held.events.all()), BY)
    return int(held.clock is not None)
