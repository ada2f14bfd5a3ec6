"""Asking a partner about a patient, and keeping what it says. The call is made outside any transaction."""

import datetime as dt
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Greatest
from django.utils import timezone

from access import audit
from access.actor import Actor, system
from exchange.errors import DeliveryError, NotOffered, OurFault
from exchange.fhir.bundles import BundleEntry
from exchange.patience import next_try
from exchange.pulling import PatientNotKnown, Pulled, patients_with_number, pull
from records.models import Finding, Patient, PatientLink, SourceCheck
from records.pulling import keeping, schedule, whose

log = structlog.get_logger(__name__)
BY = system("asking partners")
State = SourceCheck.State


def ask(*, check_id: UUID | str, by: Actor = BY) -> str:
    """One try to ask a partner about a patient, if it is due and nobody else is at it.

    Returns how it ended, for the log: "not-claimed", "heard", "not-known", "incomplete", "mixed-up", "failed",
    "overtaken".
    """
    check = schedule.claim(check_id)
    if check is None:
        return "not-claimed"
    if not schedule.may_be_asked(check.patient):
        return _leave(check)
    ended = _asked(check, by)
    log.info("asked", check=str(check.pk), source=check.source.ods_code, ended=ended, tries=check.tries)
    return ended


def _asked(check: SourceCheck, by: Actor) -> str:
    try:
        heard = _heard(check)
        if heard is None:
            return settle_not_known(check=check, by=by)
        return keep(check=check, pulled=heard, by=by)
    except whose.MixedUp:
        return refuse(check=check, by=by)
    except DeliveryError as error:
        return fail(check=check, error=error, by=by)
    except Exception as error:  # a fault of ours must leave a trace on the row and be tried again, not vanish
        log.exception("fault while asking", check=str(check.pk))
        return fail(check=check, error=OurFault(type(error).__name__), by=by)


def _heard(check: SourceCheck) -> Pulled | None:
    """What the partner says, once it is sure whose it is; None if it knows nobody. Raises MixedUp, DeliveryError."""
    partner, patient = check.source.partner, check.patient
    found = whose.the_one(patients_with_number(partner, patient.nhs_number), patient)
    if found is None:
        return None
    try:
        pulled = pull(partner, str(found.get("id", "")), since=check.since, tags=check.tags)
    except PatientNotKnown:
        return None
    pulled.patient_id = str(found["id"])
    if check.since is None and not any(one.resource == found for one in pulled.entries):
        pulled.entries.insert(0, BundleEntry(0, "", found))  # what follows refers to it
    whose.check(pulled.entries, str(found["id"]), patient.nhs_number, partner.endpoint.rstrip("/"))
    return pulled


def _leave(check: SourceCheck) -> str:
    """The number is no longer verified, or the person is restricted now: not asked about."""
    SourceCheck.objects.filter(pk=check.pk).update(due_at=None, asking=False)
    return "not-asked"


# How it ended, each one transaction with its audit row ----------------------------------------------------------------
@transaction.atomic
def keep(*, check: SourceCheck, pulled: Pulled, by: Actor) -> str:
    """Keep what a partner said and note how complete it is. Raises MixedUp if its Patient is somebody else's here."""
    row = _locked(check)
    if row is None:
        return "overtaken"
    if not _is_as_asked(check):
        SourceCheck.objects.filter(pk=row.pk).update(due_at=timezone.now(), asking=False)
        return "overtaken"
    _refuse_if_linked_elsewhere(check, pulled)
    report = keeping.keep(check, pulled, by=by)
    now = timezone.now()
    row.pages, row.of, row.left_out = pulled.pages, pulled.of, report.rejected
    if report.stored + report.updated:
        row.changed_at, row.changed = now, report.stored + report.updated
    if not pulled.complete:
        row.state, row.trouble = State.INCOMPLETE, pulled.broke.code if pulled.broke else "warned"
        row.failing_since = row.failing_since or check.asked_at
        row.due_at = _next_try(row, pulled.broke) if pulled.broke else None
    else:
        row.state, row.heard_at, row.trouble, row.failing_since = State.HEARD, now, "", None
        row.tries, row.due_at, row.tags = 0, None, pulled.tags
        if pulled.entries or row.since is None:
            row.since = _overlapping(check)
    return _close(row, by, f"{row.changed if row.changed_at == now else 0} new or changed")


