"""A heading of the printed summary and its lines. Pure."""

import datetime as dt
from collections.abc import Iterable, Sequence

from records.screen.claims import Claim, Source
from records.screen.grouping import Group, in_order
from records.screen.rows import Row
from ui.dates import date_full
from ui.numbers import count

_LONGEST = 240


class Line:
    """One line: what, more of it, a remark, its date and who says it. Long texts end in "…"."""

    __slots__ = ("differs", "how", "note", "sources", "what", "when")

    def __init__(
        self,
        what: str,
        how: str = "",
        note: str = "",
        *,
        when: str | dt.datetime | None,
        sources: tuple[Source, ...],
        differs: bool = False,
    ) -> None:
        self.what, self.how, self.note = (_short(text) for text in (what or "Without a name", how, note))
        self.when, self.sources, self.differs = date_full(when) or "no date", sources, differs


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"


class Heading:
    """A heading with at most `most` lines; whatever is taken off its lines later is counted too."""

    __slots__ = ("also", "empty", "held", "lines", "many", "name", "one")

    def __init__(
        self,
        name: str,
        lines: Sequence[Line],
        empty: str = "",
        one: str = "entry",
        many: str = "",
        also: str = "",
        most: int = 12,
    ) -> None:
        self.name, self.lines, self.empty = name, list(lines[:most]), empty
        self.held, self.one, self.many, self.also = len(lines), one, many or one + "s", also

    @property
    def cut(self) -> int:
        """How many lines are held and not printed."""
        return self.held - len(self.lines)

    @property
    def more(self) -> str:
        """What was cut, in words: "3 more problems"."""
        return count(self.cut, f"more {self.one}", f"more {self.many}") if self.cut else ""

    @property
    def left_out(self) -> str:
        """All that is held under this heading and not printed, in words."""
        return " and ".join(filter(None, (self.more, self.also)))


def alike(lines: Iterable[Line]) -> list[Line]:
    """Lines in the same words as one, with everyone who says it and the date of the first, which is the newest."""
    found: dict[tuple[str, ...], Line] = {}
    for line in lines:
        key = tuple(text.casefold() for text in (line.what, line.how, line.note))
        first = found.setdefault(key, line)
        first.sources = tuple(sorted({*first.sources, *line.sources}, key=in_order))
    return list(found.values())


def row_line(row: Row) -> Line:
    """A row of a panel as a line of paper: how sources differ and what was stopped, in the screen's own words."""
    note = ". ".join(part.rstrip(".") for part in (row.differs, row.remark) if part)
    return Line(row.what, row.how, note, when=row.when, sources=row.sources, differs=bool(row.differs or row.gone))


def claim_line(claim: Claim, what: str = "", how: str = "") -> Line:
    return Line(what or claim.display, how, when=claim.dated, sources=(claim.source,))


def group_lines(groups: Iterable[Group]) -> list[Line]:
    """Each thing once: the last time, and how often when that was more than once."""
    return [_group_line(group) for group in groups]


def _group_line(group: Group) -> Line:
    lead = group.claims[0]
    days = {date_full(claim.dated) for claim in group.claims} - {""}
    since = date_full(group.claims[-1].dated)
    often = f"{len(days)} times, first {since}" if len(days) > 1 and since else ""
    status = lead.status.replace("-", " ") if lead.status not in ("completed", "final", "active", "") else ""
    return Line(lead.display, "; ".join(filter(None, (status, often))), when=lead.dated, sources=group.sources)
