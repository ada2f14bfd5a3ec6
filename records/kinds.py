"""Which columns of records.Resource are drawn from which element: one row per FHIR type.

`TABLE` is the whole rule; a type that is not in it is kind "other" with whatever words it carries.

To add a kind: a row in `TABLE`, with a function for its `detail` where it has more than the columns hold; its words in
records.entries.words.KINDS (a test compares the two); where it shall say more on a line than its name, a case in
records.screen.lines; and under which filter of the timeline it stands (records.screen.narrowing, else "Other"). Every
entry has its list and its page without more: they tell each element of any type. What is stored already is drawn again
by `manage.py redraw`: say so in CHANGELOG.md.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from records import details, observing, requesting
from records.dates import moment
from records.drawing import Json, Naming, at, code, codings, every, human_name, observed, text_at, words

Words = Callable[[Json, Naming], str]


@dataclass(slots=True)
class Columns:
    """What is drawn out of one resource; the fields are those of records.Resource."""

    kind: str
    code: str = ""
    code_system: str = ""
    display: str = ""
    category: list[str] = field(default_factory=list)
    status: str = ""
    date: dt.datetime | None = None
    date_written: str = ""
    value: str = ""
    unit: str = ""
    security: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    detail: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drawn:
    """How the columns of one FHIR type are drawn. Paths are tried in order; the first that holds something counts."""

    kind: str | Callable[[Json], str]
    #: CodeableConcepts that say what it is: code, code_system, display and tokens.
    concept: tuple[str, ...] = ("code",)
    #: What to call it when no concept says so.
    called: Words | None = None
    status: tuple[str, ...] = ("status",)
    date: tuple[str, ...] = ("date",)
    detail: Callable[[Json, Naming], Json] = details.nothing
    observed: bool = False


#: What the one screen lists as results: tests and measurements.
TESTS_AND_VITALS: Final = ("result", "vital")
#: All that is of one test and followed over time: also how somebody lives (smoking) and what they were asked.
RESULTS: Final = (*TESTS_AND_VITALS, "social-history", "survey")
#: Categories of an Observation (HL7 observation-category) -> its kind; the first of these that it has counts.
_OBSERVATIONS: Final = {
    "vital-signs": "vital",
    "laboratory": "result",
    "imaging": "result",
    "social-history": "social-history",
    "survey": "survey",
}


def _observation_kind(resource: Json) -> str:
    said = {c.get("code") for c in codings(*every(resource.get("category")))}
    return next((kind for category, kind in _OBSERVATIONS.items() if category in said), "result")


def _title(resource: Json, name: Naming) -> str:
    return text_at(resource, "title", "description", "description.text", "name", "deviceName.name", "comment")


def _letter_title(resource: Json, name: Naming) -> str:
    return text_at(resource, "description", "title", "content.attachment.title")


def _person_name(resource: Json, name: Naming) -> str:
    return human_name(at(resource, "name"))


def _role(resource: Json, name: Naming) -> str:
    return name(resource.get("practitioner")) or words(resource.get("code")) or name(resource.get("organization"))


def _medicine(resource: Json, name: Naming) -> str:
    return name(resource.get("medicationReference"))


def _titled(resource: Json, name: Naming) -> str:
    return text_at(resource, "title", "description") or words(resource.get("category"))


_MEDICINE: Final = ("medicationCodeableConcept",)
_SHORT: Final = Drawn("other", called=_title, date=("date", "authoredOn", "created", "issued", "recorded", "sent"))
_OURS_TO_RUN: Final = Drawn("administrative", concept=(), called=_title, date=())
_CODED_FIRST: Final = ("clinicalStatus", "status")

TABLE: Final[dict[str, Drawn]] = {
    # What a clinician reads
    "Condition": Drawn(
        "problem",
        status=_CODED_FIRST,
        date=("onsetDateTime", "onsetPeriod.start", "recordedDate"),
        detail=details.problem,
    ),
    "AllergyIntolerance": Drawn(
        "allergy",
        status=_CODED_FIRST,
        date=("recordedDate", "onsetDateTime", "onsetPeriod.start"),
        detail=details.allergy,
    ),
    "MedicationRequest": Drawn("medicine", _MEDICINE, _medicine, date=("authoredOn",), detail=details.medicine),
    "MedicationStatement": Drawn(
        "medicine",
        _MEDICINE,
        _medicine,
        date=("effectiveDateTime", "effectivePeriod.start", "dateAsserted"),
        detail=details.medicine,
    ),
    "MedicationAdministration": Drawn(
        "dispensed",
        _MEDICINE,
        _medicine,
        date=("effectiveDateTime", "effectivePeriod.start"),
        detail=requesting.dispensed,
    ),
    "MedicationDispense": Drawn(
        "dispensed", _MEDICINE, _medicine, date=("whenHandedOver", "whenPrepared"), detail=requesting.dispensed
    ),
    "Observation": Drawn(
        _observation_kind,
        date=("effectiveDateTime", "effectivePeriod.start", "effectiveInstant", "issued"),
        detail=observing.result,
        observed=True,
    ),
    "DiagnosticReport": Drawn(
        "report", date=("effectiveDateTime", "effectivePeriod.start", "issued"), detail=observing.report
    ),
    "Immunization": Drawn("immunisation", ("vaccineCode",), date=("occurrenceDateTime",), detail=details.immunisation),
    "Procedure": Drawn("procedure", date=("performedDateTime", "performedPeriod.start"), detail=details.procedure),
    "FamilyMemberHistory": Drawn("family-history", ("condition.code",), detail=details.family_history),
    "DocumentReference": Drawn("letter", ("type",), _letter_title, date=("date",), detail=details.letter),
    "Composition": Drawn("letter", ("type",), _letter_title, detail=details.document),
    "Encounter": Drawn(
        "encounter", ("type", "reasonCode", "serviceType"), date=("period.start",), detail=details.encounter
    ),
    "Appointment": Drawn(
        "appointment",
        ("reasonCode", "serviceType"),
        called=lambda r, n: text_at(r, "description") or words(r.get("appointmentType")),
        date=("start", "requestedPeriod.start", "created"),
        detail=details.appointment,
    ),
    # Care and the people in it
    "CarePlan": Drawn("careplan", (), _titled, date=("period.start", "created"), detail=details.careplan),
    "CareTeam": Drawn("careteam", (), lambda r, n: text_at(r, "name"), date=("period.start",), detail=details.careteam),
    "Goal": Drawn("goal", ("description",), status=("lifecycleStatus",), date=("startDate",), detail=details.goal),
    "Flag": Drawn("flag", date=("period.start",), detail=details.flag),
    "RelatedPerson": Drawn("contact", (), _person_name, status=(), date=("period.start",), detail=details.contact),
    # Who and what keeps it running
    "Patient": Drawn("administrative", (), _person_name, status=(), date=()),
    "Practitioner": Drawn("administrative", (), _person_name, status=(), date=()),
    "PractitionerRole": Drawn("administrative", (), _role, status=(), date=()),
    "Organization": Drawn("administrative", (), _title, status=(), date=()),
    "Location": _OURS_TO_RUN,
    "HealthcareService": _OURS_TO_RUN,
    "Medication": Drawn("administrative", date=()),
    "Device": Drawn("administrative", ("type",), _title, date=()),
    "Endpoint": _OURS_TO_RUN,
    "Schedule": _OURS_TO_RUN,
    "Slot": Drawn("administrative", ("serviceType",), _title, date=("start",)),
    # What is asked for, answered and agreed
    "ServiceRequest": Drawn(
        "request",
        called=_titled,
        date=("authoredOn", "occurrenceDateTime", "occurrencePeriod.start"),
        detail=requesting.request,
    ),
    "Task": Drawn("task", called=_title, date=("authoredOn", "lastModified"), detail=requesting.task),
    "QuestionnaireResponse": Drawn("form", (), requesting.form_title, date=("authored",), detail=requesting.form),
    "Communication": Drawn(
        "message", ("topic", "reasonCode"), _titled, date=("sent", "received"), detail=requesting.message
    ),
    "Consent": Drawn("consent", ("category", "scope"), _title, date=("dateTime",), detail=requesting.consent),
    # The rest, by what it is about
    "Claim": Drawn("other", ("type",), date=("created", "billablePeriod.start")),
    "ExplanationOfBenefit": Drawn("other", ("type",), date=("created", "billablePeriod.start")),
    "ImagingStudy": Drawn("other", ("procedureCode",), _title, date=("started",)),
    "Media": Drawn("other", ("type",), _title, date=("createdDateTime", "issued")),
}

_LONGEST_TOKEN: Final = 200
#: Elements that say whose record a resource belongs to, in the order in which they are asked.
SUBJECTS: Final = ("subject", "patient", "beneficiary", "individual", "for")
_SEVERAL: Final = {"Appointment": "participant"}
_LONGEST: Final = {
    "code": 60,
    "code_system": 120,
    "display": 400,
    "status": 40,
    "date_written": 40,
    "value": 400,
    "unit": 60,
}


def subject(resource: Json) -> tuple[str, Json] | None:
    """The Reference that says whose record this is, with its FHIRPath below the resource; None if it has none."""
    several = _SEVERAL.get(str(resource.get("resourceType")))
    if several:
        for number, one in enumerate(every(resource.get(several))):
            actor = one.get("actor")
            if isinstance(actor, dict) and _names_patient(actor):
                return f"{several}[{number}].actor", actor
        return None
    for element in SUBJECTS:
        for number, one in enumerate(every(resource.get(element))):
            return element + (f"[{number}]" if isinstance(resource[element], list) else ""), one
    return None


def _names_patient(reference: Json) -> bool:
    return reference.get("type") == "Patient" or str(reference.get("reference", "")).startswith("Patient/")


def draw(resource: Json, name: Naming) -> Columns:
    """The columns of one valid resource. `name` gives what a Reference within it is called, "" if that is not known."""
    drawn = TABLE.get(str(resource["resourceType"]), _SHORT)
    columns = Columns(drawn.kind if isinstance(drawn.kind, str) else drawn.kind(resource))
    concepts = [resource.get(path) if "." not in path else at(resource, path) for path in drawn.concept]
    said = next((c for c in concepts if c), None)
    first = next(iter(codings(said)), {})
    columns.code, columns.code_system = text_at(first, "code"), text_at(first, "system")
    columns.display = words(said) or (drawn.called(resource, name) if drawn.called else "")
    columns.status = _status(resource, drawn)
    columns.date_written = text_at(resource, *drawn.date)
    columns.date = moment(columns.date_written) if columns.date_written else None
    columns.category = [words(one)[:80] for one in every(resource.get("category")) if words(one)]
    if drawn.observed:
        columns.value, columns.unit = observed(resource)
    columns.security = [text_at(label, "code")[:20] for label in every((resource.get("meta") or {}).get("security"))]
    columns.tokens = _tokens(resource, concepts)
    columns.detail = details.without_gaps(drawn.detail(resource, name) | {"coded_as": _coded_as(said)})
    for column, longest in _LONGEST.items():
        setattr(columns, column, getattr(columns, column)[:longest])
    return columns


def _coded_as(concept: Any) -> str:
    """The code's own name, where the author worded it otherwise."""
    text = next((one["text"] for one in every(concept) if isinstance(one.get("text"), str)), "")
    named = next((c["display"] for c in codings(concept) if isinstance(c.get("display"), str)), "")
    return named if text and named.casefold() != text.casefold() else ""


def _status(resource: Json, drawn: Drawn) -> str:
    """The status as FHIR codes it; what was entered in error says so before anything else."""
    if code(resource.get("verificationStatus")) == "entered-in-error":
        return "entered-in-error"
    for path in drawn.status:
        found = resource.get(path)
        if found:
            return found if isinstance(found, str) else code(found)
    return ""


def _tokens(resource: Json, concepts: list[Any]) -> list[str]:
    """What a search asks for by exact value: identifier=system|value, code=system|code, encounter=Encounter/id."""
    found = [
        f"identifier={text_at(one, 'system')}|{text_at(one, 'value')}"
        for one in every(resource.get("identifier"))
        if text_at(one, "value")
    ]
    found += [f"code={c.get('system', '')}|{c['code']}" for c in codings(*concepts) if c.get("code")]
    found += [
        f"category={c.get('system', '')}|{c['code']}"
        for c in codings(*every(resource.get("category")))
        if c.get("code")
    ]
    encounter = text_at(resource, "encounter.reference", "context.reference")
    found += [f"encounter={encounter}"] if encounter else []
    return [token for token in dict.fromkeys(found) if len(token) <= _LONGEST_TOKEN]
