"""Which limits of a practice hold on a day, and what other limits would do to the clocks that run."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, QuerySet
from django.utils import timezone

from access import audit
from access.actor import Actor
from access.models import User
from work.models import Clock, ClockEvent, Limits
from work.moments import Numbers, arm
from work.rules import Rules


@dataclass(frozen=True, slots=True)
class Held:
    """The limits that hold: numbers by priority and stage, and who is second."""

    numbers: Numbers
    second: User | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What limits would do today: how many clocks get another day, how many are late, and how many are late now."""

    moved: int
    late: int
    late_now: int


def held(organisation_id: int, rules: Rules, on: dt.date | None = None) -> Held:
    """The limits of a practice on a day, today unless said; the usual ones when it has set none."""
    found = versions(organisation_id, rules).filter(valid_from__lte=on or timezone.localdate()).first()
    return Held(found.numbers, found.second) if found else Held(rules.numbers)


def versions(organisation_id: int, rules: Rules) -> QuerySet[Limits]:
    """What a practice has set and not taken back, the newest first."""
    kept = Limits.objects.filter(organisation=organisation_id, concerns=rules.concerns, withdrawn_at__isnull=True)
    return kept.select_related("second").order_by("-valid_from", "-made_at")


def effect(organisation_id: int, rules: Rules, numbers: Numbers, today: dt.date | None = None) -> Effect:
    """What `numbers` would do to the open clocks of a practice. What somebody was promised keeps its day."""
    today = today or timezone.localdate()
    running = Clock.objects.filter(organisation=organisation_id, concerns=rules.concerns, closed_at__isnull=True)
    moved = late = 0
    for group, number in _groups(running.filter(due_on=F("limit_on"))):
        due = rules.limit(numbers, group["priority"], group["stage"]).due(group["counted_from"])
        moved += number if due != group["limit_on"] else 0
        late += number if due < today else 0
    late += running.exclude(due_on=F("limit_on")).filter(due_on__lt=today).count()
    return Effect(moved, late, running.filter(due_on__lt=today).count())


def apply(*, limits: Limits, rules: Rules, by: Actor) -> int:
    """Set the running clocks of a practice by limits whose day has come, in the caller's transaction. How many moved.

    What somebody was promised keeps its day, and is measured by the new limit.
    """
    now, moved = timezone.now(), []
    running = Clock.objects.filter(organisation=limits.organisation_id, concerns=rules.concerns, closed_at__isnull=True)
    for clock in running.select_for_update().order_by("pk"):
        due = rules.limit(limits.numbers, clock.priority, clock.stage).due(clock.counted_from)
        if due != clock.limit_on:
            _reset(clock, due, now, rules, limits.numbers)
            moved.append(clock)
    _keep(moved, by, now)
    limits.applied_at = now
    limits.save(update_fields=["applied_at"])
    audit.record(by=by, action="applied deadlines", of=limits, note=f"{rules.counted(len(moved))} moved")
    return len(moved)


def _groups(running: QuerySet[Clock]) -> Iterator[tuple[dict[str, Any], int]]:
    """Clocks that one limit sets alike, and how many they are."""
    names = ("priority", "stage", "counted_from", "limit_on")
    for row in running.order_by().values(*names).annotate(number=Count("pk")):
        yield {name: row[name] for name in names}, row["number"]


def _reset(clock: Clock, due: dt.date, now: dt.datetime, rules: Rules, numbers: Numbers) -> None:
    promised = clock.promised
    clock.limit_on = due
    clock.turn += 1
    if not promised:
        clock.due_on, clock.set_at = due, now
        arm(clock, rules, numbers)


def _keep(clocks: list[Clock], by: Actor, now: dt.datetime) -> None:
    columns = ["limit_on", "due_on", "set_at", "level", "next_at", "turn"]
    Clock.objects.bulk_update(clocks, columns, batch_size=500)
    events = (
        ClockEvent(
            clock=clock,
            kind=ClockEvent.Kind.LIMITS,
            turn=clock.turn,
            at=now,
            by=by.name,
            by_kind=by.kind,
            says={"due": clock.due_on.isoformat(), "limit": clock.limit_on.isoformat()},
        )
        for clock in clocks
    )
    ClockEvent.objects.bulk_create(events, batch_size=1000)
