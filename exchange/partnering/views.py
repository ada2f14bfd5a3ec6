"""Partners: their list, one of them, its settings, its switches, and the test of its connection."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from exchange.desk import reach
from exchange.models import Flow, Partner
from exchange.partnering import actions, capability
from exchange.partnering.forms import PartnerForm
from exchange.partnering.sentences import PHASES
from ui.htmx import UNCHANGED, moving

_MAY = (Permission.SEE_EXCHANGE, Permission.MANAGE_PARTNERS)


@require_safe
@requires(*_MAY)
def listed(request: ActingRequest) -> HttpResponse:
    """Every partner."""
    audit.record(by=request.actor, action="opened partners")
    return render(request, "exchange/partners.html", {"partners": list(reach.partners(request.actor))})


@require_safe
@requires(*_MAY)
def one(request: ActingRequest, partner_id: int) -> HttpResponse:
    """One partner: what it can do, its switches and its last test."""
    partner = get_object_or_404(reach.partners(request.actor), pk=partner_id)
    audit.record(by=request.actor, action="opened partner", of=partner)
    return render(request, "exchange/partner.html", _shown(partner))


def _shown(partner: Partner) -> dict[str, Any]:
    test = partner.tests.first()
    known = capability.kept(partner)
    newest = {s.flow: s for s in partner.switchings.order_by("at")}
    flows = [(flow, getattr(partner, column), newest.get(flow)) for flow, column in actions.SWITCHES.items()]
    seen = f"{test.pk}-{len(test.steps)}-{bool(test.ended_at) or test.left}" if test else "none"
    warned = capability.warnings(partner, known)
    return {
        **{"partner": partner, "test": test, "known": known, "flows": flows, "warnings": warned},
        **{"seen": seen, "phases": PHASES},
    }


@require_GET
@requires(*_MAY)
def test_part(request: ActingRequest, partner_id: int) -> HttpResponse:
    """The test for a page that is open."""
    shown = _shown(get_object_or_404(reach.partners(request.actor), pk=partner_id))
    done = shown["test"] is None or shown["test"].ended_at is not None or shown["test"].left
    status = moving(request.GET.get("seen"), shown["seen"], settled=done)
    return (
        HttpResponse(status=status)
        if status == UNCHANGED
        else render(request, "exchange/_test.html", shown, status=status)
    )


@require_POST
@requires(*_MAY)
def test(request: ActingRequest, partner_id: int) -> HttpResponse:
    """Have the connection tested."""
    partner = get_object_or_404(reach.partners(request.actor), pk=partner_id)
    actions.ask_for_test(partner=partner, by=request.actor)
    return redirect("exchange:partner", partner_id)


@require_POST
@requires(*_MAY)
def ask(request: ActingRequest, partner_id: int) -> HttpResponse:
    """Have what their system says it can do read again."""
    partner = get_object_or_404(reach.partners(request.actor), pk=partner_id)
    actions.ask_what_they_offer(partner=partner, by=request.actor)
    messages.success(request, "Asked. What they say stands here in a moment: open this page again.")
    return redirect("exchange:partner", partner_id)


@require_POST
@requires(*_MAY)
def switch(request: ActingRequest, partner_id: int) -> HttpResponse:
    """Switch one flow, or everything, off or on."""
    partner = get_object_or_404(reach.partners(request.actor), pk=partner_id)
    if (flow := request.POST.get("flow")) not in Flow.values:
        raise Http404("No such flow")
    actions.switch(partner=partner, flow=Flow(flow), on=request.POST.get("on") == "1", by=request.actor)
    messages.success(request, "Switched. What waits keeps waiting until it is on.")
    return redirect("exchange:partner", partner_id)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(*_MAY)
def edit(request: ActingRequest, partner_id: int = 0) -> HttpResponse:
    """Take a partner on, or change one."""
    found = get_object_or_404(reach.partners(request.actor), pk=partner_id) if partner_id else None
    form = PartnerForm(request.POST or None, partner=found, initial=_initial(found))
    if request.method == "POST" and form.is_valid():
        saved = actions.save(partner=found, fields=form.cleaned_data, by=request.actor)
        messages.success(request, "Saved. Test the connection next.")
        return redirect("exchange:partner", saved.pk)
    if request.method == "POST":
        form.data = request.POST.dict() | {"client_key": ""}  # what was typed is never given back to a page
    else:
        audit.record(by=request.actor, action="opened partner's settings", of=found)
    status = 422 if request.method == "POST" else 200
    return render(request, "exchange/partner_edit.html", {"form": form, "partner": found}, status=status)


def _initial(partner: Partner | None) -> dict[str, Any]:
    if partner is None:
        return {}
    names = [name for name in PartnerForm.base_fields if name not in ("ods_code", "name", "client_key")]
    return {name: getattr(partner, name) for name in names}
