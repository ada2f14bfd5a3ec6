"""A referral as screens show it: names, where it stands, whose turn, deadline; and what makes a page show it anew."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from access.actor import Actor
from access.permissions import Permission
from exchange import outbox
from exchange.outbox import Progress
from referrals import actions, clocks, reach, states, words
from referrals.models import Referral, ReferralEvent
from work.models import Clock

Kind = ReferralEvent.Kind
QUICK, SLOW = 3, 30
JUST_SENT = dt.timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Row:
    """One referral on a screen. `letter` is the id of the newest letter, an unread one first, if any came back."""

    referral: Referral
    standing: words.Standing
    clock: words.Clock | None
    owner: str
    #: To whom silence brought it, beside its owner; "" while it is the owner's alone.
    with_whom: str
    letter: str
    letter_read: bool
    #: Its clock runs: somebody has to act on it, or to hear of it.
    running: bool
    moving: bool

    @property
    def pace(self) -> int:
        """Seconds between polls: quick while an answer may come any moment, slow in the weeks after."""
        sent = self.referral.sent_at
        return QUICK if sent and timezone.now() - sent < JUST_SENT else SLOW

    @property
    def closed(self) -> bool:
        """Nothing is left to do."""
        if self.referral.state == Referral.State.ANSWERED:
            return self.letter_read
        return self.referral.state not in states.OPEN


def rows(actor: Actor, found: Sequence[Referral], now: dt.datetime | None = None) -> list[Row]:
    """Screen rows of referrals that are within reach, in the order given. Three queries, however many."""
    now = now or timezone.now()
    histories = reach.events(list(found))
    on_the_way = [
        str(r.pk) for r in found if r.state == Referral.State.SENT or r.withdrawal == Referral.Withdrawal.ON_ITS_WAY
    ]
    progress = outbox.progress(concerns=actions.CONCERNS, ids=on_the_way) if on_the_way else {}
    read = reach.letters_read({letter for history in histories.values() for letter in _letters(history)})
    return [
        _row(actor, referral, histories[referral.pk], progress.get(str(referral.pk)), read, now) for referral in found
    ]


def may_withdraw(actor: Actor, referral: Referral) -> bool:
    """Whether the reader may take back what was sent, now."""
    on_its_way = referral.withdrawal == Referral.Withdrawal.ON_ITS_WAY
    return actor.may(Permission.WRITE_REFERRAL) and referral.state in states.WITH_RECEIVER and not on_its_way


def seen(shown: Sequence[Row], *more: object) -> str:
    """What a polling page says it shows: changes exactly when what it would show does."""
    facts = [
        (
            row.referral.pk.hex,
            row.referral.version,
            row.standing.sentence,
            row.standing.turn,
            row.clock,
            row.letter_read,
            row.owner,
            row.with_whom,
            row.referral.clock and row.referral.clock.turn,
        )
        for row in shown
    ]
    return hashlib.sha256(repr((facts, more)).encode()).hexdigest()[:16]


def _row(
    actor: Actor,
    referral: Referral,
    events: list[ReferralEvent],
    progress: Progress | None,
    read: set[str],
    now: dt.datetime,
) -> Row:
    letters = _letters(events)
    unread = [letter for letter in letters if letter not in read]
    clinical = actor.may(Permission.READ_RECORD)
    told = facts(referral, events, progress, letter_read=not unread, clinical=clinical)
    running = referral.clock is not None and referral.clock.open
    owner = referral.clock.owner if referral.clock and referral.clock.owner else referral.author
    return Row(
        referral=referral,
        standing=words.standing(told, now),
        clock=words.clock(referral.due_on, timezone.localdate(now)),
        owner="You" if owner.pk == actor.user_id else owner.name,
        with_whom=_with_whom(actor, referral),
        letter=next(reversed(unread or letters), ""),
        letter_read=not unread,
        running=running,
        moving=referral.state in states.WAITING or referral.withdrawal == Referral.Withdrawal.ON_ITS_WAY,
    )


def facts(
    referral: Referral,
    events: list[ReferralEvent],
    progress: Progress | None,
    *,
    letter_read: bool = False,
    clinical: bool = True,
) -> words.Facts:
    """What words.standing needs, of the last event of each kind."""
    last = {event.kind: event for event in states.in_order(events)}
    changed = clocks.undecided(states.in_order(events)) if referral.state in states.OPEN else None
    return words.Facts(
        state=referral.state,
        service=referral.service.name,
        organisation=referral.service.organisation.name,
        author=referral.author.name,
        sent_at=referral.sent_at,
        due_on=referral.due_on,
        at={kind: event.at for kind, event in last.items()},
        says={kind: event.says for kind, event in last.items()},
        by={kind: event.says.get("who") or event.by for kind, event in last.items()},
        failing_since=progress.failing_since if progress else None,
        next_try_at=progress.next_try_at if progress else None,
        handed_over_at=progress.handed_over_at if progress else None,
        letter_read=letter_read,
        withdrawal=referral.withdrawal,
        clinical=clinical,
        undecided=changed.kind if changed else "",
    )


def _with_whom(actor: Actor, referral: Referral) -> str:
    clock = referral.clock
    if clock is None or not clock.open or clock.level < Clock.Level.SECOND:
        return ""
    brought = clock.manager if clock.level >= Clock.Level.MANAGER and clock.manager else clock.second
    if brought is None or brought.pk == clock.owner_id:
        return ""
    return "you" if brought.pk == actor.user_id else brought.name


def _letters(events: list[ReferralEvent]) -> list[str]:
    """Ids of the letters that came back, the oldest first."""
    filed = (event for event in states.in_order(events) if event.kind == Kind.LETTER_FILED)
    return [letter for event in filed if (letter := str(event.says.get("letter", "")))]


def newest_first(found: Sequence[Row]) -> list[Row]:
    """What is nobody's turn any more goes last; within that the youngest first."""
    return sorted(found, key=lambda row: (row.closed, -row.referral.created_at.timestamp()))
