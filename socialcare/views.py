"""The caseload and a person's care summary: all that social care can open here."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from access import audit
from access.actor import Actor
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import reach
from records.looking import last_looked, moment
from records.looking.actions import mark_seen
from records.models import Patient
from records.views.looking import drawn_at
from socialcare import caseloads, panels, summaries
from ui.dates import clock
from ui.htmx import UNCHANGED, moving


@require_safe
@requires(Permission.READ_CARE_SUMMARY)
def caseload(request: ActingRequest) -> HttpResponse:
    """The people on the organisation's caseload, by name, or those whose name holds what was typed."""
    words = request.GET.get("q", "").strip()[:100]
    audit.record(by=request.actor, action="opened caseload")
    people = caseloads.people(request.actor, words)
    return render(request, "socialcare/caseload.html", {"people": people, "words": words})


@require_safe
@requires(Permission.READ_CARE_SUMMARY)
def summary(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """One person's care summary in plain words."""
    patient = reach.patient_or_404(request.actor, patient_id)
    shown = _shown(request.actor, patient)
    audit.record(by=request.actor, action="opened care summary", patient=patient.pk, of=patient)
    return render(request, "socialcare/summary.html", shown)


def _shown(who: Actor, patient: Patient) -> dict[str, Any]:
    drawn = moment()
    found = summaries.summary(who, patient, last_looked(who, patient))
    return {"patient": patient, "s": found, "drawn": drawn.isoformat(), "seen": summaries.version(found)}


# Parts: no audit, the page they belong to was recorded ----------------------------------------------------------------
@require_safe
@requires(Permission.READ_CARE_SUMMARY)
def parts(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """All of the summary below the name, asked again while it is open; nothing unless it changed."""
    shown = _shown(request.actor, reach.patient_or_404(request.actor, patient_id))
    status = moving(request.GET.get("seen"), shown["seen"], settled=False)
    if status == UNCHANGED:
        return HttpResponse(status=status)
    return render(request, "socialcare/_summary.html", shown, status=status)


@require_safe
@requires(Permission.READ_RECORD)
def panel(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """What social care says, on a clinician's screen."""
    patient = reach.patient_or_404(request.actor, patient_id)
    return render(request, "socialcare/_care.html", {"panel": panels.care(request.actor, patient)})


@require_POST
@requires(Permission.READ_CARE_SUMMARY)
def seen(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """Mark as read what stood on the summary that was drawn at the moment the form carries."""
    patient = reach.patient_or_404(request.actor, patient_id)
    marked = mark_seen(patient=patient, drawn=drawn_at(request.POST.get("drawn", "")), by=request.actor)
    messages.success(request, f"Marked as read at {clock(marked)}. Next time you see here what changed since.")
    return redirect("socialcare:summary", patient_id=patient.pk)
