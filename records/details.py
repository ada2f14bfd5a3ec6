"""What only one kind of resource has, for its place on the screen: `Resource.detail`, key by key.

Each function takes a valid resource and a function that names what a Reference points to, and gives a dictionary of
text, lists and dictionaries. Empty values are left out of what is stored.
"""

import re
from html import unescape
from typing import Any, Final

from records import dosing
from records.drawing import (
    Json,
    Naming,
    all_words,
    at,
    code,
    every,
    human_name,
    number,
    one_line,
    phone,
    quantity,
    text_at,
    words,
)

_TAG: Final = re.compile(r"<[^>]+>")
_BLOCK_END: Final = re.compile(r"</(?:p|div|li|h[1-6]|tr)>|<br\s*/?>")
_NOTE_LENGTH: Final = 2000


def without_gaps(detail: Json) -> Json:
    """The dictionary without what is empty."""
    return {key: value for key, value in detail.items() if value not in ("", None, [], {})}


def nothing(resource: Json, name: Naming) -> Json:
    return {}


def narrative(resource: Json) -> str:
    """The narrative (text.div) as plain lines, without its markup."""
    div = text_at(resource, "text.div")
    lines = (unescape(_TAG.sub("", line)).strip() for line in _BLOCK_END.sub("\n", div).splitlines())
    return "\n".join(line for line in lines if line)[:_NOTE_LENGTH]


def notes(resource: Json) -> str:
    """Annotations (note.text), one a line."""
    return "\n".join(filter(None, (text_at(one, "text") for one in every(resource.get("note")))))[:_NOTE_LENGTH]


def problem(resource: Json, name: Naming) -> Json:
    return {
        "clinical": code(resource.get("clinicalStatus")),
        "verification": code(resource.get("verificationStatus")),
        "onset": text_at(resource, "onsetDateTime", "onsetPeriod.start", "onsetString"),
        "abatement": text_at(resource, "abatementDateTime", "abatementPeriod.end", "abatementString"),
        "severity": words(resource.get("severity")),
        "recorded": text_at(resource, "recordedDate"),
        "recorder": name(resource.get("recorder")) or name(resource.get("asserter")),
        "note": notes(resource),
    }


def allergy(resource: Json, name: Naming) -> Json:
    reactions = every(resource.get("reaction"))
    return {
        "reaction": ", ".join(filter(None, (all_words(one.get("manifestation")) for one in reactions))),
        "severity": next((one["severity"] for one in reactions if one.get("severity")), ""),
        "criticality": text_at(resource, "criticality"),
        "verification": code(resource.get("verificationStatus")),
        "clinical": code(resource.get("clinicalStatus")),
        "type": text_at(resource, "type"),
        "onset": text_at(resource, "onsetDateTime", "onsetPeriod.start", "onsetString"),
        "recorder": name(resource.get("recorder")) or name(resource.get("asserter")),
        "note": notes(resource),
    }


def medicine(resource: Json, name: Naming) -> Json:
    dosages = every(resource.get("dosageInstruction") or resource.get("dosage"))
    first = dosages[0] if dosages else {}
    return {
        "dose": quantity(at(first, "doseAndRate.doseQuantity")) or _range(at(first, "doseAndRate.doseRange")),
        "directions": "; ".join(filter(None, (text_at(d, "text", "patientInstruction") for d in dosages))),
        "often": str(dosing.often(dosages) or ""),
        "intent": text_at(resource, "intent"),
        "authored": text_at(resource, "authoredOn", "dateAsserted", "whenHandedOver"),
        "ended": text_at(resource, "effectivePeriod.end"),
        "reason": all_words(resource.get("reasonCode")),
        "status_reason": all_words(resource.get("statusReason")),
        "course": words(resource.get("courseOfTherapyType")),
        "requester": name(resource.get("requester")) or name(resource.get("informationSource")),
        "note": notes(resource),
    }


def _range(value: Any) -> str:
    low, high = quantity(at(value, "low")), quantity(at(value, "high"))
    return f"{low} to {high}" if low and high else low or high


def immunisation(resource: Json, name: Naming) -> Json:
    return {
        "dose": number(at(resource, "protocolApplied.doseNumberPositiveInt")),
        "lot": text_at(resource, "lotNumber"),
        "occurrence": text_at(resource, "occurrenceString"),
        "performer": name(at(resource, "performer.actor")),
        "status_reason": words(resource.get("statusReason")),
        "note": notes(resource),
    }


def procedure(resource: Json, name: Naming) -> Json:
    return {
        "end": text_at(resource, "performedPeriod.end"),
        "reason": all_words(resource.get("reasonCode")),
        "outcome": words(resource.get("outcome")),
        "performer": name(at(resource, "performer.actor")),
        "note": notes(resource),
    }


def family_history(resource: Json, name: Naming) -> Json:
    conditions = [words(one.get("code")) for one in every(resource.get("condition"))]
    return {"relationship": words(resource.get("relationship")), "conditions": conditions, "note": notes(resource)}


