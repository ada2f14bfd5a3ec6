"""A referral in words: where it stands, whose turn it is, what happened. Pure; no ids, no codes, British times."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils import timezone

from referrals.models import Referral, ReferralEvent
from ui import dates
from work.models import ClockEvent

State, Kind, Step = Referral.State, ReferralEvent.Kind, ClockEvent.Kind


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a sentence about a referral needs. Times are aware; `says` holds the last event of each kind."""

    state: str
    service: str
    organisation: str
    author: str
    sent_at: dt.datetime | None = None
    due_on: dt.date | None = None
    at: dict[str, dt.datetime] = field(default_factory=dict)
    says: dict[str, dict[str, Any]] = field(default_factory=dict)
    by: dict[str, str] = field(default_factory=dict)
    #: From the exchange: since when the partner has not answered, when we try next.
    failing_since: dt.datetime | None = None
    next_try_at: dt.datetime | None = None
    #: When MESH took it, while the receiver has not collected it.
    handed_over_at: dt.datetime | None = None
    letter_read: bool = False
    #: Whether taking it back is on its way or failed (Referral.Withdrawal), or "".
    withdrawal: str = ""
    #: Whether the reader may see clinical words (a result that came back).
    clinical: bool = True
    #: "died" or "left": what makes a person decide whether the referral still stands; "" for nothing.
    undecided: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """One sentence of where it stands, one of whose turn it is, and how it is to be shown.

    `tone` is "ok", "bad" or "" (quiet); `ours` says that somebody here has to act.
    """

    sentence: str
    turn: str
    tone: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline as the worklist shows it: a date first, a colour second ("red", "amber" or "")."""

    words: str
    colour: str = ""


# Times ----------------------------------------------------------------------------------------------------------------
def at_moment(at: dt.datetime, now: dt.datetime) -> str:
    """A time after a verb: "at 09:14", "yesterday 16:20", "on 3 Nov"."""
    words = dates.when(at, now)
    if ":" not in words:
        return f"on {words}"
    return words if " " in words else f"at {words}"


def appointment(starts: dt.datetime, today: dt.date) -> str:
    """ "Tue 8 Dec, 10:20", with the year when it is not this one."""
    return f"{timezone.localtime(starts):%a} {dates.date_short(starts, today)}, {dates.clock(starts)}"


def days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"


def clock(due: dt.date | None, today: dt.date, *, warn_days: int = 2) -> Clock | None:
    """The deadline; None when nothing is awaited."""
    if due is None:
        return None
    left = (due - today).days
    if left < 0:
        return Clock(f"{days(-left)} over", "red")
    if left == 0:
        return Clock("today", "amber")
    if left <= warn_days:
        return Clock(f"{days(left)} left", "amber")
    return Clock(dates.date_short(due, today))


# Where it stands ------------------------------------------------------------------------------------------------------
def standing(facts: Facts, now: dt.datetime) -> Standing:
    """Where a referral stands and whose turn it is."""
    stands = _withdrawing(facts, now) if facts.withdrawal else _STANDS[facts.state](facts, now)
    if facts.undecided:
        changed = _CHANGED[facts.undecided]
        return Standing(f"{changed} {stands.sentence}", "Decide whether the referral stands.", "bad", ours=True)
    return stands


def _draft(f: Facts, now: dt.datetime) -> Standing:
    return Standing(f"Draft by {f.author}, not sent.", f"{f.author} to complete and send.", ours=True)


def _sent(f: Facts, now: dt.datetime) -> Standing:
    if f.handed_over_at is not None:
        waits = f"Handed over to MESH {at_moment(f.handed_over_at, now)}: {f.organisation} has not collected it yet."
        if _overdue(f, now):
            return Standing(waits, f"Ring {f.organisation}: it waits for them at MESH.", "bad", ours=True)
        return Standing(waits, "Nothing to do yet.")
    if f.failing_since is None:
        sent = f"Sent{_at(f.sent_at, now)}, on its way." if f.sent_at else "On its way."
        return Standing(sent, "Nothing to do yet.")
    sentence = f"Waiting to go out: {_failing(f, f.failing_since, now)}"
    if _overdue(f, now):
        return Standing(sentence, f"Ring {f.organisation}: this has not reached them.", "bad", ours=True)
    return Standing(sentence, "Nothing to do yet.")


def _failing(f: Facts, since: dt.datetime, now: dt.datetime) -> str:
    again = "We are trying again now."
    if f.next_try_at is not None and f.next_try_at > now:
        soon = f.next_try_at - now < dt.timedelta(minutes=1)
        again = "We try again within a minute." if soon else f"We try again {at_moment(f.next_try_at, now)}."
    return f"{f.organisation} has not answered since {dates.when(since, now)}. {again}"


def _withdrawing(f: Facts, now: dt.datetime) -> Standing:
    if f.withdrawal == Referral.Withdrawal.FAILED:
        said = f.says.get(Kind.NOT_WITHDRAWN, {})
        when = _at(f.at.get(Kind.NOT_WITHDRAWN), now)
        ring = f"Ring {f.organisation}."
        return Standing(f"Not withdrawn{when}. {why_not(said, f.organisation)}", ring, "bad", ours=True)
    sent = f"Withdrawal is on its way to {f.organisation}{_since(f.at.get(Kind.WITHDRAWING), now)}."
    if f.failing_since is not None:
        sent = f"Withdrawal is on its way: {_failing(f, f.failing_since, now)}"
    return Standing(sent, "Until they have it, they may still see the patient.")


def why_not(said: dict[str, Any], organisation: str) -> str:
    """Why a receiver did not take a withdrawal."""
    why, status = said.get("why", ""), said.get("status", "")
    if why == "not-active":
        if status == "completed":
            return "They have already seen this patient."
        return "They had closed it already." if status else "They are seeing to it already."
    if why == "not-there":
        return "Their system does not know this referral."
    if why == "expired":
        return f"{organisation} could not be reached; we stopped trying."
    if why == "set-aside":
        return "It was set aside at the exchange desk."
    return "Their system did not accept it."


def _delivered(f: Facts, now: dt.datetime) -> Standing:
    at = f.at.get(Kind.DELIVERED)
    arrived = f"Delivered {at_moment(at, now)}. " if at else "Delivered. "
    if _overdue(f, now):
        return Standing(
            arrived + f"No answer after {_since_sent(f, now)}.", f"Ring {f.organisation}.", "bad", ours=True
        )
    return Standing(arrived + f"{f.organisation} has not answered yet.", "Nothing to do yet.")


def _accepted(f: Facts, now: dt.datetime) -> Standing:
    accepted = f"Accepted by {f.organisation}{_at(f.at.get(Kind.ACCEPTED), now)}."
    if _overdue(f, now):
        overdue = f"Not booked after {_since_sent(f, now)}. Ring {f.organisation}."
        return Standing(accepted, overdue, "bad", ours=True)
    return Standing(f"{accepted} No date yet.", "Nothing to do yet.", "ok")


def _booked(f: Facts, now: dt.datetime) -> Standing:
    said = f.says.get(Kind.BOOKED, {})
    starts = _time(said.get("starts"))
    if starts is None:
        return Standing(f"Booked by {f.organisation}; no date was given.", f"Ring {f.organisation}.", "bad", ours=True)
    where = ", ".join(part for part in (appointment(starts, _today(now)), said.get("place", "")) if part)
    if starts > now:
        return Standing(f"Booked: {where}", "Nothing to do yet.", "ok")
    if _overdue(f, now):
        return Standing(f"Was booked for {where}. No letter yet.", f"Ring {f.organisation}.", "bad", ours=True)
    return Standing(f"Was booked for {where}. No letter yet.", "Nothing to do yet.")


def _asked(f: Facts, now: dt.datetime) -> Standing:
    asked = f"{f.organisation} asked for more{_at(f.at.get(Kind.ASKED), now)}"
    what = str(f.says.get(Kind.ASKED, {}).get("asks", "")) if f.clinical else ""
    sentence = f"{asked}: {_full_stop(what)}" if what else f"{asked}."
    who = f"{f.author} to answer" if not f.clinical else f"Send or tell {f.organisation} what they ask for"
    return Standing(sentence, f"{who}; they decide when they have it.", "bad", ours=True)


def _rejected(f: Facts, now: dt.datetime) -> Standing:
    says = f.says.get(Kind.REJECTED, {})
    reason = says.get("reason", "")
    why = f": {_full_stop(reason)}" if reason else ". No reason was given."
    who = f.by.get(Kind.REJECTED) or f.organisation
    turn = "Decide what to do next."
    if not reason:
        turn = f"Ask {f.organisation} why, then decide what to do next."
    return Standing(f"Rejected by {who}{_at(f.at.get(Kind.REJECTED), now)}{why}", turn, "bad", True)


def _not_delivered(f: Facts, now: dt.datetime) -> Standing:
    stops = [kind for kind in (Kind.REFUSED, Kind.EXPIRED, Kind.UNCOLLECTED, Kind.SET_ASIDE) if kind in f.at]
    last = max(stops, key=lambda kind: f.at[kind], default=Kind.EXPIRED)
    if last == Kind.SET_ASIDE:
        aside = f"Set aside at the exchange desk{_at(f.at[last], now)}: {f.organisation} has not confirmed it."
        turn = f"Send it again from the exchange desk. Before you refer anew, ask {f.organisation} whether it came."
        return Standing(f"Not delivered. {aside}", turn, "bad", True)
    if last == Kind.UNCOLLECTED:
        nobody = f"Nobody at {f.organisation} collected this in five days."
        return Standing(f"Not delivered. {nobody}", "Ring them or send it another way.", "bad", ours=True)
    if last == Kind.REFUSED:
        what = f"{f.organisation}'s system refused it{_at(f.at[last], now)}."
    else:
        what = f"{f.organisation} could not be reached; we stopped trying{_at(f.at.get(last), now)}."
    return Standing(f"Not delivered. {what}", f"Ring {f.organisation}: they do not have it.", "bad", ours=True)


def _answered(f: Facts, now: dt.datetime) -> Standing:
    title = f.says.get(Kind.LETTER_FILED, {}).get("title", "")
    came = f"Letter received{_at(f.at.get(Kind.LETTER_FILED), now)}"
    letter = f"{came}: {_full_stop(title)}" if title else f"{came}."
    if f.letter_read:
        return Standing(letter, "Read.", "ok")
    return Standing(letter, "To be read." if f.clinical else f"{f.author} to read it.", "ok", ours=True)


def _completed(f: Facts, now: dt.datetime) -> Standing:
    outcome = f.says.get(Kind.COMPLETED, {}).get("outcome", "") if f.clinical else ""
    done = f"Completed by {f.organisation}{_at(f.at.get(Kind.COMPLETED), now)}"
    return Standing(f"{done}: {_full_stop(outcome)}" if outcome else f"{done}.", "Closed.", "ok")


def _withdrawn(f: Facts, now: dt.datetime) -> Standing:
    if Kind.TAKEN_BACK in f.at:
        return Standing(f"Withdrawn{_at(f.at[Kind.TAKEN_BACK], now)}: {f.organisation} has taken it back.", "Closed.")
    if Kind.STOPPED in f.at:
        who = f.by.get(Kind.STOPPED) or f.author
        return Standing(f"Withdrawn by {who}{_at(f.at[Kind.STOPPED], now)}, before it had left.", "Closed.")
    who = f.by.get(Kind.WITHDRAWN) or f.author
    return Standing(f"Withdrawn by {who}{_at(f.at.get(Kind.WITHDRAWN), now)}; it was never sent.", "Closed.")


def _closed(f: Facts, now: dt.datetime) -> Standing:
    why = f.says.get(Kind.CLOSED, {}).get("why", "")
    who = f.by.get(Kind.CLOSED) or f.author
    closed = f"Closed by {who}{_at(f.at.get(Kind.CLOSED), now)}"
    return Standing(f"{closed}: {_full_stop(why)}" if why else f"{closed}.", "Closed.")


#: What makes a person decide whether a referral still stands.
_CHANGED: Final[dict[str, str]] = {Kind.DIED: "The patient has died.", Kind.LEFT: "The patient has left the practice."}
_STANDS: Final[dict[str, Callable[[Facts, dt.datetime], Standing]]] = {
    State.DRAFT: _draft,
    State.SENT: _sent,
    State.DELIVERED: _delivered,
    State.ACCEPTED: _accepted,
    State.ASKED: _asked,
    State.BOOKED: _booked,
    State.REJECTED: _rejected,
    State.NOT_DELIVERED: _not_delivered,
    State.ANSWERED: _answered,
    State.COMPLETED: _completed,
    State.WITHDRAWN: _withdrawn,
    State.CLOSED: _closed,
}


# What happened --------------------------------------------------------------------------------------------------------
def happened(kind: str, says: dict[str, Any], *, by: str, organisation: str, today: dt.date, clinical: bool) -> str:
    """One line of the history, without its time."""
    plain = {
        Kind.DRAFTED: f"Written by {by}",
        Kind.EDITED: f"Changed by {by}",
        Kind.SENT: f"Sent by {by}",
        Kind.WITHDRAWN: f"Withdrawn by {by}",
        Kind.WITHDRAWING: f"Withdrawal sent to {organisation} by {by}",
        Kind.STOPPED: f"Withdrawn by {by} before it left",
        Kind.TAKEN_BACK: f"Withdrawn: {organisation} has taken it back",
        Kind.NOT_WITHDRAWN: "Not withdrawn",
        Kind.LET_STAND: f"Left with {organisation} by {by}",
        Kind.DELIVERED: f"Delivered to {organisation}",
        Kind.REFUSED: f"Refused by {organisation}'s system",
        Kind.EXPIRED: f"Not delivered: {organisation} could not be reached, we stopped trying",
        Kind.UNCOLLECTED: f"Not delivered: nobody at {organisation} collected it in five days",
        Kind.SET_ASIDE: "Set aside at the exchange desk: it is not sent",
        Kind.SENT_AGAIN: "Sent again from the exchange desk",
        Kind.ACCEPTED: f"Accepted by {organisation}",
        Kind.ASKED: f"{organisation} asked for more",
        Kind.BOOKED: f"Booked by {organisation}",
        Kind.REJECTED: f"Rejected by {by}",
        Kind.COMPLETED: f"Completed by {organisation}",
        Kind.LETTER_FILED: f"Letter received from {organisation}",
        Kind.DIED: "The patient's death became known: is this referral still to stand?",
        Kind.LEFT: "The patient left the practice: is this referral still to stand?",
        Kind.KEPT: f"It still stands, says {by}",
        Kind.CLOSED: f"Closed by {by}",
    }[Kind(kind)]
    more = _more(kind, says, organisation=organisation, today=today, clinical=clinical)
    return f"{plain}: {more}" if more else plain


def _more(kind: str, says: dict[str, Any], *, organisation: str, today: dt.date, clinical: bool) -> str:
    if kind == Kind.BOOKED:
        starts = _time(says.get("starts"))
        return ", ".join(p for p in (appointment(starts, today) if starts else "", says.get("place", "")) if p)
    if kind in (Kind.REJECTED, Kind.WITHDRAWING, Kind.STOPPED):
        return str(says.get("reason", ""))
    if kind == Kind.ASKED:
        return str(says.get("asks", "")) if clinical else ""
    if kind == Kind.NOT_WITHDRAWN:
        return f"{why_not(says, organisation)} Ring them."
    if kind == Kind.COMPLETED:
        return str(says.get("outcome", "")) if clinical else ""
    if kind == Kind.LETTER_FILED:
        return str(says.get("title", ""))
    if kind == Kind.CLOSED:
        return ". ".join(text for name in ("why", "note") if (text := str(says.get(name, ""))))
    return ""


def stepped(kind: str, says: dict[str, Any], *, by: str, today: dt.date) -> str:
    """One line of the history about a deadline, without its time."""
    due = dates.date_short(dt.date.fromisoformat(says["due"]), today) if says.get("due") else ""
    to = says.get("to", "")
    plain = {
        Step.GIVEN: f"Given to {to} by {by}" if not says.get("was") else f"Given to {to}: {says['was']} has left",
        Step.CHASED: f"Chased by {by}, answer expected by {due}",
        Step.LIMITS: f"The practice changed its deadlines: due {due}",
        Step.OVERDUE: f"Nothing heard by {due}",
        Step.SECOND: f"Still nothing heard: brought to {to or 'a second person'}",
        Step.MANAGER: f"Still nothing heard: brought to {to or 'the practice manager'}",
    }[Step(kind)]
    return f"{plain}: {says['note']}" if says.get("note") else plain


# Small pieces ---------------------------------------------------------------------------------------------------------
def _today(now: dt.datetime) -> dt.date:
    return dates.local(now)


def _at(at: dt.datetime | None, now: dt.datetime) -> str:
    """A time with the blank before it, or nothing when it is not known."""
    return f" {dates.when(at, now)}" if at else ""


def _since(at: dt.datetime | None, now: dt.datetime) -> str:
    return f" since {dates.when(at, now)}" if at else ""


def _time(written: Any) -> dt.datetime | None:
    """A time as an event keeps it: ISO 8601 with offset."""
    return dt.datetime.fromisoformat(written) if written else None


def _overdue(facts: Facts, now: dt.datetime) -> bool:
    return facts.due_on is not None and facts.due_on < _today(now)


def _since_sent(facts: Facts, now: dt.datetime) -> str:
    sent = dates.local(facts.sent_at or now)
    return days((_today(now) - sent).days)


def _full_stop(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
