"""The form engine: any tree of questions and answers, and the published forms."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.fhir import validate
from records.questionnaires import paths
from records.questionnaires.answering import Answers, kept, open_now, wrong
from records.questionnaires.reading import Form, Unusable, read
from records.questionnaires.response import answers_from_fhir, answers_to_fhir

EXAMPLES = Path(__file__).parents[4] / "shared" / "data" / "bars" / "simplifier" / "Examples"
Json = dict[str, Any]


def questionnaire(*items: Json, **more: Any) -> Json:
    return {"resourceType": "Questionnaire", "status": "active", "title": "T", "item": list(items), **more}


def item(link_id: str, kind: str = "string", **more: Any) -> Json:
    return {"linkId": link_id, "text": f"Question {link_id}", "type": kind, **more}


def when(question: str, operator: str, **answer: Any) -> Json:
    return {"question": question, "operator": operator, **answer}


def at(*names: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, 0) for name in names)


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Any tree of groups and questions whose conditions look back."""
    before: list[str] = []

    def make(depth: int) -> Json:
        number = len(before)
        before.append(f"i{number}")
        kind = draw(st.sampled_from(["group", "boolean", "string", "integer"] if depth < 3 else ["boolean", "string"]))
        made = item(f"i{number}", kind, repeats=draw(st.booleans()))
        if number and kind != "group" and draw(st.booleans()):
            made["enableWhen"] = [
                when(draw(st.sampled_from(before[:number])), "exists", answerBoolean=draw(st.booleans()))
            ]
        if kind == "group":
            made["item"] = [make(depth + 1) for _ in range(draw(st.integers(1, 3)))]
        elif depth < 3 and draw(st.booleans()):
            made["item"] = [make(depth + 1)]
        return made

    items = [make(1) for _ in range(draw(st.integers(1, 4)))]
    return read(questionnaire(*items, item("last")))


@st.composite
def filled(draw: st.DrawFn) -> tuple[Form, Answers]:
    form = draw(forms())
    answers: Answers = {}
    values = {"boolean": st.booleans(), "string": st.text("abc", min_size=1, max_size=4), "integer": st.integers(-9, 9)}
    for _ in range(2):  # answers open further questions
        for one in open_now(form, answers):
            if one.question.asked and draw(st.booleans()):
                several = draw(st.integers(1, 3)) if one.question.repeats else 1
                kind = one.question.type
                answers[one.place] = [{f"value{kind.title()}": draw(values[kind])} for _ in range(several)]
    return form, answers


@given(filled())
def test_hidden_questions_keep_no_answer(case: tuple[Form, Answers]) -> None:
    form, answers = case
    held = kept(form, answers)
    assert held.keys() <= {one.place for one in open_now(form, answers)}
    assert all(held[place] == answers[place] for place in held)


@given(filled())
def test_response_and_answers_say_the_same(case: tuple[Form, Answers]) -> None:
    form, answers = case
    response = answers_to_fhir(form, answers, finished=True)
    assert validate.check(response) == []
    read_back = answers_from_fhir(form, response)
    assert read_back == kept(form, answers)


@given(filled())
def test_what_is_kept_is_kept_again(case: tuple[Form, Answers]) -> None:
    form, answers = case
    held = kept(form, answers)
    assert kept(form, held) == held


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80) | st.text("()'.%+-*/|1aas$this[]", max_size=80))
def test_any_expression_ends_and_raises_nothing(expression: str) -> None:
    begun = time.monotonic()
    assert isinstance(paths.evaluate(expression, {"resourceType": "Patient", "a": [1, 2]}), list)
    assert time.monotonic() - begun < 4 * paths.SECONDS + 1  # parsing and evaluating, each in its time


@pytest.mark.parametrize(
    "expression",
    [
        "9.power(9).power(9).power(9)",
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+$')",
        "a.repeat($this)",
        "descendants().count()",
        "(" * 400,
        "1" + "+1" * 400,
        "a.select($this." * 20 + "a" + ")" * 20,
        "%nobody",
        "`matches`('a')",
    ],
)
def test_hostile_expressions_give_nothing_in_time(expression: str) -> None:
    begun = time.monotonic()
    assert paths.evaluate(expression, {"a": list(range(2000))}) == []
    assert time.monotonic() - begun < 4


def test_an_expression_that_runs_on_is_ended() -> None:
    begun = time.monotonic()
    assert (
        paths.evaluate("a.where(%resource.a.where(%resource.a.count() > 1).count() > 1)", {"a": list(range(3000))})
        == []
    )
    assert time.monotonic() - begun < 4 * paths.SECONDS + 1


def test_an_expression_gives_what_the_record_holds() -> None:
    patient = {"resourceType": "Patient", "name": [{"given": ["Jane"]}]}
    assert paths.evaluate("name.given.first()", patient) == ["Jane"]
    assert paths.evaluate("%patient.name.given", {}, {"patient": patient}) == ["Jane"]


