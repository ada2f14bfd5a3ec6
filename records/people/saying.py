"""One FHIR Patient read as lines for people: every name, number, address and contact it gives, and what is odd."""

from typing import Final

import nhs_number as modulus_11
from django.utils import timezone

from exchange.fhir.systems import System
from records.drawing import Json, Naming, all_words, at, codings, every, human_name, text_at, words
from ui.dates import date_full

#: Fields in the order of the table, with their labels.
FIELDS: Final = {
    "name": "Name",
    "names": "Other names",
    "birth_date": "Date of birth",
    "gender": "Gender",
    "nhs_number": "NHS number",
    "address": "Address",
    "phone": "Telephone",
    "email": "E-mail",
    "usual_gp": "Usual GP or practice",
    "practice": "Kept by",
    "language": "Language",
    "contact": "Contacts",
    "deceased": "Deceased",
    "inactive": "Record in use",
}
#: What says where somebody is.
HIDDEN_FIELDS: Final = frozenset({"address", "phone", "email", "usual_gp", "practice", "contact"})
_LONGEST: Final = 120
_USES: Final = ("official", "usual", None, "temp", "nickname", "anonymous", "maiden", "old")
_VERIFIED: Final = {"01": "verified", "number-present-and-verified": "verified"}
Says = dict[str, tuple[str, ...]]


def stated(resource: Json, name: Naming) -> tuple[Says, list[str]]:
    """(field -> lines, what is odd about it) of a FHIR Patient; `name` gives the name a Reference points to."""
    names = sorted(every(resource.get("name")), key=_rank)
    says: Says = {
        "name": (_person(names[0]),) if names else (),
        "names": tuple(f"{_person(one)}{_aside(one)}" for one in names[1:]),
        "birth_date": _several(text_at(resource, "birthDate")),
        "gender": _several(text_at(resource, "gender")),
        "nhs_number": _numbers(resource),
        "address": tuple(f"{_home(one)}{_aside(one)}" for one in every(resource.get("address"))),
        "phone": _telecoms(resource, ("phone", "sms", "fax", "pager", None)),
        "email": _telecoms(resource, ("email", "url", "other")),
        "usual_gp": tuple(filter(None, (name(one) for one in every(resource.get("generalPractitioner"))))),
        "practice": _several(name(resource.get("managingOrganization"))),
        "language": tuple(filter(None, (words(one.get("language")) for one in every(resource.get("communication"))))),
        "contact": tuple(filter(None, (_contact(one) for one in every(resource.get("contact"))))),
        "deceased": _deceased(resource),
        "inactive": ("No: marked as no longer in use",) if resource.get("active") is False else (),
    }
    return {field: tuple(filter(None, lines)) for field, lines in says.items()}, odd(resource, names)


def odd(resource: Json, names: list[Json]) -> list[str]:
    """What somebody should know of how this was written, in sentences."""
    found = []
    born = text_at(resource, "birthDate")
    if not born:
        found.append("gives no date of birth")
    elif len(born) < len("2000-01-01"):
        found.append("knows only the year of birth" if len(born) == 4 else "knows only month and year of birth")
    if born[:10] > timezone.localdate().isoformat():
        found.append("gives a date of birth in the future")
    if not names:
        found.append("gives no name")
    if sum(one.get("use") == "official" for one in names) > 1:
        found.append("gives several official names")
    if any(len(_person(one)) > _LONGEST for one in names):
        found.append("gives a name too long to be shown whole elsewhere")
    if any(e.get("url") == str(System.EXT_PATIENT_ANIMAL) for e in every(resource.get("extension"))):
        found.append("says that this is an animal")
    return found


def _several(*lines: str) -> tuple[str, ...]:
    return tuple(filter(None, lines))


def _rank(name: Json) -> int:
    return _USES.index(name.get("use")) if name.get("use") in _USES else len(_USES)


def _person(name: Json) -> str:
    """SMITH, Jane Ann (Mrs); what cannot be taken apart as it was written."""
    family = text_at(name, "family")
    given = " ".join(one for one in name.get("given") or [] if isinstance(one, str))
    if not family and not given:
        return human_name(name)
    prefix = " ".join(one for one in name.get("prefix") or [] if isinstance(one, str))
    return f"{family.upper()}, {given}".strip(", ") + (f" ({prefix})" if prefix else "")


def _aside(element: Json) -> str:
    """(old, until 3 May 2019)"""
    until, since = text_at(element, "period.end"), text_at(element, "period.start")
    parts = [
        text_at(element, "use"),
        f"from {date_full(since)}" if since else "",
        f"until {date_full(until)}" if until else "",
    ]
    said = ", ".join(filter(None, parts))
    return f" ({said})" if said else ""


def _numbers(resource: Json) -> tuple[str, ...]:
    return tuple(_number(one) for one in every(resource.get("identifier")) if one.get("system") == System.NHS_NUMBER)


def _number(identifier: Json) -> str:
    value = text_at(identifier, "value").replace(" ", "").replace("-", "")
    if not value:
        return ""
    if not modulus_11.is_valid(value):  # type: ignore[attr-defined]
        return f"{value} (fails its check digit)"
    extensions = [e for e in every(identifier.get("extension")) if e.get("url") == System.EXT_NHS_NUMBER_STATUS]
    found = [_VERIFIED.get(str(c.get("code"))) for e in extensions for c in codings(at(e, "valueCodeableConcept"))]
    return f"{value} ({next(filter(None, found), 'not verified')})"


def _home(address: Json) -> str:
    lines = [one for one in address.get("line") or [] if isinstance(one, str)]
    parts = [*lines, *(text_at(address, part) for part in ("city", "district", "state", "postalCode", "country"))]
    return ", ".join(filter(None, parts)) or text_at(address, "text")


def _telecoms(holder: Json, systems: tuple[str | None, ...]) -> tuple[str, ...]:
    found = [one for one in every(holder.get("telecom")) if one.get("system") in systems and text_at(one, "value")]
    return tuple(f"{text_at(one, 'value')}{_aside(one)}" for one in found)


def _contact(contact: Json) -> str:
    name = human_name(contact.get("name"))
    parts = [all_words(contact.get("relationship")), name, *_telecoms(contact, ("phone", "sms", "email", None))]
    return ", ".join(filter(None, parts))


def _deceased(resource: Json) -> tuple[str, ...]:
    if died := text_at(resource, "deceasedDateTime"):
        return (f"Yes, on {date_full(died) or died}",)
    said = resource.get("deceasedBoolean")
    return () if said is None else ("Yes" if said is True else "No",)
