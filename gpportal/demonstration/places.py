"""Who works where: organisations and staff of the demonstration, as plain data and as FHIR resources."""

from collections.abc import Iterator
from typing import NamedTuple

from gpportal.demonstration.clinical_codes import CARE, STATUS
from gpportal.demonstration.shapes import ODS_CODE, PROFILES, Json, concept, phone, reference


class Organisation(NamedTuple):
    """An organisation with an invented ODS code (FHIR Organization)."""

    ods: str
    name: str
    kind: str
    phone: str
    line: str
    town: str
    postcode: str


class Practitioner(NamedTuple):
    """A member of staff (FHIR Practitioner and PractitionerRole); `email` is the demonstration login, if any."""

    id: str
    ods: str
    prefix: str
    given: str
    family: str
    job: str
    gender: str
    email: str | None = None
    phone: str | None = None

    @property
    def display(self) -> str:
        """Name as it stands in a list: Dr A Khan."""
        return f"{self.prefix} {self.given[0]} {self.family}"

    @property
    def full(self) -> str:
        """Name in full: Dr Aisha Khan."""
        return f"{self.prefix} {self.given} {self.family}"


RIVERSIDE, HILLSIDE, INFIRMARY, CITYVIEW, PHARMACY = "Y90001", "Y90002", "RZZ01", "VZZ01", "FZZ01"

ORGANISATIONS = {
    row.ods: row
    for row in [
        Organisation(
            RIVERSIDE, "Riverside Surgery", "gp-practice", "01632 960100", "2 Millrace Road", "Harrowmere", "ZZ1 1AA"
        ),
        Organisation(
            HILLSIDE, "Hillside Surgery", "gp-practice", "01632 960120", "40 Larkrise Avenue", "Nether Marl", "ZZ3 2BD"
        ),
        Organisation(
            INFIRMARY, "Northern Infirmary", "hospital", "01632 960300", "Infirmary Lane", "Harrowmere", "ZZ1 9NH"
        ),
        Organisation(
            CITYVIEW,
            "Cityview Adult Social Care",
            "social-care",
            "01632 960200",
            "Cityview House, 7 Chandler Street",
            "Harrowmere",
            "ZZ1 4CV",
        ),
        Organisation(
            PHARMACY,
            "Market Square Pharmacy",
            "pharmacy",
            "01632 960180",
            "11 Market Square",
            "Harrowmere",
            "ZZ1 2PH",
        ),
    ]
}

PRACTITIONERS = {
    row.id: row
    for row in [
        Practitioner(
            "khan", RIVERSIDE, "Dr", "Aisha", "Khan", "General practitioner", "female", "gp@riverside.example"
        ),
        Practitioner("silva", RIVERSIDE, "Dr", "Rui", "Silva", "General practitioner", "male"),
        Practitioner("hughes", RIVERSIDE, "Ms", "Bev", "Hughes", "Practice nurse", "female", "nurse@riverside.example"),
        Practitioner(
            "okafor", RIVERSIDE, "Mrs", "Miriam", "Okafor", "Receptionist", "female", "reception@riverside.example"
        ),
        Practitioner(
            "lindqvist", RIVERSIDE, "Mr", "Tom", "Lindqvist", "Practice manager", "male", "manager@riverside.example"
        ),
        Practitioner(
            "rahman", RIVERSIDE, "Ms", "Salma", "Rahman", "Privacy officer", "female", "privacy@riverside.example"
        ),
        Practitioner(
            "marsden", HILLSIDE, "Dr", "Helen", "Marsden", "General practitioner", "female", "gp@hillside.example"
        ),
        Practitioner(
            "fenn",
            INFIRMARY,
            "Dr",
            "Laura",
            "Fenn",
            "Consultant cardiologist",
            "female",
            "clinician@infirmary.example",
            "01632 960330",
        ),
        Practitioner(
            "mbeki",
            INFIRMARY,
            "Mr",
            "Sipho",
            "Mbeki",
            "Heart failure specialist nurse",
            "male",
            None,
            "01632 960331",
        ),
        Practitioner("osgood", INFIRMARY, "Mr", "Alan", "Osgood", "Consultant orthopaedic surgeon", "male"),
        Practitioner("banerjee", INFIRMARY, "Dr", "Ritu", "Banerjee", "Consultant physician", "female"),
        Practitioner(
            "adeyemi",
            CITYVIEW,
            "Mr",
            "Peter",
            "Adeyemi",
            "Social worker",
            "male",
            "social@cityview.example",
            "01632 960221",
        ),
        Practitioner(
            "holt", CITYVIEW, "Ms", "Janine", "Holt", "Occupational therapist", "female", None, "01632 960224"
        ),
        Practitioner("osei", CITYVIEW, "Ms", "Mercy", "Osei", "Podiatrist", "female", None, "01632 960228"),
    ]
}

CLINICIANS = {RIVERSIDE: ["khan", "silva"], INFIRMARY: ["banerjee", "fenn", "osgood"], CITYVIEW: ["adeyemi", "holt"]}


def staff(key: str) -> Json:
    """Reference to a member of staff with the name people read."""
    return reference(f"Practitioner/{key}", PRACTITIONERS[key].display)


def organisation(ods: str) -> Json:
    """Reference to an organisation by its ODS code."""
    return reference(f"Organization/{ods}", ORGANISATIONS[ods].name)


def organisation_to_fhir(row: Organisation) -> Json:
    """FHIR Organization (UK Core)."""
    return {
        "resourceType": "Organization",
        "id": row.ods,
        "meta": {"profile": [f"{PROFILES}UKCore-Organization"]},
        "identifier": [{"system": ODS_CODE, "value": row.ods}],
        "active": True,
        "type": [concept(STATUS["organisation.provider"], text=row.kind)],
        "name": row.name,
        "telecom": [phone(row.phone, "work")],
        "address": [{"use": "work", "line": [row.line], "city": row.town, "postalCode": row.postcode}],
    }


def practitioner_to_fhir(row: Practitioner) -> Iterator[Json]:
    """FHIR Practitioner, then the PractitionerRole that ties it to its organisation (UK Core)."""
    number = row.phone or ORGANISATIONS[row.ods].phone
    yield {
        "resourceType": "Practitioner",
        "id": row.id,
        "meta": {"profile": [f"{PROFILES}UKCore-Practitioner"]},
        "active": True,
        "name": [{"use": "official", "family": row.family, "given": [row.given], "prefix": [row.prefix]}],
        "telecom": [phone(number, "work")],
        "gender": row.gender,
    }
    code = CARE["general_practitioner"] if row.job == "General practitioner" else None
    yield {
        "resourceType": "PractitionerRole",
        "id": f"{row.id}-role",
        "meta": {"profile": [f"{PROFILES}UKCore-PractitionerRole"]},
        "active": True,
        "practitioner": staff(row.id),
        "organization": organisation(row.ods),
        "code": [concept(code, text=row.job)],
        "telecom": [phone(number, "work")],
    }


def place_to_fhir(ods: str) -> Iterator[Json]:
    """An organisation and its staff, as that organisation itself sends them."""
    yield organisation_to_fhir(ORGANISATIONS[ods])
    for row in PRACTITIONERS.values():
        if row.ods == ods:
            yield from practitioner_to_fhir(row)
