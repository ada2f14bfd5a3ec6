"""The exchange desk: its page and lists, the life of one message, and what people do there."""

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST, require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.memberships import colleagues
from access.models import User
from access.permissions import Permission
from exchange.desk import actions, lists, panels, reach
from exchange.desk.actions import NotAllowedNow
from exchange.desk.panels import MOST_AT_ONCE, Asked
from exchange.fhir.messages import MEDIA_TYPE
from exchange.mesh.reading import content
from exchange.models import InboxMessage, OutboxMessage
from ui.htmx import UNCHANGED, moving
from ui.numbers import count


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
    return Asked(request.GET.get("list", ""), partner[:12], max(number, 1), request.GET.get("pick") == "1")


@require_safe
@requires(Permission.SEE_EXCHANGE)
def message(request: ActingRequest, direction: str, message_id: UUID) -> HttpResponse:
    """The life of one message that we sent ("out") or that came in ("in")."""
    found = reach.message_or_404(request.actor, direction, message_id)
    audit.record(by=request.actor, action="opened message at the exchange desk", of=found)
    return render(request, "exchange/message.html", {"life": panels.life(request.actor, found)})


@require_GET
@requires(Permission.SEE_EXCHANGE)
def message_part(request: ActingRequest, direction: str, message_id: UUID) -> HttpResponse:
    """The same for a page that is open."""
    life = panels.life(request.actor, reach.message_or_404(request.actor, direction, message_id))
    status = moving(request.GET.get("seen"), life["seen"], settled=life["settled"])
    if status == UNCHANGED:
        return HttpResponse(status=UNCHANGED)
    return render(request, "exchange/_life.html", {"life": life}, status=status)


@require_safe
@requires(Permission.SEE_EXCHANGE, Permission.READ_SEALED)
def sealed(request: ActingRequest, direction: str, message_id: UUID) -> HttpResponse:
    """A message as it was exchanged, byte by byte, as a download. Recorded; not of whom the reader may not know."""
    found = reach.message_or_404(request.actor, direction, message_id)
    if not panels.may_read_sealed(request.actor, found, panels.whom(request.actor, found)):
        raise PermissionDenied
    if found.content_removed_at:
        raise Http404("Its content was removed")
    audit.record(by=request.actor, action="downloaded message as it was exchanged", of=found)
    body = content(found) if isinstance(found, InboxMessage) else found.payload.encode()
    ending, kind = _kind(body)
    response = HttpResponse(body, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="message-{found.pk}.{ending}"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _kind(body: bytes) -> tuple[str, str]:
    """How the file of a message is called at its end, and its media type, by what it begins with."""
    start = body.lstrip()[:1]
    if start in (b"{", b"["):
        return "json", MEDIA_TYPE
    return ("xml", "application/fhir+xml") if start == b"<" else ("bin", "application/octet-stream")


# Acting ---------------------------------------------------------------------------------------------------------------
Act = tuple[Callable[[], object], str]


@require_POST
@requires(Permission.SEE_EXCHANGE, Permission.HANDLE_MESSAGES)
def act(request: ActingRequest, direction: str, message_id: UUID, name: str) -> HttpResponse:
    """What somebody does with a message; an act that is none for its direction is not found."""
    found = reach.message_or_404(request.actor, direction, message_id)
    offered = _acts(request, found)
    if name not in offered:
        raise Http404("No such act")
    do, done = offered[name]
    try:
        do()
    except NotAllowedNow as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, done)
    return redirect("exchange:desk-message", direction, message_id)


def _acts(request: ActingRequest, found: OutboxMessage | InboxMessage) -> dict[str, Act]:
    """Each act by its name in the address, with what is said once it is done."""
    by, text = request.actor, _text(request)
    either: dict[str, Act] = {
        "note": (lambda: actions.note(message=found, text=text, by=by), "Noted."),
        "assign": (lambda: actions.assign(message=found, to=_colleague(request), by=by), "Given."),
    }
    if isinstance(found, OutboxMessage):
        return either | {
            "send-again": (lambda: actions.send_again(message=found, by=by), "It goes again as soon as it can."),
            "set-aside": (
                lambda: actions.set_aside(message=found, why=text, by=by),
                "Set aside: it is not sent. You can send it again from here.",
            ),
        }
    return either | {
        "read-again": (lambda: actions.read_again(message=found, by=by), "It is being read again."),
        "deal-with": (lambda: actions.deal_with(message=found, how=text, by=by), "Closed. It stands under Came in."),
    }


@require_POST
@requires(Permission.SEE_EXCHANGE, Permission.HANDLE_MESSAGES)
def several(request: ActingRequest) -> HttpResponse:
    """Send again, or read again, those ticked in a list or all that it holds, the oldest first."""
    one, partner = lists.named(request.POST.get("list", "")), request.POST.get("partner", "").replace("\x00", "")[:12]
    if one is None or not one.several:
        raise Http404("Nothing can be done with several of these")
    found = panels.held(request.actor, one, partner)
    if request.POST.get("all") != "1":
        found = found.filter(pk__in=_ticked(request))
    ended = actions.again(messages=list(found[:MOST_AT_ONCE]), by=request.actor)
    if not ended.done and not ended.left:
        messages.error(request, "Tick at least one message. Nothing was changed.")
    if ended.done:
        messages.success(request, f"{one.several}: {count(ended.done, 'message')}.")
    if ended.left:
        messages.warning(request, f"{count(ended.left, 'message')} left as before. {' '.join(ended.why[:3])}")
    return redirect(f"{reverse('exchange:desk')}?{urlencode({'list': one.name, 'partner': partner})}")


def _ticked(request: ActingRequest) -> list[UUID]:
    """The ids that were ticked; what is no id ticks nothing."""
    found = []
    for written in request.POST.getlist("message")[:MOST_AT_ONCE]:
        with suppress(ValueError):
            found.append(UUID(written))
    return found


def _text(request: ActingRequest) -> str:
    return request.POST.get("text", "").replace("\x00", "")  # the database stores no NUL


def _colleague(request: ActingRequest) -> User | None:
    """Whom a message is given to; None for nobody. Raises NotAllowedNow for anybody who does not work here."""
    chosen = request.POST.get("to", "")
    found = colleagues(request.actor.organisation_id, Permission.HANDLE_MESSAGES)
    is_number = chosen.isascii() and chosen.isdigit() and len(chosen) < 10
    to = found.filter(pk=int(chosen)).first() if is_number else None
    if chosen and to is None:
        raise NotAllowedNow("Choose somebody who works here. Nothing was changed.")
    return to


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
