"""When which partner is asked about whom: on opening a record, for tomorrow's appointments, again after a failure.

A row says what is to be done; the broker is only a doorbell. One worker asks at a time, and few ask one partner.
"""

import datetime as dt
import random
import time
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models, transaction
from django.db.models import F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone

from exchange import doorbell
from exchange.models import Partner
from records.models import Patient, Relationship, Resource, SourceCheck

AT_ONCE: Final = 50
MOST_TOMORROW: Final = 2000
NOT_TO_BE: Final = ("cancelled", "entered-in-error", "noshow")
_silent_until = 0.0


#: What of a SourceCheck screens need; the entity tags are for the one who asks.
_COLUMNS: Final = tuple(
    field.attname for field in SourceCheck._meta.concrete_fields if field.name not in ("tags", "patient")
)
_TIMES: Final = tuple(
    field.attname for field in SourceCheck._meta.concrete_fields if isinstance(field, models.DateTimeField)
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A partner that is asked, and what came of asking it about one patient (None: never asked)."""

    source_id: int
    name: str
    check: SourceCheck | None


def may_be_asked(patient: Patient) -> bool:
    """Only about people whose NHS number is verified, and never about restricted ones: asking tells where they are."""
    return patient.nhs_number_status == Patient.NhsNumber.VERIFIED and not patient.restricted


def standing() -> dict[str, ArraySubquery]:
    """Annotations of a Patient query by which `asked` needs no query of its own."""
    partners = Partner.objects.filter(pulls=True, enabled=True).order_by("organisation__name")
    checks = SourceCheck.objects.filter(patient=OuterRef("pk"))
    return {
        "asked_partners": ArraySubquery(
            partners.values(json=JSONObject(id="organisation_id", name="organisation__name"))
        ),
        "asked_checks": ArraySubquery(checks.values(json=JSONObject(**{name: name for name in _COLUMNS}))),
    }


def asked(patient: Patient) -> list[Asked]:
    """Every partner that is asked about patients, and where it stands with this one; no query after `standing`."""
    if not hasattr(patient, "asked_partners"):
        patient = Patient.objects.annotate(**standing()).get(pk=patient.pk)
    partners, checks = patient.asked_partners, patient.asked_checks  # type: ignore[attr-defined]
    known = {one["source_id"]: _check(one, patient) for one in checks}
    return [Asked(one["id"], one["name"], known.get(one["id"])) for one in partners]


def _check(values: dict[str, Any], patient: Patient) -> SourceCheck:
    times = {name: values[name] and dt.datetime.fromisoformat(values[name]) for name in _TIMES}
    return SourceCheck(**(values | times | {"id": UUID(values["id"])}), patient_id=patient.pk)


# Wishing --------------------------------------------------------------------------------------------------------------
def wish(patient: Patient) -> list[Asked]:
    """Somebody opened this record: ask each partner that was not asked lately, once the transaction commits.

    Gives where each partner stands now. A query when somebody is to be asked. A partner that is failing
    keeps its pause.
    """
    partners = asked(patient)
    if not may_be_asked(patient):
        return partners
    now = timezone.now()
    oldest = now - dt.timedelta(seconds=settings.PULL_AGAIN_SECONDS)
    wanted = [one for one in partners if one.check is None or _may_again(one.check, oldest)]
    new = [SourceCheck(patient=patient, source_id=one.source_id, due_at=now) for one in wanted if one.check is None]
    old = [one.check.pk for one in wanted if one.check is not None]
    if new:
        SourceCheck.objects.bulk_create(new, ignore_conflicts=True)
    if old:
        again = SourceCheck.objects.filter(pk__in=old, due_at=None)
        again.filter(Q(asked_at=None) | Q(asked_at__lte=oldest)).update(due_at=now, tries=0)
    rung = [*(one.pk for one in new), *old]
    transaction.on_commit(lambda: _ring_all(rung))
    for one in wanted:
        if one.check is not None:
            one.check.due_at = now
    made = {one.source_id: one for one in new}
    return [replace(one, check=one.check or made.get(one.source_id)) for one in partners]


def _may_again(check: SourceCheck, oldest: dt.datetime) -> bool:
    return check.due_at is None and (check.asked_at is None or check.asked_at <= oldest)


def wish_tomorrow() -> int:
    """Everybody with an appointment tomorrow is asked about this evening, spread over PULL_TOMORROW_SECONDS."""
    registered = Relationship.objects.filter(kind=Relationship.Kind.REGISTERED, until__isnull=True)
    people = Patient.objects.filter(
        pk__in=_booked_tomorrow(),
        relationships__in=registered,
        nhs_number_status=Patient.NhsNumber.VERIFIED,
        restricted=False,
        merged_into__isnull=True,
    ).distinct()
    sources = Partner.objects.filter(pulls=True, enabled=True).values_list("organisation_id", flat=True)
    pairs = [(person, source) for person in people[:MOST_TOMORROW] for source in sources]
    for person, source in pairs:
        due = timezone.now() + dt.timedelta(seconds=random.uniform(0, settings.PULL_TOMORROW_SECONDS))
        row, made = SourceCheck.objects.get_or_create(patient=person, source_id=source, defaults={"due_at": due})
        if not made:
            SourceCheck.objects.filter(pk=row.pk, due_at=None).update(due_at=due, tries=0)
    return len(pairs)


def _booked_tomorrow() -> QuerySet[Resource, UUID]:
    """Ids of the patients with an appointment on London's day of tomorrow that is still to be.

    One booked under a record that was joined to another is the other's: merging rewrites no row.
    """
    start = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + dt.timedelta(days=1)
    booked = Resource.objects.filter(type="Appointment", date__gte=start, date__lt=start + dt.timedelta(days=1))
    return booked.exclude(status__in=NOT_TO_BE).values_list(Coalesce("patient__merged_into", "patient"), flat=True)


def _ring_all(checks: list[UUID]) -> None:
    """Rings, but lets no page wait for a broker that did not answer the page before."""
    global _silent_until
    if time.monotonic() >= _silent_until and not all(ring(one) for one in checks):
        _silent_until = time.monotonic() + settings.SWEEP_SECONDS


# Doing ----------------------------------------------------------------------------------------------------------------
def ring(check_id: UUID) -> bool:
    """Ask a worker to ask; whether the broker took it. A lost ring loses nothing: the sweep finds what is due."""
    return doorbell.ring("records.tasks.pull", check_id)


def due() -> QuerySet[SourceCheck]:
    return SourceCheck.objects.filter(due_at__lte=timezone.now()).order_by("due_at")


def sweep() -> int:
    """Ring for what is due: what was wished for, pauses that ended, leases that ran out. Returns how many."""
    found = list(due().values_list("pk", flat=True)[:AT_ONCE])
    for check_id in found:
        ring(check_id)
    return len(found)


def claim(check_id: UUID | str) -> SourceCheck | None:
    """Take a due row for one try, committed before the call; None if it is not due or the partner is busy with others.

    Two claims never both succeed: the row is moved on by one conditional UPDATE.
    """
    with transaction.atomic():
        row = SourceCheck.objects.filter(pk=check_id).select_related("patient").first()
        if row is None or not _has_room(row.source_id):
            return None
        now = timezone.now()
        taken = SourceCheck.objects.filter(pk=row.pk, due_at__lte=now).update(
            due_at=now + dt.timedelta(seconds=settings.PULL_LEASE_SECONDS),
            asked_at=now,
            asking=True,
            tries=F("tries") + 1,
        )
        return SourceCheck.objects.select_related("patient", "source__partner").get(pk=row.pk) if taken else None


def _has_room(source_id: int) -> bool:
    partner = Partner.objects.select_for_update(no_key=True).filter(organisation_id=source_id).first()
    if partner is None or not (partner.pulls and partner.enabled):
        SourceCheck.objects.filter(source_id=source_id, due_at__isnull=False).update(due_at=None, asking=False)
        return False
    under_way = SourceCheck.objects.filter(source_id=source_id, asking=True, due_at__gt=timezone.now())
    return under_way.count() < partner.max_in_flight
