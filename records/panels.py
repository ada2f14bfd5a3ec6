"""What each part of a patient's screen shows. One name three times: the function here, `_name.html`, and a URL.

Every panel takes (actor, patient) and, where several are shown together, what is held of the patient, read once.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from access.actor import Actor
from access.permissions import Permission
from records import grouping, timeline, wording
from records.alerts import alerts, allergies_of
from records.claims import Claim, Source, claims
from records.correspondence import letters_held
from records.grouping import Group
from records.held import NOT_SAID, TRENDS_SHOWN, Held
from records.looking import last_looked
from records.models import Patient
from ui.charts import Point
from ui.dates import age, date_short

LETTERS_SHOWN: Final = 5
TIMELINE_SHOWN: Final = 20
APPOINTMENTS_SHOWN: Final = 5
NEWS_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Row:
    """A group as a row: what stands first, the rest of the line, remarks, its date, who says it, whether it is new."""

    what: str
    how: str
    when: str | dt.datetime | None
    sources: tuple[Source, ...]
    differs: str = ""
    remark: str = ""
    gone: bool = False
    new: bool = False


@dataclass(frozen=True, slots=True)
class Trend:
    """The latest result of one test with the few before it, oldest first."""

    latest: Claim
    value: str
    sign: str
    points: tuple[Point, ...]
    low: float | None
    high: float | None
    new: bool = False
    first: bool = False


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
        "age": age(patient.birth_date_written or patient.birth_date, patient.deceased_on),
        "alerts": alerts(held) if clinical else [],
        "fresh": _fresh(held) if clinical else [],
        "refer": heading and actor.may(Permission.WRITE_REFERRAL) and not patient.deceased,
    }


def _fresh(held: Held) -> list[dict[str, Any]]:
    """Other organisations than our own: when they last told us something, and since when they do not answer."""
    others = [heard for heard in held.heard if heard.source.id != held.actor.organisation_id]
    return [{"name": h.source.name, "heard": h.at, "failing_since": h.failing_since} for h in others]


# What is the matter and what is taken ---------------------------------------------------------------------------------
def _problem_groups(held: Held) -> list[Group]:
    return grouping.groups(held.of("problem"), grouping.problems_differ)


def problems(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """Active problems, each once, with who says so; how many are past."""
    held = _held(actor, patient, held)
    found = _problem_groups(held)
    active = [_problem_row(held, group) for group in found if group.current]
    return {"patient": patient, "rows": active, "past": len(found) - len(active)}


def past_problems(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    held = _held(actor, patient, held)
    return {"patient": patient, "rows": [_problem_row(held, g) for g in _problem_groups(held) if not g.current]}


def _problem_row(held: Held, group: Group) -> Row:
    lead = group.lead
    name = lead.display or "Problem without a name"
    doubt = str(lead.detail.get("verification", ""))
    remark = wording.problem_over(lead) or ("Not confirmed" if doubt in ("unconfirmed", "provisional") else "")
    return Row(
        what=name if not group.differs or not grouping.family(lead) else name[: len(grouping.family(lead))],
        how="",
        when=min((wording.problem_since(c) for c in group.claims if wording.problem_since(c)), default=lead.dated),
        sources=group.sources,
        differs=group.differs,
        remark=remark,
        new=any(map(held.is_new, group.claims)),
    )


def _medicine_groups(held: Held) -> list[Group]:
    return grouping.groups(held.of("medicine"), grouping.medicines_differ)


def medicines(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """What is taken now according to anyone, and what one source has stopped while another still lists it."""
    held = _held(actor, patient, held)
    found = _medicine_groups(held)
    rows = [_medicine_row(held, group) for group in found if group.current]
    rows.sort(key=lambda row: (not (row.differs or row.gone), row.what.casefold()))
    return {
        "patient": patient,
        "rows": rows,
        "disagreements": sum(bool(row.differs or row.gone) for row in rows),
        "past": len(found) - len(rows),
    }


def past_medicines(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    held = _held(actor, patient, held)
    return {"patient": patient, "rows": [_medicine_row(held, g) for g in _medicine_groups(held) if not g.current]}


def _medicine_row(held: Held, group: Group) -> Row:
    lead = group.lead
    stopped = grouping.stopped(group)
    ended = "" if group.current else lead.status.replace("-", " ").capitalize()
    why = f": {lead.detail['status_reason']}" if ended and lead.detail.get("status_reason") else ""
    return Row(
        what=wording.medicine_name(lead),
        how=wording.medicine_how(lead),
        when=group.claims[0].dated,
        sources=group.sources,
        differs=group.differs,
        remark=stopped or ended + why,
        gone=bool(stopped),
        new=any(map(held.is_new, group.claims)),
    )


def allergies(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """Allergies with reaction, who recorded them and when; or that none are known, or that none are recorded."""
    held = _held(actor, patient, held)
    known, none_known = allergies_of(held)
    rows = [
        Row(
            what=wording.allergen(group.lead)[:1].upper() + wording.allergen(group.lead)[1:],
            how=wording.reaction(group.lead),
            when=group.claims[0].dated,
            sources=group.sources,
            differs=group.differs,
            remark="Unconfirmed" if group.lead.detail.get("verification") == "unconfirmed" else "",
            new=any(map(held.is_new, group.claims)),
        )
        for group in known
    ]
    return {"patient": patient, "rows": rows, "none_known": none_known}


# Results --------------------------------------------------------------------------------------------------------------
def results(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """The newest of the tests done last, each with its trend, and how many results there are in all."""
    held = _held(actor, patient, held)
    return {
        "patient": patient,
        "trends": [trend(held, series) for series in held.series[:TRENDS_SHOWN]],
        "all": held.count("result", "vital"),
    }


def trend(held: Held, series: list[Claim]) -> Trend:
    """A row per test from its results, newest first: the latest, and the others in the same unit, whoever measured."""
    latest = series[0]
    drawn = [(c, wording.number(c.value)) for c in reversed(series) if c.unit == latest.unit]
    points = tuple(Point(value, c.value, date_short(c.dated)) for c, value in drawn if value is not None)
    return Trend(
        latest=latest,
        value=wording.figure_with_sign(latest),
        sign=wording.sign(latest),
        points=points,
        low=wording.number(latest.detail.get("low")),
        high=wording.number(latest.detail.get("high")),
        new=held.is_new(latest),
        first=len(series) < 2,
    )


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


def timeline_panel(actor: Actor, patient: Patient, held: Held | None = None) -> dict[str, Any]:
    """The last twenty events."""
    return {"patient": patient, **timeline.page(_held(actor, patient, held), "everything", 1, TIMELINE_SHOWN)}


def news(actor: Actor, patient: Patient, held: Held) -> dict[str, Any]:
    """What came in since this person last looked, newest first; on a first look, what is less than 30 days old."""
    found, more = timeline.newest(held, NEWS_SHOWN)
    return {"items": found, "more": more, "looked": held.looked}


PANELS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "problems": problems,
    "medicines": medicines,
    "allergies": allergies,
    "results": results,
    "letters": letters,
    "timeline": timeline_panel,
}


def everything(actor: Actor, patient: Patient) -> dict[str, Any]:
    """All panels of the one screen by name, with the banner and the news, from rows read once."""
    held = Held(actor, patient, last_looked(actor, patient))
    shown: dict[str, Any] = {name: panel(actor, patient, held) for name, panel in PANELS.items()}
    shown["banner"] = banner(actor, patient, held, heading=True)
    shown["news"] = news(actor, patient, held)
    shown["held"] = held
    return shown
