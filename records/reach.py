"""Whom an actor may reach, and what of them: the only roots of a clinical query in views, panels and the API.

Read only from relationship rows (registered, caseload, referred): a role alone opens nobody's record.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.db.models import Case, Count, Exists, OuterRef, Q, QuerySet, When
from django.http import Http404

from access.actor import Actor
from access.permissions import Role
from records.models import DuplicateSuggestion, Finding, Letter, Merge, Patient, Relationship, Resource, ToEnter, Trace
from records.people.duplicates import registered_nowhere
from records.people.national import PDS_ODS

_PRACTICE_ROLES: Final = frozenset({Role.GP, Role.NURSE, Role.RECEPTIONIST, Role.PRACTICE_MANAGER})
_CLINICIANS: Final = frozenset({Role.GP, Role.NURSE})
_MERGE_STEPS: Final = 10

#: Which kind of relationship opens a patient to a role. A role that is not here reaches nobody.
GROUND: Final[dict[Role, str]] = {
    **dict.fromkeys(_PRACTICE_ROLES, Relationship.Kind.REGISTERED),
    Role.SOCIAL_CARE: Relationship.Kind.CASELOAD,
    Role.HOSPITAL_CLINICIAN: Relationship.Kind.REFERRED,
}

#: The least a plain care summary needs of FHIR; notes and letters are none of it.
CARE_SUMMARY_TYPES: Final = (
    "AllergyIntolerance",
    "CarePlan",
    "CareTeam",
    "Condition",
    "Encounter",
    "Flag",
    "Goal",
    "MedicationRequest",
    "MedicationStatement",
    "RelatedPerson",
)


def patients(actor: Actor) -> QuerySet[Patient]:
    """The people with whom the actor's organisation has an open relationship of the kind the actor's role needs."""
    ground = GROUND.get(actor.role) if actor.role else None
    if ground is None or actor.organisation_id is None:
        return Patient.objects.none()
    related = Relationship.objects.filter(
        organisation_id=actor.organisation_id, kind=ground, until__isnull=True, patient=OuterRef("pk")
    )
    return Patient.objects.filter(Exists(related), merged_into__isnull=True)


def patient_or_404(actor: Actor, patient_id: UUID | str, **annotations: Any) -> Patient:
    """The patient behind an id, following merges. Raises Http404, alike for unknown and for out of reach.

    `annotations` are had by the way, in the same query.
    """
    wanted: UUID | str = patient_id
    for _ in range(_MERGE_STEPS):
        found = patients(actor).filter(pk=wanted).annotate(**annotations).first()
        if found is not None:
            return found
        kept = Patient.objects.filter(pk=wanted).values_list("merged_into", flat=True).first()
        if kept is None:
            break
        wanted = kept
    raise Http404("No such patient")


def resources(actor: Actor, patient: Patient) -> QuerySet[Resource]:
    """What the actor may read of a patient: all of it, today's bookings, a care summary's needs, or nothing.

    Includes what was entered in error: the screen says so, it is not hidden here.
    """
    of_patient = Resource.objects.filter(patient__in=_rows_of(actor, patient))
    if actor.role in _CLINICIANS:
        return of_patient
    if actor.role in _PRACTICE_ROLES:
        return of_patient.filter(type="Appointment")
    if actor.role == Role.SOCIAL_CARE:
        own_notes = Q(type__in=("Observation", "QuestionnaireResponse"), source_id=actor.organisation_id)
        return of_patient.filter(Q(type__in=CARE_SUMMARY_TYPES) | own_notes)
    return Resource.objects.none()


def ids(actor: Actor, patient: Patient) -> list[UUID]:
    """The ids under which a patient's rows stand; empty when out of reach."""
    return list(_rows_of(actor, patient))


def names(wanted: Iterable[UUID]) -> dict[UUID, str]:
    """What clinicians, organisations, places and medicines are called: rows that are no patient's."""
    rows = Resource.objects.filter(pk__in=list(wanted), patient__isnull=True, kind="administrative").exclude(
        type="Patient"
    )
    return dict(rows.values_list("pk", "display"))


