"""Which referrals an actor may see: the only root of a query for referrals in views and panels."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404

from access.actor import Actor
from access.permissions import Permission
from records import reach
from records.models import LetterRead, Patient
from referrals.models import Referral, ReferralEvent
from referrals.states import OPEN
from work.models import Clock, ClockEvent

#: What has left the practice; drafts and withdrawn drafts are nobody else's business.
_NEVER_SENT: Final = (Referral.State.DRAFT, Referral.State.WITHDRAWN)
#: It waits for something. That the clock is the practice's own lets PostgreSQL begin at the practice's running clocks.
RUNNING: Final = Q(clock__isnull=False, clock__closed_at__isnull=True, clock__organisation=F("organisation"))
#: What a row shows of each.
_NAMES: Final = (
    "patient",
    "service__organisation",
    "organisation",
    "author",
    "clock__owner",
    "clock__second",
    "clock__manager",
)


def referrals(actor: Actor) -> QuerySet[Referral]:
    """Referrals of the actor's own organisation about patients within reach, or who left with a decision open.

    Whoever leaves the practice takes no open referral along: somebody there has to decide about it first.
    """
    told = ReferralEvent.objects.filter(referral=OuterRef("pk"), kind=ReferralEvent.Kind.LEFT)
    return _own(actor).filter(_reachable(actor) | (Q(state__in=OPEN) & Exists(told)))


def listed(actor: Actor) -> QuerySet[Referral]:
    """Referrals on the lists of the actor's organisation: all that are open, and closed ones within reach.

    Not asked of the patient one by one, so that long lists are quick: an open referral is on its practice's lists
    until somebody closes it, wherever the patient is registered.
    """
    return _own(actor).filter(Q(state__in=OPEN) | _reachable(actor))


def _own(actor: Actor) -> QuerySet[Referral]:
    if not actor.may(Permission.READ_REFERRALS):
        return Referral.objects.none()
    return _with_names(Referral.objects.filter(organisation=actor.organisation_id))


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


def steps(referral: Referral) -> list[ClockEvent]:
    """What became of the deadlines of a referral within reach, the oldest first."""
    return list(ClockEvent.objects.filter(clock=referral.clock_id)) if referral.clock_id else []


def mine(actor: Actor) -> Q:
    """Referrals that wait for something and are a person's own, or were brought to them because the owner is silent."""
    second, manager = Clock.Level.SECOND, Clock.Level.MANAGER
    brought = Q(clock__second=actor.user_id, clock__level__gte=second) | Q(
        clock__manager=actor.user_id, clock__level__gte=manager
    )
    return RUNNING & (Q(clock__owner=actor.user_id) | brought)


def letters_read(letter_ids: set[str]) -> set[str]:
    """Which of these letters somebody has opened. One query."""
    if not letter_ids:
        return set()
    read = LetterRead.objects.filter(letter__in=[UUID(one) for one in letter_ids]).values_list("letter_id", flat=True)
    return {str(letter_id) for letter_id in read}


def _reachable(actor: Actor) -> Q:
    """Of a patient within reach, or of somebody found to be the same person: merging rewrites no row of ours.

    Asked per referral, and of nothing but that referral's patient: its cost must not grow with the practice. Whoever
    was merged is never within reach as themselves, so only the one who was kept is asked for.
    """
    merged = Patient.objects.filter(pk=OuterRef(OuterRef("patient"))).values("merged_into")
    same = Coalesce(Subquery(merged), OuterRef("patient"))
    return Q(Exists(reach.patients(actor).filter(pk=same)))


def _with_names(found: QuerySet[Referral]) -> QuerySet[Referral]:
    return found.select_related(*_NAMES)


def _or_404(found: QuerySet[Referral], referral_id: UUID) -> Referral:
    referral = found.filter(pk=referral_id).first()
    if referral is None:
        raise Http404("No such referral")
    return referral
