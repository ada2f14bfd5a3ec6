"""What a request says, as it is kept and shown: text, lists and dictionaries. Pure; nothing is looked up, nothing coded
is interpreted beyond its words."""

from collections.abc import Iterator
from typing import Any, Final

from exchange.fhir.inbound import header_of
from exchange.fhir.systems import ODS_SYSTEMS, System
from records import details, requesting
from records.drawing import (
    Json,
    all_words,
    at,
    code,
    codings,
    every,
    human_name,
    observed,
    phone,
    text_at,
    words,
)
from records.people.demographics import demographics

_TEXT: Final = 20_000
#: SNOMED CT codes by which it is said that there are none.
_NO_ALLERGIES: Final = {"716186003": "No known allergies", "409137002": "No known drug allergies"}
_SAFEGUARDING: Final = "SG"
#: Flags of what the person needs (BaRS reasonable adjustment), shown as individual requirements.
_REQUIREMENT: Final = "RA"
_LABELS: Final = {
    "SS": "Scene safety",
    "RS": "Services turned down",
    "IR": "Infection risk",
    "RC": "Repeat caller",
    "RT": "ReSPECT",
    "AC": "Agency contacted",
    "API": "About the patient",
    "CV": "Clinically vulnerable",
    "PS": "Psychological or social risk",
}
_GONE: Final = frozenset({"entered-in-error", "inactive", "refuted"})


def content(message: Json, focus: Json, patient: Json) -> Json:
    """All that is shown of a message. `focus` is its ServiceRequest or Appointment, `patient` whom it is about."""
    inside = _Inside(message)
    plans = list(inside.all("CarePlan"))
    outcomes = [one for plan in plans for act in every(plan.get("activity")) for one in _outcomes(act)]
    said = {
        "title": _title(inside, focus),
        "reasons": _unlike([words(one.get("code")) for one in inside.all("Condition")] + _reasons(focus)),
        "story": [text_at(one, "text")[:_TEXT] for one in outcomes if text_at(one, "text")],
        "triage": [_worded(one) for one in outcomes if codings(one) and not text_at(one, "text") and _worded(one)],
        "tasks": [text_at(one, "description") for one in inside.all("Task") if text_at(one, "description")],
        "instruction": text_at(focus, "patientInstruction"),
        "note": details.notes(focus) or text_at(focus, "comment"),
        "why_changed": all_words(focus.get("reasonCode")) or words(focus.get("cancelationReason")),
        "priority": text_at(focus, "priority"),
        "wanted_from": text_at(focus, "occurrencePeriod.start", "occurrenceDateTime"),
        "wanted_by": text_at(focus, "occurrencePeriod.end"),
        "asked_for": all_words(focus.get("category")),
        "appointment": _appointment(inside, focus),
        "sender": _sender(inside),
        "requester": _person(inside, text_at(focus, "requester.reference")),
        "consent": _consent(inside),
        "allergies": _allergies(inside),
        "medicines": list(_medicines(inside)),
        "findings": [list(one) for one in _findings(inside)],
        "answers": [list(one) for one in _answers(inside)],
        "places": [text_at(one, "name") for one in inside.all("Location") if text_at(one, "name")],
    }
    return details.without_gaps(said | _flags(inside) | _who(patient))


class _Inside:
    """The resources of a message, by type and by what refers to them."""

    def __init__(self, message: Json) -> None:
        found = [entry for entry in every(message.get("entry")) if isinstance(entry.get("resource"), dict)]
        self.header = header_of(message)
        self._resources = [entry["resource"] for entry in found]
        self._by_name: dict[str, Json] = {}
        for entry in found:
            resource = entry["resource"]
            self._by_name[f"{resource.get('resourceType')}/{resource.get('id')}"] = resource
            self._by_name[str(entry.get("fullUrl", ""))] = resource

    def all(self, kind: str) -> Iterator[Json]:
        return (one for one in self._resources if one.get("resourceType") == kind)

    def named(self, reference: str) -> Json:
        """What a reference points to, {} if it is not in the message."""
        return self._by_name.get(reference, {})

    def name(self, reference: Any) -> str:
        """What that is called."""
        found = self.named(text_at(reference, "reference"))
        own = found.get("name")
        called = own if isinstance(own, str) else human_name(next(iter(every(own)), None))
        return text_at(reference, "display") or called or words(found.get("code"))


