"""Which questions stand open for the answers given, and what is wrong with those answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from records.questionnaires.reading import VALUES, Condition, Form, Json, Question

#: Where a question stands: (link id, which repeat of it) of each group or question above it and of itself; of a
#: question itself the repeat is always 0, its answers are listed.
Place = tuple[tuple[str, int], ...]
#: The answers, each a value[x]: {"valueString": "no"}.
Answers = dict[Place, list[Json]]

MOST_REPEATS: Final = 50
LONGEST: Final = 20_000


@dataclass(frozen=True, slots=True)
class Asked:
    """One question where it stands open now, or one repeat of a group."""

    place: Place
    question: Question


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with the answers at a place, as a sentence that can stand beside it."""

    place: Place
    says: str


def open_now(form: Form, answers: Answers) -> list[Asked]:
    """Every question and group that is asked, in the form's order, with each repeat that has been begun."""
    return list(_open(form.items, (), answers, _Decisions(form, answers)))


def kept(form: Form, answers: Answers) -> Answers:
    """The answers to questions that stand open; what answered a question hidden since is not among them."""
    places = {one.place for one in open_now(form, answers) if one.question.asked}
    return {place: values for place, values in answers.items() if place in places and values}


def wrong(form: Form, answers: Answers, *, finished: bool = True) -> list[Wrong]:
    """Everything wrong with the answers; a draft (not `finished`) may leave required questions open."""
    found = []
    for one in open_now(form, answers):
        if one.question.asked:
            values = answers.get(one.place, [])
            found += [Wrong(one.place, says) for says in _faults(one.question, values, finished)]
    return found


def _open(items: tuple[Question, ...], above: Place, answers: Answers, decided: "_Decisions") -> Iterator[Asked]:
    for item in items:
        if not decided.stands_open(item, above):
            continue
        if item.type == "group":
            for number in range(_begun(item, above, answers) if item.repeats else 1):
                yield Asked((*above, (item.link_id, number)), item)
                yield from _open(item.items, (*above, (item.link_id, number)), answers, decided)
        else:
            yield Asked((*above, (item.link_id, 0)), item)
            # FHIR: what stands below a question is asked once for each of its answers.
            for number in range(min(len(answers.get((*above, (item.link_id, 0)), [])), MOST_REPEATS)):
                yield from _open(item.items, (*above, (item.link_id, number)), answers, decided)


def _begun(group: Question, above: Place, answers: Answers) -> int:
    """How many repeats of a group there are: the highest that has an answer; at least one is shown."""
    depth = len(above)
    last = (
        place[depth][1]
        for place, values in answers.items()
        if values and place[:depth] == above and len(place) > depth + 1 and place[depth][0] == group.link_id
    )
    return min(max(last, default=0) + 1, MOST_REPEATS)


class _Decisions:
    """Whether conditions hold, for one set of answers. A Form has no circles (reading refuses them)."""

    def __init__(self, form: Form, answers: Answers) -> None:
        self._answers = answers
        self._above: dict[str, tuple[Question, ...]] = {}
        self._remember(form.items, ())

    def _remember(self, items: tuple[Question, ...], above: tuple[Question, ...]) -> None:
        for item in items:
            self._above[item.link_id] = (*above, item)
            self._remember(item.items, (*above, item))

    def stands_open(self, item: Question, above: Place) -> bool:
        held = (self._holds(condition, above) for condition in item.conditions)
        if not item.conditions:
            return True
        return any(held) if item.any_condition else all(held)

    def _holds(self, condition: Condition, near: Place) -> bool:
        values = [value for place in self._places(condition.question, near) for value in self._answers[place]]
        if condition.operator == "exists":
            return bool(values) is bool(condition.answer)
        if condition.operator == "!=":
            return bool(values) and all(not _same(_bare(value), condition.answer) for value in values)
        return any(_compared(_bare(value), condition.operator, condition.answer) for value in values)

    def _places(self, link_id: str, near: Place) -> list[Place]:
        """Where a question was answered, in the repeats that the asker stands in, and is itself asked."""
        repeats = dict(near)
        return [
            place
            for place in self._answers
            if place[-1][0] == link_id
            and all(repeats.get(name, number) == number for name, number in place[:-1])
            and self._reached(place)
        ]

    def _reached(self, place: Place) -> bool:
        lineage = self._above.get(place[-1][0], ())
        return [one.link_id for one in lineage] == [name for name, _ in place] and all(
            self.stands_open(one, place[:depth]) for depth, one in enumerate(lineage)
        )


