"""One FHIR resource told in labelled lines, whole: whatever its type, every element that says something has its line.

Pure. What identifies the resource to computers (id, meta, identifiers), and whom it is about, is left out: the page
says that already. Elements are worded by `LABELS`, else by their own name with spaces.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from exchange.fhir.numbers import Number
from records.drawing import Json, at, codings, every, human_name, number, one_line, quantity, text_at, words
from records.entries.words import spaced
from ui.dates import date_full, parts

#: Gives the name of what a Reference points to and, if it is another entry of this patient, where that is shown.
Pointing = Callable[[Json], tuple[str, str]]

_LEFT_OUT: Final = frozenset(
    {"resourceType", "id", "meta", "text", "implicitRules", "language", "identifier", "contained", "linkId"}
    | {"intent", "modifierExtension", "subject", "patient", "url", "system", "userSelected", "fullUrl", "data", "hash"}
)
#: Elements in clinicians' words.
LABELS: Final = {
    "abatement": "Ended",
    "achievementStatus": "Achieved",
    "asserter": "Said by",
    "authored": "Written",
    "authoredOn": "Written",
    "author": "Written by",
    "bodySite": "Where on the body",
    "clinicalStatus": "Status",
    "component": "Parts",
    "dataAbsentReason": "Why there is no value",
    "dateAsserted": "Said on",
    "dosage": "Directions",
    "dosageInstruction": "Directions",
    "effective": "When",
    "expressedBy": "Wished by",
    "hasMember": "Consists of",
    "individual": "Who",
    "informationSource": "Said by",
    "interpretation": "Marked",
    "issued": "Reported",
    "lifecycleStatus": "Status",
    "manifestation": "Reaction",
    "note": "Note",
    "occurrence": "When",
    "onset": "Began",
    "performed": "When",
    "performer": "By",
    "period": "When",
    "recordedDate": "Recorded",
    "recorder": "Recorded by",
    "referenceRange": "Usual range",
    "requester": "Asked for by",
    "result": "Results",
    "serviceProvider": "Provided by",
    "statusReason": "Why",
    "vaccineCode": "Vaccine",
    "verificationStatus": "Certainty",
    "managingOrganization": "Looked after by",
}
#: Endings of the names of elements whose type can vary (value[x], onset[x] …).
_TYPED: Final = re.compile(
    r"(?<=[a-z])(DateTime|Period|String|Quantity|CodeableConcept|Range|Ratio|Boolean|Integer|Reference|Age|Instant|Time"
    r"|Date|Timing|SampledData|Uri|Code|Attachment|PositiveInt|UnsignedInt|Decimal|Coding|Money|Duration|Count)$"
)
_VARY: Final = frozenset(
    {"value", "onset", "abatement", "effective", "performed", "occurrence", "medication", "deceased", "multipleBirth"}
    | {"scheduled", "asNeeded", "dose", "rate", "allowed", "product", "reported", "answer", "born", "age", "detail"}
    | {"timing", "serviced", "location", "diagnosis", "procedure", "doseNumber", "seriesDoses", "due", "start"}
)
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it says of what, how deep it stands, and where more of it is shown ("" if nowhere)."""

    label: str
    text: str
    level: int = 0
    link: str = ""


def told(resource: Json, point: Pointing) -> list[Line]:
    """Every element of a valid resource in lines, in its own order; a heading line has no text."""
    contained = {f"#{one.get('id')}": one for one in every(resource.get("contained"))}

    def named(reference: Json) -> tuple[str, str]:
        inner = contained.get(str(reference.get("reference")))
        if inner is not None and not reference.get("display"):
            return _called(inner), ""
        return point(reference)

    lines = list(_object(resource, named, 0))
    for inner in contained.values():
        within = list(_object(inner, named, 1))
        if within:
            lines += [Line(spaced(str(inner.get("resourceType", "Part"))), ""), *within]
    return lines


def _called(resource: Json) -> str:
    """What a contained resource is called."""
    return words(resource.get("code")) or human_name(next(iter(every(resource.get("name"))), None)) or _title(resource)


def _title(resource: Json) -> str:
    return text_at(resource, "name", "title", "description") or spaced(str(resource.get("resourceType", "")))


def _object(node: Json, point: Pointing, level: int) -> Iterator[Line]:
    for element, value in node.items():
        if element in _LEFT_OUT or element.startswith("_") or value in (None, "", [], {}):
            continue
        if element == "extension":
            yield from _extensions(value, point, level)
        else:
            yield from _element(label(element), value, point, level)


def label(element: str) -> str:
    """An element's name in words: "Began" for onsetDateTime."""
    found = _TYPED.sub("", element)
    name = found if found in _VARY else element
    return LABELS.get(name) or spaced(name.removesuffix("Code") if len(name) > len("Code") else name)


def _extensions(value: Any, point: Pointing, level: int) -> Iterator[Line]:
    """Extensions by the last part of their address, which is the only name they have."""
    for one in every(value):
        name = str(one.get("url", "")).rstrip("/").rsplit("/", 1)[-1].rsplit("-", 1)[-1]
        yield from _element(
            spaced(name[:1].lower() + name[1:]), {k: v for k, v in one.items() if k != "url"}, point, level
        )


