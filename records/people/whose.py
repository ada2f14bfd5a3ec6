"""Whose a message is that comes in about somebody: certain, or left to a person.

NHS number, birth date and family name must agree with one person registered here.
"""

from collections.abc import Sequence

from django.conf import settings

from exchange.errors import NeedsReview
from records.models import Patient, Relationship
from records.people.comparing import first_name
from records.people.demographics import Demographics


def whose(about: Demographics, what: str) -> Patient:
    """The one person registered here whom a message means. Raises NeedsReview when that is not sure.

    `what` names the message in the sentence for the person who looks: "letter", "request".
    """
    if not about.nhs_number:
        raise NeedsReview(f"The {what} gives no NHS number.")
    if not about.matchable_number:
        raise NeedsReview(f"The NHS number in the {what} fails its check digit.")
    same = _with_number(about.nhs_number)
    if not same:
        raise NeedsReview(f"Nobody here has the NHS number in the {what}.")
    agreeing = [one for one in same if about.agrees_with(one)]
    if not agreeing:
        raise NeedsReview(f"The NHS number is known here, but the name or date of birth in the {what} is another.")
    if len(same) > 1:
        raise NeedsReview(f"More than one patient here has the NHS number in the {what}.")
    if not _registered(agreeing[0]):
        raise NeedsReview("This patient is not registered with the practice.")
    if _names_another(about, agreeing[0]):
        raise NeedsReview("The NHS number is one patient's, and the first name that of another born on the same day.")
    return agreeing[0]


def _names_another(about: Demographics, patient: Patient) -> bool:
    """Whether somebody else of this name and birth date has the first name given: numbers of twins get mixed up."""
    said = first_name(about.given)
    if not said or said == first_name(patient.given):
        return False
    born_then = Patient.objects.filter(birth_date=about.birth_date, merged_into__isnull=True).exclude(pk=patient.pk)
    return any(about.agrees_with(one) and first_name(one.given) == said for one in born_then)


def _with_number(nhs_number: str) -> Sequence[Patient]:
    """Who bears a number, also the number of somebody who was joined to them."""
    found = Patient.objects.filter(nhs_number=nhs_number).exclude(nhs_number_status=Patient.NhsNumber.FAILING)
    bearers = [one.merged_into or one for one in found.select_related("merged_into")[:20]]
    return list({one.pk: one for one in bearers}.values())


def _registered(patient: Patient) -> bool:
    return Relationship.objects.filter(
        patient=patient,
        organisation__ods_code=settings.OUR_ODS_CODE,
        kind=Relationship.Kind.REGISTERED,
        until__isnull=True,
    ).exists()
