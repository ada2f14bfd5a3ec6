"""Who a source says a person is (FHIR Patient), as the banner shows and matching compares it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

import nhs_number as modulus_11

from exchange.fhir.systems import System
from records.dates import day
from records.drawing import Json, at, codings, every, human_name, one_line, phone, text_at
from records.models import Finding, Patient
from records.people.names import fold, search_text
from records.people.restricted import labelled

#: UK Core publishes the status under two code systems.
_VERIFIED: Final = frozenset({"01", "number-present-and-verified"})
_USE_ORDER: Final = ("official", "usual", None, "temp", "nickname", "anonymous", "maiden", "old")


@dataclass(frozen=True, slots=True)
class Demographics:
    """The columns of records.Patient that one source's Patient draws."""

    title: str
    given: str
    family: str
    birth_date: dt.date | None
    birth_date_written: str
    gender: str
    nhs_number: str
    nhs_number_status: str
    address: str
    postcode: str
    phone: str
    usual_gp: str
    deceased: bool
    deceased_on: dt.date | None
    restricted: bool

    @property
    def matchable_number(self) -> str:
        """The NHS number if people may be told apart by it: present, and its check digit right; else ""."""
        return (
            "" if self.nhs_number_status in (Patient.NhsNumber.FAILING, Patient.NhsNumber.ABSENT) else self.nhs_number
        )

    @property
    def findings(self) -> list[tuple[str, str]]:
        """What somebody has to look at whoever the person is: (kind of finding, FHIRPath)."""
        failing = self.nhs_number_status == Patient.NhsNumber.FAILING
        return [(Finding.Kind.FAILING_NUMBER.value, "Patient.identifier")] if failing else []

    @property
    def search_text(self) -> str:
        return search_text(family=self.family, given=self.given, postcode=self.postcode)

    def agrees_with(self, other: "Demographics | Patient") -> bool:
        """Whether full birth date and family name are the same, accents and case apart."""
        same_name = fold(self.family) == fold(other.family) != ""
        return same_name and self.birth_date is not None and self.birth_date == other.birth_date


def demographics(resource: Json, usual_gp: str = "") -> Demographics:
    """What a valid FHIR Patient says of the person. A restricted person's address, phone and GP are not drawn."""
    name = _preferred(every(resource.get("name")), _USE_ORDER)
    home = _preferred(every(resource.get("address")), ("home", None, "temp", "work"))
    hidden = labelled(resource)
    born = text_at(resource, "birthDate")
    number, status = _nhs_number(resource)
    died = resource.get("deceasedDateTime")
    return Demographics(
        title=" ".join(_strings(name.get("prefix")))[:30],
        given=(" ".join(_strings(name.get("given"))) or ("" if name.get("family") else human_name(name)))[:120],
        family=text_at(name, "family")[:120],
        birth_date=day(born),
        birth_date_written=born[:10],
        gender=text_at(resource, "gender")[:10],
        nhs_number=number[:20],
        nhs_number_status=status,
        address="" if hidden else one_line(home)[:300],
        postcode="" if hidden else text_at(home, "postalCode")[:10].upper(),
        phone="" if hidden else phone(resource)[:40],
        usual_gp="" if hidden else usual_gp[:120],
        deceased=bool(died) or resource.get("deceasedBoolean") is True,
        deceased_on=day(died),
        restricted=hidden,
    )


def _strings(values: Any) -> list[str]:
    return [one for one in values or [] if isinstance(one, str)]


def _preferred(several: list[Json], uses: tuple[str | None, ...]) -> Json:
    """The one whose use comes first in `uses`; {} if there is none. Old ones only if nothing else is known."""
    rank = {use: place for place, use in enumerate(uses)}
    return min(several, key=lambda one: rank.get(one.get("use"), len(uses)), default={})


def _nhs_number(resource: Json) -> tuple[str, str]:
    """The NHS number without spaces, and how far it can be trusted."""
    for one in every(resource.get("identifier")):
        value = text_at(one, "value").replace(" ", "").replace("-", "")
        if one.get("system") == System.NHS_NUMBER and value:
            if not modulus_11.is_valid(value):  # type: ignore[attr-defined]
                return value, Patient.NhsNumber.FAILING
            return value, Patient.NhsNumber.VERIFIED if _verified(one) else Patient.NhsNumber.PRESENT
    return "", Patient.NhsNumber.ABSENT


def _verified(identifier: Json) -> bool:
    """UK Core NHSNumberVerificationStatus: number present and verified."""
    status = [e for e in every(identifier.get("extension")) if e.get("url") == System.EXT_NHS_NUMBER_STATUS]
    return any(c.get("code") in _VERIFIED for e in status for c in codings(at(e, "valueCodeableConcept")))
