"""Everything held of a patient: the kinds of entries, a list of one kind, and one entry whole."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import panels, reach
from records.entries import item, listing
from records.entries.words import KINDS
from records.screen.held import Held


@require_safe
@requires(Permission.READ_RECORD)
def kinds(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """How many entries of which kind are held."""
    held = _held(request, patient_id)
    audit.record(by=request.actor, action="opened everything held", patient=held.patient.pk, of=held.patient)
    return _show(request, held, "records/entries.html", kinds=listing.kinds(held))


@require_safe
@requires(Permission.READ_RECORD)
def of_kind(request: ActingRequest, patient_id: UUID, kind: str) -> HttpResponse:
    """All entries of one kind, a hundred a page, also what was taken back."""
    held = _held(request, patient_id)
    text = request.GET.get("page", "1")
    panel = listing.page(held, kind, int(text) if text.isdigit() and 0 < int(text) < 10_000 else 1)
    if not panel["entries"] and kind not in KINDS:
        raise Http404("No such kind")
    audit.record(by=request.actor, action=f"opened list: {kind}"[:60], patient=held.patient.pk, of=held.patient)
    return _show(request, held, "records/entries_of_kind.html", panel=panel)


@require_safe
@requires(Permission.READ_RECORD)
def one(request: ActingRequest, patient_id: UUID, item_id: UUID) -> HttpResponse:
    """One entry whole; a long narrative to its end with `?all`."""
    held = _held(request, patient_id)
    found = item.opened(held, item_id, whole="all" in request.GET)
    if found is None:
        raise Http404("No such entry")
    audit.record(by=request.actor, action="opened entry", patient=held.patient.pk, of=found.row)
    return _show(request, held, "records/item.html", item=found)


def _held(request: ActingRequest, patient_id: UUID) -> Held:
    return Held(request.actor, reach.patient_or_404(request.actor, patient_id))


def _show(request: ActingRequest, held: Held, template: str, **context: Any) -> HttpResponse:
    banner = panels.banner(request.actor, held.patient, held)
    return render(request, template, {"banner": banner, "patient": held.patient, **context})