def letter(resource: Json, name: Naming) -> Json:
    return {
        "author": name(at(resource, "author")),
        "title": text_at(resource, "description", "content.attachment.title") or words(resource.get("type")),
        "custodian": name(resource.get("custodian")),
        "attachments": [
            without_gaps(
                {"type": text_at(one, "contentType"), "title": text_at(one, "title"), "url": text_at(one, "url")}
            )
            for content in every(resource.get("content"))
            for one in every(content.get("attachment"))
        ],
        "replaces": replaced(resource),
        "gp_actions": gp_actions(resource),
    }


def replaced(resource: Json) -> list[str]:
    """The earlier versions that a document replaces (relatesTo)."""
    related = [one for one in every(resource.get("relatesTo")) if one.get("code") == "replaces"]
    return [found for one in related if (found := text_at(one, "target.reference", "targetReference.reference"))]


def document(resource: Json, name: Naming) -> Json:
    return {
        "author": name(at(resource, "author")),
        "title": text_at(resource, "title"),
        "custodian": name(resource.get("custodian")),
        "sections": [text_at(one, "title") for one in every(resource.get("section"))],
        "replaces": replaced(resource),
        "gp_actions": gp_actions(resource),
    }


def gp_actions(resource: Json) -> str:
    """What a letter asks the practice to do: its narrative after "GP to do:", else its section of GP actions."""
    for line in narrative(resource).splitlines():
        if line.casefold().startswith("gp to do:"):
            return line.partition(":")[2].strip()
    for section in every(resource.get("section")):
        if "gp" in text_at(section, "title").casefold().split():
            return narrative(section)
    return ""


def encounter(resource: Json, name: Naming) -> Json:
    return {
        "class": text_at(resource, "class.display", "class.code"),
        "class_code": text_at(resource, "class.code"),
        "start": text_at(resource, "period.start"),
        "end": text_at(resource, "period.end"),
        "reason": all_words(resource.get("reasonCode")),
        "participant": name(at(resource, "participant.individual")),
        "place": name(at(resource, "location.location")) or name(resource.get("serviceProvider")),
        "discharge": words(at(resource, "hospitalization.dischargeDisposition")),
        "note": narrative(resource),
    }


def appointment(resource: Json, name: Naming) -> Json:
    actors = [one.get("actor") or {} for one in every(resource.get("participant"))]
    said = [(str(actor.get("reference", "")).partition("/")[0] or actor.get("type"), name(actor)) for actor in actors]
    staff = [called for kind, called in said if kind in ("Practitioner", "PractitionerRole")]
    places = [called for kind, called in said if kind in ("Location", "HealthcareService")]
    return {
        "start": text_at(resource, "start"),
        "end": text_at(resource, "end"),
        "practitioner": ", ".join(filter(None, staff)),
        "place": ", ".join(filter(None, places)),
        "description": text_at(resource, "description"),
        "reason": all_words(resource.get("reasonCode")),
        "comment": text_at(resource, "comment", "patientInstruction"),
    }


def careplan(resource: Json, name: Naming) -> Json:
    return {
        "title": text_at(resource, "title"),
        "description": text_at(resource, "description"),
        "start": text_at(resource, "period.start"),
        "end": text_at(resource, "period.end"),
        "activities": [_activity(one, name) for one in every(resource.get("activity"))],
        "author": name(resource.get("author")),
        "note": notes(resource) or narrative(resource),
    }


def _activity(activity: Json, name: Naming) -> Json:
    planned = activity.get("detail") or {}
    return without_gaps(
        {
            "text": text_at(planned, "description") or words(planned.get("code")) or name(activity.get("reference")),
            "when": text_at(planned, "scheduledString", "scheduledTiming.code.text"),
            "status": text_at(planned, "status"),
            "status_reason": words(planned.get("statusReason")),
            "by": ", ".join(filter(None, (name(one) for one in every(planned.get("performer"))))),
            "place": name(planned.get("location")),
        }
    )


def careteam(resource: Json, name: Naming) -> Json:
    return {
        "participants": [
            without_gaps({"name": name(one.get("member")), "role": all_words(one.get("role"))})
            for one in every(resource.get("participant"))
        ],
        "phone": phone(resource),
        "note": notes(resource),
    }


def goal(resource: Json, name: Naming) -> Json:
    return {
        "achievement": words(resource.get("achievementStatus")),
        "due": text_at(resource, "target.dueDate"),
        "priority": words(resource.get("priority")),
        "by": name(resource.get("expressedBy")),
        "note": notes(resource),
    }


def flag(resource: Json, name: Naming) -> Json:
    return {"end": text_at(resource, "period.end"), "author": name(resource.get("author")), "note": narrative(resource)}


def contact(resource: Json, name: Naming) -> Json:
    return {
        "name": human_name(at(resource, "name")),
        "relationship": all_words(resource.get("relationship")),
        "phone": phone(resource),
        "address": one_line(at(resource, "address")),
        "end": text_at(resource, "period.end"),
    }
