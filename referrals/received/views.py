"""What others ask of the practice: the lists, one request, and answering it. Every act is a POST and a redirect."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records.panels import banner
from records.reach import patient_or_404
from referrals.fhir import Unsendable
from referrals.received import actions, panels, reach, words
from referrals.received.forms import AnswerForm
from referrals.received.models import ReceivedRequest
from referrals.states import NotAllowedNow

PER_PAGE = 50


@require_GET
@requires(Permission.READ_REFERRALS)
def received(request: ActingRequest) -> HttpResponse:
    """The requests to the practice, what has to be answered first."""
    page = request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and 0 < len(page) < 6 else 1
    listed = panels.requests(request.actor, request.GET.get("list", ""), max(number, 1), at_most=PER_PAGE)
    audit.record(by=request.actor, action="opened requests received", note=listed["chosen"].title)
    return render(request, "referrals/received.html", {"received": listed})


@require_GET
@requires(Permission.READ_REFERRALS)
def received_one(request: ActingRequest, request_id: UUID) -> HttpResponse:
    """One request: who asks, for whom, what for, by when, and what may be done."""
    found = reach.request_or_404(request.actor, request_id)
    audit.record(by=request.actor, action="opened request received", patient=found.patient_id, of=found)
    return render(request, "referrals/received_one.html", _context(request, found))


@require_http_methods(["GET", "POST"])
@requires(Permission.READ_REFERRALS)
def answer(request: ActingRequest, request_id: UUID, act: str) -> HttpResponse:
    """Accept, give a first answer, complete, reject: what was answered already, by a second click, is only shown."""
    found = reach.request_or_404(request.actor, request_id)
    if (found.kind, act) not in words.ACTS:
        raise Http404("No such act")
    if not panels.may_answer(request.actor, found):
        raise PermissionDenied
    context = _context(request, found)
    if act not in [name for name, _ in context["acts"]]:
        return redirect("referrals:received-one", found.pk)
    form = AnswerForm(request.POST or None, request=found, act=act, initial={"version": found.version, "text": ""})
    if request.method == "POST" and form.is_valid():
        return _answered(request, found, act, form.cleaned_data)
    if request.method == "GET":
        audit.record(by=request.actor, action="opened request received", patient=found.patient_id, of=found)
    context |= {"form": form, "act": act, "heading": words.ACTS[ReceivedRequest.Kind(found.kind), act]}
    return render(request, "referrals/answer.html", context, status=422 if form.errors else 200)


def _answered(request: ActingRequest, found: ReceivedRequest, act: str, data: dict[str, Any]) -> HttpResponse:
    try:
        actions.answer(
            request=found,
            act=act,
            version=data["version"],
            text=data.get("text", ""),
            further=data.get("further") == "yes",
            by=request.actor,
        )
    except (NotAllowedNow, Unsendable) as error:
        messages.error(request, f"Not answered. {error}")
    else:
        messages.success(request, f"Your answer goes to {found.sender.organisation.name}.")
    return redirect("referrals:received-one", found.pk)


def _context(request: ActingRequest, found: ReceivedRequest) -> dict[str, Any]:
    """The request, with the patient's banner where the reader reaches more of them than this request."""
    context = panels.one_request(request.actor, found)
    try:
        context["banner"] = banner(request.actor, patient_or_404(request.actor, found.patient_id))
    except Http404:
        context["banner"] = None
    return context
