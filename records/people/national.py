"""What the Personal Demographics Service decides of a person's columns, whoever else draws them.

PDS is one source among others: its Patient is a Resource with a link. Three things it alone says: which NHS number is
the person's now, that it is verified, and that a death was formally notified.
"""

from collections.abc import Iterable
from typing import Final

from exchange.fhir import numbers
from exchange.fhir.systems import System
from records.dates import day
from records.drawing import Json, codings, every, text_at
from records.models import Patient, PatientLink
from records.people.demographics import demographics

#: NHS England's Spine, as whose data PDS's records are stored.
PDS_ODS: Final = "X26"
#: UK Core DeathNotificationStatus: a notice from the registrar; 1 is informal.
_FORMAL: Final = "2"


def overlay(people: Iterable[Patient]) -> None:
    """Sets what PDS decides on those of `people` whom it knows. Does not save. One query."""
    by_id = {person.pk: person for person in people}
    links = PatientLink.objects.filter(source__ods_code=PDS_ODS, patient__in=by_id).select_related("resource")
    for link in links.order_by("pk"):
        decide(by_id[link.patient_id], numbers.loads(link.resource.body))


def decide(person: Patient, said: Json) -> None:
    """Sets NHS number, its status and a formal death as PDS's Patient says. Does not save."""
    about = demographics(said)
    if about.matchable_number:
        person.nhs_number = about.nhs_number
        person.nhs_number_status = Patient.NhsNumber.VERIFIED
    if died := formal_death(said):
        person.deceased = True
        person.deceased_on = day(died) or person.deceased_on


def formal_death(said: Json) -> str:
    """The date of a death that PDS was formally notified of; "" otherwise."""
    for extension in every(said.get("extension")):
        if extension.get("url") != System.EXT_DEATH_NOTIFICATION:
            continue
        parts = every(extension.get("extension"))
        if any(c.get("code") == _FORMAL for one in parts for c in codings(one.get("valueCodeableConcept"))):
            return text_at(said, "deceasedDateTime")[:10]
    return ""