@transaction.atomic
def settle_not_known(*, check: SourceCheck, by: Actor) -> str:
    """The partner knows nobody with this number."""
    row = _locked(check)
    if row is None:
        return "overtaken"
    row.state, row.heard_at, row.trouble, row.failing_since = State.NOT_KNOWN, timezone.now(), "", None
    row.tries, row.due_at, row.pages, row.of = 0, None, 0, 0
    return _close(row, by, "not known there")


@transaction.atomic
def refuse(*, check: SourceCheck, by: Actor) -> str:
    """The answer is about somebody else too: nothing of it is kept, and a person is told."""
    row = _locked(check)
    if row is None:
        return "overtaken"
    row.state, row.trouble, row.due_at = State.MIXED_UP, "mixed-up", None
    row.failing_since = row.failing_since or check.asked_at
    known = PatientLink.objects.filter(patient=check.patient).order_by("pk").first()
    if known is not None:
        Finding.objects.update_or_create(
            kind=Finding.Kind.MIXED_UP,
            resource_id=known.resource_id,
            about=f"answer of {check.source.ods_code}",
            defaults={"patient": check.patient, "settled_at": None},
        )
    return _close(row, by, "refused whole: another patient's entries")


@transaction.atomic
def fail(*, check: SourceCheck, error: DeliveryError, by: Actor) -> str:
    """No answer: again after a pause, until PULL_TRIES are used up; then when the record is next opened."""
    row = _locked(check)
    if row is None:
        return "overtaken"
    row.state, row.trouble = State.FAILED, error.code
    row.failing_since = row.failing_since or check.asked_at
    row.due_at = _next_try(row, error)
    if error.wait:  # it asked everybody to wait
        waiting = SourceCheck.objects.filter(source=row.source_id, due_at__isnull=False, asking=False)
        waiting.update(due_at=Greatest("due_at", timezone.now() + dt.timedelta(seconds=error.wait)))
    return _close(row, by, error.code)


def _locked(check: SourceCheck) -> SourceCheck | None:
    """The row as it is now; None if another try took it over since (the lease had run out)."""
    return SourceCheck.objects.select_for_update().filter(pk=check.pk, asked_at=check.asked_at).first()


def _is_as_asked(check: SourceCheck) -> bool:
    """Whether the patient is still who was asked about: parted or given another number meanwhile, it is not theirs."""
    now = Patient.objects.select_for_update(no_key=True).get(pk=check.patient_id)
    return now.nhs_number == check.patient.nhs_number


def _close(row: SourceCheck, by: Actor, note: str) -> str:
    row.asking = False
    row.save()
    audit.record(by=by, action="asked another organisation", patient=row.patient_id, of=row, note=note)
    return str(row.state)


def _next_try(row: SourceCheck, error: DeliveryError | None) -> dt.datetime | None:
    if error is None or (not error.again and not isinstance(error, NotOffered)) or row.tries >= settings.PULL_TRIES:
        return None
    return next_try(row.tries, error.wait)


def _overlapping(check: SourceCheck) -> dt.datetime:
    """Clocks differ and changes take a moment to be found: ask for a little more than necessary."""
    assert check.asked_at is not None
    return check.asked_at - dt.timedelta(seconds=settings.PULL_OVERLAP_SECONDS)


def _refuse_if_linked_elsewhere(check: SourceCheck, pulled: Pulled) -> None:
    """The partner's Patient already counts as somebody else here: a person has to decide, not we."""
    keys = [str(one.resource.get("id")) for one in pulled.entries if one.resource["resourceType"] == "Patient"]
    keys.append(pulled.patient_id)  # an answer of what changed since does not repeat the Patient
    links = PatientLink.objects.filter(source=check.source_id, source_key__in=keys).select_related("patient")
    if any(_kept(link.patient) != check.patient_id for link in links):
        raise whose.MixedUp("the Patient is linked to somebody else")


def _kept(patient: Patient) -> UUID:
    """The person that remains after merges."""
    while patient.merged_into is not None:
        patient = patient.merged_into
    return patient.pk
