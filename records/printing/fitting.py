"""Cutting a summary to two A4 pages: how much room it takes by estimate, and which lines go first. Pure.

Estimated and not tried, since laying a page out takes a second: the figures are those of a wide typeface, so that a
narrower one only leaves some of the second page white.
"""

from collections.abc import Sequence
from math import ceil
from typing import Final

from records.printing.heads import Heading, Line

#: Lines of type in the four columns of two pages, less what stands around them; characters on such a line.
ROOM: Final = 190
_WIDE: Final = 48
_TITLE: Final = 2
#: What a reader must not miss gives way last: its room counts by so much less.
_WEIGHT: Final = {
    "Risks": 4,
    "Allergies and adverse reactions": 4,
    "Medications and medical devices": 3,
    "Problem list": 3,
}


def fit(heads: Sequence[Heading]) -> None:
    """Takes last lines off, always where there is most, until all fits; what goes is counted by its heading.

    A heading keeps three lines, or one where even that is too much: it is never emptied.
    """
    room_of = [room(head) for head in heads]
    for fewest in (3, 1):
        while sum(room_of) > ROOM:
            longer = [n for n, head in enumerate(heads) if len(head.lines) > fewest]
            if not longer:
                break
            fullest = max(longer, key=lambda n: room_of[n] / _WEIGHT.get(heads[n].name, 1))
            heads[fullest].lines.pop()
            room_of[fullest] = room(heads[fullest])


def room(head: Heading) -> int:
    """Lines of type that a heading takes with its own; 0 if it is not printed."""
    if not head.lines and not head.empty:
        return 0
    said = ceil(len(head.empty) / _WIDE) if not head.lines else sum(map(_room, head.lines))
    return _TITLE + said + bool(head.cut)


def _room(line: Line) -> int:
    letters = sum(len(source.letters) + 1 for source in line.sources)
    return ceil((len(line.what) + len(line.how) + len(line.note) + len(line.when) + letters + 6) / _WIDE)
