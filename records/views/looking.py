"""What changed since one last looked: all of it on a page, and marking it as seen, which only a person does."""

import datetime as dt
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from access import audit
from access.actor import Actor
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import panels, reach
from records.looking import actions, last_looked, moment
from records.models import Patient
from records.screen.held import Held
from ui.dates import clock


@require_safe
@requires(Permission.READ_RECORD)
def changed(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """Everything that changed since this person marked the record as seen, with how it changed and who says so."""
    patient = reach.patient_or_404(request.actor, patient_id)
    held, news = _news(request.actor, patient)
    audit.record(by=request.actor, action="opened what changed", patient=patient.pk, of=patient)
    banner = panels.banner(request.actor, patient, held)
    return render(request, "records/changed.html", {"banner": banner, "patient": patient, "news": news})


@require_safe
@requires(Permission.READ_RECORD)
def changed_panel(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """The box on the one screen, asked again when the record changed: marks nothing, and the page was recorded."""
    patient = reach.patient_or_404(request.actor, patient_id)
    _, news = _news(request.actor, patient)
    return render(request, "records/_news.html", {"patient": patient, "news": news})


@require_POST
@requires(Permission.READ_RECORD)
def seen(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """Mark as seen what stood on the page that was drawn at the moment the form carries."""
    patient = reach.patient_or_404(request.actor, patient_id)
    marked = actions.mark_seen(patient=patient, drawn=drawn_at(request.POST.get("drawn", "")), by=request.actor)
    messages.success(request, f"Marked as seen at {clock(marked)}. What comes in from now on is new to you.")
    return redirect("one-screen", patient_id=patient.pk)


@require_POST
@requires(Permission.READ_RECORD)
def not_seen(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """Take the last mark back."""
    patient = reach.patient_or_404(request.actor, patient_id)
    if actions.unmark_seen(patient=patient, by=request.actor):
        messages.success(request, "The mark is taken back: what was new to you is new again.")
    return redirect("one-screen", patient_id=patient.pk)


def _news(who: Actor, patient: Patient) -> tuple[Held, dict[str, Any]]:
    """What is new, with the moment before it was read, which a mark made from it carries."""
    drawn = moment()
    held = Held(who, patient, last_looked(who, patient))
    return held, panels.news(who, patient, held) | {"drawn": drawn.isoformat()}


def drawn_at(text: str) -> dt.datetime:
    """The moment a form carries. Raises SuspiciousOperation (400) for what no page of ours says."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise SuspiciousOperation("not a moment") from None
    if timezone.is_naive(found):
        raise SuspiciousOperation("a moment without its zone")
    return found
