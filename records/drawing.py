"""Small pure functions that read one thing out of a FHIR resource. records.kinds says which is used for what.

All of them take parsed JSON of valid R4, numbers as exchange.fhir.numbers reads them, and give text as written.
"""

from collections.abc import Callable, Iterator
from typing import Any

from exchange.fhir.numbers import Number

Json = dict[str, Any]
#: Gives the name of what a Reference points to, "" if it is not known.
Naming = Callable[[Any], str]


def at(resource: Any, path: str) -> Any:
    """What stands at a path such as `dosageInstruction.text`: the first one where there are several, else None."""
    found = resource
    for step in path.split("."):
        if isinstance(found, list):
            found = found[0] if found else None
        if not isinstance(found, dict):
            return None
        found = found.get(step)
    return found[0] if isinstance(found, list) and found else found


def text_at(resource: Any, *paths: str) -> str:
    """The first of several paths that holds a string, else ""."""
    for path in paths:
        found = at(resource, path)
        if isinstance(found, str) and found:
            return found
    return ""


def every(element: Any) -> list[Json]:
    """An element as a list of objects, whether FHIR gives one, several or none."""
    found = element if isinstance(element, list) else [element]
    return [one for one in found if isinstance(one, dict)]


def codings(*concepts: Any) -> Iterator[Json]:
    """Every Coding of CodeableConcepts (or bare Codings)."""
    for concept in concepts:
        for one in every(concept):
            if "coding" in one:
                yield from every(one["coding"])
            elif "code" in one and isinstance(one["code"], str):
                yield one


def words(concept: Any) -> str:
    """A CodeableConcept as its author worded it: text, else the chosen coding's display, else the first code."""
    first = next(iter(every(concept)), {})
    if isinstance(first.get("text"), str):
        return str(first["text"])
    known = list(codings(first))
    chosen = [c for c in known if c.get("userSelected") is True] + known
    return next((c["display"] for c in chosen if isinstance(c.get("display"), str)), text_at(first, "coding.code"))


def all_words(concepts: Any) -> str:
    """Several CodeableConcepts in words, separated by commas."""
    return ", ".join(filter(None, (words(one) for one in every(concepts))))


def code(concept: Any) -> str:
    """The first code of a CodeableConcept."""
    return next((str(c["code"]) for c in codings(concept) if c.get("code")), "")


def number(value: Any) -> str:
    """A number as it was written."""
    if isinstance(value, Number):
        return value.written
    return "" if value is None or isinstance(value, bool) else str(value)


def unit(quantity: Any) -> str:
    """The unit of a Quantity, as worded, else its code."""
    return text_at(quantity, "unit", "code")


def quantity(value: Any) -> str:
    """A Quantity in words: "5 mg", "< 3 mmol/L"."""
    if not isinstance(value, dict) or "value" not in value:
        return ""
    return " ".join(filter(None, (text_at(value, "comparator"), number(value["value"]), unit(value))))


def human_name(name: Any) -> str:
    """A HumanName in the order people say it."""
    if not isinstance(name, dict):
        return ""
    parts = [*(name.get("prefix") or []), *(name.get("given") or []), name.get("family")]
    spoken = " ".join(part for part in parts if isinstance(part, str) and part)
    return spoken or text_at(name, "text")


def phone(resource: Any) -> str:
    """The first telephone number that is not old."""
    for telecom in every(resource.get("telecom")):
        if telecom.get("system") in ("phone", "sms", None) and telecom.get("use") != "old":
            return text_at(telecom, "value")
    return ""


def one_line(address: Any) -> str:
    """An Address in one line, without its postcode."""
    if not isinstance(address, dict):
        return ""
    parts = [*(address.get("line") or []), address.get("city"), address.get("district")]
    return ", ".join(p for p in parts if isinstance(p, str) and p) or text_at(address, "text")


def observed(resource: Json) -> tuple[str, str]:
    """Value and unit of an Observation or one of its components; ("", "") where the value is absent."""
    for element, value in resource.items():
        if element.startswith("value"):
            if isinstance(value, dict):
                if "value" in value:
                    return number(value["value"]), unit(value)
                if "low" in value or "high" in value:
                    return _between(value), unit(value.get("high")) or unit(value.get("low"))
                if "numerator" in value:
                    return f"{quantity(value['numerator'])} / {quantity(value.get('denominator'))}", ""
                if "start" in value or "end" in value:
                    return f"{text_at(value, 'start') or '?'} to {text_at(value, 'end') or '?'}", ""
                return words(value), ""
            return (value if isinstance(value, str) else _spoken(value)), ""
    return _pair(resource)


def _between(value: Json) -> str:
    """A Range of which one end may be open: "1 to 3", "from 1", "up to 3"."""
    low, high = (number(at(value, f"{end}.value")) for end in ("low", "high"))
    return f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"


def _spoken(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else number(value)


def _pair(resource: Json) -> tuple[str, str]:
    """Two figures in one unit are read as a pair: blood pressure 138/82 mmHg. Words, and what is only below or above
    a limit, are not."""
    parts = every(resource.get("component"))
    pairs = [observed(one) for one in parts]
    both = 2
    if len(pairs) != both or pairs[0][1] != pairs[1][1] or any(at(one, "valueQuantity.comparator") for one in parts):
        return "", ""
    figures = all(isinstance(at(one, "valueQuantity.value"), int | Number) for one in parts)
    return ("/".join(value for value, _ in pairs), pairs[0][1]) if figures else ("", "")
