"""PDS's record taken over: stored as what PDS says, tied to the person, and what it alone decides set on them."""

import hashlib
import zlib
from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.utils import timezone

from access import audit
from access.actor import Actor
from access.models import Organisation
from exchange.fhir import numbers
from records.drawing import Json
from records.ingest.identity import row_id
from records.ingest.reading import Entry
from records.ingest.restricting import settle_person
from records.ingest.storing import Intake, store_within, take_turn
from records.models import Finding, Patient, PatientLink, Received, ReceivedPiece, Resource, Trace
from records.people.actions import merge
from records.people.matching import DRAWN
from records.people.national import PDS_ODS, overlay
from records.people.restricted import everyone_same
from records.tracing.judging import certain

_GZIP: Final = 31
_SUPERSEDED: Final = "PDS replaced one NHS number by the other; name and date of birth agree"


def source() -> Organisation:
    """The organisation as whose data PDS's records are stored."""
    found, _ = Organisation.objects.get_or_create(
        ods_code=PDS_ODS, defaults={"name": "Personal Demographics Service", "letters": "PDS"}
    )
    return found


def kept(said: Json) -> str:
    return numbers.dumps(said)


def close(trace: Trace, state: str) -> None:
    """The question is settled; nobody asks any more."""
    trace.state, trace.settled_at, trace.due_at = state, timezone.now(), None
    trace.save()


def take(trace: Trace, patient: Patient, said: Json, *, by: Actor, basis: str = PatientLink.Basis.NHS_NUMBER) -> None:
    """In the caller's transaction: PDS's Patient becomes a source of this person, who is thereby traced.

    Another patient here may have the number already. When it superseded the one asked about, and all of them certainly
    are whom PDS means, they are joined; else nothing is taken over: that is for a person to settle.
    """
    take_turn()
    same = everyone_same(patient.pk)  # they may have been joined to somebody since PDS was asked
    moved = trace.asked_number not in ("", trace.found_number)
    holder = _holder(trace.found_number, same)
    if holder is None:
        bearer = _bearer(trace.found_number, patient, same)
    elif moved and all(certain(one, said) for one in (patient, _kept(patient), holder)):
        bearer = merge(kept=holder, other=patient, reason=_SUPERSEDED, by=by, superseded=True).kept
    else:
        _suggest(trace, patient, holder, by)
        return
    _take_over(bearer, patient, said, by, basis)
    trace.found = ""
    close(trace, Trace.State.TRACED)
    note = "the NHS number was replaced by a newer one" if moved else ""
    audit.record(by=by, action="traced with PDS", patient=bearer.pk, of=trace, note=note)


def _take_over(bearer: Patient, asked: Patient, said: Json, by: Actor, basis: str) -> None:
    row = _store(bearer, said, basis, by)
    own = PatientLink.objects.filter(source=source(), patient__in=[bearer.pk, asked.pk])
    own.exclude(resource_id=row.pk).delete()
    bearer.refresh_from_db()
    overlay([bearer])
    bearer.traced_at = timezone.now()
    bearer.save(update_fields=[*DRAWN, "traced_at", "updated_at"])
    if bearer.merged_into_id is not None:
        settle_person(bearer.merged_into_id, again=True)


def _holder(nhs_number: str, same: Collection[UUID]) -> Patient | None:
    """Another patient here who has this number; none of `same`, who were found to be one person."""
    others = Patient.objects.filter(merged_into__isnull=True).exclude(pk__in=same)
    linked = PatientLink.objects.filter(source__ods_code=PDS_ODS, source_key=nhs_number).values("patient")
    return others.filter(pk__in=linked).first() or others.filter(nhs_number=nhs_number).first()


def _bearer(nhs_number: str, asked: Patient, same: Collection[UUID]) -> Patient:
    """Whose PDS's record is among those found to be one person, so that parting them leaves it with the right one.

    Who it was taken over for already, or who has the number, or else who was asked about.
    """
    of_person = Patient.objects.filter(pk__in=same)
    linked = of_person.filter(links__source__ods_code=PDS_ODS, links__source_key=nhs_number).first()
    if linked is not None or asked.nhs_number == nhs_number:
        return linked or asked
    return of_person.filter(nhs_number=nhs_number).first() or asked


def _kept(patient: Patient) -> Patient:
    return patient.merged_into or patient


def _suggest(trace: Trace, patient: Patient, holder: Patient, by: Actor) -> None:
    """Two patients, one number: a finding for whoever looks at records to check."""
    link = PatientLink.objects.filter(patient=patient).order_by("pk").first()
    if link is not None:
        Finding.objects.get_or_create(
            kind=Finding.Kind.SAME_NUMBER,
            resource_id=link.resource_id,
            about=str(holder.pk),
            defaults={"patient": patient},
        )
    close(trace, Trace.State.TAKEN)
    audit.record(by=by, action="PDS answered", patient=patient.pk, of=trace, note=trace.get_state_display())


def _store(patient: Patient, said: Json, basis: str, by: Actor) -> Resource:
    text = kept(said).encode()
    number = str(said["id"])
    received, new = Received.objects.get_or_create(
        source=source(),
        sha256=hashlib.sha256(text).hexdigest(),
        name="PDS answer",
        defaults={"via": Received.Via.MESSAGE, "length": len(text)},
    )
    if new:
        ReceivedPiece.objects.create(received=received, number=0, gzipped=zlib.compress(text, wbits=_GZIP))
    row = row_id(PDS_ODS, "Patient", number)
    intake = Intake(source(), by, received=received, file="PDS answer", whose={row: (patient, basis)})
    store_within(intake, [Entry(1, numbers.loads(text))])
    return Resource.objects.get(pk=row)
