"""The three sources of the demonstration, each with everything it holds (FHIR resources, referred-to first)."""

from collections.abc import Iterator

from gpportal.demonstration import cast, hospital, jane, jane_hospital, jane_socialcare, socialcare
from gpportal.demonstration.charts import Chart
from gpportal.demonstration.dates import Calendar
from gpportal.demonstration.longest import longest_chart
from gpportal.demonstration.people import Person, everyone
from gpportal.demonstration.places import CITYVIEW, INFIRMARY, RIVERSIDE, place_to_fhir
from gpportal.demonstration.practice import ordinary_chart
from gpportal.demonstration.shapes import Json
from gpportal.demonstration.shared_care import at_hospital, in_care


def _practice_chart(person: Person, calendar: Calendar) -> Chart:
    if person.number == cast.JANE:
        return jane.practice_chart(person, calendar)
    if person.number == cast.LONGEST:
        return longest_chart(person, calendar)
    return ordinary_chart(person, calendar)[0]


def riverside_resources(calendar: Calendar) -> Iterator[Json]:
    """Riverside Surgery: the practice and its staff, then patient by patient."""
    yield from place_to_fhir(RIVERSIDE)
    for person in everyone():
        yield from _practice_chart(person, calendar).resources


def infirmary_resources(calendar: Calendar) -> Iterator[Json]:
    """Northern Infirmary: those of the practice's patients who have been there."""
    yield from place_to_fhir(INFIRMARY)
    for place, person in enumerate(at_hospital(), start=1):
        make = jane_hospital.hospital_chart if person.number == cast.JANE else hospital.hospital_chart
        yield from make(place, person, calendar).resources


def cityview_resources(calendar: Calendar) -> Iterator[Json]:
    """Cityview Adult Social Care: those of the practice's patients who have help at home."""
    yield from place_to_fhir(CITYVIEW)
    for place, person in enumerate(in_care(), start=1):
        make = jane_socialcare.care_chart if person.number == cast.JANE else socialcare.care_chart
        yield from make(place, person, calendar).resources
