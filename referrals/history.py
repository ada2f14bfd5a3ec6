"""The history of a referral in plain words, the newest first."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from access.actor import Actor
from access.permissions import Permission
from referrals import reach, states, words
from referrals.models import Referral
from work.models import ClockEvent

Step = ClockEvent.Kind


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    at: dt.datetime
    words: str
    kind: str


#: What the history tells of the clock; the rest of its steps go with something that happened.
_TOLD: Final = {
    Step.GIVEN,
    Step.CHASED,
    Step.LIMITS,
    Step.OVERDUE,
    Step.SECOND,
    Step.MANAGER,
}


def history(actor: Actor, referral: Referral) -> list[Line]:
    """What happened to a referral within reach, its deadlines among it."""
    organisation = referral.service.organisation.name
    clinical, today = actor.may(Permission.READ_RECORD), timezone.localdate()
    lines = [
        Line(
            event.at,
            words.happened(
                event.kind,
                event.says,
                by=event.says.get("who") or event.by,
                organisation=organisation,
                today=today,
                clinical=clinical,
            ),
            event.kind,
        )
        for event in reversed(states.in_order(reach.events([referral])[referral.pk]))
    ]
    steps = [
        Line(step.at, words.stepped(step.kind, step.says, by=step.by, today=today), step.kind)
        for step in reversed(reach.steps(referral))
        if step.kind in _TOLD
    ]
    return _between(lines, steps)


def _between(lines: list[Line], steps: list[Line]) -> list[Line]:
    """The steps among the lines by time; the order of the lines, which is not only their time's, stays."""
    told: list[Line] = []
    for line in lines:
        while steps and steps[0].at >= line.at:
            told.append(steps.pop(0))
        told.append(line)
    return told + steps
