"""A person's care summary: the least that is needed to look after them, in plain words, each with who said it.

Words are made from coded data by socialcare.lay_terms; where it has none the clinical term stands alone. Instructions
stand only as recorded, with their source. Where sources disagree, it says so and whom to ask.
"""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import F
from django.utils import timezone

from access.actor import Actor
from records.looking import Looked
from records.models import Patient
from records.people.contacts import surgery_of
from records.screen import grouping, wording
from records.screen.alerts import allergies_of, none_known
from records.screen.claims import Claim, claims
from records.screen.grouping import Group
from records.screen.held import NOT_SAID, Held
from socialcare import plain
from socialcare.package import Package, package_of
from socialcare.panels import workers
from socialcare.plain import Line, said_by
from ui.dates import date_plain

STAYS: Final = dt.timedelta(days=365)
INPATIENT: Final = ("IMP", "ACUTE", "NONAC", "EMER")
ADJUSTMENT: Final = "reasonable adjustment"


@dataclass(frozen=True, slots=True)
class Ring:
    """Somebody to ring."""

    who: str
    phone: str
    note: str = ""


@dataclass(slots=True)
class Summary:
    """All the page shows."""

    called: str = ""
    about: list[str] = field(default_factory=list)
    news: list[Line] = field(default_factory=list)
    looked: dt.datetime | None = None
    watch: list[Line] = field(default_factory=list)
    ring: list[Ring] = field(default_factory=list)
    packages: list[Package] = field(default_factory=list)
    medicines: list[Line] = field(default_factory=list)
    conditions: list[Line] = field(default_factory=list)
    stays: list[Line] = field(default_factory=list)
    matters: list[Line] = field(default_factory=list)
    sources: str = ""


def summary(who: Actor, patient: Patient, looked: Looked) -> Summary:
    """The summary for somebody on the caseload; `looked` is up to when the reader has seen it."""
    held = Held(who, patient, looked)
    stays = _stays(held)
    called, matters = _about_me(held)
    return Summary(
        called=called,
        about=_about(held),
        news=_news(held, stays),
        looked=looked.at,
        watch=_watch(held),
        ring=_ring(held),
        packages=[
            package_of(c)
            for c in held.of("careplan")
            if c.source.kind == "social-care" and c.status in ("active", "on-hold")
        ],
        medicines=plain.medicines(held),
        conditions=plain.conditions(held),
        stays=[_stay(c) for c in stays],
        matters=matters,
        sources=_sources(held),
    )


def version(found: Summary) -> str:
    """Changes when anything that the summary says does."""
    return hashlib.sha256(repr(found).encode()).hexdigest()[:12]


# Who they are ---------------------------------------------------------------------------------------------------------
def _about(held: Held) -> list[str]:
    """How they live, and what makes care easier for them, as flagged."""
    flags = [c for c in held.of("flag") if c.status == "active" and not grouping.withdrawn(c)]
    own = [c for c in flags if c.source.kind == "social-care"] or flags
    texts = [c.display for c in own if c.display]
    others = [c.display for c in flags if c.category and c.category[0].casefold() == ADJUSTMENT]
    return list({text.casefold(): text for text in (*texts, *others)}.values())


def _about_me(held: Held) -> tuple[str, list[Line]]:
    """(what they like to be called, what matters to them), from their own "About me" (FHIR QuestionnaireResponse)."""
    rows = held.said.filter(type="QuestionnaireResponse", status="completed", source_id=held.actor.organisation_id)
    body = rows.order_by(F("date").desc(nulls_last=True)).values_list("body", flat=True).first()
    answers = list(_answers(json.loads(body))) if body else []
    called = next((answer for question, answer in answers if "called" in question.casefold()), "")
    return called, [Line(question, answer) for question, answer in answers if "called" not in question.casefold()]


def _answers(item: dict[str, Any]) -> Any:
    for one in item.get("item") or []:
        for answer in one.get("answer") or []:
            if one.get("text") and answer.get("valueString"):
                yield one["text"], answer["valueString"]
        yield from _answers(one)


