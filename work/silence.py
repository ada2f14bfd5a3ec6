"""Silence that becomes an event: what a clock's owner, a second person and the manager are told, each once.

All of it is in the database: `next_at` says when a clock is next heard, a claim is a row lock that others skip, and a
unique constraint lets each level of each deadline be written once. Beat only rings: a sweep that was missed, came twice
or comes three days late finds the same rows and does the same, the earliest first.
"""

import datetime as dt
import heapq
from functools import cache
from typing import Any, Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from access import audit
from access.actor import system
from access.memberships import colleagues, in_role
from access.models import Membership, User
from access.permissions import Permission, Role
from work import limits, rules
from work.models import Clock, ClockEvent, Limits
from work.moments import moment, next_level

Level = Clock.Level
BATCH: Final = 200
BY: Final = system("clock")
FIRED: Final = {
    Level.SOON: ClockEvent.Kind.SOON,
    Level.OVERDUE: ClockEvent.Kind.OVERDUE,
    Level.SECOND: ClockEvent.Kind.SECOND,
    Level.MANAGER: ClockEvent.Kind.MANAGER,
}


def sweep() -> int:
    """Hear every silence that is due, apply limits whose day has come, and find owners for what lost its owner."""
    apply_due_limits()
    give_on_what_lost_its_owner()
    fired = 0
    while number := _hear(timezone.now()):
        fired += number
    return fired


@transaction.atomic
def _hear(now: dt.datetime) -> int:
    """The earliest silences that are due, in the order in which they fell. How many were heard."""
    held = list(
        Clock.objects.select_for_update(skip_locked=True, of=("self",))
        .filter(next_at__lte=now)
        .order_by("next_at", "pk")[:BATCH]
    )
    if not held:
        return 0
    # Beyond the last of a full batch others are waiting whose turn comes before it.
    horizon = held[-1].next_at if len(held) == BATCH else now
    around = _Around()
    waiting = [(clock.next_at, clock.pk, clock) for clock in held]
    heard = []
    while waiting and waiting[0][0] is not None and horizon is not None and waiting[0][0] <= horizon:
        fell, _, clock = heapq.heappop(waiting)
        assert fell is not None
        heard.append(_fire(clock, fell, now, around))
        if clock.next_at is not None:
            heapq.heappush(waiting, (clock.next_at, clock.pk, clock))
    Clock.objects.bulk_update(held, ["level", "next_at", "second", "manager"])
    ClockEvent.objects.bulk_create(heard)
    return len(heard)


def _fire(clock: Clock, fell: dt.datetime, now: dt.datetime, around: "_Around") -> ClockEvent:
    """One clock reaches its next level. Does not save."""
    level = next_level(clock.level)
    assert level is not None
    clock.level = level
    says = {"fell": fell.isoformat(), "due": clock.due_on.isoformat()}
    if level == Level.SECOND:
        clock.second = clock.second or around.second(clock)
        says["to"] = clock.second.name if clock.second else ""
    if level == Level.MANAGER:
        clock.manager = around.manager(clock.organisation_id)
        says["to"] = clock.manager.name if clock.manager else ""
    after = next_level(level)
    declared = rules.of(clock.concerns)
    clock.next_at = moment(clock, after, declared, around.held(clock).numbers) if after else None
    return ClockEvent(
        clock=clock, kind=FIRED[Level(level)], turn=clock.turn, at=now, by=BY.name, by_kind=BY.kind, says=says
    )


class _Around:
    """Limits and people of the practices in one batch, each asked for once."""

    def __init__(self) -> None:
        self._limits = cache(lambda organisation, concerns: limits.held(organisation, rules.of(concerns)))
        self.manager = cache(lambda organisation: in_role(organisation, Role.PRACTICE_MANAGER).first())
        self._handlers = cache(
            lambda organisation: [
                *in_role(organisation, Role.RECEPTIONIST),
                *colleagues(organisation, Permission.HANDLE_WORK),
            ]
        )

    def held(self, clock: Clock) -> limits.Held:
        found: limits.Held = self._limits(clock.organisation_id, clock.concerns)
        return found

    def second(self, clock: Clock) -> User | None:
        """Whom the practice named; else a receptionist, else any colleague, but never the owner alone."""
        handlers: list[User] = self._handlers(clock.organisation_id)
        named = self.held(clock).second
        wanted = [named] if named and named in handlers else handlers
        return next((one for one in [*wanted, *handlers] if one.pk != clock.owner_id), None)


@transaction.atomic
def give_on_what_lost_its_owner() -> int:
    """Open clocks whose owner no longer works there go to the second person, else to a colleague. How many."""
    today = timezone.localdate()
    valid = Membership.objects.filter(
        Q(until__isnull=True) | Q(until__gte=today),
        user=OuterRef("owner"),
        organisation=OuterRef("organisation"),
        since__lte=today,
        user__is_active=True,
    )
    orphans = Clock.objects.filter(closed_at__isnull=True).exclude(Exists(valid))
    held = orphans.select_for_update(skip_locked=True, of=("self",)).select_related("owner", "second")
    around, now = _Around(), timezone.now()
    given: list[tuple[Clock, dict[str, Any]]] = []
    for clock in held.order_by("pk")[:BATCH]:
        was, to = clock.owner, around.second(clock) or around.manager(clock.organisation_id)
        if to is None:
            continue  # nobody works there any more; the list of the practice still holds it
        clock.owner = to
        given.append((clock, {"to": to.name, "was": was.name if was else ""}))
    Clock.objects.bulk_update([clock for clock, _ in given], ["owner"])
    for clock, says in given:
        ClockEvent.objects.create(
            clock=clock,
            kind=ClockEvent.Kind.GIVEN,
            turn=clock.turn,
            at=now,
            by=BY.name,
            by_kind=BY.kind,
            says=says,
        )
        audit.record(by=BY, action="gave work to a colleague", of=clock, note=f"{says['was']} has left")
    return len(given)


def apply_due_limits() -> None:
    """Set running clocks by limits whose day has come, each once."""
    due = Limits.objects.filter(
        applied_at__isnull=True, withdrawn_at__isnull=True, valid_from__lte=timezone.localdate()
    )
    for pk in list(due.order_by("valid_from", "made_at").values_list("pk", flat=True)):
        with transaction.atomic():
            held = due.filter(pk=pk).select_for_update(skip_locked=True, of=("self",)).first()
            if held is not None:
                limits.apply(limits=held, rules=rules.of(held.concerns), by=BY)
