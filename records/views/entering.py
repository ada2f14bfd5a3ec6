"""Still to enter: the practice's list, and ticking off."""

from datetime import timedelta
from typing import Final

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from records import reach
from records.entering import actions

SIZE: Final = 50
LATELY: Final = timedelta(days=7)
LATELY_SHOWN: Final = 20


@require_safe
@requires(Permission.TICK_ENTERED)
def still_to_enter(request: ActingRequest) -> HttpResponse:
    """What was written here and is not in the clinical system yet, oldest first; and what was ticked lately."""
    rows = reach.to_enter(request.actor)
    page = Paginator(rows.filter(settled_at__isnull=True).order_by("since", "pk"), SIZE).get_page(
        request.GET.get("page")
    )
    lately = rows.filter(settled_at__gt=timezone.now() - LATELY).order_by("-settled_at")[:LATELY_SHOWN]
    audit.record(by=request.actor, action="opened still to enter")
    context = {"page": page, "lately": lately, "clinical": request.actor.may(Permission.READ_RECORD)}
    return render(request, "records/still_to_enter.html", context)


@require_POST
@requires(Permission.TICK_ENTERED)
def tick(request: ActingRequest, item_id: int) -> HttpResponse:
    """It is entered, or need not be (with a reason)."""
    item = reach.to_enter(request.actor).filter(pk=item_id).first()
    if item is None:
        raise Http404("Nothing such to enter")
    reason = request.POST.get("not_needed", "").strip()
    if "skip" in request.POST and not reason:
        messages.error(request, "Say in a few words why it need not be entered. Nothing was changed.")
    elif actions.tick(item=item, by=request.actor, not_needed=reason if "skip" in request.POST else ""):
        messages.success(request, "Ticked as entered. By mistake? It stands under “Ticked lately” in Still to enter.")
    else:
        messages.info(request, "Somebody ticked this before you.")
    return _back(request, str(item.patient_id))


@require_POST
@requires(Permission.TICK_ENTERED)
def untick(request: ActingRequest, item_id: int) -> HttpResponse:
    """Ticked by mistake."""
    item = reach.to_enter(request.actor).filter(pk=item_id).first()
    if item is None:
        raise Http404("Nothing such to enter")
    if actions.untick(item=item, by=request.actor):
        messages.success(request, "The tick is taken back: it is to be entered again.")
    else:
        messages.info(request, "This is on the list already.")
    return _back(request, str(item.patient_id))


def _back(request: ActingRequest, patient_id: str) -> HttpResponse:
    if request.POST.get("from") == "record":
        return redirect("one-screen", patient_id=patient_id)
    return redirect("still-to-enter")
