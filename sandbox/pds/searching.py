"""PDS's search as an application may use it: exactly one match is given, of several only that there are too many."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from difflib import SequenceMatcher
from typing import Final

from sandbox.bars.names import Json
from sandbox.pds.outcomes import Refused
from sandbox.pds.people import PRACTICE, Known, Register, patient

BASE: Final = "https://api.service.nhs.uk/personal-demographics/FHIR/R4"
_NAMES: Final = ("family", "given")
#: Searching by one of these would tell where a restricted person is, so none is found by them.
_BY_PLACE: Final = ("address-postalcode", "address-postcode", "general-practitioner", "email", "phone")
_FLAGS: Final = ("_fuzzy-match", "_exact-match", "_history")
ALLOWED: Final = frozenset({*_NAMES, *_BY_PLACE, *_FLAGS, "_max-results", "gender", "birthdate", "death-date"})
_DATE: Final = re.compile(r"(eq|ge|le)?(\d{4}-\d{2}-\d{2})")
_LIKE: Final = 0.8

Query = Sequence[tuple[str, str]]


def search(register: Register, query: Query) -> Json:
    """FHIR searchset Bundle of none or one, or an OperationOutcome TOO_MANY_MATCHES. Raises Refused."""
    asked = _checked(query)
    fuzzy = asked.get("_fuzzy-match") == ["true"]
    scored = [(_score(one, asked, fuzzy), one) for one in list(register.people.values())]
    found = [(score, one) for score, one in scored if score]
    if asked.get("_exact-match") == ["true"]:
        found = [(score, one) for score, one in found if score == 1]
    if any(name in asked for name in _BY_PLACE):
        found = [(score, one) for score, one in found if one.label == "U"]
    if len(found) > 1:
        return Refused("TOO_MANY_MATCHES").outcome()
    return _bundle(found)


def _checked(query: Query) -> dict[str, list[str]]:
    if not query:
        raise Refused("UNSUPPORTED_SERVICE")
    asked: dict[str, list[str]] = {}
    for name, value in query:
        if name not in ALLOWED:
            raise Refused("ADDITIONAL_PROPERTIES", "Unrecognised query parameter")
        asked.setdefault(name, []).append(value)
    if asked.get("_max-results", ["1"]) != ["1"]:
        raise Refused("INVALID_VALUE", "Invalid value in field '_max-results'")
    if any(value not in (["true"], ["false"]) for value in (asked.get(flag, ["false"]) for flag in _FLAGS)):
        raise Refused("INVALID_VALUE", "Invalid value of a flag")
    if not asked.get("birthdate"):
        raise Refused("MISSING_VALUE", "Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'")
    if not asked.get("family"):
        raise Refused("INVALID_SEARCH_DATA", "Not enough search parameters were provided")
    if not all(_DATE.fullmatch(one) for one in asked["birthdate"]):
        raise Refused("INVALID_VALUE", "Invalid value in field 'birthdate'")
    if {"address-postalcode", "address-postcode"} <= asked.keys():
        raise Refused("INVALID_SEARCH_DATA", "Both address-postalcode and address-postcode were provided")
    return asked


def _score(one: Known, asked: dict[str, list[str]], fuzzy: bool) -> float:
    """0 for no match, 1 for all as asked; between them only where the search is fuzzy."""
    checks = [_name(one.family, value, fuzzy) for value in asked["family"]]
    checks += [max(_name(given, value, fuzzy) for given in one.given) for value in asked.get("given", [])]
    checks += [float(_born(one.born, value)) for value in asked["birthdate"]]
    checks += [float(one.gender == value.casefold()) for value in asked.get("gender", [])]
    for name in ("address-postalcode", "address-postcode"):
        checks += [float(_packed(one.postcode) == _packed(value)) for value in asked.get(name, [])]
    checks += [float(value.upper() == PRACTICE) for value in asked.get("general-practitioner", [])]
    checks += [float(_packed(one.phone) == _packed(value)) for value in asked.get("phone", [])]
    checks += [0.0 for name in ("email", "death-date") for _ in asked.get(name, [])]
    return min(checks) if all(checks) else 0.0


def _name(held: str, value: str, fuzzy: bool) -> float:
    here, there = held.casefold(), value.casefold()
    if here == there:
        return 1.0
    if fuzzy:
        like = SequenceMatcher(None, _plain(here), _plain(there)).ratio()
        return round(like * 0.95, 4) if like >= _LIKE else 0.0
    stem, star, _ = there.partition("*")
    return 1.0 if star and len(stem) > 1 and here.startswith(stem) else 0.0


def _born(held: str, value: str) -> bool:
    match = _DATE.fullmatch(value)
    if match is None:
        return False
    sign, day = match[1] or "eq", match[2]
    return {"eq": held == day, "ge": held >= day, "le": held <= day}[sign]


def _packed(text: str) -> str:
    return re.sub(r"\s", "", text).casefold()


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _found(one: Known) -> Json:
    """A search gives somewhat less than a retrieval."""
    return {element: value for element, value in patient(one).items() if element != "managingOrganization"}


def _bundle(found: Sequence[tuple[float, Known]]) -> Json:
    made: Json = {
        "resourceType": "Bundle",
        "type": "searchset",
        "timestamp": datetime.now().astimezone().isoformat(timespec="seconds"),
        "total": len(found),
    }
    if found:
        made["entry"] = [
            {"fullUrl": f"{BASE}/Patient/{one.nhs_number}", "search": {"score": score}, "resource": _found(one)}
            for score, one in found
        ]
    return made
