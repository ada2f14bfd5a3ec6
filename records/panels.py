"""What each part of a patient's screen shows. One name three times: the function here, `_name.html`, and a URL.

Every panel takes (actor, patient) and, where several are shown together, what is held of the patient, read once.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any, Final

from django.utils import timezone

from access.actor import Actor
from access.permissions import Permission
from records import reach
from records.kinds import RESULTS
from records.letters.correspondence import letters_held
from records.looking import last_looked, looked_now
from records.models import Patient
from records.pulling.schedule import Asked
from records.screen import freshness, timeline
from records.screen import news as news_of
from records.screen import rows as rows_of
from records.screen.alerts import alerts, allergies_of, contradictions
from records.screen.claims import claims
from records.screen.held import NOT_SAID, TRENDS_SHOWN, Held
from records.screen.trends import trend
from ui.dates import age

LETTERS_SHOWN: Final = 5
TIMELINE_SHOWN: Final = 20
APPOINTMENTS_SHOWN: Final = 5
NEWS_SHOWN: Final = 4
NEWS_SHOWN_AT_FIRST: Final = 3
#: How long the line offers to take a mark back.
UNDO: Final = dt.timedelta(hours=1)


def _held(actor: Actor, patient: Patient, held: Held | None) -> Held:
    return held or Held(actor, patient, last_looked(actor, patient))


# Who it is ------------------------------------------------------------------------------------------------------------
def banner(actor: Actor, patient: Patient, held: Held | None = None, *, heading: bool = False) -> dict[str, Any]:
    """Who this is; with a clinical role also allergies, flags, and when each source last told us something.

    `heading` makes the name the page's h1; on pages with their own heading it is a link to the one screen.
    """
    clinical = actor.may(Permission.READ_RECORD)
    held = held or Held(actor, patient)
    return {
        "patient": patient,
        "heading": heading,
        "details": actor.may(Permission.READ_DEMOGRAPHICS),
        "age": age(patient.birth_date_written or patient.birth_date, patient.deceased_on),
        "alerts": alerts(held) if clinical else [],
        "fresh": freshness.region(held) if clinical else {},
        "refer": heading and actor.may(Permission.WRITE_REFERRAL) and not patient.deceased,
    }


def fresh(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """When each other source last told us something and how, what fails, and whether one is being asked now."""
    return freshness.region(held or Held(actor, patient))


# What is the matter and what is taken ---------------------------------------------------------------------------------
def problems(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """Active problems, each once, with who says so; how many are past."""
    held = _held(actor, patient, held)
    found = rows_of.problem_groups(held)
    active = [rows_of.problem(held, group) for group in found if group.current]
    return {"patient": patient, "rows": active, "past": len(found) - len(active)}


def past_problems(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    held = _held(actor, patient, held)
    return {
        "patient": patient,
        "rows": [rows_of.problem(held, g) for g in rows_of.problem_groups(held) if not g.current],
    }


def medicines(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """What is taken now according to anyone, and what one source has stopped while another still lists it."""
    held = _held(actor, patient, held)
    found = rows_of.medicine_groups(held)
    rows = [rows_of.medicine(held, group) for group in found if group.current]
    rows.sort(key=lambda row: (not (row.differs or row.gone), row.what.casefold()))
    return {
        "patient": patient,
        "rows": rows,
        "disagreements": sum(bool(row.differs or row.gone) for row in rows),
        "past": len(found) - len(rows),
    }


def past_medicines(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    held = _held(actor, patient, held)
    return {
        "patient": patient,
        "rows": [rows_of.medicine(held, g) for g in rows_of.medicine_groups(held) if not g.current],
    }


def allergies(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """Allergies with reaction, who recorded them and when; or that none are known, or that none are recorded."""
    held = _held(actor, patient, held)
    known, none_known = allergies_of(held)
    rows = [rows_of.allergy(held, group) for group in known]
    return {
        "patient": patient,
        "rows": rows,
        "none_known": none_known,
        "contradicted": contradictions(known, none_known),
    }


# Results --------------------------------------------------------------------------------------------------------------
def results(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """The newest of the tests done last, each with its trend, and how many results there are in all."""
    held = _held(actor, patient, held)
    return {
        "patient": patient,
        "trends": [trend(held, series) for series in held.series[:TRENDS_SHOWN]],
        "all": held.count(*RESULTS),
    }


# What happened --------------------------------------------------------------------------------------------------------
def letters(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """The last letters, unread ones marked; how many there are; a version that changes when one comes in."""
    held = _held(actor, patient, held)
    found = letters_held(held, LETTERS_SHOWN)
    return {
        "patient": patient,
        "letters": found.letters,
        "unread": found.unread,
        "all": found.count,
        "seen": found.version,
        "may_open": actor.may(Permission.READ_LETTERS),
    }


def appointments(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """Bookings from today on, the next one first."""
    held = _held(actor, patient, held)
    start = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    rows = held.said.filter(kind="appointment", date__gte=start).exclude(NOT_SAID).order_by("date")
    return {"patient": patient, "rows": list(claims(rows[:APPOINTMENTS_SHOWN]))}


def to_enter(actor: Actor, patient: Patient) -> dict[str, Any]:
    """What is still to enter in the practice's clinical system for this patient, oldest first."""
    rows = reach.to_enter(actor).filter(patient__in=reach.ids(actor, patient), settled_at__isnull=True)
    return {"listed": list(rows.order_by("since", "pk")), "clinical": actor.may(Permission.READ_RECORD)}


def timeline_panel(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """The last twenty main events."""
    found, more = timeline.latest(_held(actor, patient, held), TIMELINE_SHOWN)
    return {"patient": patient, "entries": found, "more": more}


def news(actor: Actor, patient: Patient, held: Held) -> dict[str, Any]:
    """What changed since this person marked the record as seen; for who never did, what is less than 30 days old.

    Of a first look, where everything recent is "new", the box takes fewer lines: it stands above the record.
    """
    told = news_of.of_one(held)
    found, looked = told.items, held.looked
    shown = NEWS_SHOWN if looked else NEWS_SHOWN_AT_FIRST
    undo = looked.marked_at is not None and timezone.now() - looked.marked_at < UNDO
    return {
        "patient": patient,
        "items": found[:shown],
        "all": found,
        "more": max(0, len(found) - shown),
        "cut": news_of.MOST if told.cut else 0,
        "looked": looked.at,
        "marked": looked.marked_at if undo else None,
    }


PANELS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "problems": problems,
    "medicines": medicines,
    "allergies": allergies,
    "results": results,
    "letters": letters,
    "timeline": timeline_panel,
}


def one(name: str, actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """One panel by name, with what its reader must know of the sources that affect it (`lines`)."""
    held = _held(actor, patient, held)
    panel = PANELS[name](actor, patient, held)
    panel["lines"] = freshness.lines(held, name)
    if "seen" in panel:
        panel["seen"] = freshness.version(panel["seen"], panel["lines"])
    return panel


def everything(actor: Actor, patient: Patient, asked: list[Asked] | None = None) -> dict[str, Any]:
    """All panels of the one screen by name, with the banner and the news, from rows read once.

    `asked` is where the partners stand that are asked about this patient, if that is known already.
    """
    looked, drawn = looked_now(actor, patient)
    held = Held(actor, patient, looked)
    if asked is not None:
        held.asked = asked
    shown: dict[str, Any] = {name: one(name, actor, patient, held) for name in PANELS}
    shown["banner"] = banner(actor, patient, held, heading=True)
    shown["news"] = news(actor, patient, held)
    shown["news"]["drawn"] = drawn.isoformat()
    shown["held"] = held
    return shown
