"""Who saw a joined record, and what was done on it, from the audit: what has to be known when it is parted again."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from access.models import AuditEvent
from access.permissions import Role
from records.models import Merge, MergeNotice

#: How actions that only read begin; the rest was done.
_READ: Final = (
    "opened",
    "downloaded",
    "printed",
    "searched",
    "compared",
    "was told",
    "marked",
    "asked PDS",
    "PDS answered",
)
_OUR_OWN: Final = ("joined records", "parted records")
_MOST: Final = 2000


@dataclass(slots=True)
class Reader:
    """One person who opened the record while it was joined."""

    id: str
    name: str
    role: str
    organisation: str
    first: dt.datetime
    last: dt.datetime
    times: int = 0
    what: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was done on the record meanwhile; somebody decides whether it concerned the right person."""

    action: str
    by: str
    at: dt.datetime
    object_type: str
    object_id: str


def _meanwhile(merge: Merge) -> QuerySet[AuditEvent]:
    """What the audit says of either between joining and parting. Narrowed by index."""
    until = merge.undone_at or timezone.now()
    events = AuditEvent.objects.filter(patient_id__in=[merge.kept_id, merge.other_id], at__gte=merge.at, at__lte=until)
    return events.exclude(action__in=_OUR_OWN).order_by("at", "pk")


def readers(merge: Merge) -> list[Reader]:
    """Who opened it while it was joined: name, role, when, what; the first to look first."""
    found: dict[tuple[str, str], Reader] = {}
    for event in _meanwhile(merge).filter(actor_kind="person")[:_MOST]:
        role = Role(event.role).label if event.role in Role.values else event.role
        key = (event.actor_id, event.role)
        new = Reader(event.actor_id, event.actor_name, role, event.organisation, event.at, event.at)
        reader = found.setdefault(key, new)
        reader.last, reader.times = event.at, reader.times + 1
        if event.action not in reader.what:
            reader.what.append(event.action)
    return list(found.values())


def done(merge: Merge) -> list[Done]:
    """Letters filed, referrals written and sent, access given while it was joined."""
    acts = [one for one in _meanwhile(merge)[:_MOST] if not one.action.startswith(_READ)]
    return [Done(one.action, one.actor_name, one.at, one.object_type, one.object_id) for one in acts]


def leave_notices(merge: Merge) -> None:
    """Has everybody who opened it told, once, when they next open either patient."""
    users = {int(one.id) for one in readers(merge) if one.id.isdigit()}
    MergeNotice.objects.bulk_create(MergeNotice(merge=merge, user_id=user) for user in sorted(users))


def untold(user: int, patient: UUID) -> list[MergeNotice]:
    """What somebody who opens this patient has not been told yet. Asked only of patients that were parted."""
    waiting = MergeNotice.objects.filter(user_id=user, told_at__isnull=True)
    mine = waiting.filter(merge__kept=patient) | waiting.filter(merge__other=patient)
    return list(mine.select_related("merge"))
