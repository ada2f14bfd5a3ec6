"""What must hold while several patients are one: who reaches the one that is kept, and what its columns show.

Reach reads the relationships of one patient only. So each open relationship of somebody joined to a patient is repeated
on that patient (`Relationship.through`), and goes when they are parted. Belongs in the transaction that changes either.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.utils import timezone

from access.models import Organisation
from records.models import Patient, Relationship
from records.people.names import search_text

#: Columns that the kept patient takes from those joined to it where its own leading source says nothing.
_FILLED: Final = (
    *("title", "given", "family", "gender", "address", "postcode", "phone", "usual_gp"),
    "deceased_on",
)
_SEARCHED: Final = 400


def kept_of(people: Iterable[UUID]) -> set[UUID]:
    """Of these people, the ones that others are joined to, and those whom others of these were joined to. One query."""
    wanted = list(people)
    joined = Patient.objects.filter(merged_into__isnull=False)
    rows = joined.filter(pk__in=wanted) | joined.filter(merged_into__in=wanted)
    return {root for root in rows.values_list("merged_into", flat=True) if root}


def share_reach(people: Iterable[UUID]) -> None:
    """Repeats the relationships of joined patients on those that are kept. Harmless when repeated."""
    for root in kept_of(people):
        _repeat(root)


def _repeat(root: UUID) -> None:
    now = timezone.now()
    own = Relationship.objects.filter(patient=root)
    own.filter(through__until__isnull=False, until__isnull=True).update(until=now)
    open_ = set(own.filter(until__isnull=True).values_list("organisation", "kind"))
    joined = Relationship.objects.filter(patient__merged_into=root, until__isnull=True, through__isnull=True)
    for one in joined.order_by("pk"):
        if (one.organisation_id, one.kind) not in open_:
            open_.add((one.organisation_id, one.kind))
            why = f"{one.why or one.get_kind_display()}: on a record joined with this one"[:200]
            Relationship.objects.create(
                patient_id=root, organisation_id=one.organisation_id, kind=one.kind, since=now, why=why, through=one
            )


def make_own(people: Iterable[UUID], organisation: Organisation, kind: str, why: str) -> list[Relationship]:
    """Of people whom an organisation reaches only by a record joined with theirs: from now on by their own.

    What is given to somebody while they are joined stays theirs when they are parted.
    """
    repeated = Relationship.objects.filter(
        patient__in=list(people), organisation=organisation, kind=kind, until__isnull=True, through__isnull=False
    )
    found = list(repeated.select_for_update())
    for one in found:
        one.through, one.since, one.why = None, timezone.now(), why[:200]
    Relationship.objects.bulk_update(found, ["through", "since", "why"])
    return found


def part_reach(kept: UUID, parted: Iterable[UUID]) -> None:
    """Takes from others what was repeated of those parted from them. Who reached them stays in the audit."""
    apart = list(parted)
    Relationship.objects.filter(through__patient__in=apart).exclude(patient__in=apart).delete()
    share_reach([kept, *apart])


def fill(people: Iterable[Patient]) -> None:
    """Gives kept patients what only those joined to them say, and lets them be found by all names. Does not save."""
    wanted = {person.pk: person for person in people}
    for one in Patient.objects.filter(merged_into__in=list(wanted)).order_by("pk"):
        assert one.merged_into_id is not None
        _fill(wanted[one.merged_into_id], one)


def _fill(kept: Patient, one: Patient) -> None:
    usable = one.nhs_number_status not in (Patient.NhsNumber.FAILING, Patient.NhsNumber.ABSENT)
    if usable and kept.nhs_number_status in (Patient.NhsNumber.FAILING, Patient.NhsNumber.ABSENT):
        kept.nhs_number, kept.nhs_number_status = one.nhs_number, one.nhs_number_status
    if not kept.birth_date_written:
        kept.birth_date, kept.birth_date_written = one.birth_date, one.birth_date_written
    for column in _FILLED:
        setattr(kept, column, getattr(kept, column) or getattr(one, column))
    kept.deceased = kept.deceased or one.deceased
    words = [*kept.search_text.split(), *search_text(family=one.family, given=one.given, postcode="").split()]
    kept.search_text = " ".join(dict.fromkeys(words))[:_SEARCHED]
