"""Reading a referral: at the practice that sent it, and at the hospital that received it."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records.panels import banner
from records.reach import patient_or_404
from referrals import reach, rows, stages
from referrals.following.panels import following
from referrals.history import history
from referrals.models import Referral
from ui.htmx import UNCHANGED, moving, wants_part

REFERRED_SHOWN = 50


@require_GET
@requires(Permission.READ_REFERRALS)
def referral(request: ActingRequest, referral_id: UUID) -> HttpResponse:
    """Where it stands, what happened, what was sent. Polled with `?seen=`, then only its moving part."""
    found = reach.referral_or_404(request.actor, referral_id)
    row = rows.rows(request.actor, [found])[0]
    context: dict[str, Any] = {
        "row": row,
        "referral": found,
        "history": history(request.actor, found),
        "may_write": request.actor.may(Permission.WRITE_REFERRAL),
        "may_withdraw": rows.may_withdraw(request.actor, found),
        "may_read": request.actor.may(Permission.READ_RECORD),
        "seen": rows.seen([row]),
        "awaited": stages.AWAITED.get(found.clock.stage, "") if found.clock else "",
    }
    if "seen" in request.GET and wants_part(request):
        status = moving(request.GET["seen"], context["seen"], settled=not row.moving)
        if status == UNCHANGED:
            return HttpResponse(status=UNCHANGED)
        return render(request, "referrals/_referral.html", context, status=status)
    audit.record(by=request.actor, action="opened referral", patient=found.patient_id, of=found)
    context["banner"] = _banner(request, found)
    context["following"] = following(request.actor, found)
    return render(request, "referrals/referral.html", context)


def _banner(request: ActingRequest, found: Referral) -> dict[str, Any] | None:
    """The patient's banner; None for somebody who has left: of them only the open referral is still ours to see."""
    try:
        return banner(request.actor, patient_or_404(request.actor, found.patient_id))
    except Http404:
        return None


@require_GET
@requires(Permission.READ_REFERRED)
def referred(request: ActingRequest) -> HttpResponse:
    """Referrals to the reader's organisation, the newest first."""
    audit.record(by=request.actor, action="opened received referrals")
    found = list(reach.referred(request.actor).order_by("-sent_at")[:REFERRED_SHOWN])
    return render(request, "referrals/referred.html", {"referrals": found})


@require_GET
@requires(Permission.READ_REFERRED)
def referred_one(request: ActingRequest, referral_id: UUID) -> HttpResponse:
    """One referral as it was sent, and nothing else of the patient."""
    found = reach.referred_or_404(request.actor, referral_id)
    audit.record(by=request.actor, action="opened received referral", patient=found.patient_id, of=found)
    return render(request, "referrals/referred_one.html", {"referral": found, "patient": found.patient})
