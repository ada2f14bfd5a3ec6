"""The directory as the practice keeps it: what is listed, corrected by hand, taken in from a file, favoured."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from exchange import directory
from exchange.directory import actions
from exchange.directory.forms import ServiceDetails, ServicesFile
from exchange.directory.reading import NotUsable, offered
from exchange.fhir import numbers
from exchange.fhir.bundles import BundleError
from exchange.models import Service


@require_safe
@requires(Permission.MANAGE_SERVICES)
def listed(request: ActingRequest) -> HttpResponse:
    """Every service that is known, also those that cannot be reached yet."""
    audit.record(by=request.actor, action="opened directory of services")
    return _list(request, ServicesFile())


def _list(request: ActingRequest, form: ServicesFile, status: int = 200) -> HttpResponse:
    context = {"services": directory.everything(), "form": form}
    return render(request, "exchange/services.html", context, status=status)


@require_POST
@requires(Permission.MANAGE_SERVICES)
def take_in(request: ActingRequest) -> HttpResponse:
    """Take services in from a file: all that can be used, and what could not be is named."""
    form = ServicesFile(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, form, status=422)
    try:
        bundle = numbers.loads(form.cleaned_data["file"].read())
        found = list(offered(bundle)) if isinstance(bundle, dict) else []
    except (numbers.JsonError, BundleError) as error:
        form.add_error("file", f"The file {error}. Nothing was taken in.")
        return _list(request, form, status=422)
    usable = [one for one in found if not isinstance(one, NotUsable)]
    if not found:
        form.add_error("file", "There is no service in this file. Nothing was taken in.")
        return _list(request, form, status=422)
    taken = actions.take_in(offers=usable, by=request.actor)
    said = f"{taken.new} new, {taken.changed} brought up to date, {taken.unchanged} as they were."
    messages.success(request, said + (f" {taken.kept} details kept as you set them." if taken.kept else ""))
    for why in [one for one in found if isinstance(one, NotUsable)][:20]:
        messages.warning(request, f"Left out: {why}.")
    return redirect("exchange:services")


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_SERVICES)
def details(request: ActingRequest, service_id: str) -> HttpResponse:
    """One service, to be corrected."""
    service = get_object_or_404(directory.everything(), service_id=service_id)
    form = ServiceDetails(request.POST if request.method == "POST" else None, service=service)
    if form.is_valid():
        actions.change(service=service, said=form.cleaned_data, by=request.actor)
        messages.success(request, f"{form.cleaned_data['name']} is changed.")
        return redirect("exchange:services")
    if not form.is_bound:
        audit.record(by=request.actor, action="opened service", of=service)
    status = 422 if form.is_bound else 200
    return render(request, "exchange/service.html", {"service": service, "form": form}, status=status)


@require_POST
@requires(Permission.FAVOUR_SERVICES)
def favourite(request: ActingRequest, service_id: str) -> HttpResponse:
    """Put a service among the practice's favourites or take it from there, and go back to where one was."""
    service = get_object_or_404(Service, service_id=service_id)
    actions.favour(service=service, wanted=request.POST.get("wanted") == "1", by=request.actor)
    back = request.POST.get("back", "")
    return redirect(back if url_has_allowed_host_and_scheme(back, allowed_hosts=None) else "/")
