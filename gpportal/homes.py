"""A clinician's day: today's appointments, each with what is new for them since they last looked at that patient."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from access.actor import Actor
from records import reach
from records.looking import last_looked_at, reader
from records.models import Patient, Resource
from records.screen.news import News, Told, of_several

NEW_SHOWN: Final = 2
GONE: Final = ("cancelled", "entered-in-error", "noshow")


@dataclass(frozen=True, slots=True)
class Slot:
    """One appointment as a row of the day."""

    at: dt.datetime
    patient: Patient
    with_whom: str
    why: str
    new: list[News]
    more: int
    #: More has changed than was read: `more` is the least of it.
    cut: bool
    #: Up to when this person has seen this patient's record; None if never marked.
    looked: dt.datetime | None
    past: bool


@dataclass(frozen=True, slots=True)
class Day:
    slots: list[Slot]
    everyone: bool
    #: How many appointments there are at the practice today, with anybody.
    at_practice: int
    next: Slot | None


def day(who: Actor, *, everyone: bool) -> Day:
    """Today's appointments with this person, or with everyone at the practice, in a few queries."""
    rows = _today(who)
    mine = rows if everyone else [row for row in rows if _with(row, who.name)]
    kept = reach.ids_of_several(who, {one for row in mine for one in _ids(row)})
    looked = last_looked_at(who, kept)
    new = of_several(reach.resources_of_several(who, kept), kept, looked, reader(who))
    now = timezone.now()
    slots = [_slot(row, new, kept, looked, now) for row in mine]
    return Day(slots, everyone, len(rows), next((slot for slot in slots if not slot.past), None))


def _today(who: Actor) -> list[Resource]:
    start = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = reach.appointments(who).filter(date__gte=start, date__lt=start + dt.timedelta(days=1))
    return list(rows.exclude(status__in=GONE).defer("body", "tokens").order_by("date", "pk"))


def _with(row: Resource, name: str) -> bool:
    return name.casefold() in str(row.detail.get("practitioner", "")).casefold()


def _ids(row: Resource) -> list[UUID]:
    """The patient an appointment was booked for, and the one they were joined to since."""
    booked = row.patient
    return [one for one in (booked and booked.pk, booked and booked.merged_into_id) if one]


def _slot(
    row: Resource, new: dict[UUID, Told], kept: dict[UUID, UUID], looked: dict[UUID, dt.datetime], now: dt.datetime
) -> Slot:
    assert row.patient is not None
    assert row.date is not None
    detail: dict[str, Any] = row.detail
    patient = row.patient.merged_into or row.patient
    told = new.get(kept.get(patient.pk, patient.pk), Told())
    return Slot(
        at=row.date,
        patient=patient,
        with_whom=str(detail.get("practitioner", "")),
        why=str(detail.get("reason") or detail.get("description") or row.display),
        new=told.items[:NEW_SHOWN],
        more=max(0, len(told.items) - NEW_SHOWN),
        cut=told.cut,
        looked=max((at for one, at in looked.items() if kept[one] == kept.get(patient.pk)), default=None),
        past=row.date < now - dt.timedelta(minutes=10),
    )
