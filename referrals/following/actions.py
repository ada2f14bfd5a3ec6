"""What people do while a referral is with somebody else: give it to a colleague, note a chase, decide, close.

Each act is one transaction with its audit row; the clock's own row (work) says what became of the deadline.
"""

import datetime as dt
from collections.abc import Collection
from typing import Final

from django.db import transaction

from access import audit
from access.actor import Actor
from access.models import User
from referrals import clocks, states
from referrals.actions import ChangedMeanwhile, record_event
from referrals.models import Referral, ReferralEvent
from referrals.states import NotAllowedNow
from work import actions as work

Kind = ReferralEvent.Kind
#: Why a referral can be closed here; nothing leaves the lists without one of these or the receiver's own word.
OUTCOMES: Final[dict[str, str]] = {
    "seen": "Seen, no letter to come",
    "elsewhere": "Referred elsewhere",
    "here": "Managed here",
    "declined": "The patient does not want it",
    "away": "The patient did not attend",
    "left": "The patient has left the practice",
    "died": "The patient has died",
}


@transaction.atomic
def give(*, referrals: Collection[Referral], to: User, by: Actor) -> int:
    """Give referrals that wait for something to a colleague. How many changed hands. Raises NotPossible."""
    held = {one.clock_id: one for one in referrals if one.clock_id}
    given = work.give(clocks=list(held), to=to, by=by)
    for one in held.values():
        audit.record(by=by, action="gave referral to a colleague", patient=one.patient_id, of=one, note=to.name)
    return given


@transaction.atomic
def note_chase(*, referral: Referral, answer_by: dt.date, note: str, by: Actor) -> None:
    """The service was rung or written to and will answer by a day. Raises NotPossible."""
    if referral.clock is None:
        raise work.NotPossible("Nothing is awaited any more.")
    work.note_chase(clock=referral.clock, answer_by=answer_by, note=note, by=by)
    audit.record(by=by, action="noted a chase of referral", patient=referral.patient_id, of=referral)


@transaction.atomic
def keep(*, referral: Referral, version: int, by: Actor) -> Referral:
    """It stands although the patient's circumstances changed. Raises ChangedMeanwhile, NotAllowedNow."""
    held = _hold(referral, version)
    if clocks.undecided(states.in_order(held.events.all())) is None:
        raise NotAllowedNow("There is nothing to decide about this referral.")
    audit.record(by=by, action="let referral stand", patient=held.patient_id, of=held)
    return record_event(referral=held, kind=Kind.KEPT, by=by)


@transaction.atomic
def close(*, referral: Referral, version: int, why: str, note: str, by: Actor) -> Referral:
    """Nothing more is awaited, and why. Raises ChangedMeanwhile, NotAllowedNow."""
    held = _hold(referral, version)
    states.require(held.state, "close")
    audit.record(by=by, action="closed referral", patient=held.patient_id, of=held, note=OUTCOMES[why])
    return record_event(referral=held, kind=Kind.CLOSED, by=by, says={"why": OUTCOMES[why], "note": note})


def _hold(referral: Referral, version: int) -> Referral:
    held = Referral.objects.select_for_update(of=("self",)).get(pk=referral.pk)
    if held.version != version:
        raise ChangedMeanwhile("Somebody changed this referral while you had it open. Nothing was lost: look again.")
    return held
