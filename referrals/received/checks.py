"""The rules a request keeps before it is stored. Each that is broken is told with BaRS's code and its place.

Source: BaRS guide Core 1.2.2, Error handling, Bundle processing (workflow variables, data conflicts).
"""

from collections.abc import Mapping
from typing import Final

from django.conf import settings

from exchange.errors import PayloadInvalid, Rec
from exchange.models import Partner
from records.drawing import Json
from referrals.received import threads
from referrals.received.fhir import asked as reading
from referrals.received.fhir.asked import Asked
from referrals.received.models import ReceivedRequest
from referrals.received.states import OPEN

Kind = ReceivedRequest.Kind
#: (reason, status) of a message's focus -> what it wants: something new, a change, or its end.
_REQUEST: Final[Mapping[tuple[str, str], str]] = {
    ("new", "active"): "ask",
    ("update", "active"): "change",
    ("update", "on-hold"): "change",
    ("update", "revoked"): "cancel",
    ("update", "entered-in-error"): "take-back",
    ("delete", "revoked"): "cancel",
    ("delete", "entered-in-error"): "take-back",
}
_BOOKING: Final[Mapping[tuple[str, str], str]] = {
    ("new", "booked"): "ask",
    ("update", "booked"): "change",
    ("update", "cancelled"): "cancel",
    ("update", "entered-in-error"): "take-back",
    ("delete", "cancelled"): "cancel",
    ("delete", "entered-in-error"): "take-back",
}
#: What the message of a request must carry beside it, and in which status (a missing one is 400 `required`).
_BESIDE: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    Kind.REFERRAL: {"CarePlan": ("completed",), "Encounter": ("triaged", "finished")},
    Kind.VALIDATION: {"CarePlan": ("active",), "Encounter": ("triaged", "in-progress")},
    Kind.BOOKING: {"HealthcareService": ()},
}


def wants(asked: Asked) -> str:
    """What a message wants: "ask", "change", "cancel" or "take-back"; "" if reason and status do not fit together."""
    return (_BOOKING if asked.kind == Kind.BOOKING else _REQUEST).get((asked.reason, asked.status), "")


def check(message: Json, sender: Partner, focus: str) -> str:
    """Every rule, the cheapest first. Returns our id of the request it is about, "" for a new one.

    Raises PayloadInvalid: 400 for what does not fit together, 404 for a change of what we do not have from this sender,
    409 for a change of what is closed, 422 for a use case that is not taken here.
    """
    found = reading.read(message)
    if found is None or found.focus["resourceType"] != focus:
        raise PayloadInvalid(Rec.BAD_REQUEST, "invariant", f"The focus is not one {focus}.", "MessageHeader.focus")
    if not found.kind:
        where = "ServiceRequest.category.coding"
        raise PayloadInvalid(Rec.BAD_REQUEST, "invariant", "The category is neither referral nor validation.", where)
    wanted = wants(found)
    if not wanted:
        text = f"The reason of the message and the status of the {focus} do not fit together."
        raise PayloadInvalid(Rec.BAD_REQUEST, "invariant", text, f"{focus}.status")
    _check_content(message, found, wanted, focus)
    return _new(found, sender) if wanted == "ask" else _known(found, sender)


def _check_content(message: Json, found: Asked, wanted: str, focus: str) -> None:
    if found.patient is None:
        where = "Appointment.participant.actor" if focus == "Appointment" else "ServiceRequest.subject"
        raise PayloadInvalid(Rec.BAD_REQUEST, "required", "The patient is not in the message.", where)
    if found.use_case not in settings.RECEIVED_USE_CASES and (found.use_case or focus == "ServiceRequest"):
        where = "Appointment.serviceCategory" if focus == "Appointment" else "ServiceRequest.category"
        raise PayloadInvalid(Rec.UNPROCESSABLE_ENTITY, "not-supported", "This use case is not taken here.", where)
    if not found.reply_to:
        where = "MessageHeader.source.endpoint"
        raise PayloadInvalid(Rec.BAD_REQUEST, "value", "The source is no service that can be answered.", where)
    if wanted in ("ask", "change"):
        _check_beside(message, found.kind)


def _check_beside(message: Json, kind: str) -> None:
    for name, statuses in _BESIDE[kind].items():
        there = list(reading.resources(message, name))
        if not there:
            raise PayloadInvalid(Rec.BAD_REQUEST, "required", f"The message has no {name}.", f"Bundle.entry.{name}")
        if statuses and not any(one.get("status") in statuses for one in there):
            text = f"Its {name} has not the status that a {kind} needs."
            raise PayloadInvalid(Rec.BAD_REQUEST, "invariant", text, f"{name}.status")


def _new(found: Asked, sender: Partner) -> str:
    """A new one may not be one that is open already: BaRS cancels, then asks anew."""
    if found.identifier and threads.open_with_identifier(found, sender):
        where = "Appointment.identifier" if found.kind == Kind.BOOKING else "ServiceRequest.identifier"
        raise PayloadInvalid(Rec.CONFLICT, "conflict", "A request with this identifier is open already.", where)
    return ""


def _known(found: Asked, sender: Partner) -> str:
    known = threads.known(found, sender)
    where = found.focus["resourceType"]
    if known is None:
        unfiled = threads.unfiled(found, sender)
        if unfiled is None:
            raise PayloadInvalid(Rec.NOT_FOUND, "not-found", "The request that this changes is not known.", where)
        return str(threads.our_id(unfiled))
    if known.state not in OPEN:
        raise PayloadInvalid(Rec.CONFLICT, "conflict", "The request that this changes is closed.", f"{where}.status")
    return str(known.pk)
