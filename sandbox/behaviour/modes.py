"""Every way in which a partner can behave: one table that says what happens where.

A mode applies to everything from now on, to the next messages only, to one service, or to one referral that is listed.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer other than 200: status, issue code and text of its OperationOutcome."""

    status: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Mode:
    """`said` finishes the sentence "At present it …". Each of the others is one place where something differs.

    `closed` is answered before anything is looked at, `unwilling` to a message that is fit to be taken: both keep
    nothing. `reply` is what becomes of the 200 once the message is kept: "late", "never", "unmirrored" or "empty".
    `kinds` are the later answers in their order (None: the usual ones); each is sent once per entry of `each`, which
    names how it is spoilt (sandbox.behaviour.spoiling). `reading` is what only those notice who read records.
    """

    said: str
    closed: Refusal | None = None
    unwilling: Refusal | None = None
    reply: str = ""
    kinds: tuple[str, ...] | None = None
    each: tuple[str, ...] = ("",)
    reading: bool = False
    #: About every connection rather than a message; only with TLS.
    expired: bool = False
    #: What the number of seconds is for, where it means anything.
    seconds: str = ""

    @property
    def plans(self) -> bool:
        """Whether it is about later answers, so that it can be chosen for a referral that is here already."""
        return self.kinds is not None or self.each != ("",)


AWAY: Final = Refusal(503, "transient", "The service is unavailable. Please try again later.")
BUSY: Final = Refusal(429, "throttled", "Too many requests. Please wait.")
UNWILLING: Final = Refusal(422, "business-rule", "The service refuses every message at present.")

MODES: Final[dict[str, Mode]] = {
    "normal": Mode("takes messages"),
    # The service answers:
    "accept": Mode("accepts and says no more", kinds=("accepted",)),
    "book": Mode("accepts and books", kinds=("accepted", "booked")),
    "reject": Mode("rejects, with the reason", kinds=("rejected",)),
    "reject-without-reason": Mode("rejects without saying why", kinds=("rejected",), each=("no-reason",)),
    "reject-unsigned": Mode("rejects, and nobody signs it", kinds=("rejected",), each=("unsigned",)),
    "ask-for-more": Mode("asks for more information", kinds=("asked",)),
    # The answers go wrong:
    "repeat-answers": Mode("sends every later answer twice, with the same ids", each=("", "again")),
    "repeat-with-new-ids": Mode("sends every later answer twice, the second time with new ids", each=("", "anew")),
    "booked-first": Mode("sends the booking before it accepts", kinds=("booked", "accepted")),
    "invalid-answers": Mode("answers with what is not valid FHIR R4", kinds=("accepted",), each=("invalid",)),
    "cut-off-answers": Mode("answers with JSON that breaks off", kinds=("accepted",), each=("cut-off",)),
    "wrong-patient": Mode("answers about another patient", kinds=("accepted",), each=("other-patient",)),
    # The system goes wrong:
    "down": Mode("answers 503 to every message", closed=AWAY, seconds="until it is up again"),
    "too-many": Mode("answers 429 and asks to wait", closed=BUSY, seconds="to wait, as it asks (Retry-After)"),
    "refuse": Mode("refuses every message with 422", unwilling=UNWILLING),
    "slow": Mode("takes messages, but answers late", reply="late", seconds="until it answers"),
    "never-answers": Mode("keeps the message and lets the sender wait until it gives up", reply="never"),
    "ids-not-mirrored": Mode("keeps the message and answers without the ids it was sent", reply="unmirrored"),
    "empty-answer": Mode("keeps the message and answers 200 without a body", reply="empty"),
    "certificate-expired": Mode(
        "serves a certificate that has expired",
        expired=True,
        seconds="until it is renewed (empty: until it is changed)",
    ),
    # What others read of its records goes wrong:
    "busy": Mode("takes messages, but answers whoever reads with 429 and asks them to wait", reading=True),
    "other-patient": Mode("takes messages, but mixes another patient into what is read", reading=True),
    "breaks-off": Mode("takes messages, but fails half-way through the pages of what is read", reading=True),
    "no-everything": Mode("takes messages, and lets others read, but not everything at once", reading=True),
    "warns": Mode("takes messages, and warns whoever reads that something is missing", reading=True),
}

#: Those that end by themselves once their seconds are over.
ENDING: Final = frozenset({"down", "certificate-expired"})
