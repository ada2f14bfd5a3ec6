"""What several sources say of the same thing, side by side. Pure: no database, no template.

Only what is coded is put together: the same code, products of one substance (records.substances), or, across sources,
two codes that are one disease in another stage. What is uncoded stands alone. Nothing is picked: every claim stays in
its group under its own source, and where they differ a sentence says how.
"""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from records import dosing, substances
from records.screen.claims import Claim, Source
from ui.dates import date_short

#: Said, and taken back: never in a summary.
WITHDRAWN: Final = frozenset({"entered-in-error"})
#: FHIR statuses by which a source says that something is over (Condition, AllergyIntolerance, Medication…).
OVER: Final = frozenset(
    {"resolved", "inactive", "remission", "stopped", "completed", "cancelled", "ended", "not-taken", "revoked", "draft"}
)
#: Over because it ran its course: nobody stopped it.
FINISHED: Final = frozenset({"completed"})
_OLDEST: Final = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Group:
    """One row of the screen: the claims about one thing, newest first, and how they differ, in a sentence."""

    claims: tuple[Claim, ...]
    differs: str = ""

    @property
    def lead(self) -> Claim:
        """The claim the row is worded after: the newest that still holds, else the newest."""
        return next((claim for claim in self.claims if current(claim)), self.claims[0])

    @property
    def sources(self) -> tuple[Source, ...]:
        """Everyone who says it, each once, in a fixed order."""
        return tuple(sorted({claim.source for claim in self.claims}, key=in_order))

    @property
    def current(self) -> bool:
        """Whether any claim still holds: what one entry says is current is never hidden behind another."""
        return any(current(claim) for claim in self.claims)

    @property
    def stopped_by(self) -> tuple[Claim, ...]:
        """Claims of sources that say it is over, while another claim says it is not."""
        return tuple(c for c in self.latest if not current(c)) if self.current else ()

    @property
    def latest(self) -> tuple[Claim, ...]:
        """The word of each source: its newest claim, or the newest that holds if that is of another product."""
        return tuple(_word(said) for said in self._by_source().values())

    @property
    def spoken(self) -> tuple[Claim, ...]:
        """The same, with every product that a source has current at once: two strengths taken together are two."""
        found: list[Claim] = []
        for said in self._by_source().values():
            word = _word(said)
            holding = [claim for claim in said if current(claim)] if current(word) else []
            found += {claim.concept if claim.coded else claim.id: claim for claim in reversed(holding)}.values() or [
                word
            ]
        return tuple(sorted(found, key=_newest_first, reverse=True))

    def _by_source(self) -> dict[int, list[Claim]]:
        by: dict[int, list[Claim]] = defaultdict(list)
        for claim in self.claims:
            by[claim.source.id].append(claim)
        return by


def _word(said: Sequence[Claim]) -> Claim:
    """What one source says at last, of its claims newest first.

    That it stopped a product outweighs its own older entry of that product. An entry of another product, or of another
    course of it (a repeat beside an acute issue), is not touched by that; nor does a course that was completed end one
    that still holds.
    """
    newest = said[0]
    if current(newest):
        return newest
    if newest.status in FINISHED:
        return next((claim for claim in said if current(claim)), newest)
    over = (newest.concept, newest.detail.get("course"))
    return next((c for c in said if current(c) and (c.concept, c.detail.get("course")) != over), newest)


def in_order(source: Source) -> tuple[bool, str]:
    """Sorts sources: practices first, then by letters."""
    return (source.kind != "practice", source.letters)


def withdrawn(claim: Claim) -> bool:
    """Entered in error: in the status or in the verification status."""
    return claim.status in WITHDRAWN or claim.detail.get("verification") in WITHDRAWN


def refuted(claim: Claim) -> bool:
    """The source looked into it and says it is not so."""
    return claim.detail.get("verification") == "refuted"


def current(claim: Claim) -> bool:
    """Whether, to this source, it still holds."""
    return claim.status not in OVER and not refuted(claim)


def family(claim: Claim) -> str:
    """What two different codes must share to be the same disease: its name without the stage.

    "Chronic kidney disease stage 3A" is "chronic kidney disease"; "" where the name says no stage, so that only an
    equal code joins it.
    """
    found = re.match(r"^(.+?),?\s+(?:stage|grade)\s+\w+$", claim.display.casefold().strip())
    return found[1] if found and claim.kind == "problem" else ""


def _same(claim: Claim) -> object:
    """What claims must share to be of one thing: the substance of a medicine, else the code; uncoded stands alone."""
    if not claim.coded:
        return claim.id
    substance = substances.of(*claim.concept) if claim.kind == "medicine" else ""
    return (claim.kind, substance) if substance else (claim.kind, claim.concept)


def _newest_first(claim: Claim) -> tuple[dt.datetime, str]:
    return (claim.date or _OLDEST, str(claim.id))


