"""The generated practice, made once for the tests of this folder."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from gpportal.demonstration import generate

Json = dict[str, Any]
TODAY = date(2026, 11, 23)
LATER = date(2028, 2, 29)
PEOPLE_OF = {"Y90001": "rs-", "RZZ01": "ni-", "VZZ01": "cv-"}


class Practice:
    """Everything generated for one day, and ways to find things in it."""

    def __init__(self, today: date) -> None:
        self.sources: dict[str, list[Json]] = defaultdict(list)
        for source, resource in generate(today):
            self.sources[source].append(resource)
        self._charts: dict[str, list[Json]] = defaultdict(list)
        for resource in self.all():
            self._charts[_patient_of(resource)].append(resource)

    def all(self) -> Iterator[Json]:
        """Every resource of every source."""
        for resources in self.sources.values():
            yield from resources

    def of(self, kind: str, source: str = "Y90001") -> list[Json]:
        """Resources of one type from one source."""
        return [resource for resource in self.sources[source] if resource["resourceType"] == kind]

    def chart(self, patient_id: str, kind: str) -> list[Json]:
        """Resources of one type about one Patient."""
        return [resource for resource in self._charts[patient_id] if resource["resourceType"] == kind]

    def same_person(self, patient: Json, source: str) -> Json | None:
        """The Patient of another source with the same NHS number."""
        return next((other for other in self.of("Patient", source) if number_of(other) == number_of(patient)), None)


def _patient_of(resource: Json) -> str:
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    subject = resource.get("subject") or resource.get("patient") or {}
    return str(subject.get("reference", "")).removeprefix("Patient/")


def number_of(patient: Json) -> str | None:
    """NHS number of a Patient."""
    numbers = [row["value"] for row in patient["identifier"] if row["system"] == "https://fhir.nhs.uk/Id/nhs-number"]
    return numbers[0] if numbers else None


def walk(value: Any) -> Iterator[Json]:
    """Every JSON object within a value, itself included."""
    if isinstance(value, dict):
        yield value
        for part in value.values():
            yield from walk(part)
    elif isinstance(value, list):
        for part in value:
            yield from walk(part)


@pytest.fixture(scope="session")
def practice() -> Practice:
    """The practice on the day on which its story was written."""
    return Practice(TODAY)


@pytest.fixture(scope="session")
def later() -> Practice:
    """The same practice more than a year on, on a day that few years have."""
    return Practice(LATER)
