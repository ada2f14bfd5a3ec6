"""The timeline of a patient, narrowed and searched: as a page, as the list alone, and as its next piece."""

from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import panels, reach
from records.models import Patient
from records.screen import timeline
from records.screen.held import Held
from records.screen.narrowing import NarrowingForm
from records.search import asking
from records.search.words import Asked, asked
from ui.htmx import wants_part

TIMELINE_SIZE: Final = 50
LONGEST_SEARCH: Final = 200
_LOOKED_FOR: Final = "looked_for"


@require_safe
@requires(Permission.READ_RECORD)
def timeline_page(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """Everything by date; for htmx the list alone, or what follows an entry of it."""
    patient = reach.patient_or_404(request.actor, patient_id)
    return _answer(request, patient, Asked(), "timeline")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.READ_RECORD)
def search(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """The entries that hold some words. The words are posted and kept in the session: never part of an address."""
    patient = reach.patient_or_404(request.actor, patient_id)
    if request.method == "POST":
        typed = request.POST.get("words", "").replace("\x00", "").strip()[:LONGEST_SEARCH]
        request.session[_LOOKED_FOR] = {str(patient.pk): typed}
        if not wants_part(request):
            narrowed = NarrowingForm(Held(request.actor, patient), request.POST)
            return redirect(reverse("records:search", args=[patient.pk]) + narrowed.address())
    typed = str(request.session.get(_LOOKED_FOR, {}).get(str(patient.pk), ""))
    return _answer(request, patient, asked(typed), "search")


def _answer(request: ActingRequest, patient: Patient, looked_for: Asked, what: str) -> HttpResponse:
    held = Held(request.actor, patient)
    said = request.POST if request.method == "POST" else request.GET
    form = NarrowingForm(held, said)
    panel = _panel(request, held, form, looked_for, what)
    status = 200 if form.is_valid() else 422
    if wants_part(request):
        template = "records/_timeline_more.html" if panel["goes_on"] else "records/_timeline_found.html"
        return render(request, template, {"panel": panel, "part": True}, status=status)
    audit.record(
        by=request.actor,
        action="searched record" if what == "search" else "opened timeline",
        patient=patient.pk,
        of=patient,
    )
    banner = panels.banner(request.actor, patient, held)
    return render(
        request, "records/timeline.html", {"banner": banner, "patient": patient, "panel": panel}, status=status
    )


def _panel(request: ActingRequest, held: Held, form: NarrowingForm, looked_for: Asked, what: str) -> dict[str, Any]:
    narrowed = form.narrowed
    cursor = _cursor(request)
    first = cursor.item is None
    shown = timeline.shown(held, narrowed, looked_for, cursor, TIMELINE_SIZE)
    base = reverse(f"records:{what}", args=[held.patient.pk])
    return {
        "patient": held.patient,
        "searching": what == "search",
        "base": base,
        "form": form,
        "narrowed": narrowed,
        "asked": looked_for,
        "page": shown.page,
        "first": first,
        "goes_on": cursor.how == "after" and wants_part(request),
        "tally": shown.tally,
        "ahead": shown.ahead,
        "cut": asking.cut_short(held.said) if looked_for and first else 0,
    }


def _cursor(request: ActingRequest) -> timeline.Cursor:
    for how in ("after", "before", "at"):
        try:
            return timeline.Cursor(how, UUID(request.GET[how]))
        except (KeyError, ValueError):
            continue
    return timeline.Cursor()