# What to watch for ----------------------------------------------------------------------------------------------------
def _watch(held: Held) -> list[Line]:
    """Allergies first, then what others asked to be watched for, then falls; each as recorded."""
    known, none = allergies_of(held)
    lines = [_allergy(group) for group in known]
    if not known:
        lines = [Line(f"{none_known(none[0])}.", "", said_by(none[0]))] if none else [Line("No allergies recorded.")]
    plans = [c for c in held.of("careplan") if c.source.kind != "social-care" and c.status == "active"]
    lines += [Line("", str(c.detail["description"]), said_by(c)) for c in plans if c.detail.get("description")]
    return lines + [
        Line(f"{c.display}:", str(c.detail["note"]), said_by(c))
        for c in held.of("problem")
        if c.source.kind == "social-care" and grouping.current(c) and c.detail.get("note")
    ]


def _allergy(group: Group) -> Line:
    lead = group.lead
    details = wording.reactions(group.claims) or wording.reaction(lead)
    doubt = " Sources do not agree on this; ask the surgery." if group.differs else ""
    reaction = details[:1].upper() + details[1:] + "." if details else ""
    return Line(
        f"Allergic to {wording.allergen(lead)}:", f"{reaction or 'reaction not recorded.'}{doubt}", said_by(lead)
    )


# Whom to ring ---------------------------------------------------------------------------------------------------------
def _ring(held: Held) -> list[Ring]:
    found = [
        Ring(c.display or worker["role"], worker["phone"], worker["name"])
        for c in held.of("careteam")
        for worker in workers(c)
        if worker["phone"]
    ]
    surgery = surgery_of(held.patient)
    if surgery and surgery.phone:
        gp = "" if held.patient.restricted else held.patient.usual_gp
        found.append(Ring(surgery.name, surgery.phone, gp))
    contacts = [c for c in held.of("contact") if c.detail.get("phone") and not c.detail.get("end")]
    found += [Ring(str(c.detail.get("name") or c.display), str(c.detail["phone"]), _related(c)) for c in contacts]
    return list({ring.phone.replace(" ", ""): ring for ring in reversed(found)}.values())[::-1]


def _related(claim: Claim) -> str:
    """ "son, next of kin": the code's display is written Next-of-Kin."""
    return str(claim.detail.get("relationship", "")).replace("Next-of-Kin", "next of kin")


# Hospital, and what is new --------------------------------------------------------------------------------------------
def _stays(held: Held) -> list[Claim]:
    """Stays in hospital in the last year, the last one first."""
    rows = held.said.filter(kind="encounter", detail__class_code__in=INPATIENT, date__gt=timezone.now() - STAYS)
    return list(claims(rows.exclude(NOT_SAID).order_by("-date", "id")))


def _stay(claim: Claim) -> Line:
    start, end = date_plain(claim.dated), date_plain(claim.detail.get("end"))
    still = claim.status == "in-progress"
    span = f"In hospital since {start}" if still else f"{start} to {end}" if end and end != start else start
    why = str(claim.detail.get("reason") or "")
    return Line(f"{span}:", f"{claim.source.name}" + (f". {why}." if why else "."))


def _news(held: Held, stays: list[Claim]) -> list[Line]:
    """What came in since the reader last looked, in plain words; nothing on a first look."""
    if not held.looked:
        return []
    lines = [Line("Stay in hospital:", _stay(c).bold.rstrip(":"), said_by(c)) for c in stays if held.is_new(c)]
    for claim in held.summary:
        if held.is_new(claim) and not grouping.withdrawn(claim) and claim.kind in ("medicine", "allergy", "careplan"):
            lines.append(_new(claim))
    return lines[:8]


def _new(claim: Claim) -> Line:
    match claim.kind:
        case "medicine":
            change = "Medicine" if grouping.current(claim) else "Medicine stopped"
            return Line(f"{change}:", f"{wording.medicine_name(claim)} {wording.medicine_how(claim)}", said_by(claim))
        case "allergy":
            return Line("Allergy:", wording.allergen(claim), said_by(claim))
    return Line("Plan:", claim.display, said_by(claim))


def _sources(held: Held) -> str:
    return "; ".join(f"{h.source.name}, last heard {date_plain(h.at)}" for h in held.heard)
