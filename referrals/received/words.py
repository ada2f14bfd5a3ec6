"""A received request in words: where it stands, whose turn it is, what happened. Pure; no ids, no codes."""

import datetime as dt
from typing import Any, Final

from records.dates import moment
from records.drawing import Json
from referrals.received.models import ReceivedEvent, ReceivedRequest
from referrals.words import Standing, appointment
from ui import dates

State, Kind, Asked = ReceivedRequest.State, ReceivedEvent.Kind, ReceivedRequest.Kind
PRIORITIES: Final = {"routine": "Routine", "urgent": "Urgent", "asap": "As soon as possible", "stat": "At once"}
#: What each act is called on its button, and its page.
ACTS: Final[dict[tuple[str, str], str]] = {
    (Asked.REFERRAL, "accept"): "Accept",
    (Asked.REFERRAL, "complete"): "Complete with outcome",
    (Asked.REFERRAL, "reject"): "Reject",
    (Asked.VALIDATION, "interim"): "Say that you are on it",
    (Asked.VALIDATION, "complete"): "Give the final answer",
    (Asked.VALIDATION, "reject"): "Reject",
    (Asked.BOOKING, "accept"): "Confirm",
    (Asked.BOOKING, "complete"): "Say that they came",
    (Asked.BOOKING, "reject"): "Cannot be kept",
}
_DONE: Final[dict[tuple[str, str], str]] = {
    (Asked.REFERRAL, Kind.ACCEPTED): "Accepted",
    (Asked.VALIDATION, Kind.INTERIM): "Being validated, said",
    (Asked.BOOKING, Kind.ACCEPTED): "Confirmed",
    (Asked.VALIDATION, Kind.COMPLETED): "Validated",
    (Asked.BOOKING, Kind.REJECTED): "Turned down",
}
_ANSWERS: Final = (Kind.ACCEPTED, Kind.INTERIM, Kind.COMPLETED, Kind.REJECTED)


def standing(request: ReceivedRequest, events: list[ReceivedEvent], now: dt.datetime, *, clinical: bool) -> Standing:
    """Where a request stands and whose turn it is. Without `clinical` no outcome and no reason is told."""
    last = {event.kind: event for event in events}
    if stopped := _stopped(events):
        sender = request.sender.organisation.name
        said = f"Our answer has not reached {sender} ({dates.when(stopped.at, now)})."
        return Standing(said, f"Ring {sender}.", "bad", ours=True)
    if request.state == State.RECEIVED:
        changed = last.get(Kind.CHANGED)
        said = f"Changed by the sender {dates.when(changed.at, now)}." if changed else "Not answered yet."
        return _to_answer(request, said, now)
    if request.state == State.ACCEPTED:
        event = last.get(Kind.ACCEPTED) or last[Kind.INTERIM]
        return _overdue(request, f"{_done(request, event)} {dates.when(event.at, now)}.", "To be completed.", now)
    if request.state in (State.CANCELLED, State.IN_ERROR):
        event = last[Kind(str(request.state))]
        return Standing(f"{Kind(event.kind).label} {dates.when(event.at, now)}.", "Closed.")
    event = last[Kind.COMPLETED if request.state == State.COMPLETED else Kind.REJECTED]
    text = str(event.says.get("text", "")) if clinical or request.kind == Asked.BOOKING else ""
    told = f"{_done(request, event)} {dates.when(event.at, now)}"
    return Standing(f"{told}: {_full_stop(text)}" if text else f"{told}.", "Closed.", "ok")


def _to_answer(request: ReceivedRequest, said: str, now: dt.datetime) -> Standing:
    turn = "Reception to answer." if request.kind == Asked.BOOKING else "A clinician to answer."
    return _overdue(request, said, turn, now)


def _overdue(request: ReceivedRequest, said: str, turn: str, now: dt.datetime) -> Standing:
    late = request.wanted_by is not None and request.wanted_by < now
    return Standing(said, turn, "bad" if late else "", ours=True)


def _stopped(events: list[ReceivedEvent]) -> ReceivedEvent | None:
    """The answer that did not arrive, unless it went after all or another one did."""
    stopped: ReceivedEvent | None = None
    for event in events:
        if event.kind == Kind.ANSWER_STOPPED:
            stopped = event
        elif event.kind in (Kind.ANSWER_DELIVERED, Kind.ANSWER_AGAIN, *_ANSWERS):
            stopped = None
    return stopped


def _done(request: ReceivedRequest, event: ReceivedEvent) -> str:
    return f"{_DONE.get((request.kind, event.kind), Kind(event.kind).label)} by {event.by}"


def happened(request: ReceivedRequest, event: ReceivedEvent, *, clinical: bool) -> str:
    """One line of the history, without its time."""
    sender = request.sender.organisation.name
    plain = {
        Kind.ASKED: f"Received from {sender}",
        Kind.CHANGED: f"Changed by {sender}",
        Kind.CANCELLED: f"Cancelled by {sender}",
        Kind.IN_ERROR: f"{sender} says that it was sent in error",
        Kind.ANSWER_DELIVERED: f"{sender} has our answer",
        Kind.ANSWER_STOPPED: f"Our answer was not delivered to {sender}",
        Kind.ANSWER_AGAIN: "Our answer is sent again from the exchange desk",
    }.get(Kind(event.kind)) or _done(request, event)
    if event.kind in _ANSWERS:
        role = event.says.get("role")
        more = event.says.get("text") if clinical or request.kind == Asked.BOOKING else ""
        plain += f", {role}" if role else ""
        return f"{plain}: {more}" if more else plain
    why = (event.says.get("content") or {}).get("why_changed") if clinical else ""
    return f"{plain}: {why}" if why else plain


def title(request: ReceivedRequest, content: Json, today: dt.date, *, clinical: bool) -> str:
    """What is asked, in a few words: for reception only what kind of thing it is."""
    if request.kind == Asked.BOOKING:
        starts = moment(str((content.get("appointment") or {}).get("start", "")))
        return f"Appointment {appointment(starts, today)}" if starts else "Appointment"
    kind = "Please see this patient" if request.kind == Asked.REFERRAL else "Please validate this case"
    said = str(content.get("title", "")) if clinical else ""
    return f"{kind}: {said}" if said else kind


def priority(content: Json) -> str:
    """How urgent the sender calls it; "" when it does not say."""
    said: Any = content.get("priority")
    return PRIORITIES.get(str(said), "") if said else ""


def _full_stop(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
