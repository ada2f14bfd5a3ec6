"""How fresh each source's part of a record is, in words: when it was last heard and how, what failed and since when."""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.utils import timezone

from exchange.errors import AnswerTooLong
from records.kinds import TESTS_AND_VITALS
from records.models import Received, SourceCheck
from records.screen.held import Held
from ui.dates import ago, when

#: How something came, as the banner says it before "2 hours ago".
HOW: Final[dict[str, str]] = {
    Received.Via.PULL: "answered",
    Received.Via.MESSAGE: "sent",
    Received.Via.IMPORT: "imported",
}
QUICK_SECONDS: Final = 2
SLOW_SECONDS: Final = 15
State = SourceCheck.State
#: Of a source that has told us of this patient, which is more than not knowing them.
_FORGOT: Final = "now says that it does not know this patient"


@dataclass(frozen=True, slots=True)
class Fresh:
    """One source other than our own, and how things stand with it. Times are aware."""

    name: str
    #: When it last told us something of this patient, and how (records.Received.Via); None if it never did.
    told_at: dt.datetime | None
    via: str
    #: The kinds of entry that it has told us of.
    kinds: frozenset[str]
    #: Since when it has not answered, asked or written to.
    failing_since: dt.datetime | None
    check: SourceCheck | None = None

    @property
    def asking(self) -> bool:
        """A worker asks it now, or is about to."""
        check = self.check
        if check is None or check.due_at is None:
            return False
        return check.asking or check.due_at <= timezone.now() + dt.timedelta(seconds=QUICK_SECONDS)

    @property
    def moving(self) -> bool:
        return self.check is not None and self.check.due_at is not None


def sources(held: Held) -> list[Fresh]:
    """Every other organisation that told us something of this patient or is asked about them, by name."""
    checks = {one.source_id: one for one in held.asked}
    ours = held.actor.organisation_id
    found = []
    for heard in held.heard:
        asked = checks.pop(heard.source.id, None)
        if heard.source.id != ours:
            check = asked.check if asked else None
            failing = check.failing_since if check else heard.failing_since
            found.append(Fresh(heard.source.name, heard.at, heard.via, heard.kinds, failing, check))
    for asked in checks.values():
        if asked.check is not None and asked.source_id != ours:
            found.append(Fresh(asked.name, None, "", frozenset(), asked.check.failing_since, asked.check))
    return sorted(found, key=lambda one: one.name)


#: Panel -> the kinds of entry it shows: a source that has told us of one of these affects it.
AFFECTED: Final[dict[str, tuple[str, ...]]] = {
    "problems": ("problem",),
    "medicines": ("medicine",),
    "allergies": ("allergy",),
    "results": TESTS_AND_VITALS,
    "letters": ("letter",),
    "timeline": ("encounter", "letter", "procedure", "immunisation", "report", "careplan"),
    "care": ("careplan", "careteam", "goal"),
}


# Lines at the top of a panel ------------------------------------------------------------------------------------------
def lines(held: Held, panel: str) -> list[str]:
    """What the reader of a panel must know: one sentence or two per source that affects it.

    A source that never told us anything could have told us of anything: the timeline, which shows all, names it.
    """
    kinds = set(AFFECTED[panel])
    affecting = [one for one in sources(held) if one.kinds & kinds or (panel == "timeline" and not one.kinds)]
    return [said for one in affecting if (said := line(one))]


def line(fresh: Fresh) -> str:
    """What is wrong with a source, since when, what is shown meanwhile and when we ask again; "" if nothing is."""
    check = fresh.check
    if check is None:
        return (
            f"{fresh.name} has not answered since {when(fresh.failing_since)}. {_shown(fresh)}"
            if _failing(fresh)
            else ""
        )
    match check.state:
        case State.INCOMPLETE:
            said = f"Incomplete: {_broke_off(fresh.name, check)}. {_again(check)}"
        case State.MIXED_UP:
            said = f"{_mixed_up(fresh.name, check)} {_shown(fresh)}"
        case State.NOT_KNOWN if fresh.told_at:
            said = (
                f"{fresh.name} {_FORGOT} (asked {when(check.heard_at)}). {_shown(fresh)} Ask them before relying on it."
            )
        case State.FAILED:
            said = f"{fresh.name} {_does_not(check)} since {when(check.failing_since)}. {_shown(fresh)} {_again(check)}"
        case _:
            said = _stale(fresh, check)
    return f"{said} {_left_out(fresh.name, check)}".strip()


def _failing(fresh: Fresh) -> bool:
    return fresh.failing_since is not None


