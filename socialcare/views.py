"""The caseload and a person's care summary: all that social care can open here."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import reach
from records.looking import last_looked, look
from socialcare import caseloads, summaries


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
    context = {"patient": patient, "s": summaries.summary(who, patient, last_looked(who, patient))}
    audit.record(by=who, action="opened care summary", patient=patient.pk, of=patient)
    look(patient=patient, by=who)
    return render(request, "socialcare/summary.html", context)
