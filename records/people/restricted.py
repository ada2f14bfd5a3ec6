"""Restricted people (PDS: v3-Confidentiality R, V): where they are is shown to nobody. The one home of that rule.

Whoever says it, and whatever older copies hold: no address, no telephone or e-mail, no GP or surgery they are
registered with, no place of care, nor those of their contacts. `redacted` takes them out of one FHIR resource by
element, and what is known of them (`Whereabouts`) also out of free text. What was received stays stored; nothing of it
is read past here. See docs/adr/0018.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from exchange.fhir import numbers
from exchange.fhir.systems import System
from records.drawing import Json, every, one_line
from records.models import Patient, Resource, ResourceVersion

#: Codes of v3-Confidentiality: restricted, very restricted.
LABELS: Final = ("R", "V")
#: What stands in a text where something was taken out.
NOT_SHOWN: Final = "[not shown]"
#: Elements that say where somebody is or by whom they are looked after, at whatever depth of whatever type.
_WHERE: Final = frozenset(
    {"address", "telecom", "generalPractitioner", "managingOrganization", "serviceProvider", "location"}
    | {"locationReference", "locationCode"}
)
#: Of these nothing but structured elements is shown: their narrative and contained resources repeat the rest.
_ABOUT_PEOPLE: Final = frozenset({"Patient", "RelatedPerson", "Person"})
_EXTENSIONS: Final = frozenset(
    str(one) for one in (System.EXT_NOMINATED_PHARMACY, System.EXT_DISPENSING_DOCTOR, System.EXT_APPLIANCE_SUPPLIER)
)
_TEXTS: Final = ("text/", "application/json", "application/fhir+json", "application/json+fhir", "application/xhtml")
#: Elements that hold no words.
_NO_WORDS: Final = frozenset({"resourceType", "id", "reference", "system", "url", "fullUrl", "versionId", "data"})
_GAP: Final = r"(?:[\s,;]|<br\s*/?>)+"
_LEAST_LINE: Final = 6
_LEAST_DIGITS: Final = 7


def labelled(resource: Json) -> bool:
    """Whether a resource is labelled restricted (meta.security, v3-Confidentiality R or V)."""
    labels = every((resource.get("meta") or {}).get("security"))
    return any(one.get("system") == System.CONFIDENTIALITY and one.get("code") in LABELS for one in labels)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Every address, postcode, telephone number and e-mail known of somebody, as one pattern; None if none is."""

    pattern: re.Pattern[str] | None = None

    def mask(self, text: str) -> str:
        """The text without them."""
        return self.pattern.sub(NOT_SHOWN, text) if self.pattern else text

    def mask_all(self, value: Any) -> Any:
        """The same for every text within lists and dictionaries, but for ids and references."""
        match value:
            case str():
                return self.mask(value)
            case list():
                return [self.mask_all(one) for one in value]
            case dict():
                return {key: one if key in _NO_WORDS else self.mask_all(one) for key, one in value.items()}
        return value


NOWHERE: Final = Whereabouts()


def whereabouts(people: Iterable[Json]) -> Whereabouts:
    """What FHIR Patients and RelatedPersons say of where people are. House names and towns alone are left: they are
    also words of everyday language."""
    found: set[str] = set()
    for person in people:
        for holder in (person, *every(person.get("contact"))):
            for address in every(holder.get("address")):
                found |= _of_address(address)
            for telecom in every(holder.get("telecom")):
                found |= _of_telecom(str(telecom.get("value") or ""))
    if not found:
        return NOWHERE
    longest_first = sorted(found, key=lambda one: (-len(one), one))
    return Whereabouts(re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE))


def _of_address(address: Json) -> set[str]:
    lines = [one for one in address.get("line") or [] if isinstance(one, str)]
    text = address.get("text")
    wholes = [one_line(address), ", ".join(lines), text if isinstance(text, str) else ""]
    parts = [one for one in lines if len(one) >= _LEAST_LINE and len(one.split()) > 1]
    found = {_spaced(one) for one in (*wholes, *parts) if len(one) >= _LEAST_LINE}
    postcode = re.sub(r"\s", "", str(address.get("postalCode") or ""))
    if len(postcode) >= _LEAST_LINE - 1:
        found.add(rf"{re.escape(postcode[:-3])}\s?{re.escape(postcode[-3:])}")
    return found


