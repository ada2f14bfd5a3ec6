"""Results: every test, one test over time, and reports with what belongs to them."""

from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import panels, reach
from records.screen import measured
from records.screen.held import Held
from ui.htmx import wants_part

TESTS: Final = 50
REPORTS: Final = 50
LONGEST_NAME: Final = 100
_LOOKED_FOR: Final = "tests_looked_for"


def _held(request: ActingRequest, patient_id: UUID) -> Held:
    return Held(request.actor, reach.patient_or_404(request.actor, patient_id))


def _page(request: ActingRequest) -> int | None:
    text = request.GET.get("page", "")
    return int(text) if text.isdecimal() and len(text) < 5 and int(text) else None


def _show(request: ActingRequest, held: Held, template: str, action: str, panel: dict[str, Any]) -> HttpResponse:
    """A page opened: recorded, with the banner above it."""
    audit.record(by=request.actor, action=action, patient=held.patient.pk, of=held.patient)
    banner = panels.banner(request.actor, held.patient, held)
    return render(request, template, {"banner": banner, "patient": held.patient, "panel": panel})


@require_safe
@requires(Permission.READ_RECORD)
def all_results(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """Every test once, with its latest result and trend, fifty a page."""
    held = _held(request, patient_id)
    panel = measured.tests(held, _page(request) or 1, TESTS, "")
    return _show(request, held, "records/all_results.html", "opened results", panel)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.READ_RECORD)
def find_tests(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """The tests whose name holds some words, which are posted and kept in the session: never part of an address."""
    held = _held(request, patient_id)
    person = str(held.patient.pk)
    if request.method == "POST":
        typed = request.POST.get("words", "").replace("\x00", "").strip()[:LONGEST_NAME]
        request.session[_LOOKED_FOR] = {person: typed}
        if not wants_part(request):
            return redirect("records:find-tests", patient_id=held.patient.pk)
    words = str(request.session.get(_LOOKED_FOR, {}).get(person, ""))
    panel = measured.tests(held, _page(request) or 1, TESTS, words)
    if wants_part(request):
        return render(request, "records/_tests.html", {"patient": held.patient, "panel": panel})
    return _show(request, held, "records/all_results.html", "opened results", panel)


@require_safe
@requires(Permission.READ_RECORD)
def one_test(request: ActingRequest, patient_id: UUID, result_id: UUID) -> HttpResponse:
    """One test over time: the chart and its table."""
    held = _held(request, patient_id)
    panel = measured.over_time(held, result_id, _page(request))
    if panel is None:
        raise Http404("No such result")
    return _show(request, held, "records/one_test.html", "opened results", panel)


@require_safe
@requires(Permission.READ_RECORD)
def reports(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """Reports, newest first, fifty a page."""
    held = _held(request, patient_id)
    panel = measured.reports(held, _page(request) or 1, REPORTS)
    return _show(request, held, "records/reports.html", "opened list of reports", panel)


@require_safe
@requires(Permission.READ_RECORD)
def report(request: ActingRequest, patient_id: UUID, report_id: UUID) -> HttpResponse:
    """A report, or a panel of results, with its results in the order in which it names them."""
    held = _held(request, patient_id)
    panel = measured.report(held, report_id)
    if panel is None:
        raise Http404("No such report")
    return _show(request, held, "records/report.html", "opened report", panel)
