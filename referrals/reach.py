"""Which referrals an actor may see: the only root of a query for referrals in views and panels."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404

from access.actor import Actor
from access.permissions import Permission
from records import reach
from records.models import LetterRead, Patient
from referrals.models import Referral, ReferralEvent

#: What has left the practice; drafts and withdrawn drafts are nobody else's business.
_NEVER_SENT: Final = (Referral.State.DRAFT, Referral.State.WITHDRAWN)


def referrals(actor: Actor) -> QuerySet[Referral]:
    """Referrals of the actor's own organisation about patients within reach."""
    if not actor.may(Permission.READ_REFERRALS):
        return Referral.objects.none()
    return _with_names(Referral.objects.filter(_reachable(actor), organisation__ods_code=actor.organisation))


def referred(actor: Actor) -> QuerySet[Referral]:
    """Referrals sent to the actor's organisation about patients within reach."""
    if not actor.may(Permission.READ_REFERRED):
        return Referral.objects.none()
    to_us = Referral.objects.filter(_reachable(actor), service__organisation__ods_code=actor.organisation)
    return _with_names(to_us.exclude(state__in=_NEVER_SENT))


def of_patient(actor: Actor, patient: Patient) -> QuerySet[Referral]:
    """The same, of one patient."""
    return referrals(actor).filter(Q(patient=patient) | Q(patient__merged_into=patient))


def kept(ids: Collection[UUID]) -> str:
    """How many referrals there are of somebody, whoever wrote them, in words; "" for none. No content."""
    number = Referral.objects.filter(patient__in=ids).count()
    return f"referrals {number:,}" if number else ""


def referral_or_404(actor: Actor, referral_id: UUID) -> Referral:
    """Raises Http404, alike for unknown and for out of reach."""
    return _or_404(referrals(actor), referral_id)


def referred_or_404(actor: Actor, referral_id: UUID) -> Referral:
    return _or_404(referred(actor), referral_id)


def events(found: list[Referral]) -> dict[UUID, list[ReferralEvent]]:
    """The histories of referrals that are within reach already. One query."""
    histories: dict[UUID, list[ReferralEvent]] = {referral.pk: [] for referral in found}
    for event in ReferralEvent.objects.filter(referral__in=histories).order_by("referral", "number"):
        histories[event.referral_id].append(event)
    return histories


def letters_read(letter_ids: set[str]) -> set[str]:
    """Which of these letters somebody has opened. One query."""
    if not letter_ids:
        return set()
    read = LetterRead.objects.filter(letter__in=[UUID(one) for one in letter_ids]).values_list("letter_id", flat=True)
    return {str(letter_id) for letter_id in read}


def _reachable(actor: Actor) -> Q:
    """Of a patient within reach, or of somebody found to be the same person: merging rewrites no row of ours."""
    same = Q(pk=OuterRef("patient")) | Q(pk=OuterRef("patient__merged_into"))
    return Q(Exists(reach.patients(actor).filter(same)))  # asked per referral: its cost must not grow with the practice


def _with_names(found: QuerySet[Referral]) -> QuerySet[Referral]:
    return found.select_related("patient", "service__organisation", "organisation", "author")


def _or_404(found: QuerySet[Referral], referral_id: UUID) -> Referral:
    referral = found.filter(pk=referral_id).first()
    if referral is None:
        raise Http404("No such referral")
    return referral
