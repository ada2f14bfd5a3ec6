"""What somebody can do to follow a referral up."""

from typing import Any

from django.utils import timezone

from access.actor import Actor
from access.memberships import colleagues
from access.permissions import Permission
from referrals import clocks, reach, stages, states
from referrals.following.actions import OUTCOMES
from referrals.models import Referral
from work.days import working_days_after


def following(actor: Actor, referral: Referral) -> dict[str, Any] | None:
    """The acts that fit where a referral stands; None when there are none."""
    clock = referral.clock
    if clock is None or not clock.open or not actor.may(Permission.HANDLE_WORK):
        return None
    today = timezone.localdate()
    events = states.in_order(reach.events([referral])[referral.pk])
    return {
        "colleagues": colleagues(actor.organisation_id, Permission.HANDLE_WORK),
        "may_chase": clock.stage not in (stages.SEND, stages.READ),
        "may_close": referral.state in states.ALLOWED["close"],
        "to_decide": clocks.undecided(events) is not None,
        "outcomes": OUTCOMES,
        "answer_by": working_days_after(today, 3),
        "today": today,
    }
