"""What a partner's system can be asked for: read from its CapabilityStatement, kept for an hour."""

import threading
import time
from dataclasses import dataclass
from typing import Any, Final

from exchange.errors import PartnerRefused
from exchange.fhir.messages import Json
from exchange.pulling.asking import Asking

#: What is asked for where $everything is not offered: every type that is about one patient and read by somebody.
TYPES: Final = (
    *("AllergyIntolerance", "Condition", "MedicationRequest", "MedicationStatement", "MedicationDispense"),
    *("Immunization", "Observation", "DiagnosticReport", "Procedure", "Encounter", "DocumentReference", "Composition"),
    *("CarePlan", "CareTeam", "Goal", "Flag", "FamilyMemberHistory", "QuestionnaireResponse", "ServiceRequest"),
    *("Appointment", "RelatedPerson", "Consent", "Communication", "Task"),
)
KEPT_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Offered:
    """Whether Patient/$everything is offered, and by which parameter each type is searched for a patient."""

    everything: bool
    searches: tuple[tuple[str, str], ...]


_USUAL: Final = Offered(everything=False, searches=tuple((one, "patient") for one in TYPES))
_kept: dict[tuple[int, str], tuple[float, Offered]] = {}
_lock = threading.Lock()


def offered(asking: Asking) -> Offered:
    """What the partner says it offers; the usual searches if it does not say. Raises DeliveryError when unreachable."""
    key = (asking.partner.pk, asking.base)
    with _lock:
        until, known = _kept.get(key, (0.0, _USUAL))
    if time.monotonic() < until:
        return known
    try:
        found = read(asking.get(f"{asking.base}/metadata").resource)
    except PartnerRefused:
        found = _USUAL
    with _lock:
        _kept[key] = (time.monotonic() + KEPT_SECONDS, found)
    return found


def forget() -> None:
    """Ask every partner again."""
    with _lock:
        _kept.clear()


def read(statement: Json) -> Offered:
    """What a CapabilityStatement offers of what we ask; the usual searches where it does not list resources."""
    servers = [one for one in _objects(statement.get("rest")) if one.get("mode") == "server"]
    listed = {str(one.get("type")): one for server in servers for one in _objects(server.get("resource"))}
    everywhere = [one for server in servers for one in _objects(server.get("operation"))]
    operations = [*_objects(listed.get("Patient", {}).get("operation")), *everywhere]
    everything = any(str(one.get("name", "")).lstrip("$").endswith("everything") for one in operations)
    if not listed:
        return Offered(everything, _USUAL.searches)
    return Offered(everything, tuple((name, _parameter(listed[name])) for name in TYPES if name in listed))


def _parameter(resource: Json) -> str:
    """`patient` where it is offered or nothing is said, else `subject`."""
    names = {one.get("name") for one in _objects(resource.get("searchParam"))}
    return "subject" if "subject" in names and "patient" not in names else "patient"


def _objects(several: Any) -> list[Json]:
    return [one for one in (several if isinstance(several, list) else []) if isinstance(one, dict)]
