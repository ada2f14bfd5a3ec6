"""Is this valid FHIR R4? The models of fhir.resources, and what they let through.

The models (R4B, identical to R4 for every clinical type) refuse unknown elements, missing ones, wrong shapes and bad
dates. They accept wrong codes (`status="banana"`), numbers written as text, references to anything, nulls and empty
arrays; these are checked here against required_codes.json, which is made from the official schema.

No issue ever carries a value from the resource: it may be shown, logged and sent to a partner.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from exchange.fhir import elements, numbers
from exchange.fhir.elements import Issue, known_type, plain

__all__ = ["Issue", "check", "known_type"]

_MOST_ISSUES: Final = 50


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
    return "".join(f"[{part}]" if isinstance(part, int) else f".{plain(part)}" for part in loc if part != "root")


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
        ours = [issue for _, issue in zip(range(_MOST_ISSUES), elements.issues(read, str(name)), strict=False)]
        seen = {issue.expression for issue in ours}
        return ours + [i for i in _by_models(read, str(name)) if i.expression not in seen][: _MOST_ISSUES - len(ours)]
    except numbers.JsonError as wrong:
        return [Issue("structure", "", str(wrong))]
    except RecursionError:
        return [Issue("too-costly", "", "is nested too deeply")]
