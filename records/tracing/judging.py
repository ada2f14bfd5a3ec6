"""What PDS's answer means for a patient: field by field, and whether it is certainly the same person. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from exchange.fhir.systems import System
from records.drawing import Json, every, text_at
from records.models import Patient
from records.people.comparing import first_name
from records.people.demographics import Demographics, demographics
from records.people.names import fold
from records.people.national import formal_death
from ui.dates import date_long
from ui.numbers import nhs_number

#: Shown only of people who are not restricted.
_WHERE: Final = frozenset({"Address", "Postcode", "Phone", "Practice"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One field here and at PDS, in words, "" for not known."""

    field: str
    ours: str
    theirs: str
    differs: bool = True


def certain(patient: Patient, said: Json) -> bool:
    """Whether it is the same person beyond doubt: full birth date, family name and first name agree.

    Twins differ in nothing but the first name and the number, and numbers of twins are mixed up. Where either side
    gives no first name, or an initial, there is doubt.
    """
    about = demographics(said)
    first = first_name(patient.given)
    return about.agrees_with(patient) and len(first) > 1 and first == first_name(about.given)


def differences(patient: Patient, said: Json, practice: str = "") -> list[Difference]:
    """What PDS has otherwise than we show; `practice` is the ODS code the patient is registered with here.

    Of a restricted person nothing about where they are, whichever side has it. What PDS leaves out is no difference.
    """
    about = demographics(said)
    hidden = patient.restricted or about.restricted
    return [
        Difference(field, ours, theirs) if field != "Practice" else Difference(field, "Ours", f"Another: {theirs}")
        for field, (ours, theirs) in _pairs(patient, about, said, practice).items()
        if not (hidden and field in _WHERE) and theirs and _plain(field, ours) != _plain(field, theirs)
    ]


def side_by_side(patient: Patient, said: Json, *, fits: bool) -> list[Difference]:
    """The fields that either side knows, for a person who decides whether it is the same patient.

    Where PDS's person does not fit (`fits`), it may be somebody else: of them no more than name, birth and gender.
    """
    about = demographics(said)
    hidden = not fits or patient.restricted or about.restricted
    pairs = {
        **_pairs(patient, about, said, ""),
        "NHS number": (nhs_number(patient.nhs_number), nhs_number(about.nhs_number)),
    }
    return [
        Difference(field, ours, theirs, bool(ours and theirs) and _plain(field, ours) != _plain(field, theirs))
        for field, (ours, theirs) in pairs.items()
        if not (hidden and field in _WHERE) and (ours or theirs) and field != "Practice"
    ]


def _pairs(patient: Patient, about: Demographics, said: Json, practice: str) -> Mapping[str, tuple[str, str]]:
    return {
        "Family name": (patient.family, about.family),
        "First name": (_first(patient.given), _first(about.given)),
        "Date of birth": (
            date_long(patient.birth_date_written or patient.birth_date),
            date_long(about.birth_date_written),
        ),
        "Gender": (patient.gender, about.gender),
        "Address": (patient.address, about.address),
        "Postcode": (patient.postcode, about.postcode),
        "Phone": (patient.phone, about.phone),
        "Practice": (practice, _practice(said)),
        "Died": (date_long(patient.deceased_on) if patient.deceased else "", date_long(formal_death(said))),
    }


def _first(given: str) -> str:
    """PDS often knows middle names that a practice does not: only the first is compared."""
    return given.split(" ")[0] if given else ""


def _practice(said: Json) -> str:
    codes = [text_at(one, "identifier.value") for one in every(said.get("generalPractitioner"))]
    systems = [text_at(one, "identifier.system") for one in every(said.get("generalPractitioner"))]
    return next((code for code, system in zip(codes, systems, strict=True) if system == System.ODS), "")


def _plain(field: str, text: str) -> str:
    if field == "Phone":
        return re.sub(r"^(?:0044|44)(?=\d{10}$)", "0", re.sub(r"\D", "", text))
    return fold(text).replace(" ", "") if field in _WHERE else fold(text)


# What to search by ----------------------------------------------------------------------------------------------------
def search_query(patient: Patient, *, postcode: bool) -> dict[str, str]:
    """PDS's search parameters for a patient without a usable NHS number; {} when too little is known of them."""
    if not patient.family or patient.birth_date is None:
        return {}
    query = {"family": patient.family[:35], "birthdate": f"eq{patient.birth_date.isoformat()}"}
    if patient.given:
        query["given"] = _first(patient.given)[:35]
    if patient.gender in ("male", "female", "other", "unknown"):
        query["gender"] = patient.gender
    if postcode and patient.postcode:
        query["address-postalcode"] = patient.postcode
    return query
