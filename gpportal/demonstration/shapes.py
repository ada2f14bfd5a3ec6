"""Small builders for FHIR R4 data types, and the writer that keeps decimals as written."""

import html
import json
import re
from decimal import Decimal
from typing import Any

from gpportal.demonstration.clinical_codes import UCUM, UNITS, Code

Json = dict[str, Any]
PROFILES = "https://fhir.hl7.org.uk/StructureDefinition/"
NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_CODE = "https://fhir.nhs.uk/Id/ods-organization-code"

_MARK = re.compile(r'"\\u0000([-0-9.]+)"')


def dumps(resource: Json) -> str:
    """One NDJSON line; a Decimal keeps its digits, so that 142.50 is written 142.50."""
    text = json.dumps(resource, ensure_ascii=False, separators=(",", ":"), default=lambda number: f"\0{number}")
    return _MARK.sub(r"\1", text)


def coding(code: Code) -> Json:
    """FHIR Coding."""
    return {"system": code.system, "code": code.code, "display": code.display}


def concept(*codes: Code | None, text: str | None = None) -> Json:
    """FHIR CodeableConcept from none, one or several codes and what people read."""
    known = [coding(code) for code in codes if code]
    made: Json = {"coding": known} if known else {}
    if text:
        made["text"] = text
    return made


def quantity(value: str, unit: str) -> Json:
    """FHIR Quantity; the value is given as written. A unit that is not among UNITS (such as `tablet`) stays text."""
    made: Json = {"value": Decimal(value)}
    if unit in UNITS:
        return made | {"unit": UNITS[unit], "system": UCUM, "code": unit}
    return made | ({"unit": unit} if unit else {})


def reference(target: str, display: str | None = None) -> Json:
    """FHIR Reference to `Type/id`."""
    return {"reference": target} | ({"display": display} if display else {})


def narrative(*paragraphs: str) -> Json:
    """FHIR Narrative with one paragraph each; the text is escaped."""
    body = "".join(f"<p>{html.escape(paragraph, quote=False)}</p>" for paragraph in paragraphs)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{body}</div>'}


def phone(number: str, use: str = "home") -> Json:
    """FHIR ContactPoint for a telephone number."""
    return {"system": "phone", "value": number, "use": use}


def extension(name: str, **value: Any) -> Json:
    """A UK Core extension by the end of its name."""
    return {"url": f"{PROFILES}Extension-UKCore-{name}"} | value
