"""Appointments that others book at the practice (event booking-request)."""

from typing import Any

from exchange.models import Partner
from referrals.received import checks
from referrals.received.inbound import describe, handle

__all__ = ["describe", "handle", "precheck"]


def precheck(message: dict[str, Any], sender: Partner) -> str:
    """Turn away, before it is stored, what breaks a rule. Returns our id of the booking it is about, "" for a new one.

    Raises PayloadInvalid (400, 404, 409, 422).
    """
    return checks.check(message, sender, "Appointment")
