"""Home and the one screen, which ask each app's panels; and whether we are alive and ready."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission, Role
from exchange import health
from gpportal import homes
from gpportal.practice_settings import of
from records import panels, reach
from records.models import Patient
from records.people import worklist
from records.people.actions import tell
from records.people.seen import untold
from records.pulling.schedule import standing, wish
from records.screen.held import Held
from records.tracing.actions import ask_if_old
from records.tracing.panel import pds_panel
from referrals.panels import next_steps, referrals
from socialcare.panels import care
from ui import keys
from ui.dates import date_full

#: The parts of the one screen that a link at its top goes to.
PARTS = ("problems", "medicines", "allergies", "results", "letters", "referrals", "care", "timeline")


@require_safe
@requires()
def home(request: ActingRequest) -> HttpResponse:
    """Where the day starts, by role."""
    who = request.actor
    if who.role == Role.SOCIAL_CARE:
        return redirect("socialcare:caseload")
    if who.role == Role.HOSPITAL_CLINICIAN:
        return redirect("referrals:referred")
    if who.may(Permission.READ_RECORD) and who.may(Permission.SEE_APPOINTMENTS):
        day = homes.day(who, everyone="everyone" in request.GET)
        audit.record(by=who, action="opened today's appointments")
        return render(request, "gpportal/home_clinician.html", {"day": day})
    if who.may(Permission.READ_REFERRALS):
        audit.record(by=who, action="opened what to do next")
        to_check = worklist.to_check(who).number if who.may(Permission.SETTLE_FINDINGS) else 0
        return render(request, "gpportal/home_reception.html", {"next_steps": next_steps(who), "to_check": to_check})
    return render(request, "gpportal/home_other.html")


@require_safe
@requires(Permission.READ_DEMOGRAPHICS)
def one_screen(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """A patient's shared record on one screen; without a clinical role, who they are, referrals and letters' titles."""
    who = request.actor
    patient = reach.patient_or_404(who, patient_id, **standing())
    _say_what_was_parted(request, patient)
    if patient.pk != patient_id:  # found to be the same person as another since this address was noted
        return redirect("one-screen", patient_id=patient.pk)
    if not who.may(Permission.READ_RECORD):
        return _desk(request, patient_id)
    shown = panels.everything(who, patient, wish(patient))
    shown["care"] = care(who, patient, shown["held"])
    context = {
        "patient": patient,
        "shown": shown,
        "banner": shown["banner"],
        "news": shown["news"],
        "referrals": referrals(who, patient),
        "to_enter": panels.to_enter(who, patient),
        "parts": [(key.target, key.says) for key in keys.SINGLE if key.target in PARTS],
    }
    audit.record(by=who, action="opened record", patient=patient.pk, of=patient)
    ask_if_old(patient=patient, by=who)
    return render(request, "gpportal/one_screen.html", context)


def _say_what_was_parted(request: ActingRequest, patient: Patient) -> None:
    """Once to each person who opened a joined record that was parted since. No query for any other patient."""
    if patient.parted_at is None or request.actor.user_id is None:
        return
    waiting = untold(request.actor.user_id, patient.pk)
    for one in waiting:
        joined, parted = date_full(one.merge.at), date_full(one.merge.undone_at)
        when = f"on {joined}" if joined == parted else f"from {joined} to {parted}"
        messages.warning(
            request,
            f"This record was joined with another person's {when}, and you opened it then. "
            f"Check anything you did or noted on it. Parted because: {one.merge.undone_reason}",
        )
    tell(notices=waiting, by=request.actor)


def _desk(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """The receptionist's page of a patient: nothing clinical."""
    who = request.actor
    patient = reach.patient_or_404(who, patient_id)
    ask_if_old(patient=patient, by=who)
    held = Held(who, patient)
    context = {
        "patient": patient,
        "banner": panels.banner(who, patient, held, heading=True),
        "letters": panels.letters(who, patient, held),
        "appointments": panels.appointments(who, patient, held) if who.may(Permission.SEE_APPOINTMENTS) else None,
        "referrals": referrals(who, patient),
        "to_enter": panels.to_enter(who, patient),
        "pds": pds_panel(who, patient) if who.may(Permission.TRACE_PATIENT) else None,
    }
    audit.record(by=who, action="opened patient's details", patient=patient.pk, of=patient)
    return render(request, "gpportal/desk.html", context)


@require_safe
@requires(Permission.SEE_APPOINTMENTS)
def practice_settings(request: ActingRequest) -> HttpResponse:
    """What the practice keeps itself, as far as this person may."""
    audit.record(by=request.actor, action="opened settings")
    return render(request, "gpportal/settings.html", {"settings": of(request.actor)})


@login_not_required
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> JsonResponse:
    """503 only when the database is unusable; the rest is told as `ok` or `degraded`."""
    try:
        return JsonResponse(health.state())
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "database": "unusable"}, status=503)
