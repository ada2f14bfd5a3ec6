"""What references point to, by name: remembered for the length of an ingest, asked of the store where it is not."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from records import kinds
from records.drawing import Json, Naming, every
from records.ingest import rows
from records.ingest.persons import links
from records.ingest.references import Pointer

#: Types that are called by a name where something refers to them.
NAMED: Final = frozenset(
    {"Practitioner", "PractitionerRole", "Organization", "Location", "Medication", "HealthcareService", "RelatedPerson"}
    | {"Device", "CareTeam", "Patient"}
)
_MOST: Final = 100_000


class _Pointing(Protocol):
    row: UUID
    pointers: list[Pointer]


class Names:
    """Names and people by row. Forgets everything when it grows too large, and asks again."""

    def __init__(self) -> None:
        self._names: dict[UUID, str] = {}
        self._people: dict[UUID, UUID] = {}

    def __call__(self, reference: Any) -> str:
        """The display of a Reference, else the name of the row it points to, else ""."""
        if not isinstance(reference, dict):
            return ""
        if reference.get("display"):
            return str(reference["display"])
        _, _, target = str(reference.get("reference", "")).partition("/")
        try:
            return self._names.get(UUID(target), "")
        except ValueError:
            return ""

    def within(self, resource: Json) -> Naming:
        """The same for references of one resource, which may point to what it contains."""
        contained = {f"#{one.get('id')}": one for one in every(resource.get("contained"))}

        def name(reference: Any) -> str:
            inner = contained.get(str(reference.get("reference"))) if isinstance(reference, dict) else None
            if inner is not None and not reference.get("display"):
                return kinds.draw(inner, self).display
            return self(reference)

        return name if contained else self

    def learn(self, batch: Sequence[_Pointing]) -> None:
        """Asks the store for the names a batch needs, in one query."""
        if len(self._names) > _MOST:
            self._names.clear()
        here = {one.row for one in batch}
        wanted = {p.target for one in batch for p in one.pointers if p.target and p.type in NAMED}
        self.know(wanted - here)

    def know(self, wanted: set[UUID]) -> None:
        """Asks the store for the names of rows that are not remembered, in one query."""
        unknown = wanted - self._names.keys()
        if unknown:
            self._names |= rows.names(unknown)

    def remember(self, row: UUID, type_name: str, display: str) -> None:
        if type_name in NAMED:
            self._names[row] = display

    def people(self, patients: Iterable[UUID]) -> dict[UUID, UUID]:
        """Row of a FHIR Patient → person, asking the store for those not remembered."""
        wanted = set(patients)
        unknown = wanted - self._people.keys()
        if unknown:
            self.remember_people(links(unknown))
        return {row: self._people[row] for row in wanted if row in self._people}

    def remember_people(self, people: dict[UUID, UUID]) -> None:
        if len(self._people) > _MOST:
            self._people.clear()
        self._people |= people

    def forget(self) -> None:
        """Forgets everything: what was remembered in a transaction that failed is not there."""
        self._names.clear()
        self._people.clear()

    def knows(self, row: UUID) -> bool:
        """Whether a row is known to be stored."""
        return row in self._people or row in self._names
