"""Whether two patients may be joined, and who reaches each of them, in words."""

from records.models import Patient, Trace


def why_not(one: Patient, other: Patient, *, superseded: bool = False) -> str:
    """The sentence that says why two cannot be joined; "" if they can."""
    if one.pk == other.pk:
        return "These records are joined already."
    if verified_numbers_differ(one, other) and not (superseded or superseded_by_pds(one, other)):
        return "Both NHS numbers are verified and differ: two people, until the national service says not."
    return ""


def verified_numbers_differ(one: Patient, other: Patient) -> bool:
    """Whether both have a verified NHS number and not the same: then they are two people."""
    verified = Patient.NhsNumber.VERIFIED
    return one.nhs_number_status == other.nhs_number_status == verified and one.nhs_number != other.nhs_number


def superseded_by_pds(one: Patient, other: Patient) -> bool:
    """Whether PDS, asked about the number of one, answered with that of the other."""
    return any(
        Trace.objects.filter(patient=asked, state=Trace.State.TAKEN, found_number=holder.nhs_number).exists()
        for asked, holder in ((one, other), (other, one))
    )


def reached_by(person: Patient) -> list[str]:
    """Who reaches a patient now, in words."""
    open_ = person.relationships.filter(until__isnull=True).select_related("organisation")
    return [f"{one.organisation.name}: {one.get_kind_display().lower()}" for one in open_]
