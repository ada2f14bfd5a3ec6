"""The fold: every history leads to one sensible state, in whatever order we heard of it."""

import datetime as dt
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.models import Referral, ReferralEvent
from referrals.states import (
    ALLOWED,
    TRANSITIONS,
    WAITING,
    WITH_RECEIVER,
    NotAllowedNow,
    fold,
    in_order,
    require,
    withdrawal,
)

State, Kind = Referral.State, ReferralEvent.Kind
START = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
OURS = {Kind.DRAFTED, Kind.EDITED, Kind.SENT, Kind.WITHDRAWN}


@dataclass(frozen=True)
class Event:
    kind: str
    at: dt.datetime
    number: int


def history(*kinds: str) -> list[Event]:
    """Events a minute apart, heard of in this order."""
    return [Event(kind, START + dt.timedelta(minutes=n), n) for n, kind in enumerate(kinds, 1)]


def at(kind: str, minute: int, number: int) -> Event:
    return Event(kind, START + dt.timedelta(minutes=minute), number)


@pytest.mark.parametrize(
    ("kinds", "state"),
    [
        ([], State.DRAFT),
        (["drafted"], State.DRAFT),
        (["drafted", "edited", "edited"], State.DRAFT),
        (["drafted", "withdrawn"], State.WITHDRAWN),
        (["drafted", "sent"], State.SENT),
        (["drafted", "sent", "delivered"], State.DELIVERED),
        (["drafted", "sent", "refused"], State.NOT_DELIVERED),
        (["drafted", "sent", "expired"], State.NOT_DELIVERED),
        (["drafted", "sent", "uncollected"], State.NOT_DELIVERED),
        (["drafted", "sent", "uncollected", "delivered"], State.DELIVERED),
        (["drafted", "sent", "uncollected", "sent-again"], State.SENT),
        (["drafted", "sent", "expired", "delivered"], State.DELIVERED),
        (["drafted", "sent", "delivered", "accepted"], State.ACCEPTED),
        (["drafted", "sent", "delivered", "accepted", "booked"], State.BOOKED),
        (["drafted", "sent", "delivered", "accepted", "booked", "letter-filed"], State.ANSWERED),
        (["drafted", "sent", "delivered", "accepted", "completed"], State.COMPLETED),
        (["drafted", "sent", "delivered", "rejected"], State.REJECTED),
        # a service asks for more, and then decides
        (["drafted", "sent", "delivered", "asked"], State.ASKED),
        (["drafted", "sent", "delivered", "accepted", "asked"], State.ASKED),
        (["drafted", "sent", "delivered", "asked", "accepted", "booked"], State.BOOKED),
        (["drafted", "sent", "delivered", "asked", "rejected"], State.REJECTED),
        (["drafted", "sent", "booked", "asked"], State.BOOKED),
        # late, out of order, twice
        (["drafted", "sent", "accepted", "delivered"], State.ACCEPTED),
        (["drafted", "sent", "booked", "accepted", "delivered"], State.BOOKED),
        (["drafted", "sent", "letter-filed", "booked", "accepted"], State.ANSWERED),
        (["drafted", "sent", "letter-filed", "letter-filed"], State.ANSWERED),
        (["drafted", "sent", "delivered", "delivered"], State.DELIVERED),
        (["drafted", "sent", "expired", "accepted"], State.ACCEPTED),
        (["drafted", "sent", "booked", "booked"], State.BOOKED),
        # a receiver changes its mind
        (["drafted", "sent", "accepted", "rejected"], State.REJECTED),
        (["drafted", "sent", "rejected", "accepted"], State.ACCEPTED),
        (["drafted", "sent", "rejected", "letter-filed"], State.REJECTED),
        (["drafted", "sent", "letter-filed", "rejected"], State.REJECTED),
        # a letter is to be read, before or after "completed"
        (["drafted", "sent", "completed", "letter-filed"], State.ANSWERED),
        (["drafted", "sent", "letter-filed", "completed"], State.ANSWERED),
        # taking it back
        (["drafted", "sent", "stopped"], State.WITHDRAWN),
        (["drafted", "sent", "expired", "stopped"], State.WITHDRAWN),
        (["drafted", "sent", "delivered", "withdrawing"], State.DELIVERED),
        (["drafted", "sent", "delivered", "accepted", "withdrawing", "taken-back"], State.WITHDRAWN),
        (["drafted", "sent", "booked", "withdrawing", "not-withdrawn"], State.BOOKED),
        (["drafted", "sent", "booked", "withdrawing", "not-withdrawn", "let-stand"], State.BOOKED),
        (["drafted", "sent", "withdrawing", "taken-back", "accepted", "delivered"], State.WITHDRAWN),
        (["drafted", "sent", "withdrawing", "taken-back", "letter-filed"], State.ANSWERED),
        (["drafted", "sent", "withdrawing", "taken-back", "completed"], State.COMPLETED),
        (["drafted", "taken-back"], State.DRAFT),
        # what was never sent is not answered
        (["drafted", "accepted"], State.DRAFT),
        (["drafted", "withdrawn", "accepted"], State.WITHDRAWN),
    ],
)
def test_where_a_history_leads(kinds: list[str], state: str) -> None:
    assert fold(history(*kinds)) == state


def test_an_older_word_heard_later_does_not_undo_a_newer_one() -> None:
    sent = [at("drafted", 0, 1), at("sent", 1, 2)]
    assert fold([*sent, at("rejected", 9, 3), at("accepted", 5, 4)]) == State.REJECTED
    assert fold([*sent, at("booked", 9, 3), at("rejected", 5, 4)]) == State.BOOKED


