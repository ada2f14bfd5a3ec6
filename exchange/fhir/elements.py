"""The elements of FHIR R4 as the official schema has them: types, codes of required bindings, and references.

The rules stand in required_codes.json, which exchange.fhir.required_codes_from_schema makes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

_TABLE: Final = Path(__file__).with_name("required_codes.json")
_BASE64: Final = re.compile(r"[0-9A-Za-z+/=\s]+")
_URI: Final = re.compile(r"\S+")
_PLAIN_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")
_ID: Final = r"[A-Za-z0-9\-.]{1,64}"
_RELATIVE: Final = re.compile(rf"([A-Z][A-Za-z]+)(?:/{_ID}(?:/_history/{_ID})?|\?[^\s#]+)")
_URN: Final = r"urn:uuid:[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|urn:oid:[0-2](\.\d+)+|#\S*"
_FOLLOWED: Final = re.compile(rf"https?://[^\s/]+\S*|{_URN}")
#: Published examples also hold bare ids and odd paths, which are URIs and so allowed; they end as a finding.
_ABSOLUTE: Final = re.compile(rf"(?!urn:uuid:|urn:oid:)[^\s#]\S*[^\s/]|{_URN}")
#: Elements that say whose record this is.
_DECIDES: Final = frozenset({"subject", "patient", "beneficiary", "encounter", "individual"})


@dataclass(frozen=True, slots=True)
class Issue:
    """One reason why a resource is not valid (FHIR OperationOutcome.issue)."""

    #: FHIR issue-type: structure, required, value, code-invalid, invalid, not-supported, too-costly.
    code: str
    #: Where: a FHIRPath such as Observation.component[0].valueQuantity.value.
    expression: str
    #: What is wrong, in words, without any value of the resource.
    text: str
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an element must be: exactly one of these is set; none for a string."""

    codes: frozenset[str] | None = None
    complex: str = ""
    number: bool = False
    boolean: bool = False
    #: A string of a form: what is wrong with one that does not have it.
    form: re.Pattern[str] | None = None
    otherwise: str = ""
    resource: bool = False
    #: A Reference; the types it may point to, empty for any.
    targets: frozenset[str] | None = None


_STRING: Final = _Rule()


def _rule(written: str, lists: list[list[str]]) -> _Rule:
    match written[:1]:
        case "=":
            return _Rule(codes=frozenset(lists[int(written[1:])]))
        case "#":
            return _Rule(number=True)
        case "?":
            return _Rule(boolean=True)
        case "b":
            return _Rule(form=_BASE64, otherwise="is not base64")
        case "u":
            return _Rule(form=_URI, otherwise="is not a URI")
        case "*":
            return _Rule(resource=True)
        case ">":
            return _Rule(complex="Reference", targets=frozenset(filter(None, written[1:].split("|"))))
        case "'" | "<":
            return _STRING
        case _:
            return _Rule(complex=written)


@cache
def _rules() -> dict[str, dict[str, _Rule]]:
    """Type → element → rule, read on first use."""
    table = json.loads(_TABLE.read_text())
    made: dict[str, _Rule] = {}
    for elements in table["types"].values():
        for written in elements.values():
            if written not in made:
                made[written] = _rule(written, table["codes"])
    return {name: {e: made[w] for e, w in elements.items()} for name, elements in table["types"].items()}


def known_type(name: object) -> bool:
    """Whether FHIR R4 has a resource type of this name."""
    return isinstance(name, str) and "meta" in _rules().get(name, {}) and "_" not in name


def issues(value: dict[str, Any], path: str) -> Iterator[Issue]:
    name = value.get("resourceType")
    if not known_type(name):
        yield Issue("structure", f"{path}.resourceType", "not a resource type of FHIR R4")
        return
    yield from _element(value, str(name), path)


