"""A FHIR R4 Questionnaire as questions that can be shown (SDC subset), with words for what cannot be."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from exchange.fhir import numbers, validate
from exchange.fhir.systems import System
from records.questionnaires import paths

Json = dict[str, Any]

MOST_QUESTIONS: Final = 300
DEEPEST: Final = 8

#: Item type -> value[x] of its answer. Types that are not here are kept, named and not asked.
VALUES: Final = {
    "boolean": "valueBoolean",
    "decimal": "valueDecimal",
    "integer": "valueInteger",
    "date": "valueDate",
    "dateTime": "valueDateTime",
    "time": "valueTime",
    "string": "valueString",
    "text": "valueString",
    "url": "valueUri",
    "choice": "valueCoding",
    "open-choice": "valueCoding",
    "quantity": "valueQuantity",
}
SHOWN: Final = frozenset({*VALUES, "group", "display"})
_EXTENSIONS: Final = {
    System.EXT_MIN_VALUE: "least",
    System.EXT_MAX_VALUE: "most",
    System.EXT_MIN_LENGTH: "shortest",
    System.EXT_INITIAL_EXPRESSION: "initially",
    System.EXT_CALCULATED_EXPRESSION: "calculated",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """One enableWhen: `question` `operator` `answer` (a value[x] without its prefix, or whether it exists)."""

    question: str
    operator: str
    answer: Any


@dataclass(frozen=True, slots=True)
class Question:
    """One item of a Questionnaire: a question, a group of them, or words to read."""

    link_id: str
    type: str
    text: str = ""
    prefix: str = ""
    required: bool = False
    repeats: bool = False
    read_only: bool = False
    conditions: tuple[Condition, ...] = ()
    any_condition: bool = False
    #: The answers to choose from, as value[x].
    options: tuple[Json, ...] = ()
    initial: tuple[Json, ...] = ()
    initially: str = ""
    calculated: str = ""
    least: Any = None
    most: Any = None
    shortest: int | None = None
    longest: int | None = None
    items: tuple["Question", ...] = ()

    @property
    def asked(self) -> bool:
        return self.type in VALUES

    def walk(self) -> Iterator["Question"]:
        yield self
        for item in self.items:
            yield from item.walk()


@dataclass(frozen=True, slots=True)
class Form:
    """A Questionnaire that can be filled in. `source` is all of it as it came: what is not shown is kept there."""

    title: str
    url: str
    version: str
    items: tuple[Question, ...]
    source: Json = field(repr=False)
    #: What it holds that is not shown or not done, in words.
    unsupported: tuple[str, ...] = ()

    def walk(self) -> Iterator[Question]:
        for item in self.items:
            yield from item.walk()


class Unusable(ValueError):
    """Why a Questionnaire cannot be used: `faults`, each a sentence that names its question."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(f"{len(faults)} faults")
        self.faults = faults


def read(questionnaire: Json) -> Form:
    """The form of a Questionnaire (parsed JSON). Raises Unusable with every fault by name."""
    if questionnaire.get("resourceType") != "Questionnaire":
        raise Unusable(["This is not a FHIR Questionnaire."])
    issues = validate.check(questionnaire)
    if issues:
        raise Unusable([f"{issue.expression} {issue.text}." for issue in issues])
    reader = _Reader(questionnaire)
    items = tuple(reader.item(one, 1) for one in questionnaire.get("item", ()))
    form = Form(
        title=questionnaire.get("title") or questionnaire.get("name") or "Form without a title",
        url=questionnaire.get("url", ""),
        version=questionnaire.get("version", ""),
        items=items,
        source=questionnaire,
        unsupported=tuple(reader.unsupported),
    )
    faults = [*reader.faults, *_faults(form)]
    if faults:
        raise Unusable(faults)
    return form


def read_text(text: str) -> Form:
    """The form in a text as received. Raises Unusable, also for what is not JSON or could not be kept."""
    try:
        parsed = numbers.loads(text, strict=True)
        numbers.dumps(parsed)  # half of a character pair cannot be kept
    except numbers.JsonError as error:
        raise Unusable([f"The file {error}."]) from None
    if numbers.holds_null(text):
        raise Unusable(["The file holds a null character, which FHIR does not allow."])
    return read(parsed if isinstance(parsed, dict) else {})


def _faults(form: Form) -> Iterator[str]:
    questions = list(form.walk())
    if not any(one.asked for one in questions):
        yield "The form asks nothing."
    if len(questions) > MOST_QUESTIONS:
        yield f"The form has more than {MOST_QUESTIONS} questions."
    known: dict[str, Question] = {}
    for one in questions:
        if one.link_id in known:
            yield f"Two questions have the same link id, {one.link_id}."
        known[one.link_id] = one
    for one in questions:
        for condition in one.conditions:
            if condition.question not in known:
                yield f"“{one.text or one.link_id}” depends on a question that is not there, {condition.question}."
    if not _orderable(questions):
        yield "Questions depend on each other in a circle."


