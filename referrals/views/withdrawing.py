"""Taking a referral back: a draft at once, what was sent for a reason that its receiver is told."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records.panels import banner
from referrals import actions, reach
from referrals.fhir import Unsendable
from referrals.forms import WithdrawForm
from referrals.models import Referral
from referrals.states import ALLOWED, NotAllowedNow
from referrals.views.writing import version_in


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE_REFERRAL)
def withdraw(request: ActingRequest, referral_id: UUID) -> HttpResponse:
    """Give up a draft by one click; take back what was sent by a page that asks why. What is past is shown."""
    referral = reach.referral_or_404(request.actor, referral_id)
    if referral.state not in ALLOWED["withdraw"] or referral.withdrawal == Referral.Withdrawal.ON_ITS_WAY:
        return redirect("referrals:referral", referral.pk)
    if referral.state == Referral.State.DRAFT:
        if request.method == "POST":
            _withdraw(request, referral, version_in(request), "")
        return redirect("referrals:referral", referral.pk)
    if request.method == "GET":
        audit.record(by=request.actor, action="opened withdrawal", patient=referral.patient_id, of=referral)
        return _page(request, referral, WithdrawForm(initial={"version": referral.version, "reason": ""}))
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _page(request, referral, form, status=422)
    _withdraw(request, referral, form.cleaned_data["version"], form.cleaned_data["reason"])
    return redirect("referrals:referral", referral.pk)


def _withdraw(request: ActingRequest, referral: Referral, version: int, reason: str) -> None:
    was_draft = referral.state == Referral.State.DRAFT
    try:
        actions.withdraw(referral=referral, version=version, reason=reason, by=request.actor)
    except (NotAllowedNow, Unsendable) as error:
        messages.error(request, f"Not withdrawn. {error}")
        return
    referral.refresh_from_db()
    if was_draft:
        messages.success(request, "Draft withdrawn. It was never sent.")
    elif referral.state == Referral.State.WITHDRAWN:
        messages.success(request, "Withdrawn before it left. It will not be sent.")
    else:
        messages.success(request, f"Withdrawal is on its way to {referral.service.organisation.name}.")


@require_POST
@requires(Permission.WRITE_REFERRAL)
def let_stand(request: ActingRequest, referral_id: UUID) -> HttpResponse:
    """Leave a referral with its receiver, who did not take its withdrawal."""
    referral = reach.referral_or_404(request.actor, referral_id)
    try:
        actions.let_stand(referral=referral, version=version_in(request), by=request.actor)
    except NotAllowedNow as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Left with {referral.service.organisation.name}.")
    return redirect("referrals:referral", referral.pk)


def _page(request: ActingRequest, referral: Referral, form: WithdrawForm, status: int = 200) -> HttpResponse:
    context = {
        "referral": referral,
        "form": form,
        "version": form["version"].value() or referral.version,
        "banner": banner(request.actor, referral.patient.merged_into or referral.patient),
    }
    return render(request, "referrals/withdraw.html", context, status=status)
