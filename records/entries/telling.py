"""One FHIR resource told in labelled lines, whole: whatever its type, every element that says something has its line.

Pure. What identifies the resource to computers (id, meta, identifiers), and whom it is about, is left out: the page
says that already. Elements are worded by `LABELS`, else by their own name with spaces.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from exchange.fhir.numbers import Number
from records import dosing
from records.dates import moment
from records.drawing import Json, at, codings, every, human_name, number, one_line, text_at, unit, words
from records.entries.words import plain, spaced
from ui.dates import clock, date_full, parts
from ui.units import printed

#: Gives the name of what a Reference points to and, if it is another entry of this patient, where that is shown.
Pointing = Callable[[Json], tuple[str, str]]

_LEFT_OUT: Final = frozenset(
    {"resourceType", "id", "meta", "text", "implicitRules", "language", "identifier", "contained", "linkId"}
    | {"intent", "modifierExtension", "subject", "patient", "url", "system", "userSelected", "fullUrl", "data", "hash"}
    | {"uid", "sopClass"}
)
#: What a resource's `code` is a code of.
_CODED: Final = {
    "AllergyIntolerance": "Allergic to",
    "Condition": "Problem",
    "DiagnosticReport": "Report",
    "Observation": "Test",
    "Procedure": "Procedure",
    "ServiceRequest": "Asked for",
}
#: Elements in clinicians' words; `Type.element` where they depend on what it is an element of.
LABELS: Final = {
    "Appointment.participant": "With",
    "CarePlan.addresses": "For",
    "MedicationRequest.authoredOn": "Prescribed",
    "MedicationRequest.requester": "Prescribed by",
    "abatement": "Ended",
    "appointmentType": "Sort of appointment",
    "authorizingPrescription": "Prescription",
    "birthDate": "Born",
    "birthsex": "Sex at birth",
    "code": "What",
    "contentType": "Sort of file",
    "courseOfTherapyType": "Course",
    "dateTime": "Date",
    "daysSupply": "Lasts for",
    "docStatus": "Document",
    "encounter": "During",
    "hospitalization": "Hospital stay",
    "lotNumber": "Batch number",
    "medication": "Medicine",
    "medium": "Sent by",
    "minutesDuration": "Minutes",
    "mothersMaidenName": "Mother's maiden name",
    "numberOfInstances": "Images",
    "outcomeCodeableConcept": "Outcome",
    "participant": "Who took part",
    "payload": "Message",
    "primarySource": "Said by who gave it",
    "productOrService": "What",
    "receiver": "Given to",
    "substitution": "May be substituted",
    "telecom": "Telephone or e-mail",
    "whenHandedOver": "Handed over",
    "whenPrepared": "Prepared",
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
#: Who made an extension, or of what type it is one: not part of its name.
_WHOSE: Final = re.compile(r"^(?:Extension-)?(?:UKCore-|UKCORE-|CareConnect-|us-core-|[a-z]+-(?=[a-z]+[A-Z]))")
_DEEPEST: Final = 40
#: HL7 codes that are sent with a name that nobody uses, or without one: how somebody was seen, and in what part.
_NAMED: Final = {
    **{"AMB": "Seen in clinic or surgery", "EMER": "Emergency", "HH": "Seen at home", "VR": "By telephone or video"},
    **{
        "IMP": "In hospital",
        "ACUTE": "In hospital, acute",
        "NONAC": "In hospital",
        "SS": "Short stay",
        "FLD": "On site",
    },
    **{
        "ATND": "attending",
        "PPRF": "main clinician",
        "SPRF": "second clinician",
        "CON": "consulted",
        "REF": "referrer",
    },
}
_WEEKDAYS: Final = {
    **{"mon": "Monday", "tue": "Tuesday", "wed": "Wednesday", "thu": "Thursday", "fri": "Friday"},
    **{"sat": "Saturday", "sun": "Sunday"},
}
_COUNTED: Final = frozenset(
    {"year", "month", "week", "day", "hour", "minute", "tablet", "capsule", "drop", "puff", "dose", "unit", "sachet"}
)
_DECIMALS: Final = 4


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

    lines = list(_object(resource, named, 0, str(resource.get("resourceType"))))
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


def _object(node: Json, point: Pointing, level: int, of: str = "") -> Iterator[Line]:
    for element, value in node.items():
        if element in _LEFT_OUT or element.startswith("_") or value in (None, "", [], {}):
            continue
        if element == "extension":
            yield from _extensions(value, point, level)
        else:
            yield from _element(label(element, of), value, point, level)


def label(element: str, of: str = "") -> str:
    """An element's name in words: "Began" for onsetDateTime; "Prescribed by" for the requester `of` a prescription."""
    if element == "code" and of in _CODED:
        return _CODED[of]
    found = _TYPED.sub("", element)
    name = found if found in _VARY else element
    return (
        LABELS.get(f"{of}.{name}")
        or LABELS.get(name)
        or spaced(name.removesuffix("Code") if len(name) > len("Code") else name)
    )