def _bare(value: Json) -> Any:
    return next(iter(value.values()), None)


def _same(given: Any, wanted: Any) -> bool:
    """Codings agree by code, and by system where both name one; published forms leave it out."""
    if isinstance(given, dict) and isinstance(wanted, dict):
        if "code" in given and "code" in wanted:
            systems = given.get("system"), wanted.get("system")
            return given["code"] == wanted["code"] and (None in systems or systems[0] == systems[1])
        return given == wanted
    if isinstance(given, bool) or isinstance(wanted, bool):
        return given is wanted
    return bool(given == wanted)


def _compared(given: Any, operator: str, wanted: Any) -> bool:
    if operator == "=":
        return _same(given, wanted)
    try:
        left, right = _ordered(given, wanted)
    except (TypeError, InvalidOperation):
        return False
    return bool({">": left > right, "<": left < right, ">=": left >= right, "<=": left <= right}.get(operator, False))


def _ordered(given: Any, wanted: Any) -> tuple[Any, Any]:
    """The two as something that has an order. Raises TypeError: quantities of different units have none."""
    if isinstance(given, dict) and isinstance(wanted, dict):
        if (given.get("code") or given.get("unit")) != (wanted.get("code") or wanted.get("unit")):
            raise TypeError
        given, wanted = given.get("value"), wanted.get("value")
    if isinstance(given, str) and isinstance(wanted, str):
        return given, wanted
    if any(isinstance(one, bool) or not isinstance(one, int | float | Decimal) for one in (given, wanted)):
        raise TypeError
    return Decimal(str(given)), Decimal(str(wanted))


def _faults(question: Question, values: list[Json], finished: bool) -> Iterator[str]:
    called = question.text or question.link_id
    if finished and question.required and not values:
        yield f"Answer “{called}”"
    if len(values) > 1 and not question.repeats:
        yield f"Give one answer to “{called}”"
    if len(values) > MOST_REPEATS:
        yield f"Give at most {MOST_REPEATS} answers to “{called}”"
    for value in values:
        yield from _value_faults(question, value, called)


def _value_faults(question: Question, value: Json, called: str) -> Iterator[str]:
    name, given = next(iter(value.items()), ("", None))
    free = question.type == "open-choice" and name == "valueString"
    options = {next(iter(option)) for option in question.options}
    if name not in {VALUES[question.type], *options} and not free:
        yield f"The answer to “{called}” is not of the kind asked for"
        return
    if question.options and not free and not any(_same(given, _bare(option)) for option in question.options):
        yield f"Choose one of the answers to “{called}”"
    if isinstance(given, str):
        yield from _length_faults(question, given, called)
    size = given.get("value") if isinstance(given, dict) else given
    if question.least is not None and _compared(size, "<", _size(question.least)):
        yield f"The answer to “{called}” must be {_size(question.least)} or more"
    if question.most is not None and _compared(size, ">", _size(question.most)):
        yield f"The answer to “{called}” must be {_size(question.most)} or less"


def _size(bound: Any) -> Any:
    return bound.get("value") if isinstance(bound, dict) else bound


def _length_faults(question: Question, given: str, called: str) -> Iterator[str]:
    longest = min(question.longest or LONGEST, LONGEST)
    if len(given) > longest:
        yield f"The answer to “{called}” must be {longest:,} characters or fewer"
    if question.shortest is not None and len(given) < question.shortest:
        yield f"The answer to “{called}” must be {question.shortest:,} characters or more"
