"""Referrals as FHIR R4 messages (BaRS): our request as a Bundle, the receiver's answer as plain facts. Pure."""

from referrals.fhir.answer import Answer, UnreadableAnswer, response_from_bundle, response_status
from referrals.fhir.request import Unsendable, referral_to_bundle, use_cases
from referrals.fhir.withdrawal import withdrawal_to_bundle

__all__ = [
    "Answer",
    "UnreadableAnswer",
    "Unsendable",
    "referral_to_bundle",
    "response_from_bundle",
    "response_status",
    "use_cases",
    "withdrawal_to_bundle",
]
