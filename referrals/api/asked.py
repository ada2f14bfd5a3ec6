"""What a partner looks for: the query of GET ServiceRequest and GET Appointment (BaRS API 1.4.0).

A fault is told by its parameter and never by its value, which may be an NHS number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from exchange.errors import PayloadInvalid, Rec
from exchange.fhir.systems import System
from records.dates import day

NUMBER: Final = "patient:identifier"
NAME, BORN, POSTCODE = "patient:name", "patient:birthdate", "patient:address-postcode"
#: The identifier of a request: as the OpenAPI document writes it, and as FHIR does.
IDENTIFIERS: Final = ("ServiceRequest.identifier", "identifier")
_KNOWN: Final = frozenset({NUMBER, NAME, BORN, POSTCODE, *IDENTIFIERS})
_DATE: Final = re.compile(r"(?:eq)?(\d{4}-\d{2}-\d{2})")
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Query:
    """Everything that is given must hold; "" and None for what is not given."""

    nhs_number: str = ""
    name: str = ""
    born: date | None = None
    postcode: str = ""
    identifier: str = ""
    #: Parameters that we do not know: the answer says that they were not looked at.
    unknown: tuple[str, ...] = ()


def read(given: Mapping[str, str]) -> Query:
    """Raises PayloadInvalid (400): `required` for a query that says too little, `value` for what has not its form."""
    for name in _KNOWN & set(given):
        if not given[name].strip() or len(given[name]) > _LONGEST or "\0" in given[name]:
            raise _bad("value" if given[name].strip() else "required", "is empty or too long", name)
    demographic = [name for name in (NAME, BORN, POSTCODE) if name in given]
    identifier = next((given[name].strip() for name in IDENTIFIERS if name in given), "")
    if NUMBER not in given and not identifier and len(demographic) < 3:
        text = "Ask by the patient's NHS number, by name, birth date and postcode together, or by the identifier."
        raise PayloadInvalid(Rec.BAD_REQUEST, "required", text, NUMBER)
    return Query(
        nhs_number=_number(given[NUMBER]) if NUMBER in given else "",
        name=given.get(NAME, "").strip(),
        born=_born(given[BORN]) if BORN in given else None,
        postcode=re.sub(r"\s", "", given.get(POSTCODE, "")).upper(),
        identifier=identifier,
        unknown=tuple(sorted(set(given) - _KNOWN)),
    )


def request_id(written: str) -> UUID:
    """The id of a read. Raises PayloadInvalid (400, value) for what is no UUID, as the guide says."""
    try:
        return UUID(written)
    except ValueError:
        raise _bad("value", "is not a UUID", "id") from None


def _number(written: str) -> str:
    system, _, value = written.rpartition("|")
    number = re.sub(r"[\s-]", "", value)
    if system != System.NHS_NUMBER or not re.fullmatch(r"\d{10}", number):
        raise _bad("value", "must be the system of NHS numbers, | and ten figures", NUMBER)
    return number


def _born(written: str) -> date:
    found = _DATE.fullmatch(written.strip())
    born = day(found[1]) if found else None
    if born is None:
        raise _bad("value", "must be a day such as 1970-05-01", BORN)
    return born


def _bad(issue: str, text: str, name: str) -> PayloadInvalid:
    return PayloadInvalid(Rec.BAD_REQUEST, issue, f"The parameter {name} {text}.", name)
