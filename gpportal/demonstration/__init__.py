"""The demonstration practice: five hundred invented people, generated afresh and always the same.

Pure: no Django, no database, no network. `generate` gives (source ODS code, FHIR R4 resource as a plain dict); ids do
not depend on the day, recent dates do. Decimals are `decimal.Decimal`; write a resource with `dumps`, which keeps them
as written. Nothing here is about a real person: NHS numbers are of the 999 range, telephone numbers of Ofcom's drama
ranges, and no British postcode begins with ZZ.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from gpportal.demonstration.appointments import appointments
from gpportal.demonstration.dates import Calendar
from gpportal.demonstration.places import CITYVIEW, INFIRMARY, ORGANISATIONS, PRACTITIONERS, RIVERSIDE
from gpportal.demonstration.shapes import dumps
from gpportal.demonstration.sources import cityview_resources, infirmary_resources, riverside_resources

__all__ = ["ORGANISATIONS", "PRACTITIONERS", "SOURCES", "appointments", "dumps", "generate", "write"]

# Source ODS code -> what makes its resources, in the order in which they are to be taken in.
SOURCES = {RIVERSIDE: riverside_resources, INFIRMARY: infirmary_resources, CITYVIEW: cityview_resources}


def generate(today: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """(source ODS code, FHIR R4 resource) of every resource; within a source, what is referred to comes first."""
    calendar = Calendar(today)
    for source, resources in SOURCES.items():
        for resource in resources(calendar):
            yield source, resource


def write(directory: Path, today: date) -> dict[str, int]:
    """Writes one NDJSON file per source into a directory and returns how many resources each holds."""
    directory.mkdir(parents=True, exist_ok=True)
    counts = {}
    calendar = Calendar(today)
    for source, resources in SOURCES.items():
        lines = [dumps(resource) for resource in resources(calendar)]
        (directory / f"{source}.ndjson").write_text("\n".join(lines) + "\n", encoding="utf-8")
        counts[source] = len(lines)
    return counts