def _orderable(questions: list[Question]) -> bool:
    """Whether every condition can be decided: no question depends, also through its group, on itself."""
    needs: dict[str, set[str]] = {}
    for one in questions:
        asks = {condition.question for condition in one.conditions}
        for below in one.walk():
            needs.setdefault(below.link_id, set()).update(asks)
    while needs:
        free = {name for name, wanted in needs.items() if not wanted & needs.keys()}
        if not free:
            return False
        needs = {name: wanted for name, wanted in needs.items() if name not in free}
    return True


class _Reader:
    """Reads items, and collects what is wrong and what is not supported."""

    def __init__(self, questionnaire: Json) -> None:
        self.faults: list[str] = []
        self.unsupported: list[str] = []
        self._contained = {f"#{one.get('id')}": one for one in questionnaire.get("contained", ())}
        self._extensions(questionnaire, "The form")

    def item(self, item: Json, depth: int) -> Question:
        called = f"“{item.get('text') or item['linkId']}”"
        extras = self._extensions(item, called)
        if item["type"] not in SHOWN:
            self.unsupported.append(f"{called} asks for {_KINDS.get(item['type'], item['type'])}, and is not shown.")
        if depth > DEEPEST:
            self.faults.append(f"{called} lies more than {DEEPEST} groups deep.")
        return Question(
            link_id=item["linkId"],
            type=item["type"],
            text=item.get("text", ""),
            prefix=item.get("prefix", ""),
            required=item.get("required", False),
            repeats=item.get("repeats", False),
            read_only=item.get("readOnly", False),
            conditions=tuple(_condition(one) for one in item.get("enableWhen", ())),
            any_condition=item.get("enableBehavior") == "any",
            options=tuple(self._options(item, called)),
            initial=tuple(_values(item.get("initial", ()))),
            longest=item.get("maxLength"),
            items=() if depth > DEEPEST else tuple(self.item(one, depth + 1) for one in item.get("item", ())),
            **extras,
        )

    def _extensions(self, element: Json, called: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for one in element.get("extension", ()):
            name = _EXTENSIONS.get(one["url"])
            value = next((value for key, value in one.items() if key.startswith("value")), None)
            if name in ("initially", "calculated"):
                value = self._expression(value, called)
            if name is None or value is None:
                self.unsupported.append(f"{called} has an extension that is kept and not used: {one['url']}.")
            else:
                found[name] = value
        if element.get("modifierExtension"):
            self.faults.append(
                f"{called} has a modifier extension, which changes what it means in ways not known here."
            )
        return found

    def _expression(self, value: Any, called: str) -> str | None:
        said = value if isinstance(value, dict) else {}
        if said.get("language") != "text/fhirpath" or not said.get("expression"):
            self.unsupported.append(f"{called} is filled in by something else than FHIRPath.")
            return None
        if why := paths.why_not(said["expression"]):
            self.unsupported.append(f"{called} is filled in by an expression that {why}.")
            return None
        return str(said["expression"])

    def _options(self, item: Json, called: str) -> Iterator[Json]:
        yield from _values(item.get("answerOption", ()))
        named = item.get("answerValueSet")
        if named is None:
            return
        codes = NAMED_SETS.get(named) or list(_concepts(self._contained.get(named, {})))
        if not codes:
            self.unsupported.append(f"{called} takes its answers from a list that is not in the form: {named}.")
        for code in codes:
            yield {"valueCoding": code}


_KINDS: Final = {"attachment": "a file", "reference": "a link to another entry", "question": "a question of no type"}


def _concepts(value_set: Json) -> Iterator[Json]:
    expansion = value_set.get("expansion", {}).get("contains", ())
    if expansion:
        yield from ({k: one[k] for k in ("system", "code", "display") if k in one} for one in expansion)
        return
    for include in value_set.get("compose", {}).get("include", ()):
        system = {"system": include["system"]} if "system" in include else {}
        for one in include.get("concept", ()):
            yield {**system, **{k: one[k] for k in ("code", "display") if k in one}}


def _named(system: str, *codes: tuple[str, str]) -> list[Json]:
    return [{"system": str(system), "code": code, "display": display} for code, display in codes]


#: Value sets that forms refer to by name and that are short enough to be known here.
NAMED_SETS: Final[dict[str, list[Json]]] = {
    System.VS_YES_NO_UNKNOWN: _named(System.YES_NO, ("Y", "Yes"), ("N", "No"))
    + _named(System.DATA_ABSENT, ("asked-unknown", "Don't know")),
    System.VS_GENDER: _named(
        System.GENDER, ("male", "Male"), ("female", "Female"), ("other", "Other"), ("unknown", "Unknown")
    ),
}


def _values(listed: Any) -> Iterator[Json]:
    """The value[x] of each answerOption or initial, and nothing beside it."""
    for one in listed:
        for key, value in one.items():
            if key.startswith("value"):
                yield {key: value}


def _condition(written: Json) -> Condition:
    answer = next((value for key, value in written.items() if key.startswith("answer")), None)
    return Condition(written["question"], written["operator"], answer)
