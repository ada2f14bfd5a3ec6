"""What a request asks: a BaRS servicerequest-request or booking-request, read into plain facts.

Source: BaRS guide Core 1.2.2 and its Applications 1 to 7 (payload tables). The message has passed the checks.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from exchange.fhir.inbound import header_of
from exchange.fhir.messages import service_of
from exchange.fhir.systems import System
from records.dates import moment
from records.drawing import Json, code, codings, every, text_at
from records.people.demographics import Demographics, demographics
from records.people.restricted import labelled, whereabouts
from referrals.received.fhir.content import content
from referrals.received.models import ReceivedRequest

Kind = ReceivedRequest.Kind
FOCUS: Final = ("ServiceRequest", "Appointment")
#: As much of a name as is kept and compared.
LONGEST_URL, LONGEST_NAME, LONGEST_ID = 200, 300, 64
_KINDS: Final = {"referral": Kind.REFERRAL, "validation": Kind.VALIDATION}
#: What of the sender's own resources goes back with every answer, as received.
_ECHOED: Final = {
    "ServiceRequest": ("identifier", "intent", "category", "occurrencePeriod", "authoredOn", "priority"),
    "Encounter": ("identifier", "status", "class", "episodeOfCare", "period"),
    "Appointment": ("identifier", "serviceCategory", "start", "end", "created", "description"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One message about a request: `focus` its ServiceRequest or Appointment, `patient` the FHIR Patient it is about.

    `kind` is referral, validation or booking, "" for a category that BaRS does not have; `our_id` is what the focus
    gives as its id: ours, once we told them; `use_case` the code, "" if there is none.
    """

    kind: str
    reason: str
    status: str
    use_case: str
    bundle_id: str
    our_id: str
    full_url: str
    identifier: str
    reply_to: str
    said_at: dt.datetime | None
    wanted_by: dt.datetime | None
    focus: Json
    patient: Json | None

    @property
    def about(self) -> Demographics:
        """Who it is about. Only of a message whose patient was found (checks.patient)."""
        assert self.patient is not None
        return demographics(self.patient)


def read(message: Json) -> Asked | None:
    """The request in a message; None when its focus is neither a ServiceRequest nor an Appointment, or not one."""
    found = list(_focus(message))
    if len(found) != 1:
        return None
    full_url, focus = found[0]
    booking = focus["resourceType"] == "Appointment"
    header = header_of(message)
    identifier = next(iter(every(focus.get("identifier"))), {})
    return Asked(
        kind=Kind.BOOKING if booking else _kind(focus),
        reason=code(header.get("reason")),
        status=text_at(focus, "status"),
        use_case=_use_case(focus),
        bundle_id=str(message.get("id", "")),
        our_id=text_at(focus, "id"),
        full_url=full_url[:LONGEST_URL],
        identifier="|".join(filter(None, (text_at(identifier, "system"), text_at(identifier, "value"))))[:LONGEST_NAME],
        reply_to=service_of(text_at(header, "source.endpoint"))[:LONGEST_ID],
        said_at=moment(text_at(message, "timestamp", "meta.lastUpdated")),
        wanted_by=moment(text_at(focus, "start") if booking else text_at(focus, "occurrencePeriod.end")),
        focus=focus,
        patient=_patient(message, focus),
    )


def kept(message: Json, asked: Asked, *, restricted: bool) -> Json:
    """What is kept of a message and shown (`content`), and what goes back with our answers (`echo`).

    Of somebody `restricted` here, or labelled so by the sender, nothing that says where they are is kept.
    """
    assert asked.patient is not None
    said: Json = content(message, asked.focus, asked.patient)
    if restricted or labelled(asked.patient):
        said = whereabouts([asked.patient]).mask_all(said) | {"contacts": []}
    when = {
        "said_at": asked.said_at.isoformat() if asked.said_at else "",
        "version": text_at(message, "meta.versionId"),
    }
    return {"content": said, "echo": _echo(message), "status": asked.status} | when


def resources(message: Json, kind: str) -> Iterator[Json]:
    """The resources of one type in a message."""
    for entry in every(message.get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == kind:
            yield resource


def _focus(message: Json) -> Iterator[tuple[str, Json]]:
    named = {text_at(one, "reference") for one in every(header_of(message).get("focus"))}
    for entry in every(message.get("entry")):
        resource = entry.get("resource")
        if entry.get("fullUrl") in named and isinstance(resource, dict) and resource.get("resourceType") in FOCUS:
            yield str(entry["fullUrl"]), resource


def _kind(focus: Json) -> str:
    said = [one.get("code") for one in codings(focus.get("category")) if _of(one, System.BARS_REQUEST_CATEGORY)]
    return next((_KINDS[one] for one in said if one in _KINDS), "")


def _use_case(focus: Json) -> str:
    known = (System.BARS_USE_CASE, System.OUR_USE_CASE)
    said = codings(focus.get("category"), focus.get("serviceCategory"))
    return next((str(one["code"]) for one in said if any(_of(one, system) for system in known) and one.get("code")), "")


def _of(coding: Json, system: System) -> bool:
    return coding.get("system") == system


def _patient(message: Json, focus: Json) -> Json | None:
    """The Patient in the message whom the focus is about."""
    if focus["resourceType"] == "Appointment":
        named = {text_at(one, "actor.reference") for one in every(focus.get("participant"))}
    else:
        named = {text_at(focus, "subject.reference")}
    for entry in every(message.get("entry")):
        resource = entry.get("resource")
        if isinstance(resource, dict) and resource.get("resourceType") == "Patient":
            names = {entry.get("fullUrl"), f"Patient/{resource.get('id')}"}
            if names & named:
                return resource
    return None


def _echo(message: Json) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for kind, elements in _ECHOED.items():
        one = next(resources(message, kind), None)
        if one is not None:
            found[kind] = {element: one[element] for element in elements if element in one}
    return found
