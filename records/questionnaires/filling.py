"""A form as fields of a page, and what a browser sends back as answers. Pure; nothing is stored.

A field is named by the numbers of the questions that lead to it, as link ids may hold anything.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from django.utils import timezone

from exchange.fhir.numbers import Number
from records.questionnaires.answering import MOST_REPEATS, Answers, Place, open_now, wrong
from records.questionnaires.comparing import option_text
from records.questionnaires.reading import VALUES, Form, Json, Question

#: More answers to choose from than this stand in a list that opens.
MOST_RADIOS: Final = 6
_NAME: Final = re.compile(r"q\d{1,3}_\d{1,2}(?:-\d{1,3}_\d{1,2}){0,8}")
_WHOLE: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,8})")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,17})?")


class Sent(Protocol):
    """What a browser sent: all values of a name (a QueryDict)."""

    def keys(self) -> Iterable[str]: ...

    def getlist(self, key: str) -> list[str]: ...


@dataclass(slots=True)
class Field:
    """A question, group or words where they stand on the page, with what was written there and what is below."""

    name: str
    question: Question
    written: list[str]
    units: list[str]
    own: str = ""
    error: str = ""
    items: list["Field"] = field(default_factory=list)
    #: Whether another repeat of a group may be added after this one.
    last: bool = False

    @property
    def options(self) -> list[str]:
        return [option_text(one) for one in self.question.options]

    @property
    def choices(self) -> list[tuple[str, str]]:
        """Value and label of each answer to choose."""
        return [(str(number), label) for number, label in enumerate(self.options)]

    @property
    def as_list(self) -> bool:
        return len(self.question.options) > MOST_RADIOS

    @property
    def own_words(self) -> bool:
        return self.question.type == "open-choice"


@dataclass(slots=True)
class Filled:
    """A form with what was written so far: `fields` as a tree, `faults` by field name in the form's order."""

    fields: list[Field]
    faults: dict[str, str]


class _Unreadable(ValueError):
    """What was written is not of the kind asked for; says what to write."""


def filled(form: Form, sent: Sent, *, more: str = "", finished: bool = False) -> Filled:
    """The form for what a browser sent. `more`: the field to which another answer is added.

    `finished` also tells what is missing; what cannot be read is told only then, too.
    """
    names = _Names(form)
    answers, unread = _answers(form, sent, names)
    for begun in [*sent.getlist("begun")[:MOST_REPEATS], more]:
        if (place := names.place(begun)) and names.by_id[place[-1][0]].type == "group":
            last = place[-1][1] + (begun == more)
            # A repeat that was begun holds its place by an answer to no question.
            answers[(*place[:-1], (place[-1][0], min(last, MOST_REPEATS - 1)), ("", 0))] = [{"valueString": "begun"}]
    faults = {}
    if finished:
        said = {names.name(one.place): one.says for one in reversed(wrong(form, answers))} | unread
        faults = {name: said[name] for name in (names.name(o.place) for o in open_now(form, answers)) if name in said}
    return Filled(_tree(form, answers, sent, names, faults, more), faults)


def _tree(form: Form, answers: Answers, sent: Sent, names: "_Names", faults: dict[str, str], more: str) -> list[Field]:
    nodes: dict[Place, Field] = {}
    top: list[Field] = []
    for one in open_now(form, answers):
        name = names.name(one.place)
        written = sent.getlist(name)[:MOST_REPEATS] or [""]
        if name == more and one.question.asked:
            written = [*written, ""][:MOST_REPEATS]
        units = (sent.getlist(f"{name}_unit") + [""] * MOST_REPEATS)[: len(written)]
        own = (sent.getlist(f"{name}_own") or [""])[0]
        made = nodes[one.place] = Field(name, one.question, written, units, own, faults.get(name, ""))
        above = one.place[:-1]
        holder = nodes.get(above) or (nodes[(*above[:-1], (above[-1][0], 0))] if above else None)
        siblings = holder.items if holder else top
        if one.question.type == "group" and one.question.repeats:
            for before in siblings:
                before.last = before.last and before.question is not one.question
            made.last = True
        siblings.append(made)
    return top


