"""Writing a referral: choose a service, write, save or send, change. Every act is a POST and a redirect."""

from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from exchange import directory
from exchange.directory.choosing import choices
from exchange.models import Service
from records import reach as records_reach
from records.models import Patient
from records.panels import banner
from records.people.homes import whom
from referrals import actions, reach
from referrals.fhir import Unsendable
from referrals.forms import ReferralForm
from referrals.models import Referral
from referrals.states import NotAllowedNow
from referrals.summary import clinical_summary
from ui.htmx import respond, wants_part


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE_REFERRAL)
def new(request: ActingRequest) -> HttpResponse:
    """Choose a service, then write; "Send referral" and "Save draft" both keep what was written."""
    patient = _patient_of(request)
    service = directory.service(request.GET.get("service", ""))
    if service is None:
        return _choose_service(request, patient, f"?patient={patient.pk}&service=")
    if request.method == "POST":
        return _written(request, patient, service, None)
    audit.record(by=request.actor, action="opened new referral", patient=patient.pk)
    summary = clinical_summary(request.actor, patient, timezone.now())
    start = {"clinical_summary": summary, "reason": "", "referral_id": uuid4()}
    return _form(request, patient, ReferralForm(initial=start, service=service), None)


@require_http_methods(["GET", "POST"])
@requires(Permission.WRITE_REFERRAL)
def edit(request: ActingRequest, referral_id: UUID) -> HttpResponse:
    """Change a draft, or send it."""
    referral = reach.referral_or_404(request.actor, referral_id)
    if referral.state != Referral.State.DRAFT:
        return redirect("referrals:referral", referral.pk)
    if "choose" in request.GET:
        return _choose_service(request, referral.patient, "?service=", referral)
    service = directory.service(request.GET.get("service", "")) or referral.service
    if request.method == "POST":
        return _written(request, referral.patient, service, referral)
    audit.record(by=request.actor, action="opened draft referral", patient=referral.patient_id, of=referral)
    start = {name: getattr(referral, name) for name in ("priority", "reason", "clinical_summary", "version")}
    return _form(request, referral.patient, ReferralForm(initial=start, service=service), referral)


def _written(request: ActingRequest, patient: Patient, service: Service, referral: Referral | None) -> HttpResponse:
    """Keep what was written and, if that was asked, send it: what cannot be sent stays as a draft."""
    sending = request.POST.get("act") == "send"
    form = ReferralForm(request.POST, service=service, sending=sending)
    if not form.is_valid():
        return _form(request, patient, form, referral, status=422)
    try:
        kept = _keep(request, patient, service, referral, form.cleaned_data)
    except actions.AlreadyWritten:
        return _to(request, form.cleaned_data["referral_id"])
    except NotAllowedNow as error:
        form.add_error(None, str(error))
        return _form(request, patient, form, referral, status=422)
    if not sending:
        messages.success(request, "Draft saved. It has not been sent.")
        return _to(request, kept.pk)
    return _send(request, kept, kept.version)


def _keep(
    request: ActingRequest, patient: Patient, service: Service, referral: Referral | None, data: dict[str, Any]
) -> Referral:
    written = {name: data[name] for name in ("priority", "reason", "clinical_summary")}
    if referral is None:
        return actions.draft(
            patient=patient, service=service, referral_id=data["referral_id"], by=request.actor, **written
        )
    return actions.edit(referral=referral, version=data["version"] or 0, service=service, by=request.actor, **written)


def _send(request: ActingRequest, referral: Referral, version: int) -> HttpResponse:
    try:
        actions.send(referral=referral, version=version, by=request.actor)
    except (NotAllowedNow, Unsendable) as error:
        messages.error(request, f"Not sent. {error}")
    else:
        messages.success(request, f"Referral to {referral.service.name} sent.")
    return _to(request, referral.pk)


def _to(request: HttpRequest, referral_id: UUID) -> HttpResponse:
    """On to the referral's page; htmx is told so, or it would swap the page into the form."""
    if wants_part(request):
        return HttpResponseClientRedirect(reverse("referrals:referral", args=[referral_id]))
    return redirect("referrals:referral", referral_id)


@require_POST
@requires(Permission.WRITE_REFERRAL)
def send(request: ActingRequest, referral_id: UUID) -> HttpResponse:
    """Send a draft as it stands. What was sent already, by a second click, is only shown."""
    referral = reach.referral_or_404(request.actor, referral_id)
    if referral.state != Referral.State.DRAFT:
        return redirect("referrals:referral", referral.pk)
    if not referral.reason.strip():
        messages.error(request, "Not sent. Enter the reason for referral first.")
        return redirect("referrals:edit", referral.pk)
    return _send(request, referral, version_in(request))


def version_in(request: HttpRequest) -> int:
    written = request.POST.get("version", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 9 else -1


def _patient_of(request: ActingRequest) -> Patient:
    """The patient named in the address; 404 alike for none, unknown and out of reach."""
    try:
        return records_reach.patient_or_404(request.actor, UUID(request.GET.get("patient", "")))
    except (ValueError, ValidationError):
        raise Http404("No such patient") from None


def _choose_service(request: ActingRequest, patient: Patient, link: str, draft: Referral | None = None) -> HttpResponse:
    """The directory, searched as one types; without JavaScript by the button beside it."""
    q = request.GET.get("q", "")[:100]
    found = choices(q, whom(request.actor, patient), request.actor.organisation_id, timezone.localdate())
    context = {
        "patient": patient,
        "banner": banner(request.actor, patient),
        "service_q": q,
        "found": found,
        "link": link,
        "draft": draft,
        "here": request.get_full_path(),
    }
    if not wants_part(request):
        audit.record(by=request.actor, action="opened new referral", patient=patient.pk, note="choosing a service")
    return respond(request, "referrals/choose_service.html", "referrals/_services.html", context)


def _form(
    request: ActingRequest, patient: Patient, form: ReferralForm, referral: Referral | None, status: int = 200
) -> HttpResponse:
    context = {
        "patient": patient,
        "banner": banner(request.actor, patient),
        "form": form,
        "service": form.service,
        "referral": referral,
    }
    return respond(request, "referrals/write.html", "referrals/_write.html", context, status=status)
