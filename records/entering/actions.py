"""Listing what is to be entered, ticking it off, and taking a tick back. Each act shares one transaction with its
audit row; listing belongs to the transaction of the act that makes it necessary."""

from django.db import connection, transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from access.models import Organisation
from records.models import Patient, Relationship, ToEnter


def list_to_enter(
    *,
    patient: Patient,
    organisation: Organisation,
    title: str,
    about: str,
    about_id: str,
    became: str,
    by: Actor,
    what: str = "",
) -> ToEnter:
    """Put on the list of a practice what its clinical system does not know, in the caller's transaction.

    What stands there already is worded anew; what was ticked before and happens again is listed again. Raises
    RuntimeError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("what is to be entered must share a transaction with what happened")
    listed, _ = ToEnter.objects.update_or_create(
        organisation=organisation,
        about=about,
        about_id=about_id,
        became=became,
        settled_at=None,
        defaults={"patient": patient, "title": title[:300], "what": what, "by": by.name},
    )
    return listed


def list_at_practices(
    *, patient: Patient, title: str, about: str, about_id: str, became: str, by: Actor, what: str = ""
) -> None:
    """The same for every practice that the patient is registered with."""
    open_now = Relationship.objects.filter(
        patient=patient, kind=Relationship.Kind.REGISTERED, until__isnull=True
    ).select_related("organisation")
    for one in open_now:
        list_to_enter(
            patient=patient,
            organisation=one.organisation,
            title=title,
            what=what,
            about=about,
            about_id=about_id,
            became=became,
            by=by,
        )


@transaction.atomic
def tick(*, item: ToEnter, by: Actor, not_needed: str = "") -> bool:
    """Say that it is entered, or why it need not be. False when somebody was first: nothing is written then."""
    settled = ToEnter.objects.filter(pk=item.pk, settled_at__isnull=True).update(
        settled_at=timezone.now(), settled_by=by.user_id, not_needed=not_needed[:200]
    )
    if settled:
        action = "said it need not be entered" if not_needed else "ticked as entered"
        audit.record(by=by, action=action, patient=item.patient_id, of=item)
    return bool(settled)


@transaction.atomic
def untick(*, item: ToEnter, by: Actor) -> bool:
    """Ticked by mistake: it is to be entered again. False when it is open, or listed again meanwhile."""
    held = ToEnter.objects.select_for_update().get(pk=item.pk)
    same = ToEnter.objects.filter(
        organisation=held.organisation_id, about=held.about, about_id=held.about_id, became=held.became
    )
    if held.settled_at is None or same.filter(settled_at__isnull=True).exists():
        return False
    held.settled_at, held.settled_by, held.not_needed = None, None, ""
    held.save(update_fields=["settled_at", "settled_by", "not_needed"])
    audit.record(by=by, action="took back tick as entered", patient=held.patient_id, of=held)
    return True
