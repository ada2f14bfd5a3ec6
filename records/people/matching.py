"""Which person a source's Patient is.

Under-merging is safe; silent merging is not. Two Patients are taken for one person only when a valid NHS number, the
full birth date and the family name all agree, and no source speaks of both. Everything else is a new person, and what
looks wrong becomes a finding for somebody to settle.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Q

from records.models import Finding, Patient, PatientLink
from records.people.demographics import Demographics
from records.people.names import search_text

Problem = tuple[str, str]


@dataclass(slots=True)
class Decision:
    """Whose Patient it is, on what grounds, and what a person has to look at: (kind of finding, about)."""

    patient: Patient
    basis: PatientLink.Basis
    new: bool
    findings: list[Problem] = field(default_factory=list)
    #: Whether the person was restricted before this was said.
    was_restricted: bool = False


class Candidates:
    """The people who share an NHS number with what comes in, and the sources that speak of each.

    Loaded once for a batch; people decided on within the batch join them.
    """

    def __init__(self, numbers: Iterable[str]) -> None:
        wanted = {number for number in numbers if number}
        self._people: dict[str, list[Patient]] = defaultdict(list)
        self._sources: dict[UUID, set[int]] = defaultdict(set)
        if not wanted:
            return
        for number, person in _bearers(wanted):
            if person not in self._people[number]:
                self._people[number].append(person)
        known = [person.pk for people in self._people.values() for person in people]
        links = PatientLink.objects.filter(Q(patient__in=known) | Q(patient__merged_into__in=known))
        for person_id, root, source_id in links.values_list("patient", "patient__merged_into", "source"):
            self._sources[root or person_id].add(source_id)

    def decide(self, said: Demographics, source_id: int) -> Decision:
        """The person whom this source means. A new one is unsaved and joins the candidates."""
        same_number = self._people[said.matchable_number] if said.matchable_number else []
        agreeing = [p for p in same_number if said.agrees_with(p) and source_id not in self._sources[p.pk]]
        if len(agreeing) == 1:
            known = agreeing[0]
            decision = Decision(known, PatientLink.Basis.NHS_NUMBER, new=False, was_restricted=known.restricted)
        else:
            decision = Decision(Patient(), PatientLink.Basis.FIRST, new=True)
            decision.findings = [(Finding.Kind.SAME_NUMBER, str(other.pk)) for other in same_number]
            draw(decision.patient, said)
            if said.matchable_number:
                self._people[said.matchable_number].append(decision.patient)
        decision.findings += said.findings
        self._sources[decision.patient.pk].add(source_id)
        return decision


def _bearers(numbers: set[str]) -> Iterator[tuple[str, Patient]]:
    """(number, who bears it), also under the number of somebody who was joined to them."""
    found = Patient.objects.filter(nhs_number__in=numbers).select_related("merged_into").order_by("pk")
    for person in found.exclude(nhs_number_status=Patient.NhsNumber.FAILING):
        yield person.nhs_number, person.merged_into or person


#: The columns of records.Patient that the leading source draws.
DRAWN = (*Demographics.__dataclass_fields__, "search_text")
#: What is never shown of a restricted person, whoever said it.
HIDDEN = ("address", "postcode", "phone", "usual_gp")


def draw(patient: Patient, said: Demographics) -> None:
    """Sets the person's columns from what the leading source says. Does not save."""
    for column in DRAWN:
        setattr(patient, column, getattr(said, column))


def hide(patient: Patient) -> None:
    """Takes from a restricted person's columns what must not be shown. Does not save."""
    patient.restricted = True
    for column in HIDDEN:
        setattr(patient, column, "")
    patient.search_text = search_text(family=patient.family, given=patient.given, postcode="")
