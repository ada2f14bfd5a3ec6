"""Answers as a FHIR QuestionnaireResponse, and back."""

from typing import Any

from records.questionnaires.answering import MOST_REPEATS, Answers, Asked, Place, kept, open_now
from records.questionnaires.reading import Form, Json, Question


def answers_to_fhir(form: Form, answers: Answers, *, finished: bool) -> Json:
    """The QuestionnaireResponse of what stands open; the caller adds whose it is, who gave it and when."""
    given = kept(form, answers)
    response: Json = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed" if finished else "in-progress",
    }
    if form.url:
        response["questionnaire"] = f"{form.url}|{form.version}" if form.version else form.url
    if items := _items(form.items, (), given, {one.place: one for one in open_now(form, answers)}):
        response["item"] = items
    return response


def _items(items: tuple[Question, ...], above: Place, given: Answers, asked: dict[Place, Asked]) -> list[Json]:
    made: list[Json] = []
    for item in items:
        head = {"linkId": item.link_id, **({"text": item.text} if item.text else {})}
        if item.type == "group":
            number = 0
            while (place := (*above, (item.link_id, number))) in asked:
                below = _items(item.items, place, given, asked)
                # A repeat left empty keeps its place if another follows: answers must not move to a different one.
                if below or (*above, (item.link_id, number + 1)) in asked:
                    made.append({**head, **({"item": below} if below else {})})
                number += 1
            continue
        answers = []
        values = given.get((*above, (item.link_id, 0)), [])
        for number, value in enumerate(values):
            below = _items(item.items, (*above, (item.link_id, number)), given, asked)
            answers.append({**value, **({"item": below} if below else {})})
        if answers:
            made.append({**head, "answer": answers})
    return made


def answers_from_fhir(form: Form, response: Json) -> Answers:
    """The answers a QuestionnaireResponse gives to this form's questions; what it says beside them is left out."""
    found: Answers = {}
    _read(form.items, (), response.get("item", ()), found)
    return found


def _read(questions: tuple[Question, ...], above: Place, items: Any, found: Answers) -> None:
    for question in questions:
        said = [one for one in items if one.get("linkId") == question.link_id]
        if question.type == "group":
            for number, one in enumerate(said[: MOST_REPEATS if question.repeats else 1]):
                _read(question.items, (*above, (question.link_id, number)), one.get("item", ()), found)
            continue
        answers = [answer for one in said for answer in one.get("answer", ())][:MOST_REPEATS]
        for number, answer in enumerate(answers):
            value = {key: part for key, part in answer.items() if key.startswith("value")}
            if value and question.asked:
                found.setdefault((*above, (question.link_id, 0)), []).append(value)
            _read(question.items, (*above, (question.link_id, number)), answer.get("item", ()), found)
