"""Following a referral up: every act is a POST and a redirect."""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from access.guard import ActingRequest, requires
from access.memberships import colleagues
from access.permissions import Permission
from referrals import reach
from referrals.following import actions
from referrals.following.forms import ChaseForm, CloseForm, GiveForm
from referrals.states import NotAllowedNow
from work.actions import NotPossible

AT_ONCE: Final = 200


@require_POST
@requires(Permission.HANDLE_WORK)
def give(request: ActingRequest) -> HttpResponse:
    """Give one referral, or those ticked in a list, to a colleague."""
    form = GiveForm(request.POST, colleagues=colleagues(request.actor.organisation_id, Permission.HANDLE_WORK))
    wanted = [one for text in request.POST.getlist("referral")[:AT_ONCE] if (one := _id(text))]
    found = list(reach.referrals(request.actor).filter(pk__in=wanted))
    if not found:
        messages.error(request, "Nothing given. Tick the referrals first.")
    elif _sound(request, form):
        to = form.cleaned_data["to"]
        number = actions.give(referrals=found, to=to, by=request.actor)
        said = "1 referral" if number == 1 else f"{number} referrals"
        messages.success(request, f"{said} given to {to.name}.")
    return _back(request, found[0].pk if len(wanted) == 1 and found else None)


@require_POST
@requires(Permission.HANDLE_WORK)
def chase(request: ActingRequest, referral_id: UUID) -> HttpResponse:
    """Note that the service was rung or written to, and by when it will answer."""
    referral = reach.referral_or_404(request.actor, referral_id)
    form = ChaseForm(request.POST)
    if _sound(request, form):
        data = form.cleaned_data
        _try(request, lambda: actions.note_chase(referral=referral, by=request.actor, **data), "Chase noted.")
    return redirect("referrals:referral", referral.pk)


@require_POST
@requires(Permission.HANDLE_WORK)
def keep(request: ActingRequest, referral_id: UUID) -> HttpResponse:
    """The referral stands although the patient died or left."""
    referral = reach.referral_or_404(request.actor, referral_id)
    version = _version(request)
    _try(request, lambda: actions.keep(referral=referral, version=version, by=request.actor), "It still stands.")
    return redirect("referrals:referral", referral.pk)


@require_POST
@requires(Permission.HANDLE_WORK)
def close(request: ActingRequest, referral_id: UUID) -> HttpResponse:
    """Nothing more is awaited: say why."""
    referral = reach.referral_or_404(request.actor, referral_id)
    form = CloseForm(request.POST)
    if _sound(request, form):
        data, version = form.cleaned_data, _version(request)
        _try(request, lambda: actions.close(referral=referral, version=version, by=request.actor, **data), "Closed.")
    return redirect("referrals:referral", referral.pk)


def _sound(request: HttpRequest, form: forms.Form) -> bool:
    """Whether the form makes sense; if not, its first complaint is said."""
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
    return form.is_valid()


def _try(request: HttpRequest, act: Callable[[], object], said: str) -> None:
    try:
        act()
    except (NotAllowedNow, NotPossible) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, said)


def _back(request: HttpRequest, one: UUID | None) -> HttpResponse:
    """To the list the person came from, or to the one referral."""
    named = request.POST.get("list", "")
    if one and not named:
        return redirect("referrals:referral", one)
    query = urlencode({"list": named}) if named.replace("-", "").isalpha() else ""
    return redirect(f"{reverse('referrals:worklist')}?{query}")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _version(request: HttpRequest) -> int:
    written = request.POST.get("version", "")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 9 else -1
