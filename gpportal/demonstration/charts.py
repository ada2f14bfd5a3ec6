"""What one source holds about one person: resources are added in order and numbered within their type."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from gpportal.demonstration.dates import EPOCH, Calendar, years_before
from gpportal.demonstration.people import Person
from gpportal.demonstration.shapes import PROFILES, Json, reference

# Types without a UK Core profile are left without one.
_UNPROFILED = {"Goal", "QuestionnaireResponse"}
_PATIENT_ELEMENT = {"AllergyIntolerance": "patient", "Immunization": "patient", "RelatedPerson": "patient"}


@dataclass
class Chart:
    """One person's resources at one source (ODS code). Ids are `<local patient id>-<type>-<number>`."""

    source: str
    person: Person
    patient_id: str
    calendar: Calendar
    resources: list[Json] = field(default_factory=list)
    _numbers: Counter[str] = field(default_factory=Counter)

    @property
    def age(self) -> int:
        """Age on the day the story was written, so that the same things happen whatever today is."""
        return years_before(EPOCH, self.person.born)

    def random(self, topic: str) -> Random:
        """A generator of its own for each topic: adding to one topic does not change another."""
        return Random(f"{self.source} {self.patient_id} {topic}")

    def ago(self, days: int) -> date:
        """A date so many days ago, never before birth and never after death."""
        if self.person.died_days_ago is not None:
            days = max(days, self.person.died_days_ago + 1)
        return max(self.calendar.ago(days), self.person.born)

    def patient(self) -> Json:
        """Reference to the person."""
        return reference(f"Patient/{self.patient_id}")

    def add(self, kind: str, *, profile: str | None = None, **elements: Any) -> str:
        """Adds one resource about the person and returns its `Type/id`.

        Elements that are None are left out; an underscore at the end of a name (class_) is dropped.
        """
        self._numbers[kind] += 1
        identity = f"{self.patient_id}-{kind.lower()}-{self._numbers[kind]}"
        resource: Json = {"resourceType": kind, "id": identity}
        if kind not in _UNPROFILED:
            resource["meta"] = {"profile": [f"{PROFILES}UKCore-{profile or kind}"]}
        subject = _PATIENT_ELEMENT.get(kind, "subject")
        resource |= {name.rstrip("_"): value for name, value in elements.items() if value is not None}
        if kind != "Appointment":
            resource[subject] = self.patient()
        self.resources.append(resource)
        return f"{kind}/{identity}"