@pytest.mark.parametrize(
    ("operator", "given_", "holds"),
    [
        ("=", 5, True),
        ("=", 4, False),
        ("!=", 4, True),
        ("!=", 5, False),
        (">", 6, True),
        (">", 5, False),
        ("<", 4, True),
        ("<", 5, False),
        (">=", 5, True),
        (">=", 4, False),
        ("<=", 5, True),
        ("<=", 6, False),
    ],
)
def test_every_operator(operator: str, given_: int, holds: bool) -> None:
    form = read(questionnaire(item("a", "integer"), item("b", enableWhen=[when("a", operator, answerInteger=5)])))
    answers: Answers = {at("a"): [{"valueInteger": given_}], at("b"): [{"valueString": "x"}]}
    assert (at("b") in kept(form, answers)) is holds
    assert at("b") not in kept(form, {at("b"): [{"valueString": "x"}]})  # unanswered: no comparison holds


@pytest.mark.parametrize(("behaviour", "holds"), [("any", True), ("all", False)])
def test_any_and_all(behaviour: str, holds: bool) -> None:
    conditions = [when("a", "=", answerBoolean=True), when("b", "=", answerBoolean=True)]
    asked = item("c", enableWhen=conditions, enableBehavior=behaviour)
    form = read(questionnaire(item("a", "boolean"), item("b", "boolean"), asked))
    answers: Answers = {at("a"): [{"valueBoolean": True}], at("b"): [{"valueBoolean": False}]}
    assert (at("c") in {one.place for one in open_now(form, answers)}) is holds


def test_what_hangs_on_a_hidden_question_is_hidden() -> None:
    form = read(
        questionnaire(
            item("a", "boolean"),
            item("b", "boolean", enableWhen=[when("a", "=", answerBoolean=True)]),
            item("c", enableWhen=[when("b", "=", answerBoolean=True)]),
        )
    )
    stale: Answers = {
        at("a"): [{"valueBoolean": False}],
        at("b"): [{"valueBoolean": True}],
        at("c"): [{"valueString": "x"}],
    }
    assert kept(form, stale) == {at("a"): [{"valueBoolean": False}]}


def test_wrong_answers_are_named() -> None:
    bound = {"url": "http://hl7.org/fhir/StructureDefinition/maxValue", "valueInteger": 9}
    options = [{"valueCoding": {"code": "y", "display": "Yes"}}]
    form = read(
        questionnaire(
            item("a", required=True),
            item("b", "integer", extension=[bound]),
            item("c", "choice", answerOption=options),
            item("d", maxLength=3),
        )
    )
    answers: Answers = {
        at("b"): [{"valueInteger": 10}],
        at("c"): [{"valueCoding": {"code": "n"}}],
        at("d"): [{"valueString": "long"}],
    }
    assert [one.place[-1][0] for one in wrong(form, answers)] == ["a", "b", "c", "d"]
    assert [one.place[-1][0] for one in wrong(form, answers, finished=False)] == ["b", "c", "d"]
    assert wrong(form, {at("a"): [{"valueString": "x"}], at("b"): [{"valueInteger": 9}]}) == []


def test_what_is_not_supported_is_kept_and_named() -> None:
    expression = {"language": "text/cql", "expression": "X"}
    url = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression"
    source = questionnaire(
        item("a"),
        item("b", "attachment"),
        item("c", extension=[{"url": url, "valueExpression": expression}]),
        item("d", "choice", answerValueSet="http://example.org/elsewhere"),
    )
    form = read(source)
    assert form.source == source
    said = " ".join(form.unsupported)
    assert all(f"Question {name}" in said for name in "bcd")
    assert "Question a" not in said


def test_all_faults_are_told_by_name() -> None:
    source = questionnaire(item("a"), item("a"), item("b", enableWhen=[when("z", "exists", answerBoolean=True)]))
    with pytest.raises(Unusable) as raised:
        read(source)
    assert len(raised.value.faults) == 2
    circle = questionnaire(
        item("a", enableWhen=[when("b", "exists", answerBoolean=True)]),
        item("b", enableWhen=[when("a", "exists", answerBoolean=True)]),
    )
    with pytest.raises(Unusable):
        read(circle)
    with pytest.raises(Unusable):
        read({"resourceType": "Questionnaire", "status": "banana", "item": [item("a")]})


@pytest.mark.parametrize("name", ["NOC", "PTS"])
@pytest.mark.skipif(not EXAMPLES.exists(), reason="the published examples lie beside the project")
def test_the_published_forms_and_their_answers(name: str) -> None:
    form = read(json.loads((EXAMPLES / f"Questionnaire_for_{name}.json").read_text()))
    response = json.loads((EXAMPLES / f"QuestionnaireResponse_for_{name}.json").read_text())
    answers = answers_from_fhir(form, response)
    assert answers
    assert form.unsupported == ()
    assert answers_from_fhir(form, answers_to_fhir(form, answers, finished=True)) == kept(form, answers)
