"""A referral's clock follows its history: what is awaited now, and how it ended."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from django.utils import timezone

from access.actor import Actor
from referrals import reach, stages, states
from referrals.models import Referral, ReferralEvent
from work import actions as work
from work import limits, rules

State, Kind = Referral.State, ReferralEvent.Kind

#: How a referral that waits for nothing any more ended.
OUTCOMES: Final[dict[str, str]] = {
    State.ANSWERED: "replied",
    State.COMPLETED: "completed",
    State.WITHDRAWN: "withdrawn",
    State.CLOSED: "closed",
}
#: What makes a person decide whether a referral still stands; the last of these counts.
CIRCUMSTANCES: Final = (Kind.DIED, Kind.LEFT, Kind.KEPT)
_CAME_BACK: Final[dict[str, tuple[str, ...]]] = {
    State.REJECTED: (Kind.REJECTED,),
    State.ASKED: (Kind.ASKED,),
    State.NOT_DELIVERED: (Kind.REFUSED, Kind.EXPIRED, Kind.UNCOLLECTED, Kind.SET_ASIDE),
}


def wind(referral: Referral, events: Sequence[ReferralEvent], by: Actor) -> None:
    """Set the clock by the history, in the transaction that changed it; the first time it is started."""
    waits = awaited(referral, states.in_order(events))
    if waits is None:
        if referral.clock is not None:
            work.close(clock=referral.clock, outcome=OUTCOMES[referral.state], by=by)
            referral.clock.refresh_from_db()
        return
    stage, since = waits
    if referral.clock is None:
        referral.clock = work.start(
            concerns=stages.CONCERNS,
            concerns_id=str(referral.pk),
            organisation_id=referral.organisation_id,
            priority=referral.priority,
            stage=stage,
            counted_from=since,
            owner_id=referral.author_id,
            by=by,
        )
        referral.save(update_fields=["clock"])
        return
    referral.clock = work.move_on(
        clock=referral.clock, stage=stage, counted_from=since, priority=referral.priority, by=by
    )


def awaited(referral: Referral, events: Sequence[ReferralEvent]) -> tuple[str, dt.date] | None:
    """The stage that is awaited and the day from which its limit counts; None when nothing is.

    `events` stand in the order in which they can have happened.
    """
    state = referral.state
    if state == State.ANSWERED:
        return _unread(events)
    if state in OUTCOMES:
        return None
    if changed := undecided(events):
        return stages.DECIDE, _day(changed.at)
    if referral.withdrawal == Referral.Withdrawal.FAILED:
        return stages.DECIDE, _last(events, (Kind.NOT_WITHDRAWN,))
    if state in _CAME_BACK:
        return stages.DECIDE, _last(events, _CAME_BACK[state])
    if state == State.DRAFT:
        return stages.SEND, _day(referral.created_at)
    sent = _day(referral.sent_at or referral.created_at)
    if state == State.BOOKED:
        return _booked(referral, events, sent)
    return {
        State.SENT: stages.ACKNOWLEDGE,
        State.DELIVERED: stages.ACCEPT,
        State.ACCEPTED: stages.BOOK,
    }[State(state)], sent


def undecided(events: Sequence[ReferralEvent]) -> ReferralEvent | None:
    """That the patient died or left, if nobody has said since that the referral stands."""
    last = next((event for event in reversed(events) if event.kind in CIRCUMSTANCES), None)
    return last if last is not None and last.kind != Kind.KEPT else None


def _booked(referral: Referral, events: Sequence[ReferralEvent], sent: dt.date) -> tuple[str, dt.date]:
    """A date too late, or none, is waited for like no date; else the reply is what comes next."""
    told = next((event for event in reversed(events) if event.kind == Kind.BOOKED), None)
    starts = told.says.get("starts") if told else None
    declared = rules.of(stages.CONCERNS)
    numbers = limits.held(referral.organisation_id, declared).numbers
    latest = sent + dt.timedelta(days=declared.limit(numbers, referral.priority, stages.SEE).number)
    day = timezone.localdate(dt.datetime.fromisoformat(starts)) if starts else None
    if day is None or day > latest:
        return stages.SEE, sent
    return stages.REPLY, sent if referral.priority == Referral.Priority.SUSPECTED_CANCER else day


def _unread(events: Sequence[ReferralEvent]) -> tuple[str, dt.date] | None:
    filed = [event for event in events if event.kind == Kind.LETTER_FILED and event.says.get("letter")]
    read = reach.letters_read({str(event.says["letter"]) for event in filed})
    unread = [event for event in filed if str(event.says["letter"]) not in read]
    return (stages.READ, max(_day(event.at) for event in unread)) if unread else None


def _last(events: Sequence[ReferralEvent], kinds: Sequence[str]) -> dt.date:
    return max((_day(event.at) for event in events if event.kind in kinds), default=timezone.localdate())


def _day(at: dt.datetime) -> dt.date:
    """The day of a time in England; a partner's clock that is ahead stops no clock of ours."""
    return timezone.localdate(min(at, timezone.now()))
