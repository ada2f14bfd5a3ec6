"""Believing at once what any source says of whether somebody is restricted (see records.people.restricted).

Screens, lists and searches read drawn columns; of a restricted person those are drawn again without where they are, and
drawn again in full when nobody says so any longer. What was received is untouched. Belongs in the transaction that
stores what changed, under `take_turn`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from exchange.fhir import numbers
from records import kinds
from records.drawing import Json, at
from records.ingest import rows
from records.ingest.naming import Names
from records.models import Patient, PatientLink, Relationship, Resource
from records.people import restricted
from records.people.demographics import demographics
from records.people.matching import DRAWN, draw, hide
from records.people.national import overlay
from records.people.restricted import Whereabouts
from records.people.together import fill
from records.search import keeping

_REFERENCE: Final = re.compile(r'"reference":"([A-Za-z]+)/([0-9a-f-]{36})"')
#: Drawn columns that hold words.
_WORDED: Final = ("display", "value", "detail")
_AT_ONCE: Final = 500


def settle(spoken_of: Iterable[UUID], changed: Mapping[UUID, UUID | None]) -> None:
    """Draws again what may be shown of restricted people.

    `spoken_of`: people whose restriction may have begun or ended; their whole record is drawn again. `changed`: rows
    just written (row -> person); those of a person who is restricted are drawn again, and the whole record when they
    tell of an address that was not known before.
    """
    whole = set(spoken_of)
    others = {person for person in changed.values() if person} - whole
    hidden = (
        set(Patient.objects.filter(pk__in=others, restricted=True).values_list("pk", flat=True)) if others else set()
    )
    if hidden:
        mine = [row for row, person in changed.items() if person in hidden]
        whole |= set(Resource.objects.filter(pk__in=mine, type="RelatedPerson").values_list("patient", flat=True))
        _draw_rows(Resource.objects.filter(pk__in=mine).exclude(patient__in=whole))
    for person in whole:
        settle_person(person)


def settle_person(person: UUID, *, again: bool = False) -> None:
    """Restricted or not, under every id of theirs and in every row, as all their sources now say.

    To be called also when people were found to be one, or not to be: with `again`, which draws their columns anew in
    any case. Harmless when repeated.
    """
    ids = restricted.everyone_same(person)
    said = PatientLink.objects.filter(patient__in=ids, resource__security__overlap=[*restricted.LABELS]).exists()
    people = list(Patient.objects.filter(pk__in=ids))
    rows_too = said or not again or any(one.restricted for one in people)
    for one in people:
        if again or (one.restricted and not said):
            _show(one)
        elif not said:
            continue
        if said:
            hide(one)
        one.save(update_fields=[*DRAWN, "updated_at"])
    if rows_too:
        _draw_rows(Resource.objects.filter(patient__in=ids))


def _show(person: Patient) -> None:
    """Draws a person's columns from the source that leads, now that nobody restricts them. Does not save."""
    person.restricted = False
    if (leading := leading_resource(person)) is not None:
        body = numbers.loads(leading.body)
        draw(person, demographics(body, _names([leading])(at(body, "generalPractitioner"))))
        fill([person])
    overlay([person])


def leading_resource(person: Patient) -> Resource | None:
    """The FHIR Patient that draws a person's columns: of the practice they are registered with, else the first told."""
    practices = Relationship.objects.filter(
        patient=person, kind=Relationship.Kind.REGISTERED, until__isnull=True
    ).values_list("organisation", flat=True)
    links = list(PatientLink.objects.filter(patient=person).order_by("pk").select_related("resource"))
    speaking = [link for link in links if link.source_id in set(practices)]
    return next((link.resource for link in speaking or links), None)


# Rows -----------------------------------------------------------------------------------------------------------------
def _draw_rows(found: QuerySet[Resource]) -> None:
    """Draws the worded columns of rows again, as may be shown now; dates, codes and `stored_at` stay as they are."""
    wheres: dict[UUID | None, Whereabouts | None] = {}
    for batch in _batches(found.only("pk", "type", "patient_id", "body", *_WORDED)):
        names = _names(batch)
        different = []
        for row in batch:
            if row.patient_id not in wheres:
                wheres[row.patient_id] = _where_if_restricted(row.patient_id)
            before = [getattr(row, column) for column in _WORDED]
            for column, value in zip(_WORDED, _worded(row, names, wheres[row.patient_id]), strict=True):
                setattr(row, column, value)
            if before != [getattr(row, column) for column in _WORDED]:
                different.append(row)
        Resource.objects.bulk_update(different, _WORDED)
        keeping.again(Resource.objects.filter(pk__in=[row.pk for row in batch]))


def _batches(found: QuerySet[Resource]) -> Iterator[list[Resource]]:
    ids = list(found.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), _AT_ONCE):
        yield list(found.filter(pk__in=ids[start : start + _AT_ONCE]))


def _where_if_restricted(person: UUID | None) -> Whereabouts | None:
    if person is None or not restricted.is_restricted(person):
        return None
    return restricted.where_of(restricted.everyone_same(person))


def _worded(row: Resource, names: Names, where: Whereabouts | None) -> tuple[str, str, object]:
    columns = may_be_shown(numbers.loads(row.body), names, where)
    return columns.display, columns.value, columns.detail


def may_be_shown(body: Json, names: Names, where: Whereabouts | None) -> kinds.Columns:
    """The columns of a stored resource; with `where`, of a restricted person, without where they are."""
    if where is None:
        return kinds.draw(body, names.within(body))
    body = restricted.redacted(body, where)
    columns = kinds.draw(body, names.within(body))
    columns.display, columns.value = where.mask(columns.display), where.mask(columns.value)
    columns.detail = where.mask_all(columns.detail)
    return columns


def _names(several: Sequence[Resource]) -> Names:
    """What the references of stored resources point to, by name."""
    types = {UUID(found[2]): found[1] for one in several for found in _REFERENCE.finditer(one.body)}
    names = Names()
    for row, display in rows.names(types).items():
        names.remember(row, types[row], display)
    return names
