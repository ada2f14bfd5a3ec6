"""The summary for paper: a page to print, and the same as PDF."""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import panels, reach
from records.printing import pdf
from records.printing.summary import summary as summary_of


@require_safe
@requires(Permission.READ_RECORD)
def summary(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """The sheet as a page; what is printed of it is only the sheet."""
    patient = reach.patient_or_404(request.actor, patient_id)
    audit.record(by=request.actor, action="printed summary", patient=patient.pk, of=patient, note="page to print")
    context = {"sheet": summary_of(request.actor, patient), "patient": patient, "pdf": pdf.available()}
    return render(request, "records/summary.html", context | {"banner": panels.banner(request.actor, patient)})


@require_safe
@requires(Permission.READ_RECORD)
def summary_pdf(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """The sheet as PDF, made now and not kept; where none can be made, back to the page, which says so."""
    patient = reach.patient_or_404(request.actor, patient_id)
    if not pdf.available():
        return redirect("records:summary", patient_id=patient.pk)
    audit.record(by=request.actor, action="printed summary", patient=patient.pk, of=patient, note="PDF")
    sheet = summary_of(request.actor, patient)
    response = HttpResponse(
        pdf.made(render_to_string("records/summary_pdf.html", {"sheet": sheet})), content_type="application/pdf"
    )
    response.headers["Content-Disposition"] = 'inline; filename="summary.pdf"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
