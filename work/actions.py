"""What happens to a clock, and what people do with one.

Each act is one transaction. Starting and moving on belong to an act of the room above, which is audited there: the
clock's own event says who and when. What a person does with a clock is audited here.
"""

import datetime as dt
from collections.abc import Collection
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from access import audit
from access.actor import Actor
from access.memberships import colleagues
from access.models import User
from access.permissions import Permission
from work import days, limits, rules
from work.models import Clock, ClockEvent, Limits
from work.moments import arm

Kind = ClockEvent.Kind
#: A promise further away than this is not a chase but a new plan.
PROMISE_DAYS: Final = 90


class NotPossible(Exception):
    """The act does not fit the clock. Its text is for the person who tried."""


@transaction.atomic
def start(
    *,
    concerns: str,
    concerns_id: str,
    organisation_id: int,
    priority: str,
    stage: str,
    counted_from: dt.date,
    owner_id: int,
    by: Actor,
) -> Clock:
    """Begin to wait for something. Raises IntegrityError where a clock of this thing runs already."""
    now = timezone.now()
    clock = Clock(
        concerns=concerns,
        concerns_id=concerns_id,
        organisation_id=organisation_id,
        priority=priority,
        stage=stage,
        started_at=now,
        counted_from=counted_from,
        owner_id=owner_id,
        turn=0,
    )
    _set(clock, now)
    clock.save(force_insert=True)
    _note(clock, Kind.STARTED, by, now, stage=stage, due=clock.due_on.isoformat(), to=owner_id)
    return clock


@transaction.atomic
def move_on(*, clock: Clock, stage: str, counted_from: dt.date, priority: str, by: Actor) -> Clock:
    """What was awaited happened, and something else is awaited now: opens a closed clock again.

    The same stage counted from the same day changes nothing: a message that comes twice sets no new deadline.
    """
    held = Clock.objects.select_for_update().get(pk=clock.pk)
    if held.open and (held.stage, held.counted_from, held.priority) == (stage, counted_from, priority):
        return held
    held.stage, held.counted_from, held.priority = stage, counted_from, priority
    held.closed_at, held.outcome = None, ""
    now = timezone.now()
    _set(held, now)
    held.save()
    _note(held, Kind.MOVED_ON, by, now, stage=stage, due=held.due_on.isoformat())
    return held


@transaction.atomic
def close(*, clock: Clock, outcome: str, by: Actor) -> Clock:
    """It is over, with an outcome. What is closed stays as it was closed."""
    assert outcome
    held = Clock.objects.select_for_update().get(pk=clock.pk)
    if not held.open:
        return held
    held.closed_at, held.outcome, held.next_at = timezone.now(), outcome, None
    held.save(update_fields=["closed_at", "outcome", "next_at"])
    _note(held, Kind.CLOSED, by, held.closed_at, outcome=outcome)
    return held


@transaction.atomic
def give(*, clocks: Collection[int], to: User, by: Actor) -> int:
    """Give open clocks of one's organisation to a colleague. How many changed hands.

    Raises NotPossible when `to` does not work there in a role that handles such work.
    """
    if not by.may(Permission.HANDLE_WORK):
        raise NotPossible("Work here is given by those who handle it.")
    if not colleagues(by.organisation_id, Permission.HANDLE_WORK).filter(pk=to.pk).exists():
        raise NotPossible("Choose somebody who works here.")
    found = Clock.objects.select_for_update().filter(
        pk__in=clocks, organisation=by.organisation_id, closed_at__isnull=True
    )
    now, given = timezone.now(), [clock for clock in found.order_by("pk") if clock.owner_id != to.pk]
    for clock in given:
        clock.owner = to
        clock.save(update_fields=["owner"])
        _note(clock, Kind.GIVEN, by, now, to=to.name)
        audit.record(by=by, action="gave work to a colleague", of=clock, note=f"{clock.concerns} to {to.name}"[:200])
    return len(given)


@transaction.atomic
def note_chase(*, clock: Clock, answer_by: dt.date, note: str, by: Actor) -> Clock:
    """Somebody was rung or written to, and will answer by a day: the deadline moves, the limit's day stays to be seen.

    A day on which nobody works becomes the next one on which somebody does. Raises NotPossible.
    """
    held = Clock.objects.select_for_update().get(pk=clock.pk, organisation=by.organisation_id)
    today = timezone.localdate()
    if not held.open:
        raise NotPossible("This is closed: nothing is awaited any more.")
    if not today <= answer_by <= today + dt.timedelta(days=PROMISE_DAYS):
        raise NotPossible(f"Choose a day from today on, at most {PROMISE_DAYS} days ahead.")
    now = timezone.now()
    held.due_on = days.on_or_after(answer_by)
    _arm(held, now)
    held.save()
    _note(held, Kind.CHASED, by, now, due=held.due_on.isoformat(), note=note)
    audit.record(by=by, action="noted a chase", of=held, note=held.concerns)
    return held


@transaction.atomic
def set_limits(
    *, concerns: str, numbers: dict[str, dict[str, int]], second: User | None, valid_from: dt.date, by: Actor
) -> Limits:
    """Set how long a practice lets things take from a day on: running clocks follow at once, or when the day comes."""
    declared = rules.of(concerns)
    assert by.organisation_id is not None
    if valid_from < timezone.localdate():
        raise NotPossible("Deadlines cannot begin in the past.")
    made = Limits.objects.create(
        organisation_id=by.organisation_id,
        concerns=concerns,
        numbers=numbers,
        second=second,
        valid_from=valid_from,
        made_by=by.name,
    )
    audit.record(by=by, action="set deadlines", of=made, note=f"{declared.title} from {valid_from:%-d %b %Y}")
    if valid_from <= timezone.localdate():
        limits.apply(limits=made, rules=declared, by=by)
    return made


@transaction.atomic
def withdraw_limits(*, made: Limits, by: Actor) -> None:
    """Take back limits whose day has not come. Raises NotPossible once clocks run by them: set others instead."""
    held = Limits.objects.select_for_update().get(pk=made.pk, organisation=by.organisation_id)
    if held.applied_at or held.withdrawn_at:
        raise NotPossible("These deadlines hold already: set others instead.")
    held.withdrawn_at = timezone.now()
    held.save(update_fields=["withdrawn_at"])
    audit.record(by=by, action="took back deadlines", of=held)


def _set(clock: Clock, now: dt.datetime) -> None:
    """A new deadline by the practice's limit. Does not save."""
    declared = rules.of(clock.concerns)
    numbers = limits.held(clock.organisation_id, declared).numbers
    clock.limit_on = declared.limit(numbers, clock.priority, clock.stage).due(clock.counted_from)
    clock.due_on, clock.manager = clock.limit_on, None
    _arm(clock, now, numbers)


def _arm(clock: Clock, now: dt.datetime, numbers: Any = None) -> None:
    declared = rules.of(clock.concerns)
    clock.set_at = now
    clock.turn += 1
    arm(clock, declared, numbers or limits.held(clock.organisation_id, declared).numbers)


def _note(clock: Clock, kind: str, by: Actor, at: dt.datetime, **says: Any) -> None:
    ClockEvent.objects.create(clock=clock, kind=kind, turn=clock.turn, at=at, by=by.name, by_kind=by.kind, says=says)