def _extensions(value: Any, point: Pointing, level: int) -> Iterator[Line]:
    """Extensions by the last part of their address, which is the only name they have."""
    for one in every(value):
        name = _WHOSE.sub("", str(one.get("url", "")).rstrip("/").rsplit("/", 1)[-1].rsplit(".", 1)[-1])
        named = label(name[:1].lower() + name[1:])
        yield from _element(named, {k: v for k, v in one.items() if k != "url"}, point, level)


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
    if len(value) == 1 and isinstance(inner := next(iter(value.values())), dict):
        yield from _element(name, inner, point, level)
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
    """A date as people write it, its time as in London; a code without its hyphens; everything else as it stands."""
    if re.match(r"^\d{4}(-\d\d){0,2}(T|$)", value) and parts(value):
        began = moment(value) if "T" in value else None
        time = clock(began) if began else ""
        return date_full(value) + (f", {time}" if time and "00:00" not in (value[11:16], time) else "")
    return value.replace("-", " ") if re.fullmatch(r"[a-z]+(-[a-z]+)+", value) else value


def _datatype(value: Json, point: Pointing) -> tuple[str, str] | None:
    """FHIR's data types in words."""
    keys = set(value) - {"extension", "id"}
    if "actor" in keys and set(value) <= {"actor", "required", "status", "type"}:
        return _taking_part(value, point)
    if keys == {"repeat"} and (said := _timing(value)):
        return said, ""
    if keys == {"value", "currency"}:
        return f"{number(value['value'])} {value['currency']}", ""
    if "text" in keys and keys & {"timing", "doseAndRate", "asNeededBoolean", "sequence"}:
        return _directions(value), ""
    if "reference" in keys or (keys <= {"display", "type", "identifier"} and "display" in keys):
        return point(value)
    if "coding" in keys or (keys <= {"text"} and keys):
        return _concept(value), ""
    if {"system", "code"} <= keys and "value" not in keys:
        return _NAMED.get(str(value["code"])) or plain(str(value.get("display") or value["code"])), ""
    if (
        "value" in keys
        and keys <= {"value", "unit", "code", "system", "comparator"}
        and not isinstance(value["value"], str)
    ):
        return _quantity(value), ""
    if keys and keys <= {"start", "end"}:
        return _period(value), ""
    if keys and keys <= {"low", "high"}:
        return " to ".join(filter(None, (_quantity(value.get("low")), _quantity(value.get("high"))))), ""
    if keys and keys <= {"numerator", "denominator"}:
        return " / ".join(filter(None, (_quantity(value.get("numerator")), _quantity(value.get("denominator"))))), ""
    return _of_people(value, keys)


def _quantity(value: Any) -> str:
    """A Quantity as it is said: "64 years", "×10⁹/L"; a figure that nobody would say is shortened, and told whole."""
    if not isinstance(value, dict) or "value" not in value:
        return ""
    written, unit_ = number(value["value"]), printed(unit(value))
    many = f"{unit_.casefold()}s" if unit_.casefold() in _COUNTED and written != "1" else unit_
    said = " ".join(filter(None, (text_at(value, "comparator"), _shortened(written), many)))
    return said if _shortened(written) == written else f"{said} (sent as {written})"


def _shortened(figure: str) -> str:
    whole, point, decimals = figure.partition(".")
    long = point and decimals.isdigit() and len(decimals) > _DECIMALS and whole.lstrip("-").isdigit()
    return f"{Decimal(figure):.2f}" if long and Decimal(figure).copy_abs() >= 1 else figure


def _timing(value: Json) -> str:
    """How often, and on which days; "" where that is not all that the Timing says."""
    repeat = dict(value["repeat"])
    if any(key.startswith("bounds") for key in repeat):
        return ""
    days = [_WEEKDAYS.get(str(day), "") for day in repeat.pop("dayOfWeek", [])]
    often = dosing.often([{"timing": {"repeat": repeat}}]) if "" not in days else None
    return f"{often}{', on ' + ', '.join(days) if days else ''}" if often else ""


def _taking_part(value: Json, point: Pointing) -> tuple[str, str]:
    """Who takes part in an appointment, and whether they said that they would."""
    who, link = point(value["actor"])
    said = [_simple(one, point) for one in every(value.get("type"))]
    status = str(value.get("status") or "").replace("-", " ")
    apart = [*(text for text, _ in filter(None, said)), status if status != "accepted" else ""]
    apart.append("optional" if value.get("required") == "optional" else "")
    more = ", ".join(filter(None, apart))
    return f"{who} ({more})" if more else who, link


def _directions(value: Json) -> str:
    """A Dosage as its author worded it, with the dose where that says it apart."""
    dose = _quantity(at(value, "doseAndRate.doseQuantity"))
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
    first = next((str(c["code"]) for c in codings(value) if c.get("code")), "")
    said = _NAMED.get(first) or plain(_text(words(value)))
    coded = plain(_text(next((str(c["display"]) for c in codings(value) if c.get("display")), "")))
    if first in _NAMED:
        return said
    return f"{said} (coded as {coded})" if coded and coded.casefold() != said.casefold() else said


def _period(value: Json) -> str:
    start, end = _text(str(value.get("start") or "")), _text(str(value.get("end") or ""))
    return f"{start} to {end}" if start and end else f"since {start}" if start else f"until {end}"
