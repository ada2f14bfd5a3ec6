"""Whom to ring about a patient."""

from access.models import Organisation
from records.models import Patient, Relationship


def surgery_of(patient: Patient) -> Organisation | None:
    """The practice a patient is registered with now."""
    related = patient.relationships.filter(kind=Relationship.Kind.REGISTERED, until__isnull=True)
    found = related.select_related("organisation").order_by("-since").first()
    return found.organisation if found else None