def _mixed_up(name: str, check: SourceCheck) -> str:
    asked = when(check.asked_at)
    return (
        f"{name} answered with another patient's entries ({asked}). Nothing of it was kept; it is in Records to check."
    )


def _does_not(check: SourceCheck) -> str:
    words = {"refused": "has not let us read", "our-fault": "could not be read, by a fault of ours,"}
    return words.get(check.trouble, "has not answered")


def _broke_off(name: str, check: SourceCheck) -> str:
    if check.trouble == "warned":
        return f"{name} says that its answer leaves something out"
    pages = f"after {check.pages} of {check.of} pages" if check.of > check.pages else f"after {_pages(check.pages)}"
    if check.trouble == AnswerTooLong.code:
        return f"{name}'s answer was longer than we take at once, and ends {pages}"
    return f"{name}'s answer broke off {pages}"


def _pages(number: int) -> str:
    return "1 page" if number == 1 else f"{number} pages"


def _shown(fresh: Fresh) -> str:
    return (
        f"This is what it sent {when(fresh.told_at)}."
        if fresh.told_at
        else "It has never told us anything of this patient."
    )


def _again(check: SourceCheck) -> str:
    if check.asking:
        return "We are asking again now."
    if check.due_at is None:
        return "We ask again when the record is next opened."
    return f"We try again at {when(check.due_at)}."


def _stale(fresh: Fresh, check: SourceCheck) -> str:
    """Only a partner that is asked can be late: an imported file is as old as it is, and its date is shown."""
    oldest = timezone.now() - dt.timedelta(days=settings.PULL_STALE_DAYS)
    if check.state != State.HEARD or check.heard_at is None or check.heard_at > oldest or check.due_at is not None:
        return ""
    return f"{fresh.name} was last asked {when(check.heard_at)}. It may know something newer."


def _left_out(name: str, check: SourceCheck) -> str:
    if not check.left_out:
        return ""
    entries = "1 entry" if check.left_out == 1 else f"{check.left_out} entries"
    return (
        f"{entries} of {name}'s last answer could not be read and {'is' if check.left_out == 1 else 'are'} not shown."
    )


# The line in the banner -----------------------------------------------------------------------------------------------
def region(held: Held) -> dict[str, Any]:
    """What the banner's region shows: each source in a few words, whether anything moves, and the version of it all."""
    found = sources(held)
    moving = any(one.moving for one in found)
    return {
        "patient": held.patient,
        "sources": [(one.name, *_words(one)) for one in found],
        "moving": moving,
        "pace": QUICK_SECONDS if any(one.asking for one in found) else SLOW_SECONDS,
        "seen": f"{_record_version(found)}-{_digest(_standing(one) for one in found)}",
    }


def _words(fresh: Fresh) -> tuple[str, str]:
    """(what is wrong, the rest): "has not answered since 09:14", "showing what it sent 20 Nov"."""
    check = fresh.check
    told = f"{HOW.get(fresh.via, 'sent')} {ago(fresh.told_at)}" if fresh.told_at else ""
    if check is None:
        wrong = f"has not answered since {when(fresh.failing_since)}" if _failing(fresh) else ""
        return wrong, f"showing what it {told}" if wrong and told else told
    if check.state in (State.FAILED, State.MIXED_UP, State.INCOMPLETE):
        plain = {State.MIXED_UP: "mixed patients up", State.INCOMPLETE: "answered in part"}.get(State(check.state))
        return plain or f"{_does_not(check)} since {when(check.failing_since)}", "asking again" if fresh.asking else ""
    if fresh.asking:
        return "", f"{told}, asking now" if told else "asking now"
    if check.state == State.NOT_KNOWN:
        return (_FORGOT, f"showing what it {told}") if told else ("", "does not know this patient")
    return "", f"answered {ago(check.heard_at)}" if check.heard_at else told


def _standing(fresh: Fresh) -> object:
    """What the words depend on but for the hour."""
    return fresh.name, fresh.told_at, fresh.asking, fresh.check and (str(fresh.check.state), fresh.check.heard_at)


def changed_since(seen: str, now: str) -> bool:
    """Whether what the panels show has changed between two versions of the region."""
    return seen.partition("-")[0] != now.partition("-")[0]


def _record_version(found: Iterable[Fresh]) -> str:
    return _digest((one.check.changed_at if one.check else None, line(one)) for one in found)


def _digest(parts: Iterable[object]) -> str:
    return hashlib.sha256(repr(list(parts)).encode()).hexdigest()[:12]


def version(seen: object, said: list[str]) -> str:
    """The version of a panel that polls: its own, and that of its lines."""
    return f"{seen}-{_digest(said)}" if said else str(seen)
