"""In which use cases others may ask the practice: settings.RECEIVED_USE_CASES as codings."""

import re
from typing import Final

from django.conf import settings

from exchange.fhir.messages import Json, coding
from exchange.fhir.systems import System

#: How BaRS writes its own codes; anything else is one of ours.
_PUBLISHED: Final = re.compile(r"a\d+t\d+")
#: Applications of BaRS in which bookings are made, and how ours begin.
_BOOKINGS: Final = ("a1t", "a2t", "a7t", "booking")


def requests() -> list[Json]:
    """Referrals and validations (codings of ServiceRequest.category)."""
    return [_coding(code) for code in settings.RECEIVED_USE_CASES if not code.startswith("booking")]


def bookings() -> list[Json]:
    """Appointments (codings of Appointment.serviceCategory)."""
    return [_coding(code) for code in settings.RECEIVED_USE_CASES if code.startswith(_BOOKINGS)]


def _coding(code: str) -> Json:
    return coding(System.BARS_USE_CASE if _PUBLISHED.fullmatch(code) else System.OUR_USE_CASE, code)
