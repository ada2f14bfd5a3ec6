"""A second validator of FHIR R4: fhirkit-rs, written in another language from the official definitions.

It shares no code and no tables with exchange.fhir.validate. What it does not look at: codes of required bindings, ids,
the form of references, empty objects, and dates that are written right but do not exist. There ours stands alone.
"""

from typing import Any

import fhirkit


def faults(resource: str | bytes | dict[str, Any]) -> list[str]:
    """Why it is not valid R4, one line for each fault: where and what. Empty if it is valid."""
    try:
        found = fhirkit.validate(resource)
    except fhirkit.ParseError as unreadable:
        return [str(unreadable)]
    return [f"{issue.path}: {issue.message}" for issue in found if issue.severity == "error"]
