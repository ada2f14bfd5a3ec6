"""Letters of one patient: those filed from messages and those that came with an import, in one list."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef

from records import reach
from records.claims import COLUMNS, SOURCE_COLUMNS, Claim, claims, initials, source
from records.held import NOT_SAID, Held
from records.models import Letter, LetterRead


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One line: what it is, from whom, when written, what it asks the practice to do."""

    id: UUID
    title: str
    sender: Any
    department: str
    when: Any
    gp_actions: str
    read: bool
    new: bool = False
    filed: bool = False


@dataclass(frozen=True, slots=True)
class Letters:
    letters: list[LetterRow]
    count: int
    unread: int
    #: Changes when a letter comes in or is read.
    version: str


def letters_held(held: Held, limit: int | None = 100) -> Letters:
    """The letters within reach, newest first, in two queries. Whoever may only see titles gets nothing else.

    A letter filed from a message is unread until this person opens it. One that came with an import is a copy of what
    its source has long dealt with, and is never counted as unread.
    """
    filed = [_filed(held, letter) for letter in _filed_letters(held)]
    found = sorted([*filed, *_imported(held, limit)], key=lambda row: row.when, reverse=True)
    unread = sum(not row.read for row in filed)
    shown = found[:limit] if limit else found
    return Letters(shown, len(found), unread, f"{len(found)}-{unread}")


def _filed_letters(held: Held) -> list[Letter]:
    read = LetterRead.objects.filter(letter=OuterRef("pk"), user_id=held.actor.user_id)
    rows = reach.letters(held.actor, held.patient).select_related("sender").annotate(read=Exists(read))
    return list(rows.order_by("-written_at"))


def _filed(held: Held, letter: Any) -> LetterRow:
    sender = letter.sender
    return LetterRow(
        id=letter.pk,
        title=letter.title,
        sender=source(sender.pk, sender.letters, sender.name, sender.kind),
        department=letter.department,
        when=letter.written_at,
        gp_actions=letter.gp_actions,
        read=letter.read,
        new=not letter.read,
        filed=True,
    )


def _imported(held: Held, limit: int | None) -> list[LetterRow]:
    rows = held.said.filter(kind="letter", type="DocumentReference", letter__isnull=True).exclude(NOT_SAID)
    ordered = rows.order_by(F("date").desc(nulls_last=True), "id")
    return [_row(held, claim) for claim in claims(ordered)]


def _row(held: Held, claim: Claim) -> LetterRow:
    return LetterRow(
        id=claim.id,
        title=str(claim.detail.get("title") or claim.display or "Letter without a title"),
        sender=claim.source,
        department="",
        when=claim.date or claim.stored_at,
        gp_actions=str(claim.detail.get("gp_actions", "")),
        read=True,
        new=held.is_new(claim),
    )
