"""The exchange desk: its page and lists, the life of one message, and what people do there."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.memberships import colleagues
from access.permissions import Permission
from exchange.desk import actions, panels, reach
from exchange.desk.actions import NotAllowedNow
from exchange.desk.panels import Asked
from exchange.fhir.messages import MEDIA_TYPE
from exchange.models import InboxMessage, OutboxMessage
from ui.htmx import UNCHANGED, moving


# Reading --------------------------------------------------------------------------------------------------------------
@require_safe
@requires(Permission.SEE_EXCHANGE)
def desk(request: ActingRequest) -> HttpResponse:
    """How it is with each partner and what somebody here has to act on; or one of the lists."""
    shown = panels.desk(request.actor, _asked(request))
    audit.record(by=request.actor, action="opened exchange desk", note=shown["chosen"].title if shown["chosen"] else "")
    return render(request, "exchange/desk.html", {"desk": shown})


@require_GET
@requires(Permission.SEE_EXCHANGE)
def desk_part(request: ActingRequest) -> HttpResponse:
    """The same for a page that is open: 204 while nothing moved."""
    shown = panels.desk(request.actor, _asked(request))
    if moving(request.GET.get("seen"), shown["seen"], settled=False) == UNCHANGED:
        return HttpResponse(status=UNCHANGED)
    return render(request, "exchange/_desk.html", {"desk": shown})


def _asked(request: ActingRequest) -> Asked:
    page = request.GET.get("page", "1")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
    partner = request.GET.get("partner", "").replace("\x00", "")
    return Asked(request.GET.get("list", ""), partner[:12], max(number, 1))


@require_safe
@requires(Permission.SEE_EXCHANGE)
def sent(request: ActingRequest, message_id: UUID) -> HttpResponse:
    """The life of a message that we sent."""
    message = reach.sent_or_404(request.actor, message_id)
    audit.record(by=request.actor, action="opened message at the exchange desk", of=message)
    return render(request, "exchange/message.html", {"life": panels.sent(request.actor, message)})


@require_GET
@requires(Permission.SEE_EXCHANGE)
def sent_part(request: ActingRequest, message_id: UUID) -> HttpResponse:
    """The same for a page that is open."""
    life = panels.sent(request.actor, reach.sent_or_404(request.actor, message_id))
    return _part(request, life)


@require_safe
@requires(Permission.SEE_EXCHANGE)
def received(request: ActingRequest, message_id: UUID) -> HttpResponse:
    """The life of a message that came in."""
    message = reach.received_or_404(request.actor, message_id)
    audit.record(by=request.actor, action="opened message at the exchange desk", of=message)
    return render(request, "exchange/message.html", {"life": panels.received(request.actor, message)})


@require_GET
@requires(Permission.SEE_EXCHANGE)
def received_part(request: ActingRequest, message_id: UUID) -> HttpResponse:
    """The same for a page that is open."""
    life = panels.received(request.actor, reach.received_or_404(request.actor, message_id))
    return _part(request, life)


def _part(request: ActingRequest, life: dict[str, object]) -> HttpResponse:
    status = moving(request.GET.get("seen"), str(life["seen"]), settled=bool(life["settled"]))
    if status == UNCHANGED:
        return HttpResponse(status=UNCHANGED)
    return render(request, "exchange/_life.html", {"life": life}, status=status)


@require_safe
@requires(Permission.SEE_EXCHANGE, Permission.READ_SEALED)
def sealed(request: ActingRequest, direction: str, message_id: UUID) -> HttpResponse:
    """A message as it was exchanged, byte by byte, as a download. Recorded; not of whom the reader may not know."""
    found: OutboxMessage | InboxMessage = (
        reach.sent_or_404(request.actor, message_id)
        if direction == "out"
        else reach.received_or_404(request.actor, message_id)
    )
    if not panels.may_read_sealed(request.actor, found, panels.whom(request.actor, found)):
        raise PermissionDenied
    audit.record(by=request.actor, action="downloaded message as it was exchanged", of=found)
    response = HttpResponse(found.payload, content_type=MEDIA_TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="message-{found.pk}.json"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


# Acting ---------------------------------------------------------------------------------------------------------------
@require_POST
@requires(Permission.SEE_EXCHANGE, Permission.HANDLE_MESSAGES)
def act_on_sent(request: ActingRequest, message_id: UUID, act: str) -> HttpResponse:
    """Send again, set aside, note, give to somebody."""
    message = reach.sent_or_404(request.actor, message_id)
    said = _text(request)
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "send-again": (lambda: actions.send_again(message=message, by=request.actor), "It is being sent now."),
        "set-aside": (
            lambda: actions.set_aside(message=message, why=said, by=request.actor),
            "Set aside: it is not sent. You can send it again from here.",
        ),
    }
    _do(request, acts | _either(request, message), act)
    return redirect("exchange:desk-sent", message_id)


@require_POST
@requires(Permission.SEE_EXCHANGE, Permission.HANDLE_MESSAGES)
def act_on_received(request: ActingRequest, message_id: UUID, act: str) -> HttpResponse:
    """Have it read again, close it, note, give to somebody."""
    message = reach.received_or_404(request.actor, message_id)
    said = _text(request)
    acts: dict[str, tuple[Callable[[], object], str]] = {
        "read-again": (lambda: actions.read_again(message=message, by=request.actor), "It is being read again."),
        "deal-with": (
            lambda: actions.deal_with(message=message, how=said, by=request.actor),
            "Closed. It stands under Came in.",
        ),
    }
    _do(request, acts | _either(request, message), act)
    return redirect("exchange:desk-received", message_id)


def _text(request: ActingRequest) -> str:
    return request.POST.get("text", "").replace("\x00", "")  # the database stores no NUL


def _either(
    request: ActingRequest, message: OutboxMessage | InboxMessage
) -> dict[str, tuple[Callable[[], object], str]]:
    def assign() -> None:
        chosen = request.POST.get("to", "")
        found = colleagues(request.actor.organisation_id, Permission.HANDLE_MESSAGES)
        is_number = chosen.isascii() and chosen.isdigit() and len(chosen) < 10
        to = found.filter(pk=int(chosen)).first() if is_number else None
        if chosen and to is None:
            raise NotAllowedNow("Choose somebody who works here. Nothing was changed.")
        actions.assign(message=message, to=to, by=request.actor)

    text = _text(request)
    return {
        "note": (lambda: actions.note(message=message, text=text, by=request.actor), "Noted."),
        "assign": (assign, "Given."),
    }


def _do(request: ActingRequest, acts: dict[str, tuple[Callable[[], object], str]], act: str) -> None:
    if act not in acts:
        raise Http404("No such act")
    do, done = acts[act]
    try:
        do()
    except NotAllowedNow as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)


@require_POST
@requires(Permission.SEE_EXCHANGE, Permission.MANAGE_PARTNERS)
def switch(request: ActingRequest, partner_id: int) -> HttpResponse:
    """Switch the exchange with a partner off or on."""
    partner = get_object_or_404(reach.partners(request.actor), pk=partner_id)
    on = request.POST.get("on") == "1"
    actions.switch(partner=partner, on=on, by=request.actor)
    name = partner.organisation.name
    messages.success(
        request, f"Sending to {name} goes on." if on else f"Nothing is sent to {name} until it is on again."
    )
    return redirect("exchange:desk")
