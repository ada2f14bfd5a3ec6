"""Imported letters: a DocumentReference of somebody becomes a letter to read (FHIR DocumentReference)."""

from collections.abc import Sequence
from typing import Final

from django.utils import timezone

from access.models import Organisation
from records.drawing import Json, words
from records.ingest.rows import Row
from records.kinds import TABLE
from records.models import Letter

_TYPES: Final = frozenset({"DocumentReference"})
_UNREADABLE: Final = frozenset({"entered-in-error", "superseded"})
_CHANGING: Final = ("patient", "sender", "title", "department", "author", "written_at", "gp_actions")


def file(stored: Sequence[tuple[Json, Row]], source: Organisation) -> None:
    """Files the letters among newly stored rows, or files them again. Two queries for all of them."""
    found = [(resource, row) for resource, row in stored if row["type"] in _TYPES and row["patient_id"]]
    current = [(r, row) for r, row in found if row["status"] not in _UNREADABLE]
    if not current:
        return
    senders = {one.name.casefold(): one for one in Organisation.objects.all()}
    Letter.objects.bulk_create(
        [_letter(resource, row, senders, source) for resource, row in current],
        update_conflicts=True,
        unique_fields=["document"],
        update_fields=list(_CHANGING),
    )


def _letter(resource: Json, row: Row, senders: dict[str, Organisation], source: Organisation) -> Letter:
    detail = TABLE["DocumentReference"].detail(resource, lambda reference: str((reference or {}).get("display", "")))
    return Letter(
        patient_id=row["patient_id"],
        sender=senders.get(str(detail["custodian"]).casefold(), source),
        document_id=row["id"],
        title=(row["display"] if not detail["title"] else detail["title"])[:200],
        department=words((resource.get("context") or {}).get("practiceSetting"))[:120],
        author=str(detail["author"])[:120],
        written_at=row["date"] or timezone.now(),
        gp_actions=detail["gp_actions"],
    )
