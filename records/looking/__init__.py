"""Up to when a person has seen a patient's record: what changed since is new to them, and only to them.

Opening a page marks nothing. "Mark as seen" (records.looking_actions) carries the moment of the page that was read.
"""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from access.actor import Actor
from exchange.happenings import happen
from records import reach
from records.ingest.storing import TURN
from records.models import LastLooked, Letter, LetterRead, Patient

#: Who never marked a record as seen is shown what is dated in these days.
RECENT: Final = dt.timedelta(days=30)


#: The database's clock, and since when somebody has been writing to the store, if so.
_MOMENT: Final = (
    "SELECT clock_timestamp(), min(coalesce(a.xact_start, now() - interval '1 hour')) "
    "FROM pg_locks l LEFT JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' "
    "AND l.objid = %s AND l.objsubid = 1 AND l.pid <> pg_backend_pid() "
    "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


@dataclass(frozen=True, slots=True)
class Looked:
    """Up to when a person has seen a record, under each id its entries stand under.

    Two who were found to be one keep their own times, so that nothing of the other is taken for seen, and so that
    undoing it changes nothing.
    """

    times: Mapping[UUID, dt.datetime] = field(default_factory=dict)
    #: When the mark was made; the page it was made on may be older.
    marked_at: dt.datetime | None = None

    @property
    def at(self) -> dt.datetime | None:
        """The last of them, for "since you last looked"; None if the record was never marked as seen."""
        return max(self.times.values(), default=None)

    def __bool__(self) -> bool:
        return bool(self.times)

    def is_new(self, patient: UUID | None, changed_at: dt.datetime | None, date: dt.datetime | None = None) -> bool:
        """Whether what changed then is new. Nothing is to somebody who never looked: all of it would be."""
        if patient is None or changed_at is None or not self.times:
            return False
        at = self.times.get(patient)
        if at is None:  # joined to this record since
            return date is not None and timezone.now() - RECENT < date <= timezone.now()
        return changed_at > at


def unseen(ids: Iterable[UUID], times: Mapping[UUID, dt.datetime]) -> Q:
    """What changed after the time of its id; where there is none, what is dated in the last 30 days."""
    now = timezone.now()
    recent = Q(date__gt=now - RECENT, date__lte=now)
    new = Q(pk__in=[])
    for one in ids:
        new |= Q(patient=one) & (Q(changed_at__gt=times[one]) if one in times else recent)
    return new


def reader(actor: Actor) -> int:
    """The user who looks; only people do."""
    assert actor.user_id is not None
    return actor.user_id


def last_looked(actor: Actor, patient: Patient) -> Looked:
    """Up to when this person has seen this patient's record."""
    rows = LastLooked.objects.filter(user_id=reader(actor), patient__in=reach.ids(actor, patient))
    found = list(rows.values_list("patient_id", "at", "marked_at"))
    return Looked({row[0]: row[1] for row in found}, max((row[2] for row in found if row[2]), default=None))


def last_looked_at(actor: Actor, patients: Iterable[UUID]) -> dict[UUID, dt.datetime]:
    """The same for several patients, in one query."""
    rows = LastLooked.objects.filter(user_id=reader(actor), patient_id__in=list(patients))
    return dict(rows.values_list("patient_id", "at"))


def moment() -> dt.datetime:
    """The moment a page may say it was drawn at: everything that changed by then is there to be read.

    What is being written just now is not to be read yet, so while somebody writes it is when their transaction began.
    Ask before reading. The database's clock, as that of `changed_at`.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOMENT, [TURN])
        found: tuple[dt.datetime, dt.datetime | None] = cursor.fetchone()
    return min(at for at in found if at)


def looked_now(actor: Actor, patient: Patient) -> tuple[Looked, dt.datetime]:
    """`last_looked` and `moment` in one query: for the page that has many to make."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT now_and_writing.*, (SELECT jsonb_agg(jsonb_build_array(patient_id, at, marked_at)) "  # noqa: S608 own
            f"FROM records_lastlooked WHERE user_id = %s AND patient_id = ANY(%s)) FROM ({_MOMENT}) now_and_writing",
            [reader(actor), reach.ids(actor, patient), TURN],
        )
        now, writing, found = cursor.fetchone()
    rows = json.loads(found or "[]")
    times = {UUID(one): at for one, text, _ in rows if (at := _at(text))}
    marked = max((at for _, _, text in rows if (at := _at(text))), default=None)
    return Looked(times, marked), min(at for at in (now, writing) if at)


def _at(text: str | None) -> dt.datetime | None:
    return dt.datetime.fromisoformat(text) if text else None


def read_letter(*, letter: Letter, by: Actor) -> None:
    """Note that this person has opened the letter; a second time changes nothing."""
    LetterRead.objects.bulk_create([LetterRead(letter=letter, user_id=reader(by))], ignore_conflicts=True)
    happen("letter_read", letter_id=str(letter.pk))