def together(claims: Iterable[Claim]) -> list[tuple[Claim, ...]]:
    """The claims in groups about one thing each, newest first; every claim in exactly one group."""
    same: dict[object, list[Claim]] = defaultdict(list)
    for claim in claims:
        same[_same(claim)].append(claim)
    families: dict[tuple[str, str], list[list[Claim]]] = defaultdict(list)
    groups: list[list[Claim]] = []
    for members in same.values():
        name = _family_of(members)
        (families[members[0].kind, name] if name else groups).append(members)
    for kin in families.values():
        groups.extend(_joined(kin))
    return [tuple(sorted(group, key=_newest_first, reverse=True)) for group in groups]


def _family_of(members: list[Claim]) -> str:
    """The family of claims with one code: "" where they are not coded or name different ones."""
    names = {family(claim) for claim in members if claim.coded} - {""}
    return names.pop() if len(names) == 1 else ""


def _joined(kin: list[list[Claim]]) -> list[list[Claim]]:
    """Groups of one family joined if no source speaks in two of them: two strengths of one source are two rows."""
    holding = [[c for c in group if current(c)] or group for group in kin]
    speakers = [claim.source.id for group in holding for claim in {c.source.id: c for c in group}.values()]
    return (
        [[claim for group in kin for claim in group]] if len(kin) > 1 and len(set(speakers)) == len(speakers) else kin
    )


def groups(claims: Iterable[Claim], differing: Callable[[Sequence[Claim]], str] | None = None) -> list[Group]:
    """Rows about one thing each, the newest first. What was entered in error or only ever refuted is left out.

    `differing` words how the newest claims of several sources differ; "" when they agree.
    """
    found = []
    for members in together(claim for claim in claims if not withdrawn(claim)):
        if all(refuted(claim) for claim in members):
            continue
        group = Group(members)
        sentence = differing(group.spoken) if differing and len(group.sources) > 1 else ""
        found.append(Group(members, sentence))
    return sorted(found, key=lambda group: _newest_first(group.claims[0]), reverse=True)


# How claims differ, in words ------------------------------------------------------------------------------------------
def _said(claim: Claim, words: str) -> str:
    day = date_short(claim.dated)
    return f"{words} ({claim.source.letters}{', ' + day if day else ''})"


def _disagree(claims: Sequence[Claim], words: Callable[[Claim], str]) -> str:
    """The sentence, where what sources say in these words is not the same; a source may say several at once."""
    by: dict[int, list[Claim]] = defaultdict(list)
    for claim in claims:
        by[claim.source.id].append(claim)
    if len({frozenset(_plain(words(claim)) for claim in said) for said in by.values()}) < 2:
        return ""
    return "Sources disagree: " + ", ".join(
        _said(said[0], " and ".join(dict.fromkeys(words(claim) or "no details" for claim in said)))
        for said in by.values()
    )


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def strength(claim: Claim) -> str:
    """Dose as the source gives it, else what stands in the product's name after the substance."""
    dose = str(claim.detail.get("dose") or "")
    return spaced(dose) if dose else spaced(rest(claim))


def _product_strength(claim: Claim) -> str:
    """ "5 mg" of "Bisoprolol 5mg tablets"; "" where the name says none."""
    found = re.search(
        r"\d[\d.,]*\s*(?:mg|g|mcg|micrograms?|ml|units?|%)(?:/[\d.]*\s*\w+)?", claim.display, re.IGNORECASE
    )
    return _plain(spaced(found[0])) if found else ""


def form(claim: Claim) -> str:
    """ "modified-release tablets": what stands in the product's name after its strength; "" where it says none."""
    found = re.search(
        r"\d\S*(?:\s(?:mg|g|ml|micrograms?|units?|%)\S*)?\s+([a-z][a-z\s-]+)$", claim.display.strip(), re.IGNORECASE
    )
    return found[1].casefold() if found else ""


def spaced(text: str) -> str:
    """ "2.5mg tablets" as people write it: "2.5 mg tablets"."""
    return re.sub(r"(\d)(mg|g|ml|micrograms?|units?|mcg|%)", r"\1 \2", text)


def substance(claim: Claim) -> str:
    """The part of a product's name before its strength: "Bisoprolol"."""
    found = re.match(r"^(\D+?)\s+\d", claim.display)
    return found[1] if found else claim.display


def rest(claim: Claim) -> str:
    """The part of a product's name from its strength on: "2.5mg tablets"; "" when there is none."""
    return claim.display[len(substance(claim)) :].strip()


def _dose(claim: Claim) -> str:
    return spaced(str(claim.detail.get("dose") or ""))


def medicines_differ(claims: Sequence[Claim]) -> str:
    """How much each gives, and how often; that one has stopped it is said by `stopped`."""
    giving = [claim for claim in claims if current(claim)]
    return ". ".join(filter(None, (_amounts_differ(giving), directions_differ(giving))))


