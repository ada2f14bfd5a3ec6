"""A practice's forms: which there are, their versions, how two differ, from when one is used; taken in and given on."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from exchange import directory
from records.models import Form, FormVersion
from records.questionnaires import actions, kept, starting
from records.questionnaires.comparing import differences
from records.questionnaires.filling import filled
from records.questionnaires.reading import Unusable, read_text


class VersionFile(forms.Form):
    """A FHIR Questionnaire, as a file. Cleaned, `file` is its text."""

    file = forms.FileField(
        label="File of the form (FHIR Questionnaire, JSON)",
        error_messages={"required": "Choose a file", "empty": "The file is empty: choose another"},
    )

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if file.size > actions.LARGEST:
            raise forms.ValidationError("The file must be smaller than 1 MB")
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise forms.ValidationError("The file is not UTF-8 text") from None


class FormFile(VersionFile):
    """A new form: its file, what the practice calls it and which service asks for it."""

    name = forms.CharField(label="What you call it", max_length=120, required=False)
    service = forms.ChoiceField(label="Service that asks for it", required=False)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        listed = [(one.service_id, f"{one.name}, {one.organisation.name}") for one in directory.everything()]
        self.fields["service"].choices = [("", "None in particular"), *listed]  # type: ignore[attr-defined]


class StartDay(forms.Form):
    """From when a version is used."""

    day = forms.DateField(label="Use it from", error_messages={"required": "Enter a date", "invalid": "Enter a date"})


@require_safe
@requires(Permission.MANAGE_FORMS)
def listed(request: ActingRequest) -> HttpResponse:
    """Every form of the practice and which version is in use today."""
    audit.record(by=request.actor, action="opened forms")
    return _list(request, FormFile())


def _list(request: ActingRequest, form: FormFile, status: int = 200) -> HttpResponse:
    today, rows = timezone.localdate(), []
    for one in kept.forms(request.actor.organisation_id):
        latest = one.versions.order_by("-number").values_list("number", flat=True).first()
        rows.append((one, latest, starting.in_use(kept.starts(one), today)))
    services = {one.service_id: one.name for one in directory.everything()}
    context = {"rows": rows, "services": services, "form": form}
    return render(request, "records/forms.html", context, status=status)


@require_POST
@requires(Permission.MANAGE_FORMS)
def take_in(request: ActingRequest) -> HttpResponse:
    """A new form from a file; every fault of a file that cannot be used is named and nothing is kept."""
    form = FormFile(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, form, status=422)
    said = form.cleaned_data
    try:
        made = actions.take_in(text=said["file"], name=said["name"], service_id=said["service"], by=request.actor)
    except (Unusable, actions.NotPossible) as error:
        form.add_error("file", _faults(error))
        return _list(request, form, status=422)
    messages.success(request, f"{made.form.name} is here as a draft. Try it, then choose from when it is used.")
    return redirect("forms:form", made.form_id)


@require_safe
@requires(Permission.MANAGE_FORMS)
def one(request: ActingRequest, form_id: int) -> HttpResponse:
    """One form: its versions, how two of them differ, what is used when."""
    form = _form(request, form_id)
    audit.record(by=request.actor, action="opened form", of=form)
    return _page(request, form, VersionFile())


@require_POST
@requires(Permission.MANAGE_FORMS)
def take_in_next(request: ActingRequest, form_id: int) -> HttpResponse:
    """The next version of a form, from a file."""
    form, asked = _form(request, form_id), VersionFile(request.POST, request.FILES)
    if not asked.is_valid():
        return _page(request, form, asked, status=422)
    try:
        made = actions.take_in_next(form=form, text=asked.cleaned_data["file"], by=request.actor)
    except (Unusable, actions.NotPossible) as error:
        asked.add_error("file", _faults(error))
        return _page(request, form, asked, status=422)
    messages.success(request, f"Version {made.number} is here as a draft. What is in use stays in use.")
    return redirect("forms:form", form.pk)


@require_http_methods(["GET", "POST"])
@requires(Permission.MANAGE_FORMS)
def preview(request: ActingRequest, form_id: int, number: int) -> HttpResponse:
    """A version as whoever fills it in sees it. Nothing that is written there is kept."""
    version = _version(request, form_id, number)
    checked = request.POST.get("act") == "check"
    shown = filled(read_text(version.source), request.POST, more=request.POST.get("more", ""), finished=checked)
    if request.method != "POST":
        audit.record(by=request.actor, action="previewed form", of=version)
    context = {"version": version, "shown": shown, "checked": checked}
    return render(request, "records/form_preview.html", context, status=422 if shown.faults else 200)


@require_POST
@requires(Permission.MANAGE_FORMS)
def start(request: ActingRequest, form_id: int, number: int) -> HttpResponse:
    """Use a version from a day on."""
    version, asked = _version(request, form_id, number), StartDay(request.POST, auto_id=f"%s-{number}")
    if not asked.is_valid():
        return _page(request, version.form, VersionFile(), start=asked, status=422)
    day = asked.cleaned_data["day"]
    try:
        actions.start(version=version, day=day, by=request.actor)
    except actions.NotPossible as error:
        asked.add_error("day", str(error))
        return _page(request, version.form, VersionFile(), start=asked, status=422)
    messages.success(request, f"Version {number} is used from {day:%-d %B %Y}.")
    return redirect("forms:form", form_id)


@require_POST
@requires(Permission.MANAGE_FORMS)
def again(request: ActingRequest, form_id: int, number: int) -> HttpResponse:
    """Use an older version again from today."""
    try:
        actions.roll_back(version=_version(request, form_id, number), by=request.actor)
    except actions.NotPossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"Version {number} is used again from today.")
    return redirect("forms:form", form_id)


@require_safe
@requires(Permission.MANAGE_FORMS)
def export(request: ActingRequest, form_id: int, number: int) -> HttpResponse:
    """A version as it was received, to save or give to another practice."""
    text = actions.export(version=_version(request, form_id, number), by=request.actor)
    response = HttpResponse(text, content_type="application/fhir+json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="form-{form_id}-version-{number}.json"'
    return response


def _page(
    request: ActingRequest, form: Form, asked: VersionFile, *, start: StartDay | None = None, status: int = 200
) -> HttpResponse:
    said, today = kept.starts(form), timezone.localdate()
    versions = list(form.versions.order_by("-number"))
    context = {
        "form": form,
        "asked": asked,
        "start": start or StartDay(initial={"day": today}),
        "versions": [(one, starting.state(one.number, said, today)) for one in versions],
        "periods": starting.periods(said)[::-1],
        "today": today,
        "compared": _compared(request, {str(one.number): one for one in versions}),
        "service": next((one for one in directory.everything() if one.service_id == form.service_id), None),
    }
    return render(request, "records/form.html", context, status=status)


def _compared(request: ActingRequest, versions: dict[str, FormVersion]) -> dict[str, Any] | None:
    older, newer = (versions.get(request.GET.get(name, "")) for name in ("older", "newer"))
    if older is None or newer is None:
        return None
    found = differences(read_text(older.source), read_text(newer.source))
    return {"older": older.number, "newer": newer.number, "differences": found}


def _form(request: ActingRequest, form_id: int) -> Form:
    return get_object_or_404(kept.forms(request.actor.organisation_id), pk=form_id)


def _version(request: ActingRequest, form_id: int, number: int) -> FormVersion:
    version = _form(request, form_id).versions.filter(number=number).select_related("form").first()
    if version is None:
        raise Http404("No such version")
    return version


def _faults(error: Unusable | actions.NotPossible) -> Any:
    return error.faults if isinstance(error, Unusable) else str(error)
