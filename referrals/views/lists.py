"""The lists: the practice's worklists, and a patient's referrals on other pages, each with its poll."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from access import audit
from access.guard import ActingRequest, requires
from access.memberships import colleagues
from access.permissions import Permission
from records import reach as records_reach
from referrals import panels
from ui.htmx import UNCHANGED, moving

PER_PAGE = 50


@require_GET
@requires(Permission.READ_REFERRALS)
def worklist(request: ActingRequest) -> HttpResponse:
    """What to do next, and every other list of the practice."""
    context = _worklist(request)
    request.to_do = context["to_do"]  # type: ignore[attr-defined]  # the bar says the same, without counting again
    if "pick" in request.GET and context["may_handle"]:
        context |= {"picking": True, "colleagues": colleagues(request.actor.organisation_id, Permission.HANDLE_WORK)}
    audit.record(by=request.actor, action="opened referrals list", note=context["chosen"].title)
    return render(request, "referrals/worklist.html", {"worklist": context})


@require_GET
@requires(Permission.READ_REFERRALS)
def worklist_part(request: ActingRequest) -> HttpResponse:
    """The same list for a page that is open."""
    return _polled(request, "referrals/_worklist.html", {"worklist": _worklist(request)}, "worklist")


def _worklist(request: ActingRequest) -> dict[str, Any]:
    page = request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 6 else 1
    return panels.worklist(request.actor, request.GET.get("list", "next"), max(number, 1), at_most=PER_PAGE)


@require_GET
@requires(Permission.READ_REFERRALS)
def next_steps(request: ActingRequest) -> HttpResponse:
    """What to do next, for the home page that is open."""
    return _polled(
        request, "referrals/_next_steps.html", {"next_steps": panels.next_steps(request.actor)}, "next_steps"
    )


@require_GET
@requires(Permission.READ_REFERRALS)
def panel(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """A patient's referrals, for the screen that is open."""
    patient = records_reach.patient_or_404(request.actor, patient_id)
    found = panels.referrals(request.actor, patient)
    return _polled(request, "referrals/_referrals.html", {"referrals": found}, "referrals", settled=not found["moving"])


def _polled(
    request: HttpRequest, part: str, context: dict[str, Any], name: str, *, settled: bool = False
) -> HttpResponse:
    status = moving(request.GET.get("seen"), context[name]["seen"], settled=settled)
    if status == UNCHANGED:
        return HttpResponse(status=UNCHANGED)
    return render(request, part, context, status=status)