def _amounts_differ(giving: Sequence[Claim]) -> str:
    """Dose against dose among those who still give it, else strength against strength, else form against form.

    Each among those who say it: whoever leaves it out hides no disagreement of the others, and one tablet of another
    strength is another dose. A dose is never held against a strength.
    """
    dosed = all(claim.detail.get("dose") for claim in giving)
    if not dosed and not all(map(_product_strength, giving)) and (said := _disagree(giving, strength)):
        return said
    return next(filter(None, (_disagree_of_those_who_say(giving, how) for how in (_dose, _product_strength, form))), "")


def _disagree_of_those_who_say(claims: Sequence[Claim], words: Callable[[Claim], str]) -> str:
    return _disagree([claim for claim in claims if words(claim)], words)


def directions_differ(giving: Sequence[Claim]) -> str:
    """How often against how often where it is known, as figures; what is only worded otherwise is quoted.

    What a source gives at several times of the day in several entries is held against all that the other gives.
    """
    by: dict[int, list[Claim]] = defaultdict(list)
    for claim in giving:
        if claim.detail.get("often") or claim.detail.get("directions"):
            by[claim.source.id].append(claim)
    if all(_each_finds(one, other) for one in by.values() for other in by.values()):
        return ""
    known = [{str(_often(claim) or "") for claim in said} for said in by.values()]
    figures = [often.pop() for often in known if len(often) == 1]
    if len(figures) == len(by) and all(figures) and len(set(figures)) > 1:
        return "Sources disagree: " + ", ".join(
            _said(said[0], often) for said, often in zip(by.values(), figures, strict=True)
        )
    return "Directions differ: " + ", ".join(_said(said[0], _quoted(said)) for said in by.values())


def _each_finds(one: Sequence[Claim], other: Sequence[Claim]) -> bool:
    return all(any(_same_directions(mine, theirs) for theirs in other) for mine in one)


def _same_directions(one: Claim, other: Claim) -> bool:
    """By timing where either has one; two texts must be the same, or be understood to the last word and agree."""
    said = [str(claim.detail.get("directions") or "") for claim in (one, other)]
    timed = [claim.detail.get("often") for claim in (one, other)]
    often = [_often(claim) for claim in (one, other)] if any(timed) else [dosing.read(text) for text in said]
    if all(often):
        return bool(often[0] and often[1] and often[0].agrees(often[1]))
    return bool(said[0]) and _plain(said[0]).rstrip(".") == _plain(said[1]).rstrip(".")


def _often(claim: Claim) -> dosing.Often | None:
    """How often it is taken: as the source's timing says, else as its words do; how many at a time as its words do."""
    directions = str(claim.detail.get("directions") or "")
    found = dosing.glean(str(claim.detail.get("often") or directions))
    return replace(found, many=dosing.many(directions)) if found else None


def _quoted(said: Sequence[Claim]) -> str:
    texts = (str(claim.detail.get("directions") or claim.detail.get("often")) for claim in said)
    return " and ".join(dict.fromkeys(f"“{text.strip().rstrip('.')}”" for text in texts))


def stopped(group: Group) -> str:
    """That a source has stopped what another still lists: "Stopped by Northern Infirmary 18 Nov. Still listed by …"."""
    if not group.stopped_by:
        return ""
    word = "Finished" if all(claim.status in FINISHED for claim in group.stopped_by) else "Stopped"
    by = ", ".join(f"{c.source.name} {date_short(c.detail.get('ended') or c.dated)}".strip() for c in group.stopped_by)
    still = " and ".join(c.source.name for c in group.latest if current(c)) or "an older entry"
    why = next((f": {c.detail['status_reason']}" for c in group.stopped_by if c.detail.get("status_reason")), "")
    return f"{word} by {by}{why}. Still listed by {still}."


def problems_differ(claims: Sequence[Claim]) -> str:
    """Stage against stage, or over against not over."""
    if len({current(claim) for claim in claims}) > 1:
        return _disagree(claims, lambda c: "active" if current(c) else (c.status or "over"))
    return _disagree(claims, lambda c: stage(c) if family(c) else "")


def stage(claim: Claim) -> str:
    """ "stage 3A" of "Chronic kidney disease stage 3A"."""
    return claim.display[len(family(claim)) :].strip(" ,")


def allergies_differ(claims: Sequence[Claim]) -> str:
    """One source asserts what another refuted or closed; else reaction against reaction, else severity."""
    standing = _disagree(
        claims, lambda c: "refuted" if refuted(c) else ("active" if current(c) else (c.status or "over"))
    )
    return standing or next(
        filter(None, (_disagree_of_those_who_say(claims, how) for how in (_reaction, _severity))), ""
    )


def _reaction(claim: Claim) -> str:
    return str(claim.detail.get("reaction") or "")


def _severity(claim: Claim) -> str:
    return str(claim.detail.get("severity") or "")