def _answers(form: Form, sent: Sent, names: "_Names") -> tuple[Answers, dict[str, str]]:
    """What was sent, as answers; and by field name what could not be read."""
    answers: Answers = {}
    unread: dict[str, str] = {}
    for name in dict.fromkeys(key.removesuffix("_own") for key in sent.keys()):  # noqa: SIM118 - only keys() is promised
        place = names.place(name)
        if place is None or not (question := names.by_id[place[-1][0]]).asked:
            continue
        try:
            if values := _values(question, name, sent):
                answers[place] = values
        except _Unreadable as error:
            unread[name] = f"“{question.text or question.link_id}”: {error}"
            answers[place] = []
    return answers, unread


def _values(question: Question, name: str, sent: Sent) -> list[Json]:
    units = sent.getlist(f"{name}_unit")
    found: list[Json] = []
    for number, text in enumerate(one.strip() for one in sent.getlist(name)[:MOST_REPEATS]):
        if not text:
            continue
        if question.options:
            chosen = int(text) if _WHOLE.fullmatch(text) else -1
            if not 0 <= chosen < len(question.options):
                raise _Unreadable("choose one of the answers")
            found.append(question.options[chosen])
            continue
        value = _READ.get(question.type, str)(text)
        if question.type == "quantity":
            unit = units[number].strip() if number < len(units) else ""
            value = {"value": value, **({"unit": unit} if unit else {})}
        kind = "valueString" if question.type in ("choice", "open-choice") else VALUES[question.type]
        found.append({kind: value})
    own = [{"valueString": text.strip()} for text in sent.getlist(f"{name}_own")[:1] if text.strip()]
    return [*found, *own] if question.type == "open-choice" else found


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise _Unreadable("answer yes or no")
    return text == "true"


def _integer(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise _Unreadable("enter a whole number")
    return int(text)


def _decimal(text: str) -> Number:
    if not _DECIMAL.fullmatch(text):
        raise _Unreadable("enter a number, like 7.5")
    return Number(text)


def _date(text: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise _Unreadable("enter a real date") from None


def _moment(text: str) -> str:
    try:
        return timezone.make_aware(dt.datetime.fromisoformat(text).replace(tzinfo=None)).isoformat()
    except (ValueError, OverflowError):
        raise _Unreadable("enter a real date and time") from None


def _time(text: str) -> str:
    try:
        return dt.time.fromisoformat(text).replace(tzinfo=None).isoformat()
    except ValueError:
        raise _Unreadable("enter a time, like 14:30") from None


_READ: Final[dict[str, Callable[[str], Any]]] = {
    "boolean": _boolean,
    "integer": _integer,
    "decimal": _decimal,
    "quantity": _decimal,
    "date": _date,
    "dateTime": _moment,
    "time": _time,
}


class _Names:
    """Field names of places, and back."""

    def __init__(self, form: Form) -> None:
        questions = list(form.walk())
        self.by_id = {one.link_id: one for one in questions}
        self._ids = [one.link_id for one in questions]
        self._numbers = {name: number for number, name in enumerate(self._ids)}

    def name(self, place: Place) -> str:
        return "q" + "-".join(f"{self._numbers[link_id]}_{number}" for link_id, number in place)

    def place(self, name: str) -> Place | None:
        """The place of a field name; None for what names none."""
        if not _NAME.fullmatch(name):
            return None
        pairs = [tuple(map(int, part.split("_"))) for part in name[1:].split("-")]
        if any(number >= len(self._ids) or repeat >= MOST_REPEATS for number, repeat in pairs):
            return None
        return tuple((self._ids[number], repeat) for number, repeat in pairs)
