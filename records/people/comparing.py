"""What each source says of who somebody is, side by side, and where they differ, in words.

Pure but for `of` and `settle`: a FHIR Patient becomes a `Statement`, several become rows of a table with differences.
Names, postcodes and telephone numbers are compared as people read them; nothing is guessed (no nicknames).
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from records import bodies
from records.drawing import Json
from records.models import Patient
from records.people.names import fold
from records.people.saying import FIELDS, HIDDEN_FIELDS, stated
from records.screen.claims import Source
from ui.dates import date_full
from ui.numbers import nhs_number

#: Fields of which the one screen says that sources disagree, as it calls them.
SAID_ON_THE_SCREEN: Final = {
    "name": "name",
    "birth_date": "date of birth",
    "nhs_number": "NHS number",
    "gender": "gender",
    "deceased": "whether they have died",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """What one source says of one person and when it last did: field -> lines, several where it gives several."""

    source: Source
    at: dt.datetime | None
    says: Mapping[str, tuple[str, ...]]
    odd: tuple[str, ...] = ()

    def first(self, name: str) -> str:
        return next(iter(self.says.get(name, ())), "")


@dataclass(frozen=True, slots=True)
class Row:
    """One field across all sources, in their order; the sentence that names the difference, if there is one."""

    name: str
    label: str
    said: tuple[tuple[str, ...], ...]
    differs: str = ""
    agrees: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Statements side by side."""

    statements: tuple[Statement, ...] = ()
    rows: tuple[Row, ...] = ()
    hidden: bool = False

    @property
    def differences(self) -> list[Row]:
        return [row for row in self.rows if row.differs]


def table(statements: Sequence[Statement], *, hidden: bool = False) -> Table:
    """All fields somebody speaks of. `hidden`: of a restricted person nothing that says where they are."""
    shown = [name for name in FIELDS if not (hidden and name in HIDDEN_FIELDS)]
    found = [_row(name, statements) for name in shown if any(one.says.get(name) for one in statements)]
    return Table(tuple(statements), tuple(found), hidden)


def disagreements(statements: Sequence[Statement]) -> list[str]:
    """What the one screen says they disagree on: "date of birth"."""
    return [words for name, words in SAID_ON_THE_SCREEN.items() if difference(name, statements)]


def _row(name: str, statements: Sequence[Statement]) -> Row:
    said = tuple(tuple(_shown(name, line) for line in one.says.get(name, ())) for one in statements)
    differs = difference(name, statements)
    several = sum(bool(one) for one in said) > 1
    return Row(name, FIELDS[name], said, differs, agrees=several and not differs and name in _ALIKE)


def difference(name: str, statements: Sequence[Statement]) -> str:
    """The sentence that says how sources differ on a field; "" where they agree, or only one speaks of it."""
    alike = _ALIKE.get(name)
    speaking = [one for one in statements if one.says.get(name)]
    if alike is None or all(alike(one.says[name], other.says[name]) for one in speaking for other in speaking):
        return ""
    who = ", ".join(f"{one.source.name} {_spoken(name, one)}" for one in speaking)
    return f"{FIELDS[name]} differs: {who}{_how(name, speaking)}."


def _spoken(name: str, one: Statement) -> str:
    value = one.first(name)
    return _shown(name, value.partition(" (")[0] if name == "nhs_number" else value)


def _shown(name: str, value: str) -> str:
    """A line as people read it: "5 Jan 1942", "999 231 9151 (verified)"."""
    match name:
        case "birth_date":
            return date_full(value) or value
        case "nhs_number":
            number, gap, aside = value.partition(" (")
            return nhs_number(number) + gap + aside
        case "gender":
            return value.capitalize()
    return value


def _how(name: str, speaking: Sequence[Statement]) -> str:
    if name != "birth_date":
        return ""
    days = [_day(one.first(name)) for one in speaking]
    pairs = [(one, other) for one in days for other in days if one and other and one != other]
    return ": day and month may be exchanged" if any(exchanged(*pair) for pair in pairs) else ""


def exchanged(one: dt.date, other: dt.date) -> bool:
    """Whether two dates are one with day and month exchanged."""
    return one != other and (one.year, one.month, one.day) == (other.year, other.day, other.month)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


# What counts as the same ----------------------------------------------------------------------------------------------
Said = Sequence[str]


def folded(text: str) -> str:
    """A name or address without accents, case, spacing; of other scripts the letters themselves."""
    return fold(text) or " ".join(text.casefold().split())


def first_name(given: str) -> str:
    """The first of somebody's given names, folded: middle names are known to one and not to another."""
    return folded(given.split(" ")[0])


