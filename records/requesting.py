"""What is drawn out of medicines given, requests, tasks, forms, messages and consents: `Resource.detail`, key by key.

Pure, like records.details, whose rules hold here too.
"""

from collections.abc import Iterator
from typing import Any, Final

from exchange.fhir.systems import System
from records.details import notes
from records.drawing import Json, Naming, all_words, at, every, observed, quantity, text_at, words

_TEXT: Final = 20_000
#: As many answers of one form as a line or a search reads; the page of the entry tells all.
_ANSWERS: Final = 300


def dispensed(resource: Json, name: Naming) -> Json:
    """Of MedicationDispense and MedicationAdministration: how much of it, when and by whom it was given."""
    dosages = every(resource.get("dosageInstruction") or resource.get("dosage"))
    first = dosages[0] if dosages else {}
    return {
        "dose": quantity(at(first, "doseAndRate.doseQuantity")) or quantity(first.get("dose")),
        "directions": "; ".join(filter(None, (text_at(d, "text", "patientInstruction") for d in dosages))),
        "quantity": quantity(resource.get("quantity")),
        "supply": quantity(resource.get("daysSupply")),
        "prepared": text_at(resource, "whenPrepared"),
        "ended": text_at(resource, "effectivePeriod.end"),
        "performer": name(at(resource, "performer.actor")),
        "reason": all_words(resource.get("reasonCode")),
        "status_reason": all_words(resource.get("statusReason")) or words(resource.get("statusReasonCodeableConcept")),
        "note": notes(resource),
    }


def request(resource: Json, name: Naming) -> Json:
    """Of a ServiceRequest: what for, from whom to whom, how urgent and for when."""
    return {
        "intent": text_at(resource, "intent"),
        "priority": text_at(resource, "priority"),
        "reason": all_words(resource.get("reasonCode")) or name(at(resource, "reasonReference")),
        "requester": name(resource.get("requester")),
        "performer": name(at(resource, "performer")) or words(resource.get("performerType")),
        "wanted": text_at(resource, "occurrenceDateTime", "occurrencePeriod.start"),
        "directions": text_at(resource, "patientInstruction"),
        "note": notes(resource),
    }


def task(resource: Json, name: Naming) -> Json:
    """Of a Task: what is to be done, for whom by whom and until when."""
    described = text_at(resource, "description")
    return {
        "intent": text_at(resource, "intent"),
        "priority": text_at(resource, "priority"),
        "text": described if words(resource.get("code")) else "",
        "reason": words(resource.get("reasonCode")),
        "requester": name(resource.get("requester")),
        "owner": name(resource.get("owner")),
        "due": text_at(resource, "restriction.period.end", "executionPeriod.end"),
        "business_status": words(resource.get("businessStatus")),
        "status_reason": words(resource.get("statusReason")),
        "note": notes(resource),
    }


# Forms ----------------------------------------------------------------------------------------------------------------
def form(resource: Json, name: Naming) -> Json:
    """Of a QuestionnaireResponse: each question that has an answer, in the order of the form, groups opened."""
    answers = [{"question": question, "answer": answer} for question, answer in _answered(resource, name)]
    return {
        "answers": answers[:_ANSWERS],
        "author": name(resource.get("author")),
        "informant": name(resource.get("source")),
    }


def form_title(resource: Json, name: Naming) -> str:
    """What the form is called: the display beside its address, else the title of the form that came with it."""
    for one in every((resource.get("_questionnaire") or {}).get("extension")):
        if one.get("url") == System.EXT_DISPLAY and isinstance(one.get("valueString"), str):
            return str(one["valueString"])
    asked = str(resource.get("questionnaire") or "")
    contained = (one for one in every(resource.get("contained")) if f"#{one.get('id')}" == asked)
    return next((text_at(one, "title", "name") for one in contained), "")


def _answered(resource: Json, name: Naming) -> Iterator[tuple[str, str]]:
    """Questions may stand within groups and within answers, at any depth: a stack, so that no depth is too deep."""
    waiting = every(resource.get("item"))[::-1]
    while waiting:
        item = waiting.pop()
        answers = every(item.get("answer"))
        said = ", ".join(filter(None, (_answer(one, name) for one in answers)))
        if said:
            yield text_at(item, "text", "linkId"), said[:_TEXT]
        below = [inner for one in (item, *answers) for inner in every(one.get("item"))]
        waiting += below[::-1]


def _answer(answer: Json, name: Naming) -> str:
    coding = answer.get("valueCoding")
    if isinstance(coding, dict):
        return text_at(coding, "display", "code")
    if "valueReference" in answer:
        return name(answer["valueReference"])
    if "valueAttachment" in answer:
        return text_at(answer, "valueAttachment.title") or "A file"
    value, unit = observed({element: value for element, value in answer.items() if element.startswith("value")})
    return f"{value} {unit}".strip()


# Messages and consents ------------------------------------------------------------------------------------------------
def message(resource: Json, name: Naming) -> Json:
    """Of a Communication: its text, from whom to whom."""
    told = (text_at(one, "contentString", "contentAttachment.title") for one in every(resource.get("payload")))
    return {
        "text": "\n".join(filter(None, told))[:_TEXT],
        "sender": name(resource.get("sender")),
        "recipient": _names(resource.get("recipient"), name),
        "reason": all_words(resource.get("reasonCode")),
        "received": text_at(resource, "received"),
        "note": notes(resource),
    }


def consent(resource: Json, name: Naming) -> Json:
    """Of a Consent: permitted or denied, what, by whom and until when."""
    return {
        "decision": text_at(resource, "provision.type"),
        "about": all_words(resource.get("category")),
        "policy": words(resource.get("policyRule")),
        "actors": _names([one.get("reference") for one in every((resource.get("provision") or {}).get("actor"))], name),
        "performer": _names(resource.get("performer"), name),
        "organisation": _names(resource.get("organization"), name),
        "end": text_at(resource, "provision.period.end"),
    }


def _names(references: Any, name: Naming) -> str:
    return ", ".join(filter(None, (name(one) for one in every(references))))
