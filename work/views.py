"""A practice's deadlines: see, change, see what that does, keep from a day on, take back, use earlier ones again."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from access import audit
from access.guard import ActingRequest, requires
from access.memberships import colleagues
from access.permissions import Permission
from work import actions, limits, rules
from work.forms import LimitsForm
from work.limits import Effect
from work.models import Limits
from work.rules import Rules


@require_http_methods(["GET", "POST"])
@requires(Permission.SET_DEADLINES)
def deadlines(request: ActingRequest) -> HttpResponse:
    """The limits that hold; posted with "preview" what others would do, with "save" they hold from their day on."""
    declared = rules.every()[0]
    form = _form(request, declared)
    if request.method != "POST":
        audit.record(by=request.actor, action="opened deadlines")
        return _page(request, declared, form)
    if not form.is_valid():
        return _page(request, declared, form, status=422)
    if request.POST.get("act") != "save":
        return _page(request, declared, form, limits.effect(_organisation(request), declared, form.numbers))
    data = form.cleaned_data
    actions.set_limits(
        concerns=declared.concerns,
        numbers=form.numbers,
        second=data["second"],
        valid_from=data["valid_from"],
        by=request.actor,
    )
    today = data["valid_from"] <= timezone.localdate()
    messages.success(request, "The new deadlines hold now." if today else "The new deadlines are kept for their day.")
    return redirect("work:deadlines")


@require_POST
@requires(Permission.SET_DEADLINES)
def take_back(request: ActingRequest, limits_id: int) -> HttpResponse:
    """Take back deadlines whose day has not come."""
    made = _version(request, rules.every()[0], limits_id)
    try:
        actions.withdraw_limits(made=made, by=request.actor)
    except actions.NotPossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, "Taken back. The deadlines stay as they are.")
    return redirect("work:deadlines")


def _form(request: ActingRequest, declared: Rules) -> LimitsForm:
    """The form with what holds now, or with an earlier version that is to be used again."""
    held = limits.held(_organisation(request), declared)
    numbers, second = held.numbers, held.second
    again = request.GET.get("again", "")
    if again == "usual":
        numbers = declared.numbers
    elif again.isascii() and again.isdigit() and len(again) < 12:
        earlier = _version(request, declared, int(again))
        numbers, second = earlier.numbers, earlier.second
    return LimitsForm(
        request.POST if request.method == "POST" else None,
        rules=declared,
        numbers=numbers,
        colleagues=colleagues(request.actor.organisation_id, Permission.HANDLE_WORK),
        initial={"second": second, "valid_from": timezone.localdate()},
    )


def _page(
    request: ActingRequest, declared: Rules, form: LimitsForm, effect: Effect | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "rules": declared,
        "form": form,
        "effect": effect,
        "versions": limits.versions(_organisation(request), declared)[:20],
        "today": timezone.localdate(),
        "again": request.GET.get("again", ""),
    }
    return render(request, "work/deadlines.html", context, status=status)


def _version(request: ActingRequest, declared: Rules, limits_id: int) -> Limits:
    found = limits.versions(_organisation(request), declared).filter(pk=limits_id).first()
    if found is None:
        raise Http404("No such deadlines")
    return found


def _organisation(request: ActingRequest) -> int:
    assert request.actor.organisation_id is not None
    return request.actor.organisation_id
