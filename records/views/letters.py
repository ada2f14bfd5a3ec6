"""Letters of a patient: the list, one of them, and a file that comes with it."""

from typing import Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from exchange.inbox import waiting_for_a_person
from records import panels, reach
from records.letters import opening
from records.letters.correspondence import letters_held, to_read
from records.looking import last_looked, read_letter
from records.screen.held import Held
from ui.htmx import moving

WAITING: Final = 100
#: Types a browser may be told; anything else is handed out as bytes without a meaning.
NAMED_TYPES: Final = {"application/pdf": ".pdf", "image/png": ".png", "image/jpeg": ".jpg", "image/tiff": ".tif"}


@require_safe
@requires(Permission.READ_LETTERS)
def inbox(request: ActingRequest) -> HttpResponse:
    """Letters that came in and that this person has not opened, whoever they are about."""
    waiting, number = to_read(request.actor, WAITING)
    audit.record(by=request.actor, action="opened letters to read")
    unfiled = list(waiting_for_a_person(request.actor.organisation)[:WAITING])
    return render(request, "records/inbox.html", {"letters": waiting, "number": number, "unfiled": unfiled})


@require_safe
@requires(Permission.READ_LETTER_TITLES)
def letters_panel(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    """The panel, asked again and again with the version it shows: 204 when no letter has come in meanwhile."""
    patient = reach.patient_or_404(request.actor, patient_id)
    panel = panels.one("letters", request.actor, patient)
    status = moving(request.GET.get("seen"), panel["seen"], settled=False)
    if status == 204:
        return HttpResponse(status=204)
    return render(request, "records/_letters.html", {"panel": panel})


@require_safe
@requires(Permission.READ_LETTER_TITLES)
def all_letters(request: ActingRequest, patient_id: UUID) -> HttpResponse:
    patient = reach.patient_or_404(request.actor, patient_id)
    held = Held(request.actor, patient, last_looked(request.actor, patient))
    audit.record(by=request.actor, action="opened list of letters", patient=patient.pk, of=patient)
    context = {
        "banner": panels.banner(request.actor, patient, held),
        "patient": patient,
        "found": letters_held(held),
        "may_open": request.actor.may(Permission.READ_LETTERS),
    }
    return render(request, "records/all_letters.html", context)


@require_safe
@requires(Permission.READ_LETTERS)
def letter(request: ActingRequest, patient_id: UUID, letter_id: UUID) -> HttpResponse:
    """One letter, read: recorded, and no longer unread for this person."""
    patient = reach.patient_or_404(request.actor, patient_id)
    found = opening.find(request.actor, patient, letter_id)
    if found is None:
        raise Http404("No such letter")
    opened = opening.opened(*found)
    audit.record(by=request.actor, action="opened letter", patient=patient.pk, of=opened.letter or opened.resource)
    if opened.letter is not None:
        read_letter(letter=opened.letter, by=request.actor)
    context = {
        "banner": panels.banner(request.actor, patient),
        "patient": patient,
        "opened": opened,
        "letter_id": letter_id,
    }
    return render(request, "records/letter.html", context)


@require_safe
@requires(Permission.READ_LETTERS)
def file(request: ActingRequest, patient_id: UUID, letter_id: UUID, number: int) -> HttpResponse:
    """A file of a letter, always as a download: whatever it holds is not run in our pages."""
    patient = reach.patient_or_404(request.actor, patient_id)
    found = opening.find(request.actor, patient, letter_id)
    files = opening.opened(*found).files if found else ()
    wanted = next((one for one in files if one.number == number), None)
    if wanted is None or found is None:
        raise Http404("No such file")
    audit.record(by=request.actor, action="downloaded file of letter", patient=patient.pk, of=found[1] or found[0])
    kind = wanted.type if wanted.type in NAMED_TYPES else "application/octet-stream"
    name = "".join(c for c in wanted.title if c.isalnum() or c in " -_").strip()[:80] or "letter"
    response = HttpResponse(wanted.data, content_type=kind)
    response.headers["Content-Disposition"] = content_disposition_header(True, name + NAMED_TYPES.get(kind, "")) or ""
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
