"""When a person last looked at a patient: what was stored since is new to them, and only to them."""

import datetime as dt
from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from access.actor import Actor
from records.models import LastLooked, Letter, LetterRead, Patient


def reader(actor: Actor) -> int:
    """The user who looks; only people do."""
    assert actor.user_id is not None
    return actor.user_id


def last_looked(actor: Actor, patient: Patient) -> dt.datetime | None:
    """When this person last opened this patient's screen; None if never."""
    return LastLooked.objects.filter(user_id=reader(actor), patient=patient).values_list("at", flat=True).first()


def last_looked_at(actor: Actor, patients: Iterable[UUID]) -> dict[UUID, dt.datetime]:
    """The same for several patients, in one query."""
    rows = LastLooked.objects.filter(user_id=reader(actor), patient_id__in=list(patients))
    return dict(rows.values_list("patient_id", "at"))


def look(*, patient: Patient, by: Actor) -> None:
    """Note that this person has now seen the screen. Call it after working out what was new to them."""
    row = LastLooked(user_id=reader(by), patient=patient, at=timezone.now())
    LastLooked.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["user", "patient"], update_fields=["at"]
    )


def read_letter(*, letter: Letter, by: Actor) -> None:
    """Note that this person has opened the letter; a second time changes nothing."""
    LetterRead.objects.bulk_create([LetterRead(letter=letter, user_id=reader(by))], ignore_conflicts=True)
