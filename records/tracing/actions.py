"""What people do about tracing: ask PDS, confirm or dismiss whom it found. Each one transaction with its audit row."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from exchange import pds
from exchange.fhir import numbers
from records.models import Patient, PatientLink, Trace
from records.tracing import asking, taking


class SettledMeanwhile(Exception):
    """What was to be confirmed or dismissed no longer waits for anybody; the text says so to the person."""


_WAITS_FOR_A_PERSON: Final = (Trace.State.DOUBT, Trace.State.MATCH)


@transaction.atomic
def ask(*, patient: Patient, by: Actor) -> Trace | None:
    """Have PDS asked about a patient, soon and outside this transaction; None where PDS is not set up.

    By the NHS number, or by name and date of birth when there is none or it fails its check digit. Who is being asked
    about already is not asked about twice.
    """
    if not pds.set_up():
        return None
    usable = patient.nhs_number_status not in (Patient.NhsNumber.FAILING, Patient.NhsNumber.ABSENT)
    trace, new = Trace.objects.get_or_create(
        patient=patient,
        state=Trace.State.ASKED,
        defaults={
            "asked_number": patient.nhs_number.replace(" ", "") if usable else "",
            "asked_by": by.name[:120],
            "due_at": timezone.now(),
        },
    )
    if new:
        Patient.objects.filter(pk=patient.pk).update(pds_asked_at=timezone.now())
        audit.record(by=by, action="asked PDS", patient=patient.pk, of=trace)
    transaction.on_commit(lambda: asking.ring(trace))
    return trace


def ask_if_old(*, patient: Patient, by: Actor) -> None:
    """Have PDS asked when the last time is longer ago than settings.PDS_REFRESH_DAYS. Costs no query otherwise."""
    days = settings.PDS_REFRESH_DAYS
    if not pds.set_up() or days <= 0:
        return
    if patient.pds_asked_at is None or patient.pds_asked_at < timezone.now() - timedelta(days=days):
        ask(patient=patient, by=by)


@transaction.atomic
def confirm(*, trace: Trace, by: Actor) -> Trace:
    """A person says that whom PDS found is this patient: the number becomes theirs. Raises SettledMeanwhile."""
    open_ = _waiting(trace)
    patient = Patient.objects.get(pk=open_.patient_id)
    taking.take(open_, patient, numbers.loads(open_.found), by=by, basis=PatientLink.Basis.PERSON)
    return open_


@transaction.atomic
def dismiss(*, trace: Trace, by: Actor) -> Trace:
    """A person says that whom PDS found is somebody else; nothing changes but that. Raises SettledMeanwhile."""
    open_ = _waiting(trace)
    open_.found = ""
    taking.close(open_, Trace.State.DISMISSED)
    audit.record(by=by, action="dismissed PDS match", patient=open_.patient_id, of=open_)
    return open_


def _waiting(trace: Trace) -> Trace:
    found = Trace.objects.select_for_update().get(pk=trace.pk)
    if found.state not in _WAITS_FOR_A_PERSON:
        raise SettledMeanwhile("Somebody else has settled this meanwhile.")
    return found
