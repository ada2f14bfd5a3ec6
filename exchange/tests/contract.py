"""The published BaRS contract (API 1.4.0, read where it lies, never copied), and a check against its schemas.

Its schemas are drawn from one example each: nothing is required, and where they forbid further properties they forbid
what the published examples themselves carry. So a property that FHIR R4 has and the schema does not is no fault; a
type, a format, an enumeration or a pattern that is not kept is one, but for what NOT_R4 names.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, FormatChecker

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "openapi" / "bars-1.4.0"
present = pytest.mark.skipif(not FOLDER.is_dir(), reason="no ../shared/data/openapi/bars-1.4.0")


#: Where the schemas contradict FHIR R4, as the API's own examples do: elements by name, and why R4 is kept.
NOT_R4 = {
    "useContext": "its code is written as a list; in R4 it is one Coding",
    "security": "CapabilityStatement.rest.security is written as a list; in R4 there is one",
}


@cache
def published() -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = json.loads((FOLDER / "booking-and-referral-1.4.0.json").read_text(encoding="utf-8"))
    return found


@cache
def _validator(schema: str) -> Draft4Validator:
    name = published()["components"]["schemas"][schema]["$ref"]
    return Draft4Validator(json.loads((FOLDER / name).read_text(encoding="utf-8")), format_checker=FormatChecker())


def faults(value: Any, schema: str) -> list[str]:
    """Where a value breaks the named schema of the contract.

    The schema of a message's entries is one for all of them, drawn together from several resources: only for the
    MessageHeader, which comes first, does it say anything certain. Of the others the R4 validators tell.
    """
    return [
        f"{error.json_path}: {error.message}"
        for error in _validator(schema).iter_errors(value)
        if error.validator != "additionalProperties"
        and not (schema == "MessageBundle" and list(error.path)[:1] == ["entry"] and list(error.path)[1] != 0)
        and not NOT_R4.keys() & set(error.path)
    ]


def answer_schema(path: str, method: str = "get", status: str = "200") -> str:
    """The name of the schema that the contract gives for an answer."""
    content = published()["paths"][path][method]["responses"][status]["content"]
    return str(next(iter(content.values()))["schema"]["$ref"]).rpartition("/")[2]


def told(path: str, status: int, content: str) -> list[str]:
    """Where an answer to GET `path` (such as ServiceRequest or ServiceRequest/1) breaks the contract, if it is here."""
    if not FOLDER.is_dir():
        return []
    kind, _, one = path.partition("/")
    address = f"/{kind}/{{id}}" if one else f"/{kind}"
    return faults(json.loads(content), answer_schema(address) if status == 200 else "OperationalOutcome")


def required_headers(path: str) -> set[str]:
    """Names of the headers that the contract requires at an address."""
    parameters = published()["components"]["parameters"]
    named = [one["$ref"].rpartition("/")[2] for one in published()["paths"][path]["parameters"]]
    found = [parameters[name] for name in named]
    return {one["name"] for one in found if one["in"] == "header" and one.get("required")}


def codes(status: int) -> set[str]:
    """The error codes that the contract publishes for an HTTP status."""
    responses = published()["components"]["responses"]
    rows = (responses["4XX-BARS"]["description"] + responses["5XX-BARS"]["description"]).splitlines()
    cells = [[cell.strip() for cell in row.split("|")] for row in rows if row.startswith("|")]
    return {row[2] for row in cells if row[1] == str(status)}
