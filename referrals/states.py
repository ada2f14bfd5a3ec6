"""Where a referral stands: a pure fold of what happened to it.

Messages are late, come twice and overtake each other. So events are folded in the order in which they can have
happened, not in the order in which we heard of them: first what we did, then how the delivery went, then what the
receiver answered, each by its own time. What does not fit the state at hand changes nothing and stays in the history.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Final, Protocol, TypeVar

from referrals.models import Referral, ReferralEvent

State, Kind = Referral.State, ReferralEvent.Kind


class Happened(Protocol):
    """What the fold reads of an event."""

    @property
    def number(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def at(self) -> dt.datetime: ...


H = TypeVar("H", bound=Happened)

#: Sent, and nothing has come of it yet: the receiver has it or may have it.
WITH_RECEIVER: Final = frozenset(
    {State.SENT, State.DELIVERED, State.NOT_DELIVERED, State.ACCEPTED, State.ASKED, State.BOOKED}
)

#: (where it stood, what happened) -> where it stands. Every pair that is not here leaves the state as it was.
TRANSITIONS: Final[dict[tuple[str, str], str]] = {
    (State.DRAFT, Kind.SENT): State.SENT,
    (State.DRAFT, Kind.WITHDRAWN): State.WITHDRAWN,
    # Delivery. An answer proves that it arrived, so "delivered" heard after an answer changes nothing.
    (State.SENT, Kind.DELIVERED): State.DELIVERED,
    (State.SENT, Kind.REFUSED): State.NOT_DELIVERED,
    (State.SENT, Kind.EXPIRED): State.NOT_DELIVERED,
    (State.SENT, Kind.UNCOLLECTED): State.NOT_DELIVERED,
    (State.SENT, Kind.SET_ASIDE): State.NOT_DELIVERED,
    (State.NOT_DELIVERED, Kind.SENT_AGAIN): State.SENT,
    (State.NOT_DELIVERED, Kind.DELIVERED): State.DELIVERED,
    # Answers. Whoever answers has it, whatever delivery told us.
    **{
        (before, kind): after
        for before in (State.SENT, State.DELIVERED, State.NOT_DELIVERED)
        for kind, after in (
            (Kind.ACCEPTED, State.ACCEPTED),
            (Kind.ASKED, State.ASKED),
            (Kind.BOOKED, State.BOOKED),
            (Kind.REJECTED, State.REJECTED),
            (Kind.LETTER_FILED, State.ANSWERED),
            (Kind.COMPLETED, State.COMPLETED),
        )
    },
    # A question keeps the referral with us until the service decides; it may come before and after "accepted".
    (State.ACCEPTED, Kind.ASKED): State.ASKED,
    (State.ASKED, Kind.ACCEPTED): State.ACCEPTED,
    (State.ASKED, Kind.BOOKED): State.BOOKED,
    (State.ASKED, Kind.REJECTED): State.REJECTED,
    (State.ASKED, Kind.LETTER_FILED): State.ANSWERED,
    (State.ASKED, Kind.COMPLETED): State.COMPLETED,
    (State.ACCEPTED, Kind.BOOKED): State.BOOKED,
    (State.ACCEPTED, Kind.REJECTED): State.REJECTED,
    (State.ACCEPTED, Kind.LETTER_FILED): State.ANSWERED,
    (State.ACCEPTED, Kind.COMPLETED): State.COMPLETED,
    (State.BOOKED, Kind.REJECTED): State.REJECTED,
    (State.BOOKED, Kind.LETTER_FILED): State.ANSWERED,
    (State.BOOKED, Kind.COMPLETED): State.COMPLETED,
    # A receiver may change its mind; the later word counts.
    (State.REJECTED, Kind.ACCEPTED): State.ACCEPTED,
    (State.REJECTED, Kind.BOOKED): State.BOOKED,
    (State.REJECTED, Kind.COMPLETED): State.COMPLETED,
    (State.COMPLETED, Kind.REJECTED): State.REJECTED,
    (State.ANSWERED, Kind.REJECTED): State.REJECTED,
    # A letter has to be read, whether it comes before or after "completed".
    (State.COMPLETED, Kind.LETTER_FILED): State.ANSWERED,
    # Taking it back comes last. A letter that came all the same has still to be read, and what is completed is done.
    **{
        (before, kind): State.WITHDRAWN
        for before in (*WITH_RECEIVER, State.REJECTED)
        for kind in (Kind.STOPPED, Kind.TAKEN_BACK)
    },
    # So does closing it here, by a person who says why.
    **{(before, Kind.CLOSED): State.CLOSED for before in (*WITH_RECEIVER, State.REJECTED)},
}

#: In which order things can have happened at all, whatever the clocks of two organisations say.
_PHASE: Final[dict[str, int]] = {
    Kind.DRAFTED: 0,
    Kind.EDITED: 0,
    Kind.WITHDRAWN: 0,
    Kind.SENT: 1,
    Kind.DELIVERED: 2,
    Kind.REFUSED: 2,
    Kind.EXPIRED: 2,
    Kind.UNCOLLECTED: 2,
    Kind.SET_ASIDE: 2,
    Kind.SENT_AGAIN: 2,
    Kind.ACCEPTED: 3,
    Kind.ASKED: 3,
    Kind.BOOKED: 3,
    Kind.REJECTED: 3,
    Kind.COMPLETED: 3,
    Kind.LETTER_FILED: 3,
    Kind.WITHDRAWING: 4,
    Kind.STOPPED: 4,
    Kind.TAKEN_BACK: 4,
    Kind.NOT_WITHDRAWN: 4,
    Kind.LET_STAND: 4,
    Kind.DIED: 4,
    Kind.LEFT: 4,
    Kind.KEPT: 4,
    Kind.CLOSED: 4,
}

#: Which states let a person do what.
ALLOWED: Final[dict[str, frozenset[str]]] = {
    "edit": frozenset({State.DRAFT}),
    "send": frozenset({State.DRAFT}),
    "withdraw": frozenset({State.DRAFT, *WITH_RECEIVER}),
    "let stand": WITH_RECEIVER,
    "close": WITH_RECEIVER - {State.SENT} | {State.REJECTED},
}

#: Act -> what is said where it does not fit.
_REFUSED: Final[dict[str, str]] = {
    "edit": "only a draft can be changed or sent",
    "send": "only a draft can be changed or sent",
    "withdraw": "there is nothing to withdraw",
    "let stand": "there is nothing to withdraw",
    "close": "only what is with the service, or came back, can be closed",
}

#: On its way or with the receiver: things still happen by themselves, so pages keep asking.
WAITING: Final = frozenset({State.SENT, State.DELIVERED, State.ACCEPTED, State.ASKED, State.BOOKED})

#: Somebody still has to act on it or to hear of it. A letter that came back ends the waiting when it is read.
OPEN: Final = WAITING | {State.DRAFT, State.NOT_DELIVERED, State.REJECTED}


class NotAllowedNow(Exception):
    """The act does not fit where the referral stands. Its text is for the person who tried."""


def require(state: str, act: str) -> None:
    """Raise NotAllowedNow unless a referral in this state may be edited, sent, withdrawn, … ("edit", …)."""
    if state not in ALLOWED[act]:
        said = Referral.State(state).label.lower()
        raise NotAllowedNow(f"This referral is {said}: {_REFUSED[act]}.")


def in_order(events: Iterable[H]) -> list[H]:
    """Events in the order in which they can have happened."""
    return sorted(events, key=lambda event: (_PHASE[event.kind], event.at, event.number))


#: What an event makes of taking back; the others leave it as it was.
_WITHDRAWAL: Final[dict[str, str]] = {
    Kind.WITHDRAWING: Referral.Withdrawal.ON_ITS_WAY,
    Kind.NOT_WITHDRAWN: Referral.Withdrawal.FAILED,
    Kind.STOPPED: "",
    Kind.TAKEN_BACK: "",
    Kind.LET_STAND: "",
}


def withdrawal(events: Iterable[Happened]) -> str:
    """Whether the withdrawal of what was sent is on its way or failed; "" once there is nothing left to withdraw.

    Folded in the order in which we heard: all of it is our own doing or our own delivery's.
    """
    heard = sorted(events, key=lambda event: event.number)
    if fold(heard) not in WITH_RECEIVER:
        return ""
    return next((_WITHDRAWAL[event.kind] for event in reversed(heard) if event.kind in _WITHDRAWAL), "")


def fold(events: Iterable[Happened]) -> str:
    """The state that a history leads to. The same for every order in which the same events were heard of."""
    state: str = State.DRAFT
    for event in in_order(events):
        state = TRANSITIONS.get((state, event.kind), state)
    return state
