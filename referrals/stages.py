"""What a referral waits for, counted from when, and the usual limits: what it declares to the clock (work)."""

from typing import Final

from work.days import Limit
from work.rules import MANAGER, SECOND, WARN, Rules

CONCERNS: Final = "referral"
SEND, ACKNOWLEDGE, ACCEPT, BOOK, SEE, REPLY, DECIDE, READ = (
    "send",
    "acknowledge",
    "accept",
    "book",
    "see",
    "reply",
    "decide",
    "read",
)
STAGES: Final = {
    SEND: "Sent, after it was written",
    ACKNOWLEDGE: "Acknowledged, after it was sent",
    ACCEPT: "Accepted, after it was sent",
    BOOK: "Booked, after it was sent",
    SEE: "Seen, after it was sent",
    REPLY: "Replied, after the appointment (suspected cancer: after it was sent)",
    DECIDE: "Acted on, after it came back or the patient's circumstances changed",
    READ: "Read, after the reply came",
}
#: What is awaited, in a word on the referral's page.
AWAITED: Final = {
    SEND: "to be sent",
    ACKNOWLEDGE: "to arrive",
    ACCEPT: "an answer",
    BOOK: "a date",
    SEE: "to be seen in time",
    REPLY: "the reply",
    DECIDE: "a decision here",
    READ: "the reply to be read",
}
_ROUTINE, _URGENT, _CANCER = "routine", "urgent", "suspected-cancer"


def _days(number: int) -> Limit:
    return Limit(number, working=False)


#: Stage -> limits for routine, urgent and suspected cancer.
_LIMITS: Final = {
    SEND: (Limit(3), Limit(1), Limit(1)),
    ACKNOWLEDGE: (Limit(2), Limit(2), Limit(1)),
    # What nobody took up within these days may be lost: the practice's own choice until it sets its own.
    ACCEPT: (Limit(10), Limit(5), Limit(2)),
    BOOK: (Limit(30), Limit(10), Limit(5)),
    # NHS Constitution: 18 weeks. Suspected cancer: the two weeks that were the standard until 2023, kept as a net.
    SEE: (_days(126), _days(42), _days(14)),
    # NHS Standard Contract, Service Condition 11: a letter within 7 days of attendance. Suspected cancer: told the
    # outcome within 28 days of referral (Faster Diagnosis Standard).
    REPLY: (_days(7), _days(7), _days(28)),
    DECIDE: (Limit(5), Limit(2), Limit(1)),
    READ: (Limit(5), Limit(2), Limit(1)),
    WARN: (Limit(2), Limit(1), Limit(1)),
    SECOND: (Limit(3), Limit(2), Limit(1)),
    MANAGER: (Limit(5), Limit(4), Limit(2)),
}

RULES: Final = Rules(
    concerns=CONCERNS,
    title="Referrals",
    one="referral",
    many="referrals",
    stages=STAGES,
    priorities={_CANCER: "Suspected cancer", _URGENT: "Urgent", _ROUTINE: "Routine"},
    limits={
        (priority, stage): limit
        for stage, limits in _LIMITS.items()
        for priority, limit in zip((_ROUTINE, _URGENT, _CANCER), limits, strict=True)
    },
)
