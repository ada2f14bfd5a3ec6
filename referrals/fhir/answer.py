"""The receiver's answer: a BaRS servicerequest-response as plain facts."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Json = Mapping[str, Any]

ACCEPTED: Final = "accepted"
ASKED: Final = "asked"
BOOKED: Final = "booked"
REJECTED: Final = "rejected"
COMPLETED: Final = "completed"


class UnreadableAnswer(ValueError):
    """The answer does not say where the referral stands. Its sentence holds no patient data."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver says of our referral (FHIR ServiceRequest, Task, Appointment).

    `kind` is accepted, asked, booked, rejected or completed; `at` when it says so; `starts` and `place` are the
    appointment's; `reason` why it was rejected; `asks` what more is wanted; `outcome` what came of it; `who` a person
    or team it names.
    """

    kind: str
    at: dt.datetime | None = None
    starts: dt.datetime | None = None
    place: str = ""
    reason: str = ""
    outcome: str = ""
    who: str = ""
    asks: str = ""


def response_from_bundle(bundle: Json) -> Answer:
    """Read an answer. Raises UnreadableAnswer when a person has to look at it."""
    task = next(_resources(bundle, "Task"), None)
    appointment = next((a for a in _resources(bundle, "Appointment") if a.get("status") == "booked"), None)
    if task is None:
        request = next(_resources(bundle, "ServiceRequest"), {})
        if request.get("status") == "revoked":
            return Answer(REJECTED, reason=_text(_first(request.get("reasonCode"))))
        raise UnreadableAnswer("The answer has no Task, so it does not say where the referral stands.")
    return _from_task(task, appointment)


def response_status(read: Any) -> str:
    """The status of a ServiceRequest as it was read at the receiver, alone or found by a search; "" for none."""
    one = _mapping(read)
    found = one if one.get("resourceType") == "ServiceRequest" else next(_resources(one, "ServiceRequest"), {})
    return str(found.get("status") or "")


def _from_task(task: Json, appointment: Json | None) -> Answer:
    status = task.get("status")
    at = _time(task.get("lastModified") or task.get("authoredOn"), "Task.lastModified")
    who = str(_mapping(task.get("owner")).get("display", ""))
    if status in ("rejected", "failed", "cancelled"):
        reason = _text(task.get("statusReason")) or _text(task.get("businessStatus"))
        return Answer(REJECTED, at=at, reason=reason, who=who)
    if status == "completed":
        outcome = str(task.get("description", "")) or _text(task.get("businessStatus"))
        return Answer(COMPLETED, at=at, outcome=outcome, who=who)
    if status == "on-hold":
        asks = str(task.get("description", "")) or _text(task.get("statusReason"))
        return Answer(ASKED, at=at, asks=asks, who=who)
    if status in ("accepted", "in-progress", "received", "ready"):
        if appointment is not None:
            starts = _time(appointment.get("start"), "Appointment.start")
            return Answer(BOOKED, at=at, starts=starts, place=_place(appointment), who=who)
        return Answer(ACCEPTED, at=at, who=who)
    raise UnreadableAnswer("The answer's Task has a status that does not say where the referral stands.")


def _place(appointment: Json) -> str:
    """Where: the participant that is a Location, else one that is named and not referred to by id, as published."""
    actors = [_mapping(_mapping(one).get("actor")) for one in _list(appointment.get("participant"))]
    for actor in actors:
        if actor.get("type") == "Location" or "Location/" in str(actor.get("reference", "")):
            return str(actor.get("display", ""))
    return next((str(a["display"]) for a in actors if a.get("display") and not a.get("reference")), "")


def _resources(bundle: Json, kind: str) -> Iterator[Json]:
    for entry in _list(bundle.get("entry")):
        resource = _mapping(_mapping(entry).get("resource"))
        if resource.get("resourceType") == kind:
            yield resource


def _time(written: Any, where: str) -> dt.datetime | None:
    """A FHIR dateTime or instant. Raises UnreadableAnswer naming the element, never its value."""
    if not written:
        return None
    try:
        at = dt.datetime.fromisoformat(str(written))
    except ValueError:
        raise UnreadableAnswer(f"{where} is no time that we can read.") from None
    return at if at.tzinfo else at.replace(tzinfo=dt.UTC)


def _text(concept: Any) -> str:
    """What a CodeableConcept says in words."""
    found = _mapping(concept)
    return str(found.get("text") or _mapping(_first(found.get("coding"))).get("display") or "")


def _first(values: Any) -> Any:
    return next(iter(_list(values)), None)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}
