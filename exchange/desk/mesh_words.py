"""MESH in words: what is handed over, what came back, how it is with a mailbox of ours. Pure; no codes."""

import datetime as dt
from typing import Final

from django.conf import settings

from exchange import errors
from exchange.desk.said import Said
from exchange.models import Mailbox, OutboxMessage
from ui.dates import ago, when

#: Trouble of a message or a mailbox -> a sentence. Between us and the receiver stands MESH: that did not answer.
SENTENCES: Final = {
    one.code: one.sentence
    for one in (
        errors.NoMailbox,
        errors.MailboxRefused,
        errors.UnknownMailbox,
        errors.WorkflowRefused,
        errors.Uncollected,
        errors.OurFault,
    )
} | {
    errors.PartnerUnreachable.code: "MESH cannot be reached.",
    errors.PartnerTimedOut.code: "MESH did not answer in time.",
    errors.PartnerFailed.code: "MESH answered that it has a fault.",
    errors.PartnerRefused.code: "MESH did not accept the message.",
}
_OURS_TO_MEND: Final = frozenset({errors.NoMailbox.code, errors.MailboxRefused.code})


def handed_over(message: OutboxMessage, now: dt.datetime) -> Said:
    """MESH has it and the receiver has not."""
    since = message.handed_over_at or now
    until = when(since + dt.timedelta(days=settings.MESH_COLLECT_DAYS), now)
    return Said(
        f"With MESH since {when(since, now)}, not collected yet.",
        f"Nothing to do yet: {message.to.organisation.name} has until {until}.",
    )


def uncollected(message: OutboxMessage) -> Said:
    """It went back: nobody came for it."""
    name, days = message.to.organisation.name, settings.MESH_COLLECT_DAYS
    in_time = "in five days" if days == 5 else f"in {days} days"
    return Said(f"Nobody at {name} collected this {in_time}.", "Ring them or send it another way.", "bad", ours=True)


def not_passed_on(message: OutboxMessage, now: dt.datetime) -> Said:
    """MESH did not take it or could not pass it on."""
    why = SENTENCES.get(message.trouble, "MESH did not accept the message.")
    turn = f"Ring {message.to.organisation.name} for their mailbox, or send it another way."
    return Said(f"{why} We stopped {ago(message.settled_at, now)}.", turn, "bad", ours=True)


def ours_to_mend(trouble: str) -> bool:
    """Whether somebody here has to change a setting before anything goes."""
    return trouble in _OURS_TO_MEND


def of_mailbox(mailbox: Mailbox, now: dt.datetime) -> Said:
    """How it is with a mailbox: by when it was last looked into."""
    if not mailbox.enabled:
        return Said("Switched off: nothing is fetched or handed over.", "", "soon")
    if mailbox.failing_since is None:
        if mailbox.succeeded_at is None:
            return Said("Not looked into yet.", "Nothing to do yet.")
        return Said(f"Last looked into {ago(mailbox.succeeded_at, now)}.", "Nothing to do.", "ok")
    why = SENTENCES.get(mailbox.trouble, "It could not be looked into.")
    since = f"{why} So since {when(mailbox.failing_since, now)}."
    if ours_to_mend(mailbox.trouble):
        return Said(since, "Whoever runs this system has to put it right.", "bad", ours=True)
    if now - mailbox.failing_since >= dt.timedelta(minutes=settings.EXCHANGE_FAIL_MINUTES):
        return Said(since, "Tell whoever runs this system.", "bad", ours=True)
    return Said(f"{since} We keep trying.", "Nothing to do yet.", "soon")
