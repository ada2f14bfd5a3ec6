"""The history of a referral in plain words, the newest first."""

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from access.actor import Actor
from access.permissions import Permission
from referrals import reach, states, words
from referrals.models import Referral


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened."""

    at: dt.datetime
    words: str
    kind: str


def history(actor: Actor, referral: Referral) -> list[Line]:
    """What happened to a referral within reach."""
    organisation = referral.service.organisation.name
    clinical, today = actor.may(Permission.READ_RECORD), timezone.localdate()
    return [
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
