"""Whether an answer speaks of the person whom the referral is about."""

import json
from typing import Any

from exchange.models import OutboxMessage
from records.people.demographics import Demographics, demographics
from referrals.models import Referral

Json = dict[str, Any]


def names_another(message: Json, referral: Referral, sent: OutboxMessage | None) -> bool:
    """Whether a Patient in an answer is somebody else: another NHS number or, without one, another date of birth.

    The number we sent counts as theirs too, although it may have been replaced since; so does that of somebody who
    was joined to them. An answer that says nothing of the person is taken at the word of its identifier.
    """
    return any(_is_another(demographics(one), referral, sent) for one in _patients(message))


def _is_another(said: Demographics, referral: Referral, sent: OutboxMessage | None) -> bool:
    people = [one for one in (referral.patient, referral.patient.merged_into) if one is not None]
    known = {one.nhs_number for one in people if one.nhs_number}
    if said.nhs_number and known:
        return said.nhs_number not in known and said.nhs_number not in _numbers_sent(sent)
    born = {one.birth_date for one in people if one.birth_date}
    return bool(said.birth_date and born) and said.birth_date not in born


def _numbers_sent(sent: OutboxMessage | None) -> set[str]:
    message = json.loads(sent.payload) if sent and sent.payload else {}
    return {demographics(one).nhs_number for one in _patients(message)} - {""}


def _patients(message: Json) -> list[Json]:
    entries = [one for one in message.get("entry") or [] if isinstance(one, dict)]
    found = [one.get("resource") for one in entries]
    return [one for one in found if isinstance(one, dict) and one.get("resourceType") == "Patient"]
