"""What the page says of a patient and PDS: one sentence, what PDS has otherwise, and whether something still moves."""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from access.actor import Actor
from access.permissions import Permission
from exchange import errors, pds
from exchange.fhir import numbers
from records import bodies, reach
from records.drawing import Json
from records.models import Patient, Trace
from records.tracing import judging
from records.tracing.judging import Difference
from ui.dates import when
from ui.numbers import nhs_number

State = Trace.State
_TROUBLES: Final = {
    error.code: error.sentence
    for error in (errors.PartnerUnreachable, errors.PartnerTimedOut, errors.PartnerFailed, errors.PartnerRefused)
}
_SENTENCES: Final[dict[str, str]] = {
    State.DOUBT: "PDS has another name or date of birth under this NHS number. Is it the same person?",
    State.MATCH: "One person at PDS has this name and date of birth. Ask the patient, then decide.",
    State.TAKEN: "PDS gives this patient an NHS number that another patient here has. See records to check.",
    State.NONE: "Nobody at PDS has this name, date of birth and gender. Check the spelling with the patient.",
    State.MANY: "Several people at PDS fit, so none was chosen. A postcode or a middle name may tell them apart.",
    State.NOT_KNOWN: "PDS does not know this NHS number. Ask the patient where it comes from.",
    State.INVALID: "PDS says that this NHS number is no longer valid. It must not be used.",
    State.DISMISSED: "Not found: whom PDS offered was somebody else.",
}


@dataclass(frozen=True, slots=True)
class Told:
    """The sentence and its tone: "ok", "amber" or ""."""

    sentence: str
    tone: str = ""


def pds_panel(actor: Actor, patient: Patient) -> dict[str, Any]:
    """Context of `records/_pds.html`. `seen` is the version that a poll shows."""
    trace = reach.traces(actor, patient).order_by("-asked_at").first()
    state = trace.state if trace else ""
    said = _said(actor, patient, trace)
    told = _told(patient, trace, timezone.now())
    return {
        "patient": patient,
        "set_up": pds.set_up(),
        "trace": trace,
        "state": state,
        "told": told,
        "rows": _rows(actor, patient, said, state) if said else [],
        "renumbered": _renumbered(trace),
        "ours_to_change": state == State.TRACED,
        "decide": state in (State.DOUBT, State.MATCH),
        "may": actor.may(Permission.TRACE_PATIENT),
        "moving": state == State.ASKED,
        "seen": f"{trace.pk}-{state}-{trace.tries}-{trace.trouble}-{_outside(patient)}" if trace else "none",
    }


def page_is_untrue(context: dict[str, Any], seen: str) -> bool:
    """Whether PDS's answer changed what the page shows outside the panel, since it showed version `seen`.

    Somebody who was just found to be restricted must not go on being shown at their address until the page is left.
    """
    traced = context["state"] == State.TRACED
    return traced and bool(context["renumbered"] or not seen.endswith(_outside(context["patient"])))


def _outside(patient: Patient) -> str:
    return f"{patient.restricted:d}{patient.deceased:d}"


def _said(actor: Actor, patient: Patient, trace: Trace | None) -> Json | None:
    """PDS's Patient to compare with: what waits for a person, else what was taken over."""
    if trace is None:
        return None
    if trace.found:
        found: Json = numbers.loads(trace.found)
        return found
    record = reach.pds_record(actor, patient) if trace.state in (State.TRACED, State.ASKED, State.FAILED) else None
    return numbers.loads(bodies.full(record)) if record else None


def _rows(actor: Actor, patient: Patient, said: Json, state: str) -> list[Difference]:
    practice = actor.organisation if actor.organisation_kind == "practice" else ""
    if state in (State.DOUBT, State.MATCH):
        return judging.side_by_side(patient, said, fits=state == State.MATCH)
    return judging.differences(patient, said, practice)


def _renumbered(trace: Trace | None) -> str:
    """ "999 118 7758 was replaced by 999 840 8229": PDS gave a newer number than was asked about."""
    if trace is None or not trace.asked_number or trace.found_number in ("", trace.asked_number):
        return ""
    return f"{nhs_number(trace.asked_number)} was replaced by {nhs_number(trace.found_number)}"


def _told(patient: Patient, trace: Trace | None, now: dt.datetime) -> Told:
    if trace is None:
        return Told(_never(patient))
    trouble = _TROUBLES.get(trace.trouble, "")
    if trace.state == State.ASKED:
        waiting = f" {trouble} We try again by ourselves." if trouble else " The answer appears here."
        return Told(f"Asked PDS {_at(trace.asked_at, now)}.{waiting}", "amber" if trouble else "")
    if trace.state == State.TRACED:
        return Told(f"Traced with PDS {_at(trace.settled_at, now)}.", "ok")
    if trace.state == State.FAILED:
        since = f" Last traced {_at(patient.traced_at, now)}." if patient.traced_at else ""
        return Told(
            f"PDS could not be asked {_at(trace.settled_at, now)}. {trouble or 'Our system has a fault.'}{since}",
            "amber",
        )
    if trace.state == State.INVALID and trace.trouble == pds.NumberNotSent.code:
        return Told("This NHS number fails its check digit and was not sent to PDS.", "amber")
    return Told(_SENTENCES[trace.state], "amber")


def _never(patient: Patient) -> str:
    if patient.nhs_number_status == Patient.NhsNumber.FAILING:
        return "Not checked with PDS. This NHS number fails its check digit, so PDS is asked by name and date of birth."
    if patient.nhs_number_status == Patient.NhsNumber.ABSENT:
        return "Not checked with PDS. Without an NHS number PDS is asked by name and date of birth."
    return "Not checked with PDS yet."


def _at(moment: dt.datetime | None, now: dt.datetime) -> str:
    words = when(moment, now)
    return f"at {words}" if ":" in words and " " not in words else words if ":" in words else f"on {words}"
