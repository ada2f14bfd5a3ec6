"""Who each source says a patient is, side by side."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import panels, reach
from records.people import comparing
from records.tracing.panel import pds_panel


@require_safe
@requires(Permission.READ_DEMOGRAPHICS)
def details(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """A table of field by source, with what differs named in words."""
    patient = reach.patient_or_404(request.actor, patient_id)
    audit.record(by=request.actor, action="opened details by source", patient=patient.pk, of=patient)
    context = {
        "banner": panels.banner(request.actor, patient),
        "patient": patient,
        "table": comparing.together(reach.ids(request.actor, patient), hidden=patient.restricted),
        "merges": reach.merges(request.actor, patient),
        "pds": pds_panel(request.actor, patient) if request.actor.may(Permission.TRACE_PATIENT) else None,
        "may_join": request.actor.may(Permission.MERGE_RECORDS),
    }
    return render(request, "records/details.html", context)
