"""Where a received request stands: a pure fold of what happened to it, and who may do what when."""

from collections.abc import Iterable
from typing import Final, Protocol

from referrals.received.models import ReceivedEvent, ReceivedRequest
from referrals.states import NotAllowedNow

State, Kind, Asked = ReceivedRequest.State, ReceivedEvent.Kind, ReceivedRequest.Kind

#: Still to be answered or carried out. What is not open is closed for good: who asks again asks anew (BaRS: re-refer).
OPEN: Final = (State.RECEIVED, State.ACCEPTED)

#: (where it stood, what happened) -> where it stands. Every pair that is not here leaves the state as it was.
TRANSITIONS: Final[dict[tuple[str, str], str]] = {
    (State.RECEIVED, Kind.ACCEPTED): State.ACCEPTED,
    (State.RECEIVED, Kind.INTERIM): State.ACCEPTED,
    **{
        (before, kind): after
        for before in OPEN
        for kind, after in (
            (Kind.COMPLETED, State.COMPLETED),
            (Kind.REJECTED, State.REJECTED),
            (Kind.CANCELLED, State.CANCELLED),
            (Kind.IN_ERROR, State.IN_ERROR),
        )
    },
}

#: (what it is, where it stands) -> what a person may do, the likeliest first.
ALLOWED: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    (Asked.REFERRAL, State.RECEIVED): ("accept", "reject", "complete"),
    (Asked.REFERRAL, State.ACCEPTED): ("complete", "reject"),
    (Asked.VALIDATION, State.RECEIVED): ("interim", "complete", "reject"),
    (Asked.VALIDATION, State.ACCEPTED): ("complete", "interim", "reject"),
    (Asked.BOOKING, State.RECEIVED): ("accept", "reject"),
    (Asked.BOOKING, State.ACCEPTED): ("complete", "reject"),
}

#: What an act enters into the history.
ENTERS: Final[dict[str, str]] = {
    "accept": Kind.ACCEPTED,
    "interim": Kind.INTERIM,
    "complete": Kind.COMPLETED,
    "reject": Kind.REJECTED,
}

#: FHIR request-status, and for a booking appointmentstatus, of where it stands: derived, never stored.
REQUEST_STATUS: Final[dict[str, str]] = {
    State.RECEIVED: "active",
    State.ACCEPTED: "active",
    State.COMPLETED: "completed",
    State.REJECTED: "revoked",
    State.CANCELLED: "revoked",
    State.IN_ERROR: "entered-in-error",
}
APPOINTMENT_STATUS: Final[dict[str, str]] = {
    State.RECEIVED: "pending",
    State.ACCEPTED: "booked",
    State.COMPLETED: "fulfilled",
    State.REJECTED: "cancelled",
    State.CANCELLED: "cancelled",
    State.IN_ERROR: "entered-in-error",
}

#: What says in full what is asked: no partial update.
IN_FULL: Final = (Kind.ASKED, Kind.CHANGED)


class Happened(Protocol):
    """What the fold reads of an event."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> str: ...


def fold(events: Iterable[Happened]) -> str:
    """The state that a history leads to, in the order in which things were entered: what closes it first, counts."""
    state: str = State.RECEIVED
    for event in sorted(events, key=lambda one: one.number):
        state = TRANSITIONS.get((state, event.kind), state)
    return state


def allowed(request: ReceivedRequest) -> tuple[str, ...]:
    """What may be done with it now."""
    return ALLOWED.get((request.kind, request.state), ())


def require(request: ReceivedRequest, act: str) -> None:
    """Raise NotAllowedNow unless the act fits where the request stands."""
    if act not in allowed(request):
        said = ReceivedRequest.State(request.state).label.lower()
        raise NotAllowedNow(f"This request is {said}: it cannot be answered like that now.")


def what_counts(events: list[ReceivedEvent]) -> ReceivedEvent | None:
    """The event whose words count: what the sender said last in full, by the sender's own clock."""
    full = [event for event in events if event.kind in IN_FULL]
    return max(full, key=lambda event: (str(event.says.get("said_at", "")), event.number), default=None)
