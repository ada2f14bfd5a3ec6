"""Joining two patients who are one person, and parting them again: previewed, done and undone with a reason."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import panels, reach
from records.forms import JoinForm, ReasonForm
from records.models import Merge, Patient
from records.people import actions, seen
from records.screen import joined


@require_http_methods(["GET", "POST"])
@requires(Permission.MERGE_RECORDS)
def join(request: ActingRequest, patient_id: UUID, other_id: UUID) -> HttpResponse:
    """Both side by side and what joining them would do; a POST joins them, or says that they are two people."""
    patient = reach.patient_or_404(request.actor, patient_id)
    other = reach.comparable_or_404(request.actor, patient, other_id)
    preview = joined.preview(request.actor, patient, other)
    if request.method == "POST":
        form = JoinForm(request.POST, offered=preview.may_be_kept)
        if form.is_valid() and _decided(request, patient, other, form):
            return redirect("records:details", patient_id=form.kept_of(patient, other).pk)
        return _join_page(request, patient, form, preview, status=422)
    for one in (patient, other):
        audit.record(by=request.actor, action="compared records", patient=one.pk, of=one)
    return _join_page(request, patient, JoinForm(offered=preview.may_be_kept), preview)


def _join_page(
    request: ActingRequest, patient: Patient, form: JoinForm, preview: joined.Preview, status: int = 200
) -> HttpResponse:
    banner = panels.banner(request.actor, patient)
    context = {"banner": banner, "patient": patient, "form": form, "preview": preview}
    return render(request, "records/join.html", context, status=status)


def _decided(request: ActingRequest, patient: Patient, other: Patient, form: JoinForm) -> bool:
    """Whether it was done; if not, the form says why."""
    reason = form.cleaned_data["reason"]
    kept = form.kept_of(patient, other)
    away = other if kept == patient else patient
    try:
        if form.cleaned_data["act"] == "not-same":
            actions.not_the_same(one=patient, other=other, reason=reason, by=request.actor)
            messages.success(request, "Noted: not the same person. They will not be suggested again.")
        else:
            actions.merge(kept=kept, other=away, reason=reason, by=request.actor)
            messages.success(request, "Joined. Both are now read as one record. You can part them again below.")
    except actions.NotAllowedNow as error:
        form.add_error(None, str(error))
        return False
    return True


@require_http_methods(["GET", "POST"])
@requires(Permission.MERGE_RECORDS)
def part(request: ActingRequest, patient_id: UUID, merge_id: UUID) -> HttpResponse:
    """What was joined, who saw it since and what was done on it; a POST parts the two again."""
    patient = reach.patient_or_404(request.actor, patient_id)
    merge = reach.merge_or_404(request.actor, patient, merge_id)
    if request.method == "POST":
        form = ReasonForm(request.POST)
        if form.is_valid() and _parted(request, merge, form):
            return redirect("records:merge", patient_id=merge.kept_id, merge_id=merge.pk)
        return _part_page(request, patient, merge, form, status=422)
    audit.record(by=request.actor, action="opened joined records", patient=patient.pk, of=merge)
    return _part_page(request, patient, merge, ReasonForm())


def _parted(request: ActingRequest, merge: Merge, form: ReasonForm) -> bool:
    try:
        actions.undo_merge(merge=merge, reason=form.cleaned_data["reason"], by=request.actor)
    except actions.NotAllowedNow as error:
        form.add_error(None, str(error))
        return False
    messages.success(request, "Parted. Each record is as it was; those who opened it meanwhile will be told.")
    return True


def _part_page(
    request: ActingRequest, patient: Patient, merge: Merge, form: ReasonForm, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "banner": panels.banner(request.actor, patient),
        "patient": patient,
        "merge": merge,
        "readers": seen.readers(merge),
        "done": seen.done(merge),
        "form": form,
        "may_open": request.actor.may(Permission.READ_LETTERS),
    }
    return render(request, "records/part.html", context, status=status)
