"""Letters of one patient: those filed from messages and those that came with an import, in one list."""

import datetime as dt
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, Window

from access.actor import Actor
from records import reach
from records.looking import reader
from records.models import Letter, LetterRead
from records.people import restricted
from records.people.restricted import Whereabouts
from records.screen.claims import Source, source
from records.screen.held import Held


@dataclass(frozen=True, slots=True)
class LetterRow:
    """One line: what it is, from whom, when written, what it asks the practice to do."""

    id: UUID
    title: str
    sender: Source
    department: str
    when: dt.datetime
    gp_actions: str
    unread: bool
    new: bool


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters to show, how many there are in all, how many wait to be read."""

    letters: list[LetterRow]
    count: int
    unread: int

    @property
    def version(self) -> str:
        """Changes when a letter comes in or is read: what a polling panel shows."""
        return f"{self.count}-{self.unread}"


def to_read(actor: Actor, limit: int) -> tuple[list[Letter], int]:
    """(letters that came as messages and that this person has not opened, the oldest first; how many in all)."""
    read = LetterRead.objects.filter(letter=OuterRef("pk"), user_id=reader(actor))
    rows = reach.all_letters(actor).exclude(message_id="").filter(~Exists(read))
    found = list(rows.select_related("sender", "patient").order_by("filed_at", "pk")[:limit])
    return [as_shown(one, restricted.wording_of(one.patient)) for one in found], rows.count()


@dataclass(frozen=True, slots=True)
class Asked:
    """Which letters a list is to show: of one sender, only what this reader has not opened, which page."""

    sender: int | None = None
    unread: bool = False
    page: int = 1


def senders(held: Held) -> list[tuple[int, str]]:
    """Who has written letters of this patient, by name."""
    rows = reach.letters(held.actor, held.patient).order_by().values_list("sender_id", "sender__name").distinct()
    return sorted(rows, key=lambda one: one[1].casefold())


def letters_held(held: Held, limit: int | None = None, asked: Asked | None = None) -> Letters:
    """The letters within reach, newest first, counted in the same query.

    A letter that came as a message is unread until this person opens it. One that came with an import is a copy of
    what its source has long dealt with: it is never counted as unread.
    """
    read = LetterRead.objects.filter(letter=OuterRef("pk"), user_id=reader(held.actor))
    rows = reach.letters(held.actor, held.patient).annotate(unread=~Q(message_id="") & ~Exists(read))
    asked = asked or Asked()
    rows = rows.filter(sender=asked.sender) if asked.sender else rows
    rows = rows.filter(unread=True) if asked.unread else rows
    start = (asked.page - 1) * (limit or 0)
    counted = rows.annotate(
        of=Window(Count("pk")), unread_of=Window(Count("pk", filter=Q(unread=True)))
    ).select_related("sender")
    where = restricted.wording_of(held.patient)
    found = [
        as_shown(one, where) for one in counted.order_by("-written_at", "pk")[start : start + limit if limit else None]
    ]
    first: Any = found[0] if found else None
    return Letters([_row(held, one) for one in found], first.of if first else 0, first.unread_of if first else 0)


def as_shown(letter: Letter, where: Whereabouts) -> Letter:
    """The letter with its own words as they may be shown; of most people unchanged. Not to be saved."""
    letter.title, letter.gp_actions = where.mask(letter.title), where.mask(letter.gp_actions)
    return letter


def _row(held: Held, letter: Any) -> LetterRow:
    sender = letter.sender
    return LetterRow(
        id=letter.pk,
        title=letter.title or "Letter without a title",
        sender=source(sender.pk, sender.letters, sender.name, sender.kind),
        department=letter.department,
        when=letter.written_at,
        gp_actions=letter.gp_actions,
        unread=letter.unread,
        new=letter.unread
        or (not letter.message_id and held.looked.is_new(letter.patient_id, letter.filed_at, letter.written_at)),
    )
