"""Finding a patient, and what imports found that somebody has to look at."""

from typing import Final

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import reach
from records.people import find as finding
from ui.htmx import respond

FOUND: Final = 20
TO_CHECK: Final = 200


@require_safe
@requires(Permission.FIND_PATIENT)
def find(request: ActingRequest) -> HttpResponse:
    """People within reach whose name, date of birth, NHS number or postcode is like what was typed."""
    q = request.GET.get("q", "").strip()[:100]
    found = finding.patients(request.actor, q, limit=FOUND) if len(q) > 1 else []
    context = {"q": q, "found": found, "limit": FOUND, "finding": True}
    return respond(request, "records/find.html", "records/_found.html", context)


@require_safe
@requires(Permission.READ_DEMOGRAPHICS)
def to_check(request: ActingRequest) -> HttpResponse:
    """What an import found and a person has to look at: shared or failing NHS numbers, references that lead nowhere."""
    waiting = reach.findings(request.actor)
    audit.record(by=request.actor, action="opened records to check")
    context = {"findings": waiting.order_by("kind", "found_at")[:TO_CHECK], "number": waiting.count()}
    return render(request, "records/to_check.html", context)
