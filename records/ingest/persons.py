"""The FHIR Patients of a batch: whose each one is, which columns it draws, and where the person is registered."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from access.models import Organisation
from records.models import Finding, Patient, PatientLink, Relationship
from records.people.demographics import Demographics
from records.people.matching import DRAWN, Candidates, Decision, draw, hide
from records.people.national import overlay
from records.people.together import fill, make_own, share_reach

_CHANGED = (*DRAWN, "updated_at")


@dataclass(slots=True)
class Said:
    """One FHIR Patient of the batch: its row, its key at the source, and what it says."""

    row: UUID
    key: str
    says: Demographics


def links(rows: Iterable[UUID]) -> dict[UUID, UUID]:
    """Row of a FHIR Patient → person."""
    return dict(PatientLink.objects.filter(resource__in=list(rows)).values_list("resource", "patient"))


def place(
    said: Sequence[Said],
    source: Organisation,
    practice: Organisation | None,
    whose: Mapping[UUID, tuple[Patient, str]] | None = None,
) -> dict[UUID, Decision]:
    """Decides for each Patient of the batch whose it is, and saves people and their columns; links come afterwards.

    `whose` names those of whom it is settled. Row → decision. Links cannot be saved here since the rows they name are
    not yet stored.
    """
    settled = whose or {}
    existing = {row: person.pk for row, (person, _) in settled.items()} | links(one.row for one in said)
    people = Patient.objects.in_bulk(existing.values())
    candidates = Candidates(one.says.matchable_number for one in said if one.row not in existing)
    decisions: dict[UUID, Decision] = {}
    for one in said:
        if one.row in existing:
            known = people[existing[one.row]]
            basis = settled[one.row][1] if one.row in settled else PatientLink.Basis.FIRST
            decisions[one.row] = Decision(
                known, PatientLink.Basis(basis), False, one.says.findings, was_restricted=known.restricted
            )
        elif one.row not in decisions:
            decisions[one.row] = candidates.decide(one.says, source.pk)
    new = [d.patient for d in decisions.values() if d.new]
    _redraw(said, decisions, source, practice)
    Patient.objects.bulk_create({person.pk: person for person in new}.values())
    changed = {d.patient.pk: d.patient for d in decisions.values() if not d.new}
    for person in changed.values():
        person.updated_at = timezone.now()
    Patient.objects.bulk_update([p for p in changed.values() if p.pk not in {n.pk for n in new}], _CHANGED)
    return decisions


def _redraw(
    said: Sequence[Said], decisions: dict[UUID, Decision], source: Organisation, practice: Organisation | None
) -> None:
    """Draws the columns again where this source leads; hides them wherever any source says restricted."""
    leading = _leads(decisions.values(), source, practice)
    hidden = set(
        PatientLink.objects.filter(
            patient__in=[d.patient.pk for d in decisions.values()], resource__security__overlap=["R", "V"]
        )
        .exclude(resource__in=[one.row for one in said])
        .values_list("patient", flat=True)
    )
    for one in said:
        person = decisions[one.row].patient
        if person.pk in leading:
            draw(person, one.says)
    fill(decision.patient for decision in decisions.values() if decision.patient.pk in leading and not decision.new)
    overlay(decision.patient for decision in decisions.values())
    for one in said:
        person = decisions[one.row].patient
        if one.says.restricted or person.pk in hidden:
            hide(person)


def _leads(decisions: Iterable[Decision], source: Organisation, practice: Organisation | None) -> set[UUID]:
    """People whose columns this source draws: as the practice they are registered with, else as the first to tell."""
    ids = [decision.patient.pk for decision in decisions if not decision.new]
    registered: dict[UUID, set[int]] = {}
    for person, organisation in Relationship.objects.filter(
        patient__in=ids, kind=Relationship.Kind.REGISTERED, until__isnull=True
    ).values_list("patient", "organisation"):
        registered.setdefault(person, set()).add(organisation)
    told: dict[UUID, list[int]] = {}
    for person, teller in PatientLink.objects.filter(patient__in=ids).order_by("pk").values_list("patient", "source"):
        told.setdefault(person, []).append(teller)
    leading = set()
    for person in ids:
        practices = registered.get(person, set()) | ({practice.pk} if practice else set())
        speaking = [teller for teller in told.get(person, []) if teller in practices]
        if source.pk in practices or (not speaking and told.get(person, [0])[0] == source.pk):
            leading.add(person)
    return leading | {decision.patient.pk for decision in decisions if decision.new}


def link(said: Sequence[Said], decisions: dict[UUID, Decision], source: Organisation) -> list[Finding]:
    """Ties the stored Patients to their people, once their rows exist; gives what somebody has to look at."""
    known = links(decisions)
    PatientLink.objects.bulk_create(
        PatientLink(
            source=source,
            source_key=one.key,
            resource_id=one.row,
            patient=decisions[one.row].patient,
            basis=decisions[one.row].basis,
        )
        for one in {one.row: one for one in said}.values()
        if one.row not in known
    )
    return [
        Finding(kind=kind, resource_id=row, patient=decision.patient, about=about)
        for row, decision in decisions.items()
        for kind, about in decision.findings
    ]


def register(people: Collection[UUID], practice: Organisation) -> None:
    """Registers people with a practice, which brings them within reach of its staff. Harmless when repeated."""
    now, why = timezone.now(), f"registered with {practice.name}"[:200]
    make_own(people, practice, Relationship.Kind.REGISTERED, why)
    Relationship.objects.bulk_create(
        (
            Relationship(
                patient_id=person,
                organisation=practice,
                kind=Relationship.Kind.REGISTERED,
                since=now,
                why=why,
            )
            for person in dict.fromkeys(people)
        ),
        ignore_conflicts=True,
    )
    share_reach(people)