def test_a_receiver_whose_clock_is_slow_is_not_lost() -> None:
    """Its answer seems older than our sending; it cannot be."""
    assert fold([at("drafted", 60, 1), at("sent", 61, 2), at("accepted", 0, 3)]) == State.ACCEPTED


CIRCUMSTANCES = {"died", "left", "kept"}
TAKING_BACK = {Kind.WITHDRAWING, Kind.STOPPED, Kind.TAKEN_BACK, Kind.NOT_WITHDRAWN, Kind.LET_STAND}
ANSWERS = st.sampled_from(sorted(set(Kind.values) - OURS))


@st.composite
def sent_histories(draw: st.DrawFn) -> list[Event]:
    """A referral that was sent, and anything at all that can happen to it, each at its own time."""
    kinds = draw(st.lists(ANSWERS, max_size=8))
    minutes = draw(st.lists(st.integers(-100, 100_000), min_size=len(kinds), max_size=len(kinds), unique=True))
    later = [at(kind, minute, n) for n, (kind, minute) in enumerate(zip(kinds, minutes, strict=True), 3)]
    return [at("drafted", 0, 1), at("sent", 1, 2), *later]


@given(sent_histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_we_hear_does_not_matter(events: list[Event], random: object) -> None:
    heard = list(events)
    random.shuffle(heard)  # type: ignore[attr-defined]
    assert fold(heard) == fold(events)
    assert sorted(in_order(heard), key=lambda e: e.number) == sorted(events, key=lambda e: e.number)  # nothing lost


@given(sent_histories())
def test_the_state_is_one_that_the_history_can_explain(events: list[Event]) -> None:
    kinds, state = {event.kind for event in events}, fold(events)
    explained = {
        State.SENT: "sent-again" in kinds or not kinds - {"drafted", "sent"} - TAKING_BACK - CIRCUMSTANCES,
        State.WITHDRAWN: bool(kinds & {"stopped", "taken-back"}),
        State.DELIVERED: "delivered" in kinds,
        State.NOT_DELIVERED: kinds & {"refused", "expired", "uncollected", "set-aside"} and "delivered" not in kinds,
        State.ACCEPTED: "accepted" in kinds,
        State.ASKED: "asked" in kinds,
        State.BOOKED: "booked" in kinds,
        State.REJECTED: "rejected" in kinds,
        State.ANSWERED: "letter-filed" in kinds,
        State.COMPLETED: "completed" in kinds,
        State.CLOSED: "closed" in kinds,
    }
    assert explained[State(state)]


@given(sent_histories())
def test_what_needs_a_person_is_not_hidden_by_delivery_news(events: list[Event]) -> None:
    """Delivered, refused, expired, set aside or sent again after an answer changes nothing."""
    delivery = ("delivered", "refused", "expired", "uncollected", "set-aside", "sent-again")
    answered = [e for e in events if e.kind not in delivery]
    if {e.kind for e in answered} - TAKING_BACK - CIRCUMSTANCES - {"drafted", "sent"}:
        assert fold(events) == fold(answered)


@given(sent_histories())
def test_hearing_the_same_twice_changes_nothing(events: list[Event]) -> None:
    again = [Event(e.kind, e.at, e.number + 100) for e in events]
    assert fold([*events, *again]) == fold(events)


def test_every_kind_of_event_can_be_folded_and_every_state_reached() -> None:
    idle = {"drafted", "edited", "withdrawing", "not-withdrawn", "let-stand", *CIRCUMSTANCES}
    assert {kind for _, kind in TRANSITIONS} | idle == set(Kind.values)
    assert set(TRANSITIONS.values()) | {State.DRAFT} == set(State.values)
    assert set(State.values) >= WAITING


#: Act -> what it says where it does not fit.
WORDS = {
    "edit": "only a draft",
    "send": "only a draft",
    "withdraw": "nothing to withdraw",
    "let stand": "nothing to withdraw",
    "close": "only what is with the service",
}


@pytest.mark.parametrize("act", sorted(ALLOWED))
@pytest.mark.parametrize("state", State.values)
def test_what_a_person_may_do_where(act: str, state: str) -> None:
    fits = {"edit": {"draft"}, "send": {"draft"}, "withdraw": {"draft", *WITH_RECEIVER}, "let stand": WITH_RECEIVER}
    fits["close"] = {*WITH_RECEIVER, "rejected"} - {"sent"}
    if state in fits[act]:
        require(state, act)
    else:
        with pytest.raises(NotAllowedNow, match=WORDS[act]):
            require(state, act)


@pytest.mark.parametrize(
    ("kinds", "stands"),
    [
        (["withdrawing"], "on-its-way"),
        (["withdrawing", "not-withdrawn"], "failed"),
        (["withdrawing", "not-withdrawn", "withdrawing"], "on-its-way"),
        (["withdrawing", "not-withdrawn", "let-stand"], ""),
        (["withdrawing", "taken-back"], ""),
        (["withdrawing", "not-withdrawn", "taken-back"], ""),
        (["stopped"], ""),
        (["delivered", "accepted"], ""),
        # what came of it meanwhile settles it
        (["withdrawing", "not-withdrawn", "completed"], ""),
        (["withdrawing", "letter-filed"], ""),
        (["withdrawing", "rejected", "not-withdrawn"], ""),
        (["withdrawing", "accepted", "booked"], "on-its-way"),
    ],
)
def test_how_it_is_with_taking_back(kinds: list[str], stands: str) -> None:
    assert withdrawal(history("drafted", "sent", *kinds)) == stands


@given(sent_histories())
def test_nothing_is_on_its_way_once_nothing_is_left_to_withdraw(events: list[Event]) -> None:
    if withdrawal(events):
        assert fold(events) in WITH_RECEIVER