def _element(element: dict[str, Any], type_name: str, path: str) -> Iterator[Issue]:
    """Issues of one complex element or resource and of all below it."""
    rules = _rules().get(type_name, {})
    for name, value in element.items():
        rule = rules.get(name)
        if type(value) is str and (rule is None or rule is _STRING):
            if not value:
                yield Issue("invalid", f"{path}.{plain(name)}", "is an empty string")
        elif rule is not None:
            below = f"{path}.{name}"
            if type(value) is list:
                yield from _list(value, rule, below, element.get("_" + name))
            else:
                yield from _value(value, rule, below)
        elif name.startswith("_"):
            yield from _beside(value, f"{path}.{plain(name)}", element.get(name[1:]))
        elif value is None:
            yield Issue("structure", f"{path}.{plain(name)}", "is null")


def _list(values: list[Any], rule: _Rule, path: str, beside: Any) -> Iterator[Issue]:
    if not values:
        yield Issue("structure", path, "is an empty array")
    for number, value in enumerate(values):
        if value is None and not rule.complex and _holds(beside, number):
            continue  # FHIR: null keeps the place of a primitive that has only extensions
        yield from _value(value, rule, f"{path}[{number}]")


def _holds(values: Any, number: int) -> bool:
    return isinstance(values, list) and number < len(values) and values[number] is not None


def _beside(value: Any, path: str, primitive: Any) -> Iterator[Issue]:
    """`_given` and the like: ids and extensions of primitives; null keeps a place in an array."""
    if isinstance(value, list):
        if not any(value):
            yield Issue("structure", path, "holds nothing")
        for number, one in enumerate(value):
            if isinstance(one, dict) and one:
                yield from _element(one, "Element", f"{path}[{number}]")
            elif one is not None:
                yield Issue("structure", f"{path}[{number}]", "is not an element")
            elif not _holds(primitive, number):
                yield Issue("structure", f"{path}[{number}]", "is null beside nothing")
    elif not isinstance(value, dict) or not value:
        yield Issue("structure", path, "is not an element")
    else:
        yield from _element(value, "Element", path)


def _value(value: Any, rule: _Rule, path: str) -> Iterator[Issue]:
    """Issues of one value that is not an array."""
    if value is None:
        yield Issue("structure", path, "is null")
    elif rule.complex or rule.resource:
        if not isinstance(value, dict):
            yield Issue("structure", path, "is not an object")
        elif not value:
            yield Issue("structure", path, "is an empty object")
        elif rule.resource:
            yield from issues(value, path)
        else:
            if rule.targets is not None:
                yield from _reference(value, rule.targets, path)
            yield from _element(value, rule.complex, path)
    elif rule.codes is not None:
        if value not in rule.codes if isinstance(value, str) else True:
            yield Issue("code-invalid", path, "is not one of the codes FHIR allows here")
    elif rule.boolean:
        if not isinstance(value, bool):
            yield Issue("value", path, "is not true or false")
    elif rule.number:
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            yield Issue("value", path, "is not a number")
    elif not isinstance(value, str):
        yield Issue("value", path, "is not a string")
    elif not value:
        yield Issue("invalid", path, "is an empty string")
    elif rule.form is not None and not rule.form.fullmatch(value):
        yield Issue("value", path, rule.otherwise)


def _reference(value: dict[str, Any], targets: frozenset[str], path: str) -> Iterator[Issue]:
    """Any URI will do where FHIR says so; where it decides whose record this is, only what can be followed."""
    written = value.get("reference")
    if not isinstance(written, str):
        return
    decides = path.rpartition(".")[2] in _DECIDES
    relative = _RELATIVE.fullmatch(written)
    if relative is None:
        if not (_FOLLOWED if decides else _ABSOLUTE).fullmatch(written):
            yield Issue("value", f"{path}.reference", "is not a reference: neither Type/id, URL, urn:uuid nor #id")
        return
    name = relative[1]
    if not known_type(name):
        yield Issue("value", f"{path}.reference", "refers to a type that FHIR R4 does not have")
    elif decides and targets and name not in targets:
        yield Issue("value", f"{path}.reference", "refers to a type that is not allowed here")
    elif value.get("type", name) != name:
        yield Issue("value", f"{path}.type", "does not agree with the reference")


def plain(name: str) -> str:
    """An element's name, or `?` for something that is none and might be anything."""
    return name if _PLAIN_NAME.fullmatch(name) else "?"