def letters(actor: Actor, patient: Patient) -> QuerySet[Letter]:
    """Letters filed to a patient. Everyone at the practice sees titles; the view's permission says who may open one."""
    if actor.role not in _PRACTICE_ROLES:
        return Letter.objects.none()
    return Letter.objects.filter(patient__in=_rows_of(actor, patient))


def all_letters(actor: Actor) -> QuerySet[Letter]:
    """Letters of everybody within reach of a clinician, also under the ids of those merged into them."""
    if actor.role not in _CLINICIANS:
        return Letter.objects.none()
    return Letter.objects.filter(_is_reached(actor))


def merges(actor: Actor, patient: Patient) -> QuerySet[Merge]:
    """What was joined with a patient within reach, and parted again; the newest first."""
    ids = _rows_of(actor, patient)
    either = Merge.objects.filter(Q(kept__in=ids) | Q(other__in=ids)) if ids else Merge.objects.none()
    return either.select_related("kept", "other").order_by("-at")


def merge_or_404(actor: Actor, patient: Patient, merge_id: UUID) -> Merge:
    found = merges(actor, patient).filter(pk=merge_id).first()
    if found is None:
        raise Http404("No such merge")
    return found


def suggestions(actor: Actor) -> QuerySet[DuplicateSuggestion]:
    """Pairs to be decided, one of whom is within reach; the other as well, or registered nowhere."""
    if actor.role not in _PRACTICE_ROLES:
        return DuplicateSuggestion.objects.none()
    within, nowhere = patients(actor), registered_nowhere()
    first, second = ({"pk": OuterRef("first")}, {"pk": OuterRef("second")})
    mine = {"first": Exists(within.filter(**first)), "second": Exists(within.filter(**second))}
    open_ = DuplicateSuggestion.objects.filter(state=DuplicateSuggestion.State.OPEN)
    return open_.filter(
        (Q(mine["first"]) & (Q(mine["second"]) | Q(Exists(nowhere.filter(**second)))))
        | (Q(mine["second"]) & Q(Exists(nowhere.filter(**first))))
    ).select_related("first", "second")


def comparable_or_404(actor: Actor, patient: Patient, other_id: UUID) -> Patient:
    """Somebody who may be the same person as a patient within reach: within reach too, or suggested as such.

    Who is registered nowhere is within nobody's reach; of them a page shows only what is needed to decide.
    """
    near = patients(actor).exclude(pk=patient.pk).filter(pk=other_id).first()
    if near is not None:
        return near
    first, second = sorted((patient.pk, other_id))
    found = suggestions(actor).filter(first=first, second=second).first()
    if found is None:
        raise Http404("No such patient")
    return found.second if found.first_id == patient.pk else found.first


def counts(patient: Patient) -> dict[str, int]:
    """How many entries of each kind are held of somebody, under all their ids: no content, nothing administrative."""
    own = Q(patient=patient) | Q(patient__merged_into=patient)
    rows = Resource.objects.filter(own).exclude(kind__in=("", "administrative"))
    return dict(rows.order_by().values_list("kind").annotate(number=Count("pk")))


def findings(actor: Actor) -> QuerySet[Finding]:
    """What somebody at the practice still has to look at: of patients within reach, and of its own unplaced entries."""
    if actor.role not in _PRACTICE_ROLES:
        return Finding.objects.none()
    unplaced = Q(patient__isnull=True, resource__source_id=actor.organisation_id)
    mine = Finding.objects.filter(unplaced | Q(_is_reached(actor)), settled_at__isnull=True)
    return mine.select_related("patient", "resource__source").defer("resource__body", "resource__detail")


def traces(actor: Actor, patient: Patient) -> QuerySet[Trace]:
    """What PDS was asked about a patient, for everyone at the practice."""
    if actor.role not in _PRACTICE_ROLES:
        return Trace.objects.none()
    return Trace.objects.filter(patient__in=_rows_of(actor, patient))


