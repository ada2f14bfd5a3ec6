"""A patient and PDS: the panel, asking, and deciding about whom PDS found."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import reach
from records.models import Patient
from records.tracing import actions
from records.tracing.panel import page_is_untrue, pds_panel
from ui.htmx import moving, wants_part


@require_safe
@requires(Permission.TRACE_PATIENT)
def panel(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """The panel, asked again and again while PDS is being asked."""
    patient = reach.patient_or_404(request.actor, patient_id)
    context = pds_panel(request.actor, patient)
    status = moving(request.GET.get("seen"), context["seen"], settled=not context["moving"])
    if status == 204:
        return HttpResponse(status=204)
    response = render(request, "records/_pds.html", {"panel": context}, status=status)
    if patient.pk != patient_id or page_is_untrue(context, request.GET.get("seen", "")):
        response.headers["HX-Refresh"] = "true"  # banner and address too are other than this page shows
    return response


@require_POST
@requires(Permission.TRACE_PATIENT)
def check(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """Have PDS asked; the panel then polls, and without JavaScript the page says to look again."""
    patient = reach.patient_or_404(request.actor, patient_id)
    actions.ask(patient=patient, by=request.actor)
    return _answer(request, patient)


@require_POST
@requires(Permission.TRACE_PATIENT)
def decide(request: ActingRequest, patient_id: UUID, trace_id: UUID) -> HttpResponse:
    """Whom PDS found is this patient (`same=yes`), or somebody else."""
    patient = reach.patient_or_404(request.actor, patient_id)
    trace = reach.traces(request.actor, patient).filter(pk=trace_id).first()
    if trace is None:
        raise Http404("No such question")
    act = actions.confirm if request.POST.get("same") == "yes" else actions.dismiss
    try:
        act(trace=trace, by=request.actor)
    except actions.SettledMeanwhile as settled:
        messages.warning(request, str(settled))
    return _answer(request, reach.patient_or_404(request.actor, patient_id))


def _answer(request: ActingRequest, patient: Patient) -> HttpResponse:
    if wants_part(request):
        return render(request, "records/_pds.html", {"panel": pds_panel(request.actor, patient)})
    return redirect("records:details", patient_id=patient.pk)
