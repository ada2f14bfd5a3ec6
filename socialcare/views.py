"""The caseload and a person's care summary: all that social care can open here."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import reach
from records.looking import last_looked, moment
from records.looking.actions import mark_seen
from records.views.looking import drawn_at
from socialcare import caseloads, summaries
from ui.dates import clock


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
    who = request.actor
    patient = reach.patient_or_404(who, patient_id)
    drawn = moment()
    looked = last_looked(who, patient)
    context = {"patient": patient, "s": summaries.summary(who, patient, looked), "drawn": drawn.isoformat()}
    audit.record(by=who, action="opened care summary", patient=patient.pk, of=patient)
    return render(request, "socialcare/summary.html", context)


@require_POST
@requires(Permission.READ_CARE_SUMMARY)
def seen(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """Mark as read what stood on the summary that was drawn at the moment the form carries."""
    patient = reach.patient_or_404(request.actor, patient_id)
    marked = mark_seen(patient=patient, drawn=drawn_at(request.POST.get("drawn", "")), by=request.actor)
    messages.success(request, f"Marked as read at {clock(marked)}. Next time you see here what changed since.")
    return redirect("socialcare:summary", patient_id=patient.pk)
