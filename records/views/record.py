"""The parts and the full lists of a patient's record."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import panels, reach
from records.screen.freshness import changed_since
from records.screen.held import Held
from ui.htmx import UNCHANGED, moving


# Parts: no audit, the page they belong to was recorded ----------------------------------------------------------------
def _part(name: str, template: str) -> Callable[..., HttpResponse]:
    @require_safe
    @requires(Permission.READ_RECORD)
    def view(request: ActingRequest, patient_id: UUID) -> HttpResponse:
        patient = reach.patient_or_404(request.actor, patient_id)
        return render(request, template, {"panel": panels.one(name, request.actor, patient)})

    return view


problems = _part("problems", "records/_problems.html")
medicines = _part("medicines", "records/_medicines.html")
allergies = _part("allergies", "records/_allergies.html")
results = _part("results", "records/_results.html")
timeline_panel = _part("timeline", "records/_timeline.html")


@require_safe
@requires(Permission.READ_RECORD)
def freshness(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """The banner's word on the sources, asked again while one of them is asked; tells the panels when to follow."""
    patient = reach.patient_or_404(request.actor, patient_id)
    shown = panels.fresh(request.actor, patient)
    seen = request.GET.get("seen", "")
    status = moving(seen, shown["seen"], settled=not shown["moving"])
    if status == UNCHANGED:
        return HttpResponse(status=status)
    response = render(request, "records/_freshness.html", {"fresh": shown, "polls": True}, status=status)
    if changed_since(seen, shown["seen"]):
        response.headers["HX-Trigger"] = "record-changed"
    return response


# Full lists: each is a page opened, and recorded ----------------------------------------------------------------------
def _open(request: ActingRequest, patient_id: UUID, what: str) -> Held:
    """What is held of a patient within reach, once the audit knows that this page of it was opened."""
    patient = reach.patient_or_404(request.actor, patient_id)
    audit.record(by=request.actor, action=f"opened {what}", patient=patient.pk, of=patient)
    return Held(request.actor, patient)


def _show(request: ActingRequest, held: Held, template: str, **context: Any) -> HttpResponse:
    banner = panels.banner(request.actor, held.patient, held)
    return render(request, template, {"banner": banner, "patient": held.patient, **context})


@require_safe
@requires(Permission.READ_RECORD)
def past_problems(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    held = _open(request, patient_id, "past problems")
    panel = panels.past_problems(request.actor, held.patient, held)
    return _show(request, held, "records/past_problems.html", panel=panel)


@require_safe
@requires(Permission.READ_RECORD)
def past_medicines(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    held = _open(request, patient_id, "past medicines")
    panel = panels.past_medicines(request.actor, held.patient, held)
    return _show(request, held, "records/past_medicines.html", panel=panel)