def _of_telecom(value: str) -> set[str]:
    digits = re.sub(r"\D", "", value)
    if "@" in value or len(digits) < _LEAST_DIGITS:
        return {re.escape(value.strip())} if len(value.strip()) >= _LEAST_LINE else set()
    national = re.sub(r"^(?:0044|44(?=\d{10})|0)", "", digits)
    return {r"(?:(?:\+|00)44[\s().-]*)?[\s(]*0?" + r"[\s().-]*".join(national)}


def _spaced(text: str) -> str:
    return _GAP.join(re.escape(one) for one in re.split(r"[\s,;]+", text.strip(" ,;")) if one)


# A resource as it may be shown ----------------------------------------------------------------------------------------
def redacted(resource: Json, where: Whereabouts) -> Json:
    """One FHIR resource of a restricted person without where they are. The one given is left as it is."""
    kept: Json = where.mask_all(_without(resource))
    if kept.get("resourceType") in _ABOUT_PEOPLE:
        kept = {element: value for element, value in kept.items() if element not in ("text", "contained")}
    masked: Json = _texts_masked(kept, where)
    return masked


def _without(node: Any) -> Any:
    if isinstance(node, list):
        return [_without(one) for one in node if not _is_where(one)]
    if isinstance(node, dict):
        return {key: _without(value) for key, value in node.items() if not (key in _WHERE or _is_where(value))}
    return node


def _is_where(value: Any) -> bool:
    """A reference to a place, or an extension that names who supplies somebody near their home."""
    if not isinstance(value, dict):
        return False
    reference = value.get("reference")
    points = value.get("type") == "Location" or (isinstance(reference, str) and reference.startswith("Location/"))
    return (points and isinstance(reference, str)) or value.get("url") in _EXTENSIONS


def _texts_masked(node: Any, where: Whereabouts) -> Any:
    """Inline data that is text (a letter's HTML, a FHIR document) masked too; pictures and PDF stay as they are."""
    if isinstance(node, list):
        return [_texts_masked(one, where) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: _texts_masked(value, where) for key, value in node.items()}
    data, kind = found.get("data"), found.get("contentType")
    if isinstance(data, str) and isinstance(kind, str) and kind.casefold().startswith(_TEXTS):
        found["data"] = _data_masked(data, where)
    return found


def _data_masked(data: str, where: Whereabouts) -> str:
    try:
        text = base64.b64decode(re.sub(r"\s", "", data), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return data
    masked = where.mask(text)
    return base64.b64encode(masked.encode()).decode() if masked != text else data


# What is known of whom ------------------------------------------------------------------------------------------------
def where_of(people: Iterable[UUID]) -> Whereabouts:
    """What all sources have ever said of where these people (one person, under every id of theirs) are."""
    said = Resource.objects.filter(patient__in=list(people), type__in=("Patient", "RelatedPerson"))
    bodies = [*said.values_list("body", flat=True)]
    bodies += ResourceVersion.objects.filter(resource__in=said).values_list("body", flat=True)
    return whereabouts(numbers.loads(body) for body in bodies)


def everyone_same(person: UUID) -> list[UUID]:
    """Every id of somebody: theirs, and of those found to be the same person, whichever is asked."""
    root = person
    while (into := Patient.objects.filter(pk=root).values_list("merged_into", flat=True).first()) is not None:
        root = into
    found, level = {root}, {root}
    while level := set(Patient.objects.filter(merged_into__in=level).values_list("pk", flat=True)) - found:
        found |= level
    return list(found)


def wheres(people: Iterable[UUID | None]) -> dict[UUID | None, Whereabouts]:
    """Of those among several people who are restricted, where they are; the others are not in it."""
    asked = {one for one in people if one}
    hidden = Patient.objects.filter(pk__in=asked, restricted=True).values_list("pk", flat=True) if asked else ()
    return {one: where_of(everyone_same(one)) for one in hidden}


def is_restricted(person: UUID | None) -> bool:
    return person is not None and Patient.objects.filter(pk=person, restricted=True).exists()


def shown(body: str, person: UUID | None) -> str:
    """The FHIR JSON text of a resource of `person` as it may be shown: unchanged unless they are restricted."""
    if not is_restricted(person):
        return body
    assert person is not None
    return numbers.dumps(redacted(numbers.loads(body), where_of(everyone_same(person))))


def wording_of(patient: Patient) -> Whereabouts:
    """What must not stand in a text about this patient: of most people nothing."""
    return where_of(everyone_same(patient.pk)) if patient.restricted else NOWHERE