def pds_record(actor: Actor, patient: Patient) -> Resource | None:
    """PDS's own Patient of somebody who was traced, before one of those joined to them; for all at the practice."""
    if actor.role not in _PRACTICE_ROLES:
        return None
    said = Resource.objects.filter(link__patient__in=_rows_of(actor, patient), source__ods_code=PDS_ODS)
    return said.order_by(Case(When(link__patient=patient.pk, then=0), default=1), "-stored_at").first()


def to_enter(actor: Actor) -> QuerySet[ToEnter]:
    """What the actor's practice has to enter, or entered, in its clinical system, of patients within reach."""
    if actor.role not in _PRACTICE_ROLES or actor.organisation_id is None:
        return ToEnter.objects.none()
    same = Q(pk=OuterRef("patient")) | Q(pk=OuterRef("patient__merged_into"))
    mine = ToEnter.objects.filter(Exists(patients(actor).filter(same)), organisation_id=actor.organisation_id)
    return mine.select_related("patient", "settled_by")


def appointments(actor: Actor) -> QuerySet[Resource]:
    """Appointments at the actor's own practice, of patients within reach."""
    if actor.role not in _PRACTICE_ROLES:
        return Resource.objects.none()
    booked = Resource.objects.filter(_is_reached(actor), type="Appointment", source_id=actor.organisation_id)
    return booked.select_related("patient__merged_into")


def ids_of_several(actor: Actor, wanted: Iterable[UUID]) -> dict[UUID, UUID]:
    """The ids under which the rows of several patients stand, each with the patient it belongs to.

    Only of those within reach; one who was joined to another is asked for by either's id.
    """
    within = patients(actor).filter(pk__in=list(wanted)).values_list("pk", flat=True)
    found = {one: one for one in within}
    level = list(found)
    while level:
        joined = Patient.objects.filter(merged_into__in=level).exclude(pk__in=list(found))
        new = {one: found[into] for one, into in joined.values_list("pk", "merged_into") if into is not None}
        found |= new
        level = list(new)
    return found


def resources_of_several(actor: Actor, ids: Iterable[UUID]) -> QuerySet[Resource]:
    """What a clinician may read of several patients at once; `ids` are those of `ids_of_several`."""
    if actor.role not in _CLINICIANS:
        return Resource.objects.none()
    return Resource.objects.filter(patient__in=list(ids))


def _is_reached(actor: Actor) -> Exists:
    """Whether a row is of a patient within reach, or of somebody joined to one: merging rewrites no row."""
    return Exists(patients(actor).filter(Q(pk=OuterRef("patient")) | Q(pk=OuterRef("patient__merged_into"))))


def _rows_of(actor: Actor, patient: Patient) -> list[UUID]:
    """Ids of a patient within reach and of everyone found to be the same person; empty when out of reach.

    Merges rewrite no rows, so these are read under all ids. Fetched first, and not as a subquery, so that what follows
    narrows to the patient by index. One query; one more per level of merging. Kept on the patient as read for this
    request, so that a screen of many parts asks once.
    """
    kept: tuple[Actor, list[UUID]] | None = getattr(patient, "_rows_of", None)
    if kept is not None and kept[0] == actor:
        return kept[1]
    found = _merged_ids(actor, patient)
    patient._rows_of = (actor, found)  # type: ignore[attr-defined]
    return found


def _merged_ids(actor: Actor, patient: Patient) -> list[UUID]:
    reachable = patients(actor).filter(pk=patient.pk)
    merged = Patient.objects.filter(merged_into=patient.pk)
    found = set(reachable.values_list("pk", flat=True).union(merged.values_list("pk", flat=True)))
    if patient.pk not in found:
        return []
    level = found - {patient.pk}
    while level:
        level = set(Patient.objects.filter(merged_into__in=level).values_list("pk", flat=True)) - found
        found |= level
    return list(found)
