"""Taking back what was sent: BaRS's cancelled request, an update of the same conversation.

Source: BaRS guide Core 1.2.2, Processing-Requests (cancel); message definition
bars-message-servicerequest-request-cancelled (MessageHeader, ServiceRequest, Patient, Organizations).
"""

import datetime as dt

from exchange.fhir.messages import Json, message_bundle, message_header
from exchange.fhir.systems import System
from referrals.fhir.people import organisation_to_fhir, patient_to_fhir
from referrals.fhir.request import USE_CASES, Ids, service_request, without_ids
from referrals.models import Referral

#: What a cancelled request does not carry, and so cannot lead to.
_NOT_CARRIED = ("basedOn", "encounter", "requester", "performer", "authoredOn")


def withdrawal_to_bundle(
    referral: Referral, *, reason: str, reply_to: str, sent_at: dt.datetime, at: dt.datetime
) -> Json:
    """The message that takes a referral back (FHIR message Bundle, servicerequest-request, reason update).

    Its ServiceRequest is the one that was sent at `sent_at`, revoked, with the `reason` as a note. Bundle and parts
    have the ids of the referral's first message, but for the MessageHeader, which is another. Raises Unsendable.
    """
    ids = Ids(referral.pk)
    request = service_request(referral, ids, sent_at)
    revoked = {name: value for name, value in request.items() if name not in _NOT_CARRIED}
    header = f"withdrawal {referral.version}"
    parts = {
        header: _header(referral, ids, header, reply_to),
        "ServiceRequest": revoked | {"status": "revoked", "note": [{"text": reason}]},
        "Patient": patient_to_fhir(
            referral.patient.merged_into or referral.patient, referral.organisation, ids["sender"]
        ),
        "sender": organisation_to_fhir(referral.organisation, ids["sender"]),
        "receiver": organisation_to_fhir(referral.service.organisation, ids["receiver"]),
    }
    return without_ids(
        message_bundle(
            bundle_id=ids["conversation"],
            version=USE_CASES[referral.service.use_case].version,
            at=at,
            resources=[{**part, "id": str(ids[name])} for name, part in parts.items()],
        )
    )


def _header(referral: Referral, ids: Ids, name: str, reply_to: str) -> Json:
    return message_header(
        header_id=ids[name],
        event="servicerequest-request",
        reason="update",
        destination=referral.service.service_id,
        receiver=ids["receiver"],
        sender=ids["sender"],
        source_name=referral.organisation.name,
        source_phone=referral.organisation.phone,
        source_service=reply_to,
        focus=[ids["ServiceRequest"]],
        definition=System.MESSAGE_REFERRAL_CANCELLED,
        profile=System.BARS_HEADER_REQUEST,
    )
