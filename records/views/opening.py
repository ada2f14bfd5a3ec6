"""Opened from the practice's clinical system: the link is used up, then, once signed in, the patient opens."""

import time
from dataclasses import asdict
from typing import Final

import structlog
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_safe

from access import audit
from access.actor import Actor, actor, system
from access.guard import ActingRequest, requires
from access.models import User
from access.permissions import Permission
from exchange import context
from records import reach
from records.dates import contradict

log = structlog.get_logger(__name__)

_ASKED: Final = "asked_to_open"
#: How long somebody may take to sign in.
_WAITS_SECONDS: Final = 600
_LINK: Final = "This link cannot be used: it works once, for minutes. Open the patient again from your clinical system."
_NOBODY: Final = "Nobody with this NHS number is within your reach here. Find the patient by name, or check the number."
_BIRTH: Final = "The date of birth in your clinical system and here differ, so nothing was opened. Check who is meant."
_SEVERAL: Final = "More than one record here has this NHS number, so none was opened. Find the patient by name."
_ELSEWHERE: Final = "This link is for another organisation than yours now. Choose the role there, then try again."


@login_not_required
@require_GET
def arrive(request: HttpRequest) -> HttpResponse:
    """Take a link: what it asks for is kept in the session, and the token is worth nothing any more.

    Only a link: what another site posts comes without the session's cookie and would sign people out.
    """
    try:
        asked = context.accept(request.GET.get("context", ""))
    except context.ContextRefused as refused:
        log.info("link of a clinical system refused", why=refused.why)
        who = _reader(request)
        if who is None and not refused.system:  # a row for each would let anybody on the network fill the audit
            return _shown(request, _LINK, 400)
        why = f"{refused.why} ({refused.system})" if refused.system else refused.why
        return _refuse(request, who or system("link of a clinical system"), why, _LINK, 400)
    request.session[_ASKED] = asdict(asked) | {"until": time.time() + _WAITS_SECONDS}
    return redirect("open-asked")


@require_safe
@requires(Permission.READ_DEMOGRAPHICS)
def asked(request: ActingRequest) -> HttpResponse:
    """Open whom the link asked for, if one person within reach is meant without doubt."""
    who, wanted = request.actor, request.session.pop(_ASKED, None)
    if wanted is None:  # nothing was asked for, or it was opened already
        return redirect("home")
    if wanted["until"] < time.time():
        return _refuse(request, who, "waited too long", _LINK, 400)
    if wanted["organisation_id"] != who.organisation_id:
        return _refuse(request, who, "another organisation", _ELSEWHERE, 403)
    found = list(reach.patients(who).filter(nhs_number=wanted["nhs_number"])[:2])
    if not found:
        return _refuse(request, who, "nobody within reach", _NOBODY, 404)
    if len(found) > 1:
        return _refuse(request, who, "several with the number", _SEVERAL, 409)
    if contradict(wanted["birth_date"], found[0].birth_date_written):
        return _refuse(request, who, "date of birth differs", _BIRTH, 409)
    audit.record(by=who, action="came from clinical system", patient=found[0].pk, of=found[0], note=wanted["system"])
    return redirect("one-screen", patient_id=found[0].pk)


def _reader(request: HttpRequest) -> Actor | None:
    """Who is signed in, also before they chose a role."""
    user = request.user
    if not isinstance(user, User):
        return None
    return actor(request) or Actor("person", str(user.pk), user.name, user_id=user.pk)


def _refuse(request: HttpRequest, who: Actor, why: str, sentence: str, status: int) -> HttpResponse:
    with transaction.atomic():
        audit.record(by=who, action="refused link of clinical system", note=why)
    return _shown(request, sentence, status)


def _shown(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    return render(request, "records/not_opened.html", {"sentence": sentence}, status=status)