# What for -------------------------------------------------------------------------------------------------------------
def _title(inside: _Inside, focus: Json) -> str:
    if focus["resourceType"] == "Appointment":
        return text_at(focus, "description") or all_words(focus.get("serviceType")) or "Appointment"
    asked = words(focus.get("code")) or next((words(one.get("code")) for one in inside.all("Task")), "")
    return asked or next((words(one.get("code")) for one in inside.all("Condition")), "")


def _reasons(focus: Json) -> list[str]:
    return [words(one) for one in every(focus.get("reasonCode"))]


def _outcomes(activity: Json) -> list[Json]:
    return every(activity.get("outcomeCodeableConcept"))


def _worded(concept: Json) -> str:
    """A code's own words; a bare code says nothing to a reader."""
    return next((text_at(one, "display") for one in codings(concept) if text_at(one, "display")), "")


def _unlike(several: list[str]) -> list[str]:
    return list(dict.fromkeys(one for one in several if one))


def _appointment(inside: _Inside, focus: Json) -> Json:
    if focus["resourceType"] != "Appointment":
        return {}
    drawn = details.appointment(focus, inside.name)
    staff = next((inside.name({"reference": ref}) for ref in _acted(inside, "Practitioner")), "")
    service = next((text_at(one, "name") for one in inside.all("HealthcareService")), "")
    place = next((text_at(one, "name") for one in inside.all("Location")), "")
    return details.without_gaps(
        {
            "start": drawn["start"],
            "end": drawn["end"],
            "with": drawn["practitioner"] or staff,
            "place": drawn["place"] or place,
            "service": service,
            "slot": text_at(focus, "slot.reference"),
        }
    )


def _acted(inside: _Inside, kind: str) -> Iterator[str]:
    """References of a type among the actors of the message's Schedules."""
    for schedule in inside.all("Schedule"):
        for actor in every(schedule.get("actor")):
            reference = text_at(actor, "reference")
            if inside.named(reference).get("resourceType") == kind:
                yield reference


# Who asks -------------------------------------------------------------------------------------------------------------
def _sender(inside: _Inside) -> Json:
    organisation = inside.named(text_at(inside.header, "sender.reference"))
    ods = [one for one in every(organisation.get("identifier")) if one.get("system") in ODS_SYSTEMS]
    return details.without_gaps(
        {
            "name": text_at(organisation, "name"),
            "ods": text_at(ods[0], "value") if ods else "",
            "system": text_at(inside.header, "source.name"),
            "phone": text_at(inside.header, "source.contact.value") or phone(organisation),
        }
    )


def _person(inside: _Inside, reference: str) -> Json:
    """Who it is that asks: name, role, telephone."""
    found = inside.named(reference)
    roles = [one for one in inside.all("PractitionerRole") if text_at(one, "practitioner.reference") == reference]
    role = found if found.get("resourceType") == "PractitionerRole" else (roles[0] if roles else {})
    who = inside.named(text_at(role, "practitioner.reference")) or found
    return details.without_gaps(
        {
            "name": human_name(at(who, "name")) if not isinstance(who.get("name"), str) else text_at(who, "name"),
            "role": all_words(role.get("code")) or all_words(role.get("specialty")),
            "organisation": inside.name(role.get("organization")),
            "phone": phone(who) or phone(role),
        }
    )


def _consent(inside: _Inside) -> str:
    for one in inside.all("Consent"):
        drawn = requesting.consent(one, inside.name)
        refused = "not given" if drawn["decision"] == "deny" or one.get("status") != "active" else ""
        return ", ".join(filter(None, (drawn["about"], refused or drawn["policy"].capitalize())))
    return ""


