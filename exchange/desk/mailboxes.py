"""Our mailboxes at MESH on the desk: how it is with each, and asking MESH at once."""

from datetime import datetime

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from access import audit
from access.actor import Actor
from access.guard import ActingRequest, requires
from access.permissions import Permission
from exchange import doorbell
from exchange.desk import mesh_words
from exchange.desk.said import Said
from exchange.models import Mailbox


def ours(actor: Actor) -> QuerySet[Mailbox]:
    """The mailboxes of this organisation."""
    if not actor.may(Permission.SEE_EXCHANGE):
        return Mailbox.objects.none()
    return Mailbox.objects.filter(organisation__ods_code=actor.organisation)


def told(actor: Actor, now: datetime) -> list[tuple[Mailbox, Said]]:
    """Each mailbox with how it is with it."""
    return [(one, mesh_words.of_mailbox(one, now)) for one in ours(actor)]


@transaction.atomic
def ask_now(*, mailbox: Mailbox, by: Actor) -> None:
    """Have a mailbox looked into at once instead of at its next turn."""
    Mailbox.objects.filter(pk=mailbox.pk).update(poll_due_at=timezone.now())
    audit.record(by=by, action="had MESH mailbox looked into at once", of=mailbox)
    transaction.on_commit(lambda: doorbell.ring("exchange.tasks.poll_mailbox", mailbox.pk))


@require_POST
@requires(Permission.SEE_EXCHANGE, Permission.HANDLE_MESSAGES)
def ask(request: ActingRequest, mailbox_pk: int) -> HttpResponse:
    """Somebody does not want to wait five minutes."""
    mailbox = get_object_or_404(ours(request.actor), pk=mailbox_pk, enabled=True)
    ask_now(mailbox=mailbox, by=request.actor)
    messages.success(request, "We are asking MESH. What lies there shows up here in a moment.")
    return redirect("exchange:desk")
