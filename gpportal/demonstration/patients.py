"""The Patient resource of each source, next of kin, and small disagreements between sources about who someone is."""

from datetime import timedelta
from typing import Any

from gpportal.demonstration.charts import Chart
from gpportal.demonstration.clinical_codes import ETHNIC_CATEGORIES, STATUS
from gpportal.demonstration.people import Person
from gpportal.demonstration.places import organisation, staff
from gpportal.demonstration.shapes import NHS_NUMBER, PROFILES, Json, coding, concept, extension, phone

# Hospital and social care keep numbers of their own.
LOCAL_NUMBERS = {
    "Y90001": "https://riverside.example/Id/patient-number",
    "RZZ01": "https://infirmary.example/Id/hospital-number",
    "VZZ01": "https://cityview.example/Id/client-number",
}

_SHORT_NAMES = {"Margaret": "Peggy", "Patricia": "Pat", "Susan": "Sue", "Michael": "Mick", "Kenneth": "Ken"}


def patient_to_fhir(chart: Chart, local_number: str, differs: str | None = None) -> Json:
    """FHIR Patient (UK Core) of one source; `differs` names what this source has otherwise than the practice."""
    person = chart.person
    resource: Json = {
        "resourceType": "Patient",
        "id": chart.patient_id,
        "meta": {"profile": [f"{PROFILES}UKCore-Patient"]},
        "identifier": [
            *([_nhs_number(person)] if person.nhs_number else []),
            {"system": LOCAL_NUMBERS[chart.source], "value": local_number},
        ],
        "active": True,
        "name": _names(person, chart.source, differs),
        "telecom": _telecom(person, differs),
        "gender": person.gender,
        "birthDate": (person.born + timedelta(days=9 if differs == "birth" else 0)).isoformat(),
        "address": [_address(person, differs)],
        "managingOrganization": organisation(chart.source),
    }
    if not resource["telecom"]:
        del resource["telecom"]
    if chart.source == "Y90001":
        ethnic = concept(ETHNIC_CATEGORIES[person.ethnic])
        resource["extension"] = [extension("EthnicCategory", valueCodeableConcept=ethnic)]
        resource["generalPractitioner"] = [staff(person.gp)]
    if person.restricted:
        resource["meta"]["security"] = [coding(STATUS["restricted"])]
    if person.died_days_ago is not None:
        resource["deceasedDateTime"] = chart.calendar.ago(person.died_days_ago).isoformat()
    return resource


def _nhs_number(person: Person) -> Json:
    status = concept(STATUS[person.verification])
    return {
        "extension": [extension("NHSNumberVerificationStatus", valueCodeableConcept=status)],
        "system": NHS_NUMBER,
        "value": person.nhs_number,
    }


def _names(person: Person, source: str, differs: str | None) -> list[Json]:
    given = [person.given] + ([person.middle] if person.middle and differs != "short_name" else [])
    family = person.family
    if differs == "short_name":
        given[0] = _SHORT_NAMES.get(person.given, person.given[:3])
    if differs == "former_name":
        family = f"{person.family}-Lowe"
    names: list[Json] = [{"use": "official", "family": family, "given": given, "prefix": [person.prefix]}]
    if person.known_as and source == "VZZ01":
        names.append({"use": "nickname", "given": [person.known_as]})
    return names


def _telecom(person: Person, differs: str | None) -> list[Json]:
    numbers = [phone(person.landline)] if person.landline else []
    if person.mobile and differs != "old_phone":
        numbers.append(phone(person.mobile, "mobile"))
    return numbers


def _address(person: Person, differs: str | None) -> Json:
    line, postcode = person.line, person.postcode
    if differs == "old_address":
        line, postcode = "19 Saltpan Street", "ZZ3 8SP"
    return {"use": "home", "type": "both", "line": [line], "city": person.town, "postalCode": postcode}


def next_of_kin(chart: Chart, relation: str, given: str, family: str, number: str, **more: Any) -> str:
    """FHIR RelatedPerson: whom to ring."""
    return chart.add(
        "RelatedPerson",
        active=True,
        relationship=[concept(STATUS[f"relation.{relation}"]), concept(STATUS["relation.next_of_kin"])],
        name=[{"use": "official", "family": family, "given": [given]}],
        telecom=[phone(number)],
        **more,
    )


def add_next_of_kin(chart: Chart) -> None:
    """A next of kin for most adults over fifty and for every child."""
    random = chart.random("next of kin")
    if chart.age < 16:
        relation, given = random.choice([("mother", "Sarah"), ("mother", "Priya"), ("father", "Adam")])
    elif chart.age >= 50 and random.random() < 0.75:
        relation, given = random.choice(
            [
                ("daughter", "Ruth"),
                ("daughter", "Helen"),
                ("son", "Martin"),
                ("son", "Gareth"),
                ("sister", "Jean"),
                ("brother", "Colin"),
                ("neighbour", "Maureen"),
                ("friend", "Ivy"),
            ]
        )
    else:
        return
    family = (
        chart.person.family if relation in ("mother", "father", "son", "brother") else f"{chart.person.family}-Reid"
    )
    next_of_kin(chart, relation, given, family, f"07700 900{random.randrange(1000):03}")
