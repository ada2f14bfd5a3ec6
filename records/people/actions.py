"""What people decide about who a patient is: two are one person, or are not; what was found is settled.

Each act is one transaction with its audit rows. It takes the turn of the one writer first (docs/adr/0013), so that what
comes in meanwhile waits, and then the patients' rows in the order of their ids.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from records.ingest.restricting import settle_person
from records.ingest.storing import take_turn
from records.models import DuplicateSuggestion, Finding, Merge, MergeNotice, Patient
from records.people import comparing, seen, together
from records.people.joinable import reached_by, why_not

State = DuplicateSuggestion.State


class NotAllowedNow(Exception):
    """The act does not fit how things stand. Its text is for the person who tried."""


@transaction.atomic
def merge(*, kept: Patient, other: Patient, reason: str, by: Actor, superseded: bool = False) -> Merge:
    """Find two patients to be one person: from now on `other` is read as part of `kept`. No other app's row changes.

    `superseded`: PDS says that one's NHS number took the place of the other's; else two that are verified and differ
    stop it. Raises NotAllowedNow.
    """
    take_turn()
    root, away = _locked(kept.pk), _locked(other.pk)
    if because := why_not(root, away, superseded=superseded):
        raise NotAllowedNow(because)
    joined = Merge(kept=root, other=away, by=by.name[:120], reason=reason[:300])
    before = reached_by(root)
    Patient.objects.filter(merged_into=away).update(merged_into=root)
    Patient.objects.filter(pk=away.pk).update(merged_into=root)
    together.share_reach([root.pk])
    settle_person(root.pk, again=True)
    comparing.settle([root.pk])
    joined.facts = {
        "findings": _close_findings(root.pk, away.pk, by),
        "reach": sorted(set(reached_by(root)) - set(before)),
    }
    joined.save(force_insert=True)
    _decide(root.pk, away.pk, State.JOINED, reason, by)
    for person in (root, away):
        audit.record(by=by, action="joined records", patient=person.pk, of=joined, note=reason[:200])
    return joined


@transaction.atomic
def undo_merge(*, merge: Merge, reason: str, by: Actor) -> Merge:
    """Find that the two are not one person: all is read as before it, and who saw it meanwhile will be told.

    What came in meanwhile stays with the patient its source meant. Raises NotAllowedNow.
    """
    take_turn()
    held = Merge.objects.select_for_update().select_related("kept", "other").get(pk=merge.pk)
    if held.undone_at is not None:
        raise NotAllowedNow("This was undone already.")
    held.undone_at, held.undone_by, held.undone_reason = timezone.now(), by.name[:120], reason[:300]
    held.save(update_fields=["undone_at", "undone_by", "undone_reason"])
    root = _locked(held.other_id).pk
    parted = _joined_to(held.other_id)
    Patient.objects.filter(pk__in=parted).update(merged_into=held.other_id)
    Patient.objects.filter(pk=held.other_id).update(merged_into=None)
    together.part_reach(root, {held.other_id, *parted})
    for person in (root, held.other_id):
        settle_person(person, again=True)
    comparing.settle([root, held.other_id])
    Patient.objects.filter(pk__in=[root, held.kept_id, held.other_id]).update(parted_at=held.undone_at)
    Finding.objects.filter(pk__in=held.facts.get("findings", [])).update(settled_at=None, settled_by="", why="")
    _decide(held.kept_id, held.other_id, State.NOT_SAME, reason, by)
    seen.leave_notices(held)
    for person in (held.kept_id, held.other_id):
        audit.record(by=by, action="parted records", patient=person, of=held, note=reason[:200])
    return held


@transaction.atomic
def not_the_same(*, one: Patient, other: Patient, reason: str, by: Actor) -> None:
    """Decide that two are different people; they are not suggested again. Raises NotAllowedNow."""
    take_turn()
    if _locked(one.pk).pk == _locked(other.pk).pk:
        raise NotAllowedNow("Somebody has joined them meanwhile: part them first.")
    _decide(one.pk, other.pk, State.NOT_SAME, reason, by)
    _close_findings(one.pk, other.pk, by, reason)
    for person in (one, other):
        audit.record(by=by, action="decided not the same person", patient=person.pk, of=person, note=reason[:200])


@transaction.atomic
def settle_finding(*, finding: Finding, reason: str, by: Actor) -> None:
    """Say that what was found is looked after, and how. Raises NotAllowedNow when somebody else did."""
    held = Finding.objects.select_for_update().get(pk=finding.pk)
    if held.settled_at is not None:
        raise NotAllowedNow("Somebody else has settled this meanwhile.")
    held.settled_at, held.settled_by, held.why = timezone.now(), by.name[:120], reason[:300]
    held.save(update_fields=["settled_at", "settled_by", "why"])
    audit.record(by=by, action="settled what was found", patient=held.patient_id, of=held, note=reason[:200])


@transaction.atomic
def tell(*, notices: Collection[MergeNotice], by: Actor) -> None:
    """Note that this person was told that a record they had opened was two people's."""
    MergeNotice.objects.filter(pk__in=[one.pk for one in notices]).update(told_at=timezone.now())
    for one in notices:
        audit.record(by=by, action="was told of parted records", patient=one.merge.kept_id, of=one.merge)


# Parts ----------------------------------------------------------------------------------------------------------------
def _locked(person: UUID) -> Patient:
    """The patient that somebody is read as, locked. The turn keeps it so."""
    root = Patient.objects.filter(pk=person).values_list("merged_into", flat=True).get() or person
    locked = {one.pk: one for one in Patient.objects.select_for_update().filter(pk__in=[person, root]).order_by("pk")}
    return locked[root]


def _joined_to(person: UUID) -> set[UUID]:
    """Everybody who is joined to somebody by the merges in force, at whatever remove."""
    found: set[UUID] = set()
    level = {person}
    while level:
        inner = Merge.objects.filter(kept__in=level, undone_at__isnull=True).values_list("other", flat=True)
        level = set(inner) - found
        found |= level
    return found


def _close_findings(one: UUID, other: UUID, by: Actor, reason: str = "joined") -> list[int]:
    """Settles what was found of the two sharing a number; gives which."""
    pairs = Finding.objects.filter(kind=Finding.Kind.SAME_NUMBER, settled_at__isnull=True)
    found = pairs.filter(patient=one, about=str(other)) | pairs.filter(patient=other, about=str(one))
    ids = list(found.values_list("pk", flat=True))
    Finding.objects.filter(pk__in=ids).update(settled_at=timezone.now(), settled_by=by.name[:120], why=reason[:300])
    return ids


def _decide(one: UUID, other: UUID, state: State, reason: str, by: Actor) -> None:
    first, second = sorted((one, other))
    decided = {"state": state, "decided_at": timezone.now(), "decided_by": by.name[:120], "why": reason[:300]}
    DuplicateSuggestion.objects.update_or_create(
        first_id=first,
        second_id=second,
        defaults=decided,
        create_defaults={**decided, "grade": DuplicateSuggestion.Grade.POSSIBLE, "reasons": ["Found by a person"]},
    )
