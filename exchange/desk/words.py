"""A partner and a message in words: what happened, what comes next, whose turn it is. Pure; no ids, no codes."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from exchange import errors
from exchange.desk import mesh_words
from exchange.desk.reach import Queue
from exchange.desk.said import Said
from exchange.mesh.reading import REPORT as MESH_REPORT
from exchange.models import DeliveryAttempt, Flow, InboxMessage, OutboxMessage, Partner
from ui.dates import ago, when

Out, In = OutboxMessage.State, InboxMessage.State

#: What a message is called, by its event: one, and several.
_CALLED: Final = {
    "servicerequest-request": ("Referral", "Referrals"),
    "servicerequest-response": ("Answer to a referral", "Answers to referrals"),
    "booking-request": ("Booking", "Bookings"),
    "booking-response": ("Answer to a booking", "Answers to bookings"),
    "document": ("Letter", "Letters"),
    MESH_REPORT: ("Report", "Reports"),
}
#: Outcome of a try or trouble of a message -> what it says of the partner, after "They" or alone.
_SENTENCES: Final = {
    one.code: one.sentence
    for one in (
        errors.PartnerUnreachable,
        errors.TlsFailed,
        errors.CertificateNotTrusted,
        errors.CertificateOver,
        errors.CertificateOfOthers,
        errors.OurCertificateRefused,
        errors.PartnerTimedOut,
        errors.PartnerFailed,
        errors.PartnerRefused,
        errors.OurFault,
        errors.AnswerTooLong,
        errors.LinkElsewhere,
        errors.NotOffered,
        errors.NotActive,
        errors.NotThere,
    )
}
_OUTCOMES: Final = _SENTENCES | {
    "delivered": "Delivered.",
    "handed-over": "MESH took it.",
    "duplicate": "They had it already: an earlier try had arrived.",
    "lost": "Our worker stopped in the middle; the next try made sure.",
}
#: How far a try came -> whose side it ended on.
_SIDES: Final = {"connect": "theirs", "await-reply": "theirs", "reply": "theirs", "ours": "ours"}


def called(event: str, *, takes_back: bool = False) -> str:
    """What a message is called on screen, one that `takes_back` an earlier; what is not read yet is just a message."""
    if not event:
        return "Message"
    if takes_back:
        return "Withdrawal of a referral"
    return _CALLED[event][0] if event in _CALLED else event.replace("-", " ").capitalize()


def messages(queue: Queue) -> str:
    """What waits, counted: "1 referral", or "12 messages" where they are of several kinds."""
    one, several = _CALLED.get(queue.event, ("message", "messages"))
    return f"{queue.waiting} {one.lower() if queue.waiting == 1 else several.lower()}"


def _wait(queue: Queue) -> str:
    return f"{messages(queue)} wait{'s' if queue.waiting == 1 else ''}"


def how_long(since: dt.datetime, now: dt.datetime) -> str:
    """ "4 minutes", "3 hours", "2 days": rounded down, at least a minute."""
    minutes = max(1, int((now - since).total_seconds() // 60))
    for name, size in (("day", 1440), ("hour", 60), ("minute", 1)):
        if minutes >= size:
            count = minutes // size
            return f"{count} {name}" if count == 1 else f"{count} {name}s"
    raise AssertionError("unreachable: there is at least a minute")


# Partners -------------------------------------------------------------------------------------------------------------
def of_partner(partner: Partner, queue: Queue, now: dt.datetime) -> Said:
    """How it is with a partner: by what came through, not by what is said to be up."""
    name = partner.organisation.name
    if not (partner.enabled and partner.sends):
        waits = f" {_wait(queue)}." if queue.waiting else ""
        what = "Sending is switched off" if partner.enabled else "Switched off"
        return Said(
            f"{what}: nothing is sent to {name}.{waits}{_switched_off(partner)}",
            "Switch it on when they are ready.",
            "soon",
        )
    age = now - queue.oldest if queue.oldest else dt.timedelta()
    if partner.failing_since is not None:
        return _failing(partner, queue, age, now)
    if not queue.waiting:
        return Said(last(partner, now), "Nothing to do.", "ok" if partner.last_delivered_at else "")
    going = f"{messages(queue)} on the way, the oldest for {how_long(queue.oldest or now, now)}."
    if age >= dt.timedelta(minutes=settings.EXCHANGE_FAIL_MINUTES):
        return Said(going, f"Ring {name}: they are slow to take what we send.", "bad", ours=True)
    late = age >= dt.timedelta(minutes=settings.EXCHANGE_WARN_MINUTES)
    return Said(going, "Nothing to do yet.", "soon" if late else "")


def _failing(partner: Partner, queue: Queue, age: dt.timedelta, now: dt.datetime) -> Said:
    name = partner.organisation.name
    who = "MESH" if partner.transport == Partner.Transport.MESH else name
    since = f"{who} has not answered since {when(partner.failing_since, now)}."
    if not queue.waiting:
        return Said(f"{since} Nothing waits for them.", "Nothing to do yet.", "soon")
    waits = f"{_wait(queue)}; {_again(_not_before(queue.next_try, partner), now)}"
    if age >= dt.timedelta(minutes=settings.EXCHANGE_FAIL_MINUTES):
        return Said(f"{since} {waits}", f"Ring {name} if something cannot wait.", "bad", ours=True)
    return Said(f"{since} {waits}", "Nothing to do yet.", "soon")


def _not_before(due: dt.datetime | None, partner: Partner) -> dt.datetime | None:
    """When it is really tried: a partner that does not answer is left alone for a while, whatever is due."""
    return max(due, partner.rest_until) if due and partner.rest_until else due


def _again(next_try: dt.datetime | None, now: dt.datetime) -> str:
    if next_try is None or next_try <= now:
        return "we are trying again now."
    if next_try - now < dt.timedelta(minutes=1):
        return "we try again within a minute."
    said = when(next_try, now)
    return f"we try again at {said}." if " " not in said else f"we try again {said}."


def last(partner: Partner, now: dt.datetime) -> str:
    """When something last came through, each way."""
    sent, heard = partner.last_delivered_at, partner.last_received_at
    if not sent and not heard:
        return "Nothing has been exchanged with them yet."
    parts = [f"Last delivered {ago(sent, now)}" if sent else "", f"last heard from {ago(heard, now)}" if heard else ""]
    told = ", ".join(part for part in parts if part)
    return f"{told[0].upper()}{told[1:]}."


# Messages -------------------------------------------------------------------------------------------------------------
def of_sent(message: OutboxMessage, now: dt.datetime, *, trying: bool = False) -> Said:
    """Where a message of ours stands. `trying`: a worker is calling at this moment."""
    name = message.to.organisation.name
    if message.state == Out.HANDED_OVER:
        return mesh_words.handed_over(message, now)
    if message.state == Out.UNCOLLECTED:
        return mesh_words.uncollected(message)
    if message.state == Out.REFUSED and _by_mesh(message):
        return mesh_words.not_passed_on(message, now)
    if message.state == Out.DELIVERED:
        return Said(f"Delivered {ago(message.settled_at, now)}.", "They have it.", "ok")
    if message.state == Out.REFUSED:
        return Said(
            f"Not accepted by {name}'s system {ago(message.settled_at, now)}.",
            f"Ring {name}, then send it again or set it aside.",
            "bad",
            ours=True,
        )
    if message.state == Out.EXPIRED:
        tried = f"{message.attempts} tries" if message.attempts != 1 else "1 try"
        return Said(
            f"Not delivered after {tried}; we stopped {ago(message.settled_at, now)}.",
            f"Ring {name}, then send it again.",
            "bad",
            ours=True,
        )
    if message.state == Out.SET_ASIDE:
        return Said(f"Set aside {ago(message.settled_at, now)}: it is not sent.", "Closed unless you send it again.")
    return _queued(message, now, trying)


def _queued(message: OutboxMessage, now: dt.datetime, trying: bool) -> Said:
    late = now - message.queued_at >= dt.timedelta(minutes=settings.EXCHANGE_WARN_MINUTES)
    if not (message.to.enabled and message.to.sends):
        return Said(
            f"Waits: {message.to.organisation.name} is switched off.{_switched_off(message.to)}",
            "Nothing to do yet.",
            "soon",
        )
    if trying:
        return Said("We are sending it now.", "Nothing to do yet.")
    if not message.trouble and message.to.rest_until is None:
        return Said(f"Waits since {when(message.queued_at, now)} for its turn.", "Nothing to do yet.")
    again = _again(_not_before(message.due_at, message.to), now)
    if mesh_words.ours_to_mend(message.trouble):
        why = mesh_words.SENTENCES[message.trouble]
        return Said(why, "Whoever runs this system has to put it right; then it goes by itself.", "bad", ours=True)
    sentences = mesh_words.SENTENCES if _by_mesh(message) else _SENTENCES
    why = sentences.get(message.trouble, "It did not arrive.") if message.trouble else _why_it_rests(message.to)
    return Said(f"{why} {again[0].upper()}{again[1:]}", "Nothing to do yet.", "soon" if late else "")


def _switched_off(partner: Partner) -> str:
    """Who switched it off and when, if that is known."""
    if not partner.pk:
        return ""
    off = partner.switchings.filter(on=False, flow__in=(Flow.ALL, Flow.SENDING)).order_by("-at").first()
    return f" {off.by} switched it off {when(off.at)}." if off else ""


def _why_it_rests(partner: Partner) -> str:
    who = "MESH" if partner.transport == Partner.Transport.MESH else "Their system"
    return f"{who} does not answer." if partner.failing_since else f"{who} asked us to wait."


def _by_mesh(message: OutboxMessage) -> bool:
    return message.to.transport == Partner.Transport.MESH


def sender_of(message: InboxMessage) -> str:
    """Who sent it, as far as that is known."""
    if message.sender_id:
        return message.sender.organisation.name
    return "MESH" if message.event == MESH_REPORT else "an unknown MESH mailbox"


def of_received(message: InboxMessage, now: dt.datetime) -> Said:
    """Where a message from elsewhere stands."""
    if message.state == In.FILED:
        return Said(f"Filed {ago(message.settled_at, now)}.", "It stands in the record.", "ok")
    if message.state == In.NEEDS_REVIEW:
        return Said(message.review_reason, "Somebody here has to look.", "bad", ours=True)
    if message.state == In.DEALT_WITH:
        return Said(f"Dealt with by a person {ago(message.settled_at, now)}.", "Closed.")
    return Said(f"Came in {ago(message.received_at, now)} and is being read.", "Nothing to do yet.")


@dataclass(frozen=True, slots=True)
class Try:
    """One try in words. `took` in seconds, empty while under way; `side` says whose side it ended on."""

    number: int
    at: dt.datetime
    outcome: str
    took: str
    side: str


def tries(found: list[DeliveryAttempt], *, by_mesh: bool = False) -> Iterator[Try]:
    outcomes = _OUTCOMES | (mesh_words.SENTENCES | {"duplicate": "MESH had it already."} if by_mesh else {})
    for one in found:
        took = f"{(one.ended_at - one.started_at).total_seconds():.1f} s" if one.ended_at else ""
        arrived = one.outcome in ("delivered", "duplicate", "handed-over")
        side = "" if arrived or not one.ended_at else _SIDES.get(one.phase, "ours")
        said = outcomes.get(one.outcome, "It did not arrive.") if one.ended_at else "Under way."
        yield Try(one.number, one.started_at, said, took, side)
