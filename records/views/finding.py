"""Finding a patient, and what imports found that somebody has to look at."""

from typing import Final

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import reach
from records.forms import ReasonForm
from records.models import Finding
from records.people import find as finding
from records.people import worklist
from records.people.actions import NotAllowedNow, settle_finding
from records.people.findings import told
from ui.htmx import respond

FOUND: Final = 20


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
    who = request.actor
    waiting = worklist.to_check(who)
    audit.record(by=who, action="opened records to check")
    context = {
        "findings": [(one, told(one.kind)) for one in waiting.findings],
        "pairs": waiting.pairs,
        "number": waiting.number,
        "may_join": who.may(Permission.MERGE_RECORDS),
        "may_settle": who.may(Permission.SETTLE_FINDINGS),
    }
    return render(request, "records/to_check.html", context)


@require_http_methods(["GET", "POST"])
@requires(Permission.SETTLE_FINDINGS)
def settle(request: ActingRequest, finding_id: int) -> HttpResponse:
    """One finding, and settling it with a reason."""
    found = reach.findings(request.actor).filter(pk=finding_id).first()
    if found is None:
        raise Http404("No such finding")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            settle_finding(finding=found, reason=form.cleaned_data["reason"], by=request.actor)
        except NotAllowedNow as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "Settled.")
        return redirect("records:to-check")
    if request.method == "GET":
        audit.record(by=request.actor, action="opened a finding", patient=found.patient_id, of=found)
    context = {
        "finding": found,
        "told": told(found.kind),
        "form": form if request.method == "POST" else ReasonForm(),
        "other": found.about if found.kind == Finding.Kind.SAME_NUMBER else "",
        "may_join": request.actor.may(Permission.MERGE_RECORDS),
    }
    return render(request, "records/settle.html", context, status=422 if request.method == "POST" else 200)
