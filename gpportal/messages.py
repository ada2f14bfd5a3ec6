"""Which room hears what comes in and what happens below it. settings.MESSAGES names this module."""

#: Event of an inbound message -> module with `precheck(message, sender)` and `handle(inbox)`.
EVENTS: dict[str, str] = {
    "servicerequest-request": "referrals.received.inbound",
    "servicerequest-response": "referrals.inbound",
    "booking-request": "referrals.received.bookings",
    "document": "records.inbound",
}

#: BaRS event -> function that gives the use cases in which such a message is taken, as codings (gpportal.definitions).
USE_CASES: dict[str, str] = {
    "servicerequest-request": "referrals.received.use_cases.requests",
    "servicerequest-response": "referrals.fhir.use_cases",
    "booking-request": "referrals.received.use_cases.bookings",
}

#: Happening -> functions that are called with its ids, in the same transaction.
HAPPENINGS: dict[str, list[str]] = {
    # Of what we sent: outbox_id, concerns, concerns_id.
    "delivered": ["referrals.inbound.delivered", "referrals.received.inbound.delivered"],
    "refused": ["referrals.inbound.refused", "referrals.received.inbound.stopped"],
    "expired": ["referrals.inbound.expired", "referrals.received.inbound.stopped"],
    "uncollected": ["referrals.inbound.uncollected", "referrals.received.inbound.stopped"],
    "set_aside": ["referrals.inbound.set_aside", "referrals.received.inbound.stopped"],
    "sent_again": ["referrals.inbound.sent_again", "referrals.received.inbound.sent_again"],
    "letter_filed": ["referrals.inbound.letter_filed"],  # letter_id, inbox_id, answers (system|value of the referral)
    "letter_read": ["referrals.inbound.letter_read"],  # letter_id
}

#: What a room keeps of somebody besides their record: functions that count it, in words, given the person's ids.
KEPT: list[str] = ["referrals.reach.kept", "referrals.received.reach.kept"]
#: Messages "sent" or "received" whose bytes are still needed: functions that say which of the ids given are.
NEEDED: dict[str, list[str]] = {"sent": ["referrals.inbound.needed"], "received": ["records.inbound.needed"]}
#: What a message is about, or an inbound message's event -> function(actor, ids) that says whom it concerns, to whoever
#: may know.
DESCRIBES: dict[str, str] = {
    "referral": "referrals.inbound.describe",
    "received-request": "referrals.received.inbound.describe_requests",
    "servicerequest-request": "referrals.received.inbound.describe",
    "booking-request": "referrals.received.inbound.describe",
    "document": "records.inbound.describe",
}
