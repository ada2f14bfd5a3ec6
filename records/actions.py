"""What is done to a patient's place in our care. Each act is one transaction with its audit row."""

from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from access.models import Organisation
from records.models import Patient, Relationship


@transaction.atomic
def relate(*, patient: Patient, organisation: Organisation, kind: str, why: str, by: Actor) -> Relationship:
    """Let an organisation reach a patient, and say why. What is open already stays as it is."""
    relationship, made = Relationship.objects.get_or_create(
        patient=patient,
        organisation=organisation,
        kind=kind,
        until=None,
        defaults={"since": timezone.now(), "why": why[:200]},
    )
    if made:
        audit.record(by=by, action="gave access", patient=patient.pk, of=relationship, note=organisation.name)
    return relationship


@transaction.atomic
def unrelate(*, patient: Patient, organisation: Organisation, kind: str, why: str, by: Actor) -> None:
    """End an organisation's reach to a patient; the row stays and says from when until when. Harmless when none is."""
    found = Relationship.objects.select_for_update().filter(
        patient=patient, organisation=organisation, kind=kind, until__isnull=True
    )
    for relationship in found:
        relationship.until = timezone.now()
        relationship.save(update_fields=["until"])
        audit.record(by=by, action="ended access", patient=patient.pk, of=relationship, note=why[:200])