# About the person -----------------------------------------------------------------------------------------------------
def _who(patient: Json) -> Json:
    about = demographics(patient)
    spoken = every(patient.get("communication"))
    spoken.sort(key=lambda one: one.get("preferred") is not True)
    name = " ".join(filter(None, (about.title, about.given, about.family)))
    return {
        "patient": details.without_gaps(
            {
                "name": name,
                "born": about.birth_date_written,
                "gender": about.gender,
                "nhs_number": about.nhs_number,
                "nhs_number_status": about.nhs_number_status,
            }
        ),
        "language": words(spoken[0].get("language")) if spoken else "",
        "contacts": [] if about.restricted else list(_contacts(patient)),
    }


def _contacts(patient: Json) -> Iterator[Json]:
    """Whom to ring, in the sender's order."""
    ranked = sorted(every(patient.get("contact")), key=_rank)
    for one in ranked:
        numbers = sorted(every(one.get("telecom")), key=lambda telecom: telecom.get("rank") or 99)
        found = {"name": human_name(at(one, "name")), "phone": phone({"telecom": numbers})}
        found["relationship"] = all_words(one.get("relationship"))
        if found["phone"]:
            yield details.without_gaps(found)


def _rank(contact: Json) -> int:
    said = [one for one in every(contact.get("extension")) if one.get("url") == System.EXT_CONTACT_RANK]
    rank = said[0].get("valuePositiveInt") if said else None
    return rank if isinstance(rank, int) else 99


def _flags(inside: _Inside) -> Json:
    """Safeguarding, what the person needs, and the other flags, each `[label, text]`."""
    safeguarding, requirements, others = [], [], []
    for flag in inside.all("Flag"):
        if flag.get("status") in _GONE:
            continue
        kind, text = code(flag.get("category")), _flag_text(flag)
        if kind == _SAFEGUARDING:
            safeguarding.append(text)
        elif kind == _REQUIREMENT:
            requirements.append(text)
        else:
            others.append([_LABELS.get(kind) or all_words(flag.get("category")), text])
    return {"safeguarding": safeguarding, "requirements": requirements, "flags": others}


def _flag_text(flag: Json) -> str:
    """All its codes in words, and what was written beside them."""
    shown = [text_at(one, "display") or text_at(one, "code") for one in codings(flag.get("code"))]
    return ": ".join(_unlike([", ".join(_unlike(shown)), text_at(flag, "code.text")]))


def _allergies(inside: _Inside) -> list[str]:
    """Each in words; that there are none, when that is said. What was entered in error or refuted is left out."""
    found = []
    for one in inside.all("AllergyIntolerance"):
        drawn = details.allergy(one, inside.name)
        if drawn["verification"] in _GONE:
            continue
        none = next((_NO_ALLERGIES[c["code"]] for c in codings(one.get("code")) if c.get("code") in _NO_ALLERGIES), "")
        over = "inactive" if drawn["clinical"] in ("inactive", "resolved") else ""
        found.append(none or ", ".join(filter(None, (words(one.get("code")), drawn["reaction"], over))))
    return _unlike(found)


def _medicines(inside: _Inside) -> Iterator[str]:
    for one in inside.all("MedicationStatement"):
        if one.get("status") not in _GONE:
            named = words(one.get("medicationCodeableConcept")) or inside.name(one.get("medicationReference"))
            drawn = details.medicine(one, inside.name)
            yield ", ".join(filter(None, (named, drawn["dose"], drawn["directions"])))


def _findings(inside: _Inside) -> Iterator[tuple[str, str]]:
    """Observations and procedures: what, and its value with unit if it has one."""
    for one in inside.all("Observation"):
        if one.get("status") in ("entered-in-error", "cancelled"):
            continue
        value = " ".join(filter(None, observed(one)))
        parts = (
            (words(part.get("code")), " ".join(filter(None, observed(part)))) for part in every(one.get("component"))
        )
        told = value or ", ".join(f"{name} {figure}" for name, figure in parts)
        yield words(one.get("code")), told or details.notes(one)
    for one in inside.all("Procedure"):
        yield words(one.get("code")), text_at(one, "performedDateTime")


def _answers(inside: _Inside) -> Iterator[tuple[str, str]]:
    for one in inside.all("QuestionnaireResponse"):
        for answer in requesting.form(one, inside.name)["answers"]:
            yield answer["question"], answer["answer"]
