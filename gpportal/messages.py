"""Which room hears what comes in and what happens below it. settings.MESSAGES names this module."""

#: Event of an inbound message -> module with `precheck(message, sender)` and `handle(inbox)`.
EVENTS: dict[str, str] = {
    "servicerequest-response": "referrals.inbound",
    "document": "records.inbound",
}

#: BaRS event -> function that gives the use cases in which such a message is taken, as codings (gpportal.definitions).
USE_CASES: dict[str, str] = {
    "servicerequest-response": "referrals.fhir.use_cases",
}

#: Happening -> functions that are called with its ids, in the same transaction.
HAPPENINGS: dict[str, list[str]] = {
    "delivered": ["referrals.inbound.delivered"],  # outbox_id, concerns, concerns_id
    "refused": ["referrals.inbound.refused"],  # outbox_id, concerns, concerns_id
    "expired": ["referrals.inbound.expired"],  # outbox_id, concerns, concerns_id
    "uncollected": ["referrals.inbound.uncollected"],  # outbox_id, concerns, concerns_id
    "set_aside": ["referrals.inbound.set_aside"],  # outbox_id, concerns, concerns_id
    "sent_again": ["referrals.inbound.sent_again"],  # outbox_id, concerns, concerns_id
    "letter_filed": ["referrals.inbound.letter_filed"],  # letter_id, inbox_id, answers (system|value of the referral)
}

#: What a room keeps of somebody besides their record: functions that count it, in words, given the person's ids.
KEPT: list[str] = ["referrals.reach.kept"]
#: What a message is about, or an inbound message's event -> function(actor, ids) that says whom it concerns, to whoever
#: may know.
DESCRIBES: dict[str, str] = {
    "referral": "referrals.inbound.describe",
    "document": "records.inbound.describe",
}