def _element(name: str, value: Any, point: Pointing, level: int) -> Iterator[Line]:
    values = value if isinstance(value, list) else [value]
    simple = [_simple(one, point) for one in values]
    whole = [one for one in simple if one is not None]
    if len(whole) == len(values) and not any(link for _, link in whole):
        text = "\n".join(text for text, _ in whole if text)
        if text:
            yield Line(name, text, level)
        return
    for one, short in zip(values, simple, strict=True):
        if short is not None:
            if short[0]:
                yield Line(name, short[0], level, short[1])
        elif isinstance(one, dict) and level < _DEEPEST:
            yield from _part(name, one, point, level)


def _part(name: str, value: Json, point: Pointing, level: int) -> Iterator[Line]:
    """A structure: a question with its answers, a part of a result with its value, else a heading and what is below."""
    if "linkId" in value:
        yield from _question(value, point, level)
        return
    if "code" in value and any(key.startswith("value") or key == "dataAbsentReason" for key in value):
        yield Line(words(value["code"]) or "Unnamed part", "", level)
        yield from _object({k: v for k, v in value.items() if k != "code"}, point, level + 1)
        return
    below = list(_object(value, point, level + 1))
    if len(below) == 1 and not below[0].link:
        yield Line(name, below[0].text or below[0].label, level)
    elif below:
        yield Line(name, "", level)
        yield from below


def _question(value: Json, point: Pointing, level: int) -> Iterator[Line]:
    """An item of a QuestionnaireResponse: the question, its answers, and what was asked below it."""
    asked = str(value.get("text") or value["linkId"])
    answers = every(value.get("answer"))
    said = [_simple(v, point) for a in answers for k, v in a.items() if k.startswith("value")]
    yield Line(asked, "\n".join(text for text, _ in filter(None, said)), level)
    for inner in (*every(value.get("item")), *(i for a in answers for i in every(a.get("item")))):
        if level < _DEEPEST:
            yield from _part("", inner, point, level + 1)


def _simple(value: Any, point: Pointing) -> tuple[str, str] | None:
    """(words, link) of what fits on one line; None for a structure."""
    if isinstance(value, bool):
        return ("yes" if value else "no"), ""
    if isinstance(value, str):
        return _text(value), ""
    if isinstance(value, Number | int | float):
        return number(value), ""
    if not isinstance(value, dict):
        return None
    return _datatype(value, point)


def _text(value: str) -> str:
    """A date as people write it; a code without its hyphens; everything else as it stands."""
    if re.match(r"^\d{4}(-\d\d){0,2}(T|$)", value) and parts(value):
        clock = value[11:16] if "T" in value else ""
        return f"{date_full(value)}{', ' + clock if clock and clock != '00:00' else ''}"
    return value.replace("-", " ") if re.fullmatch(r"[a-z]+(-[a-z]+)+", value) else value


def _datatype(value: Json, point: Pointing) -> tuple[str, str] | None:
    """FHIR's data types in words."""
    keys = set(value) - {"extension", "id"}
    if "text" in keys and keys & {"timing", "doseAndRate", "asNeededBoolean", "sequence"}:
        return _directions(value), ""
    if "reference" in keys or (keys <= {"display", "type", "identifier"} and "display" in keys):
        return point(value)
    if "coding" in keys or (keys <= {"text"} and keys):
        return _concept(value), ""
    if {"system", "code"} <= keys and "value" not in keys:
        return str(value.get("display") or value["code"]), ""
    if (
        "value" in keys
        and keys <= {"value", "unit", "code", "system", "comparator"}
        and not isinstance(value["value"], str)
    ):
        return quantity(value), ""
    if keys and keys <= {"start", "end"}:
        return _period(value), ""
    if keys and keys <= {"low", "high"}:
        return " to ".join(filter(None, (quantity(value.get("low")), quantity(value.get("high"))))), ""
    if keys and keys <= {"numerator", "denominator"}:
        return " / ".join(filter(None, (quantity(value.get("numerator")), quantity(value.get("denominator"))))), ""
    return _of_people(value, keys)


def _directions(value: Json) -> str:
    """A Dosage as its author worded it, with the dose where that says it apart."""
    dose = quantity(at(value, "doseAndRate.doseQuantity"))
    return str(value["text"]) + (f" ({dose} each time)" if dose and dose not in value["text"] else "")


def _of_people(value: Json, keys: set[str]) -> tuple[str, str] | None:
    """Names, addresses, telephones and remarks."""
    if keys & {"family", "given"}:
        return human_name(value), ""
    if keys & {"line", "city", "postalCode"}:
        return ", ".join(filter(None, (one_line(value), str(value.get("postalCode") or "")))), ""
    if "value" in keys and keys <= {"system", "value", "use", "rank", "period"}:
        return str(value["value"]), ""
    if "text" in keys and keys <= {"text", "time", "authorString", "authorReference"}:
        when = date_full(str(value.get("time") or ""))
        return str(value["text"]) + (f" ({when})" if when else ""), ""
    return None


def _concept(value: Json) -> str:
    """A CodeableConcept as worded, and its coded name where that says something else."""
    said = words(value)
    coded = next((str(c["display"]) for c in codings(value) if c.get("display")), "")
    return f"{said} (coded as {coded})" if coded and coded.casefold() != said.casefold() else said


def _period(value: Json) -> str:
    start, end = _text(str(value.get("start") or "")), _text(str(value.get("end") or ""))
    return f"{start} to {end}" if start and end else f"since {start}" if start else f"until {end}"
