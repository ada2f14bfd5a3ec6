"""Letters of a patient: the list, one of them, and a file that comes with it."""

from typing import Final
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from access import audit
from access.guard import ActingRequest, requires
from access.permissions import Permission
from exchange.inbox import waiting_for_a_person
from records import panels, reach
from records.letters import correspondence, opening
from records.letters.correspondence import letters_held, to_read
from records.looking import last_looked, read_letter
from records.screen.held import Held
from ui.htmx import moving

WAITING: Final = 100
#: Types a browser may be told; anything else is handed out as bytes without a meaning.
NAMED_TYPES: Final = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/tiff": ".tif",
    "text/rtf": ".rtf",
    "application/msword": ".doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
PAGE: Final = 50
MOST_PAGES: Final = 1000
SHOWED: Final = "opened file of letter"
#: The browser's own viewer may draw it; nothing else may load, and only our pages may frame it.
INLINE_POLICY: Final = (
    "default-src 'none'; img-src 'self'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
)


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
    """Every letter, newest first, page by page; on demand of one sender, or what this reader has not opened."""
    patient = reach.patient_or_404(request.actor, patient_id)
    held = Held(request.actor, patient, last_looked(request.actor, patient))
    offered = correspondence.senders(held)
    asked = _asked(request, {pk for pk, _ in offered})
    audit.record(by=request.actor, action="opened list of letters", patient=patient.pk, of=patient)
    found = letters_held(held, PAGE, asked)
    context = {
        "banner": panels.banner(request.actor, patient, held),
        "patient": patient,
        "found": found,
        "asked": asked,
        "senders": offered,
        "more": found.count > asked.page * PAGE,
        "may_open": request.actor.may(Permission.READ_LETTERS),
    }
    return render(request, "records/all_letters.html", context)


def _asked(request: ActingRequest, offered: set[int]) -> correspondence.Asked:
    """What the address narrows the list to; what it does not offer counts as not asked."""
    typed = {name: request.GET.get(name, "") for name in ("sender", "page")}
    numbers = {name: int(text) for name, text in typed.items() if text.isdecimal() and len(text) < 10}
    sender = numbers.get("sender", 0)
    page = max(1, min(numbers.get("page", 1), MOST_PAGES))
    return correspondence.Asked(sender if sender in offered else None, "unread" in request.GET, page)


@require_safe
@requires(Permission.READ_LETTERS)
def letter(request: ActingRequest, patient_id: UUID, letter_id: UUID) -> HttpResponse:
    """One letter, read: recorded, and no longer unread for this person."""
    patient = reach.patient_or_404(request.actor, patient_id)
    found = opening.find(request.actor, patient, letter_id)
    if found is None:
        raise Http404("No such letter")
    opened = opening.opened(*found, whole="all" in request.GET, drawn=not patient.restricted)
    newer, older = opening.versions(request.actor, patient, opened.resource)
    audit.record(by=request.actor, action="opened letter", patient=patient.pk, of=opened.letter or opened.resource)
    if opened.letter is not None:
        read_letter(letter=opened.letter, by=request.actor)
    context = {
        "banner": panels.banner(request.actor, patient),
        "patient": patient,
        "opened": opened,
        "letter_id": letter_id,
        "newer": newer,
        "older": older,
    }
    return render(request, "records/letter.html", context)


def _file(request: ActingRequest, patient_id: UUID, letter_id: UUID, number: int, action: str) -> opening.File:
    """A file of a letter within reach, recorded. Raises Http404 when there is none, or no bytes of it."""
    patient = reach.patient_or_404(request.actor, patient_id)
    found = opening.find(request.actor, patient, letter_id)
    files = opening.opened(*found, drawn=not patient.restricted).files if found else ()
    wanted = next((one for one in files if one.number == number and one.data), None)
    if wanted is None or found is None or (action == SHOWED and not wanted.inline):
        raise Http404("No such file")
    audit.record(by=request.actor, action=action, patient=patient.pk, of=found[1] or found[0])
    return wanted


@require_safe
@requires(Permission.READ_LETTERS)
def file(request: ActingRequest, patient_id: UUID, letter_id: UUID, number: int) -> HttpResponse:
    """A file of a letter as a download: whatever it holds is not run in our pages."""
    return _handed_out(_file(request, patient_id, letter_id, number, "downloaded file of letter"), as_attachment=True)


@require_safe
@requires(Permission.READ_LETTERS)
@xframe_options_sameorigin
def file_shown(request: ActingRequest, patient_id: UUID, letter_id: UUID, number: int) -> HttpResponse:
    """A PDF or picture of a letter, to be shown within its page and nowhere else; its bytes are what it says."""
    response = _handed_out(_file(request, patient_id, letter_id, number, SHOWED), as_attachment=False)
    response.headers["Content-Security-Policy"] = INLINE_POLICY
    return response


def _handed_out(wanted: opening.File, *, as_attachment: bool) -> HttpResponse:
    kind = wanted.type if wanted.type in NAMED_TYPES else "application/octet-stream"
    name = "".join(c for c in wanted.title if c.isalnum() or c in " -_").strip()[:80] or "letter"
    response = HttpResponse(wanted.data, content_type=kind)
    disposition = content_disposition_header(as_attachment, name + NAMED_TYPES.get(kind, "")) or ""
    response.headers["Content-Disposition"] = disposition
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
