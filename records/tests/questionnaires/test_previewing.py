"""A form as it is filled in: conditions, repeats, checking; nothing is kept."""

import json
from typing import Any

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import Person
from records.models import Form, FormVersion, Resource
from records.questionnaires import actions
from records.questionnaires.filling import filled
from records.questionnaires.reading import VALUES, read
from records.tests.questionnaires.test_engine import EXAMPLES, item, questionnaire, when

EVERY = read(questionnaire(*(item(kind, kind, repeats=True) for kind in VALUES), item("g", "group", repeats=True)))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.sampled_from(["", "_own", "_unit"]), st.text(max_size=12))))
def test_anything_a_browser_may_send_is_shown_again(sent: list[tuple[int, str, str]]) -> None:
    data = QueryDict(mutable=True)
    for number, after, text in sent:
        data.appendlist(f"q{number}_0{after}", text)
        data.appendlist("begun", text)
    shown = filled(EVERY, data, more="q12_0", finished=True)
    assert all(one.written == (data.getlist(one.name) or [""])[:50] for one in shown.fields if one.question.asked)


def preview(person: Person, source: Any, sent: dict[str, Any] | None = None) -> Any:
    form = Form.objects.first()
    if form is None:
        form = actions.take_in(text=json.dumps(source), name="F", service_id="", by=person.actor).form
    address = f"/settings/forms/{form.pk}/1/preview/"
    return person.client.get(address) if sent is None else person.client.post(address, sent)


@pytest.mark.django_db
def test_what_is_missing_or_unreadable_is_told_beside_its_question(practice_manager: Person) -> None:
    source = questionnaire(item("a", required=True), item("b", "integer"), item("c", "date"))
    assert "(required)" in preview(practice_manager, source).content.decode()
    response = preview(practice_manager, source, {"act": "check", "q1_0": "ten", "q2_0": "2026-02-30"})
    page = response.content.decode()
    assert response.status_code == 422
    assert 'href="#q0_0"' in page
    assert "“Question b”: enter a whole number" in page
    assert 'value="ten"' in page
    assert "“Question c”: enter a real date" in page
    assert preview(practice_manager, source, {"act": "update", "q1_0": "ten"}).status_code == 200
    fine = preview(practice_manager, source, {"act": "check", "q0_0": "x", "q1_0": "10", "q2_0": "2026-02-28"})
    assert fine.status_code == 200
    assert "Nothing is missing" in fine.content.decode()
    assert FormVersion.objects.count() == 1
    assert not Resource.objects.exists()


@pytest.mark.django_db
def test_another_answer_and_another_group_are_added_and_stay(practice_manager: Person) -> None:
    source = questionnaire(item("a", repeats=True), item("g", "group", repeats=True, item=[item("b")]))
    page = preview(practice_manager, source, {"q0_0": "x", "more": "q0_0"}).content.decode()
    assert page.count('name="q0_0"') == 2
    page = preview(practice_manager, source, {"more": "q1_0", "begun": ["q1_0"]}).content.decode()
    assert 'name="q1_1-2_0"' in page
    again = preview(practice_manager, source, {"begun": ["q1_0", "q1_1"]}).content.decode()
    assert 'name="q1_1-2_0"' in again
    assert 'name="q1_2-2_0"' not in again


@pytest.mark.django_db
def test_a_condition_opens_and_closes_a_question(practice_manager: Person) -> None:
    asked = item("b", required=True, enableWhen=[when("a", "=", answerBoolean=True)])
    source = questionnaire(item("a", "boolean"), asked)
    assert 'name="q1_0"' not in preview(practice_manager, source).content.decode()
    assert 'name="q1_0"' in preview(practice_manager, source, {"q0_0": "true"}).content.decode()
    closed = preview(practice_manager, source, {"act": "check", "q0_0": "false", "q1_0": "left over"})
    assert closed.status_code == 200
    assert 'name="q1_0"' not in closed.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "opened"), [("NOC", 0), ("PTS", 2)])
@pytest.mark.skipif(not EXAMPLES.exists(), reason="the published examples lie beside the project")
def test_the_published_forms_are_shown(practice_manager: Person, name: str, opened: int) -> None:
    source = json.loads((EXAMPLES / f"Questionnaire_for_{name}.json").read_text())
    page = preview(practice_manager, source).content.decode()
    assert source["item"][0]["text"] in page
    assert all(f'name="q{number}_0"' not in page for number in (1, 2))
    assert preview(practice_manager, source, {"act": "check"}).status_code == 422
    chosen = [preview(practice_manager, source, {"q0_0": str(n), "act": "update"}).content.decode() for n in (0, 1)]
    assert max(sum(f'name="q{number}_0"' in one for number in (1, 2)) for one in chosen) == opened
