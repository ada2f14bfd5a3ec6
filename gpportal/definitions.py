"""Which messages we take, for a service of ours and a use case (FHIR MessageDefinition): only what is built.

Source: BaRS API 1.4.0, GET /MessageDefinition. What is taken follows from gpportal.messages: its events, and the use
cases each of them names.
"""

from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.utils.module_loading import import_string

from exchange.fhir.messages import coding, event_system
from exchange.fhir.systems import System
from gpportal.messages import USE_CASES

Json = dict[str, Any]
#: When what is defined here last changed (MessageDefinition.date).
STATED_ON: Final = "2026-11-24"
_Holds = tuple[System, tuple[tuple[str, System | None, int, str], ...]]
#: BaRS's use cases of validation.
_VALIDATION: Final = "a4t"


def _request(definition: System, *more: tuple[str, System | None, int, str]) -> _Holds:
    """What a request holds at least, and whatever else of its published definition may come with it."""
    return definition, (
        ("Bundle", System.BARS_BUNDLE, 1, "1"),
        ("MessageHeader", None, 1, "1"),
        *more,
        ("Patient", System.UKCORE_PATIENT, 1, "1"),
        ("Organization", System.UKCORE_ORGANIZATION, 0, "*"),
        ("HealthcareService", System.UKCORE_HEALTHCARE_SERVICE, 0, "1"),
    )


_CARE: Final = (
    ("Encounter", System.UKCORE_ENCOUNTER, 1, "1"),
    ("CarePlan", System.UKCORE_CARE_PLAN, 1, "1"),
    ("Flag", System.UKCORE_FLAG, 0, "*"),
    ("Consent", System.UKCORE_CONSENT, 0, "*"),
)
#: (Event, whether it is about a validation) -> its published definition, and the resources it holds: type, profile,
#: least, most.
_HOLDS: Final[dict[tuple[str, bool], _Holds]] = {
    ("servicerequest-request", False): _request(
        System.MESSAGE_REFERRAL_REQUEST, ("ServiceRequest", System.BARS_SERVICE_REQUEST, 1, "1"), *_CARE
    ),
    ("servicerequest-request", True): _request(
        System.MESSAGE_VALIDATION_REQUEST, ("ServiceRequest", System.BARS_VALIDATION_REQUEST, 1, "1"), *_CARE
    ),
    ("booking-request", False): _request(
        System.MESSAGE_BOOKING_REQUEST, ("Appointment", System.UKCORE_APPOINTMENT, 1, "1")
    ),
    ("servicerequest-response", False): (
        System.MESSAGE_REFERRAL_RESPONSE,
        (
            ("Bundle", System.BARS_BUNDLE, 1, "1"),
            ("MessageHeader", System.BARS_HEADER_RESPONSE, 1, "1"),
            ("ServiceRequest", None, 1, "1"),
            ("Task", System.UKCORE_TASK, 0, "1"),
            ("Appointment", None, 0, "*"),
            ("Patient", System.UKCORE_PATIENT, 0, "1"),
            ("Organization", System.UKCORE_ORGANIZATION, 0, "*"),
        ),
    ),
}


def use_case_systems() -> set[str]:
    """Code systems under which a use case of ours can be named."""
    return {str(one["system"]) for codings in _taken().values() for one in codings}


def definitions(use_case: str, system: str = "") -> list[Json]:
    """The messages our service takes in a use case, by its code and, where given, its system; [] for none."""
    found = []
    for event, codings in _taken().items():
        for one in codings:
            if one["code"] == use_case and system in ("", one["system"]):
                found.append(_definition(event, one))
    return found


def events() -> dict[str, set[System]]:
    """Event -> the published definitions of what is taken, for the CapabilityStatement."""
    return {event: {_holds(event, one)[0] for one in codings} for event, codings in _taken().items()}


def _holds(event: str, use_case: Json) -> _Holds:
    validation = use_case["code"].startswith(_VALIDATION) and (event, True) in _HOLDS
    return _HOLDS[event, validation]


def _taken() -> dict[str, list[Json]]:
    return {event: import_string(path)() for event, path in USE_CASES.items()}


def _definition(event: str, use_case: Json) -> Json:
    definition, holds = _holds(event, use_case)
    service = coding(System.SERVICE_ID, settings.OUR_SERVICE_ID)
    return {
        "resourceType": "MessageDefinition",
        "id": str(uuid5(NAMESPACE_URL, f"{definition} {settings.OUR_SERVICE_ID} {use_case['code']}")),
        "url": str(definition),
        "name": f"{event}: {use_case['code']}",
        "status": "active",
        "date": STATED_ON,
        "useContext": [_context(service), _context(use_case)],
        "eventCoding": coding(event_system(event), event),
        "focus": [
            {"code": kind, **({"profile": str(profile)} if profile else {}), "min": least, "max": most}
            for kind, profile, least, most in holds
        ],
    }


def _context(value: Json) -> Json:
    """A workflow in which the definition counts, as BaRS writes it (FHIR UsageContext)."""
    return {"code": coding(System.USAGE_CONTEXT, "workflow"), "valueCodeableConcept": {"coding": [value]}}
