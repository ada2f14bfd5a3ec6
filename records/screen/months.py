"""Lines of the timeline out of claims, and the months they stand under. Pure but for the text a search shows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from records.screen import wording
from records.screen.claims import Claim, Source
from records.screen.held import EVENTS, Held
from records.screen.lines import line
from records.search import asking
from records.search.words import Asked
from ui.dates import LONG_MONTHS, local, parts

_TOGETHER: Final = 3
_TAKEN_BACK: Final = {"entered-in-error": "Entered in error", "cancelled": "Cancelled"}
_NO_DATE: Final = "No date"
_NOTHING: Final = Markup("")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what it was, the rest of the sentence, who says it; several results of one day and source together."""

    claims: tuple[Claim, ...]
    what: str
    rest: str = ""
    sources: tuple[Source, ...] = ()
    new: bool = False
    taken_back: str = ""
    snippet: Markup = _NOTHING
    #: Results of the same day, each as a line of its own.
    within: tuple["Entry", ...] = ()

    @property
    def lead(self) -> Claim:
        return self.claims[0]


@dataclass(frozen=True, slots=True)
class Section:
    """The entries of one month, or of a year without its month, or without a date."""

    heading: str
    entries: list[Entry]
    #: The month began on the page before.
    goes_on: bool = False


def entries_of(held: Held, found: Sequence[Claim], asked: Asked, *, together: bool) -> list[Entry]:
    """The claims as lines, in their order, each claim in exactly one line."""
    texts = asking.texts(claim.id for claim in found) if asked else {}
    lines: dict[object, list[Claim]] = {}
    for claim in found:
        together_with = lines.setdefault(_same(claim), [])
        spoken = any(claim.source.id == one.source.id for one in together_with)
        (lines.setdefault(claim.id, []) if spoken else together_with).append(claim)
    entries = [_entry(held, members, asked, texts.get(members[0].id, "")) for members in lines.values()]
    return _results_together(entries) if together else entries


def _same(claim: Claim) -> object:
    """What certainly is one thing said twice: the same code, in the same words, from the same day to the same day.

    Of one source two entries stay two, and what is uncoded stands alone.
    """
    day = claim.date and local(claim.date)
    if not claim.coded or day is None or len(parts(claim.dated)) < 3 or claim.kind not in EVENTS:
        return claim.id
    end = parts(claim.detail.get("end"))
    said = wording.event(claim)[0].casefold(), claim.display.casefold(), claim.status
    return (claim.kind, claim.concept, day, end, said, claim.detail.get("class_code"))


def _entry(held: Held, members: Sequence[Claim], asked: Asked, text: str = "") -> Entry:
    lead = members[0]
    what, rest = line(lead)
    return Entry(
        claims=tuple(members),
        what=what,
        rest=rest,
        sources=tuple(dict.fromkeys(claim.source for claim in members)),
        new=any(map(held.is_new, members)),
        taken_back=_TAKEN_BACK.get(lead.status, ""),
        snippet=asked.around(text) if asked and not asked.all_in(f"{what}{rest}") else _NOTHING,
    )


def _results_together(entries: Sequence[Entry]) -> list[Entry]:
    """Three and more results of one day and source as one line that opens: hundreds would drown the rest."""
    days: dict[object, list[Entry]] = {}
    for entry in entries:
        days.setdefault(_day_of_results(entry), []).append(entry)
    found = []
    for entry in entries:
        members = days.pop(_day_of_results(entry), [])
        found += [_bundled(members)] if len(members) >= _TOGETHER else members
    return found


def _day_of_results(entry: Entry) -> object:
    lead = entry.lead
    if not lead.of_a_test or lead.date is None or entry.taken_back:
        return lead.id
    return (local(lead.date), parts(lead.dated), lead.source.id)


def _bundled(members: Sequence[Entry]) -> Entry:
    marked = [one for one in members if wording.sign(one.lead)]
    first = [*marked, *(one for one in members if one not in marked)][:2]
    named = ", ".join(f"{one.what}{one.rest}" for one in first)
    return Entry(
        claims=tuple(claim for one in members for claim in one.claims),
        what=f"{len(members)} results",
        rest=f": {named} …",
        sources=members[0].sources,
        new=any(one.new for one in members),
        within=tuple(members),
    )


def month(dated: Any) -> str:
    """The heading an entry stands under: "November 2026", "2014, month not known", "No date"."""
    known = parts(dated)
    if not known:
        return _NO_DATE
    return f"{LONG_MONTHS[known[1] - 1]} {known[0]}" if len(known) > 1 else f"{known[0]}, month not known"


def sections(entries: Iterable[Entry], went_before: str) -> list[Section]:
    found: list[Section] = []
    for entry in entries:
        heading = month(entry.lead.dated) if entry.lead.date else _NO_DATE
        if not found or found[-1].heading != heading:
            found.append(Section(heading, [], goes_on=not found and heading == went_before))
        found[-1].entries.append(entry)
    return found
