"""Is this valid FHIR R4? The models of fhir.resources, and what they let through.

The models (R4B, identical to R4 for every clinical type) refuse unknown elements, missing ones, wrong shapes and bad
dates. They accept wrong codes (`status="banana"`), numbers written as text, references to anything, nulls and empty
arrays; these are checked here against required_codes.json, which is made from the official schema.

No issue ever carries a value from the resource: it may be shown, logged and sent to a partner.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

from exchange.fhir import numbers

_TABLE: Final = Path(__file__).with_name("required_codes.json")
_MOST_ISSUES: Final = 50
_BASE64: Final = re.compile(r"[0-9A-Za-z+/=\s]+")
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


# The second check: our table ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Rule:
    """What an element must be: exactly one of these is set; none for a string."""

    codes: frozenset[str] | None = None
    complex: str = ""
    number: bool = False
    boolean: bool = False
    base64: bool = False
    resource: bool = False
    #: A Reference; the types it may point to, empty for any.
    targets: frozenset[str] | None = None


def _rule(written: str, lists: list[list[str]]) -> _Rule:
    match written[:1]:
        case "=":
            return _Rule(codes=frozenset(lists[int(written[1:])]))
        case "#":
            return _Rule(number=True)
        case "?":
            return _Rule(boolean=True)
        case "b":
            return _Rule(base64=True)
        case "*":
            return _Rule(resource=True)
        case ">":
            return _Rule(complex="Reference", targets=frozenset(filter(None, written[1:].split("|"))))
        case "'" | "<":
            return _Rule()
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


def _resource(value: dict[str, Any], path: str) -> Iterator[Issue]:
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
                yield Issue("invalid", f"{path}.{_plain(name)}", "is an empty string")
        elif rule is not None:
            below = f"{path}.{name}"
            if type(value) is list:
                yield from _list(value, rule, below, element.get("_" + name))
            else:
                yield from _value(value, rule, below)
        elif name.startswith("_"):
            yield from _beside(value, f"{path}.{_plain(name)}", element.get(name[1:]))
        elif value is None:
            yield Issue("structure", f"{path}.{_plain(name)}", "is null")


_STRING: Final = _Rule()


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
            yield from _resource(value, path)
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
    elif rule.base64 and not _BASE64.fullmatch(value):
        yield Issue("value", path, "is not base64")


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


# The first check: the models ------------------------------------------------------------------------------------------
@cache
def _model(type_name: str) -> Any:
    """The model of a type. Imported on first need: all of them cost 100 MB and a second."""
    from fhir.resources.R4B import get_fhir_model_class

    try:
        return get_fhir_model_class(type_name)
    except KeyError:  # a type of R4 that R4B gave up; our own table checks it still
        return None


def _by_models(resource: dict[str, Any], type_name: str) -> Iterator[Issue]:
    from pydantic import ValidationError

    model = _model(type_name)
    if model is None:
        return
    try:
        model.model_validate(resource)
    except ValidationError as refused:
        for error in refused.errors(include_input=False, include_url=False, include_context=False):
            yield Issue(_issue_code(error["type"]), type_name + _fhirpath(error["loc"]), _words(error["type"]))
    except (KeyError, TypeError, AttributeError, ValueError):
        # What the models do on a malformed resource within a resource.
        yield Issue("structure", type_name, "holds a resource that cannot be read")


def _issue_code(kind: str) -> str:
    known = {"missing": "required", "model_field_validation.missing": "required", "extra_forbidden": "structure"}
    return known.get(kind, "value")


def _words(kind: str) -> str:
    known = {
        "missing": "is required and missing",
        "model_field_validation.missing": "is required and missing",
        "extra_forbidden": "is not an element of FHIR R4 here",
        "list_type": "must be an array",
        "value_error": "does not have the form FHIR asks for",
    }
    return known.get(kind, "is not what FHIR allows here")


def _fhirpath(loc: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{_plain(part)}" for part in loc if part != "root")


def _plain(name: str) -> str:
    """An element's name, or `?` for something that is none and might be anything."""
    return name if _PLAIN_NAME.fullmatch(name) else "?"


def check(resource: str | bytes | dict[str, Any]) -> list[Issue]:
    """Every reason why a resource (JSON text, or parsed) is not valid FHIR R4; empty if it is valid. Never raises.

    At most fifty are given.
    """
    try:
        read = numbers.loads(resource) if isinstance(resource, str | bytes) else resource
        if not isinstance(read, dict):
            return [Issue("structure", "", "is not a JSON object")]
        name = read.get("resourceType")
        if not known_type(name):
            return [Issue("structure", "resourceType", "not a resource type of FHIR R4")]
        ours = [issue for _, issue in zip(range(_MOST_ISSUES), _resource(read, str(name)), strict=False)]
        seen = {issue.expression for issue in ours}
        return ours + [i for i in _by_models(read, str(name)) if i.expression not in seen][: _MOST_ISSUES - len(ours)]
    except numbers.JsonError as wrong:
        return [Issue("structure", "", str(wrong))]
    except RecursionError:
        return [Issue("too-costly", "", "is nested too deeply")]
