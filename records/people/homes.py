"""What of a patient decides which service takes them: age, gender, and where they live on the map."""

from typing import Final

from django.utils import timezone

from access.actor import Actor
from exchange.directory.fit import Person, years
from exchange.fhir import numbers
from exchange.fhir.systems import System
from records import reach
from records.drawing import Json, every
from records.models import Patient

_MOST_PATIENTS: Final = 5


def person(patient: Patient, home: tuple[float, float] | None = None) -> Person:
    """The patient as the directory of services sees them."""
    return Person(years(patient.birth_date, timezone.localdate()), patient.gender, home)


def whom(actor: Actor, patient: Patient) -> Person:
    """The same with where they live; where a restricted person lives is not looked at."""
    return person(patient, None if patient.restricted else _home(actor, patient))


def _home(actor: Actor, patient: Patient) -> tuple[float, float] | None:
    """Degrees north and east of the first address whose source gives them (FHIR extension geolocation)."""
    bodies = reach.resources(actor, patient).filter(type="Patient").values_list("body", flat=True)[:_MOST_PATIENTS]
    for body in bodies:
        for address in every(numbers.loads(body).get("address")):
            if found := _position(address):
                return found
    return None


def _position(address: Json) -> tuple[float, float] | None:
    for extension in every(address.get("extension")):
        if extension.get("url") != System.EXT_GEOLOCATION:
            continue
        said = {one.get("url"): one.get("valueDecimal") for one in every(extension.get("extension"))}
        try:
            north, east = float(said["latitude"]), float(said["longitude"])  # type: ignore[arg-type]
        except (KeyError, TypeError, ValueError):
            continue
        if abs(north) <= 90 and abs(east) <= 180:
            return north, east
    return None
