"""Marking a record as seen, and taking that back. Each act is one transaction with its audit row."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from records import reach
from records.looking import reader
from records.models import LastLooked, Patient


@transaction.atomic
def mark_seen(*, patient: Patient, drawn: dt.datetime, by: Actor) -> dt.datetime:
    """Note that this person has seen what the page drawn at that moment showed; gives the time of the mark.

    What changed after `drawn` stays new. A page older than the last mark takes nothing back.
    """
    now = timezone.now()
    at = min(drawn, now)
    for one in sorted(reach.ids(by, patient)):
        row, made = LastLooked.objects.select_for_update().get_or_create(
            user_id=reader(by), patient_id=one, defaults={"at": at, "marked_at": now}
        )
        if not made and row.at < at:
            row.before, row.at, row.marked_at = row.at, at, now
            row.save(update_fields=["before", "at", "marked_at"])
    audit.record(by=by, action="marked record as seen", patient=patient.pk, of=patient)
    return now


@transaction.atomic
def unmark_seen(*, patient: Patient, by: Actor) -> bool:
    """Take the last mark back: what was new before it is new again. False when there is none to take back."""
    rows = LastLooked.objects.select_for_update().filter(
        user_id=reader(by), patient__in=reach.ids(by, patient), marked_at__isnull=False
    )
    found = list(rows)
    for row in found:
        if row.before is None:
            row.delete()
            continue
        row.at, row.before, row.marked_at = row.before, None, None
        row.save(update_fields=["at", "before", "marked_at"])
    if found:
        audit.record(by=by, action="took back mark as seen", patient=patient.pk, of=patient)
    return bool(found)