def telephone(text: str) -> str:
    """A telephone number as it is dialled within the country: +44 and 0044 become 0."""
    digits = re.sub(r"[^0-9+]", "", text.replace("(0)", ""))
    return re.sub(r"^(?:\+44|0044)0?", "0", digits)


def postcode(text: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", text.upper())


def _same_first(key: Callable[[str], str]) -> Callable[[Said, Said], bool]:
    return lambda one, other: key(one[0]) == key(other[0])


def _share_one(key: Callable[[str], str]) -> Callable[[Said, Said], bool]:
    return lambda one, other: bool({key(value) for value in one} & {key(value) for value in other})


def _same_name(one: Said, other: Said) -> bool:
    """The family name (`stated` writes it first) and the first given name; more given names are no matter."""
    return _family_and_given(one[0]) == _family_and_given(other[0])


def _family_and_given(said: str) -> tuple[str, list[str]]:
    family, _, given = said.partition(" (")[0].partition(",")
    return folded(family), folded(given).split()[:1]


def _same_birth(one: Said, other: Said) -> bool:
    """As far as both are known: "1970" does not contradict 1 May 1970."""
    length = min(len(one[0]), len(other[0]))
    return one[0][:length] == other[0][:length]


def _same_home(one: Said, other: Said) -> bool:
    """Any address in common by its words, those of use and period apart."""
    return _share_one(lambda value: folded(value.partition(" (")[0]).replace(" ", ""))(one, other)


_ALIKE: Final[dict[str, Callable[[Said, Said], bool]]] = {
    "name": _same_name,
    "birth_date": _same_birth,
    "gender": _same_first(str.casefold),
    "nhs_number": _same_first(lambda value: re.sub(r"\D", "", value.partition(" (")[0])),
    "address": _same_home,
    "phone": _share_one(lambda value: telephone(value.partition(" (")[0])),
    "email": _share_one(lambda value: value.partition(" (")[0].casefold().strip()),
    "usual_gp": _same_first(folded),
    "deceased": _same_first(lambda value: value[:3]),
    "language": _share_one(folded),
}


# From the store -------------------------------------------------------------------------------------------------------
def of(people: Iterable[UUID]) -> dict[UUID, list[Statement]]:
    """What all sources say of people (each under the id its source means), as it may be shown. Three queries."""
    found: dict[UUID, list[Statement]] = {}
    for one in bodies.of_people(people):
        says, odd = stated(one.fhir, one.name)
        found.setdefault(one.person, []).append(Statement(one.source, one.at, says, tuple(odd)))
    return found


def together(people: Iterable[UUID], *, hidden: bool = False) -> Table:
    """What all sources say of one person under all their ids, or of two that may be one."""
    said = [one for statements in of(people).values() for one in statements]
    said.sort(key=lambda one: (one.source.kind != "practice", one.source.name))
    return table(said, hidden=hidden)


def settle(people: Iterable[UUID]) -> None:
    """Notes on each person, those who are kept for all joined to them, on what their sources disagree."""
    wanted = list(people)
    if not wanted:
        return
    groups: dict[UUID, list[UUID]] = {}
    rows = Patient.objects.filter(pk__in=wanted) | Patient.objects.filter(merged_into__in=wanted)
    rows = rows | Patient.objects.filter(merged_into__in=Patient.objects.filter(pk__in=wanted).values("merged_into"))
    for pk, root in rows.values_list("pk", "merged_into"):
        groups.setdefault(root or pk, []).append(pk)
    several = _with_several_sources(groups)
    said = of(pk for root in several for pk in {root, *groups[root]})
    for person in Patient.objects.filter(pk__in=groups).only("pk", "disagrees"):
        mine = [one for pk in {person.pk, *groups[person.pk]} for one in said.get(pk, [])]
        now = disagreements(mine) if person.pk in several else []
        if now != person.disagrees:
            Patient.objects.filter(pk=person.pk).update(disagrees=now)


def _with_several_sources(groups: Mapping[UUID, Sequence[UUID]]) -> set[UUID]:
    ids = {pk for root, joined in groups.items() for pk in (root, *joined)}
    told = bodies.links_of(ids)
    return {root for root, joined in groups.items() if sum(told.get(pk, 0) for pk in {root, *joined}) > 1}


def statements_of(said: Iterable[tuple[Source, Json]]) -> list[Statement]:
    """The same of FHIR Patients that are not stored, such as one PDS gave: (who says it, FHIR Patient)."""
    return [Statement(who, None, *_pair(body)) for who, body in said]


def _pair(body: Json) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    says, odd = stated(body, lambda reference: "")
    return says, tuple(odd)
