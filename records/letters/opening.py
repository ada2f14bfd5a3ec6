"""A letter opened: what it says, made safe to show, what has to be known about it, and the files that come with it.

Letters are FHIR DocumentReferences and Compositions. What they point to may stand in the resource itself, in a Binary
beside it, or be a FHIR document (Composition with sections). Whatever others wrote is cleaned before it is shown.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.db.models import Q
from markupsafe import Markup

from access.actor import Actor
from records import bodies, reach
from records.drawing import Json, every, text_at, words
from records.letters import pdf
from records.letters.attached import FHIR, HTML, NAMES, WORDS, Attached, attached, composition, read_document
from records.letters.cleaning import clean, plain
from records.letters.correspondence import as_shown
from records.models import Letter, Patient, Resource
from records.people import restricted

#: How much of one text is shown before "Show all".
SHOWN: Final = 100_000
#: What a browser may show within our page, by what the bytes are: it runs nothing of it with our rights.
INLINE: Final = {"application/pdf": "pdf", "image/png": "picture", "image/jpeg": "picture"}
#: FHIR status, docStatus or Composition.status -> what has to be said of a letter. Current and final: nothing.
_STATUSES: Final = {
    "superseded": "A newer version replaces this letter.",
    "entered-in-error": "Taken back by its sender: entered in error. Do not rely on it.",
    "preliminary": "Preliminary: its sender has not finished it.",
    "amended": "Amended by its sender after it was final.",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A piece of a letter's text under its heading; `level` is how deep it is nested, from 2 on."""

    heading: str
    html: Markup
    level: int = 2
    #: There is more of it than is shown.
    cut: bool = False


@dataclass(frozen=True, slots=True)
class File:
    """Something that comes with a letter and is handed out as it is, or that should have come and did not."""

    number: int
    title: str
    #: What the bytes are.
    type: str
    data: bytes = field(repr=False, default=b"")
    #: "pdf" or "picture" where a browser may show it within the page; else "".
    inline: str = ""
    #: In words: what is odd about it, or why there is nothing to open.
    remark: str = ""

    @property
    def called(self) -> str:
        return NAMES.get(self.type, "file")

    @property
    def kilobytes(self) -> int:
        return max(1, len(self.data) // 1024)


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter as the page shows it. `letter` is None for one that is not filed."""

    resource: Resource
    letter: Letter | None
    title: str
    sections: tuple[Section, ...]
    files: tuple[File, ...]
    #: What has to be known before reading: taken back, replaced, preliminary.
    notices: tuple[str, ...] = ()
    #: Part of its text is not shown yet.
    cut: bool = False


def find(actor: Actor, patient: Patient, letter_id: UUID) -> tuple[Resource, Letter | None] | None:
    """The document by its own id or by that of its filing; None when it is not within reach."""
    letter = reach.letters(actor, patient).filter(pk=letter_id).select_related("document__source", "sender").first()
    if letter is not None:
        return letter.document, as_shown(letter, restricted.wording_of(patient))
    documents = reach.resources(actor, patient).filter(kind="letter", pk=letter_id)
    found = documents.select_related("source", "letter", "letter__sender").first()
    if found is None:
        return None
    filed = getattr(found, "letter", None)
    return found, as_shown(filed, restricted.wording_of(patient)) if filed else None


def opened(resource: Resource, letter: Letter | None, *, whole: bool = True, drawn: bool = True) -> Opened:
    """What the letter says, from wherever its document stands; unless `whole`, the beginning of a very long text.

    Unless `drawn`, no file of it is offered for the page: from a scan nobody takes out where a restricted person is.
    """
    document = json.loads(bodies.full(resource))
    limit = None if whole else SHOWN
    sections: list[Section] = []
    files: list[File] = []
    for one in attached(document, lambda url: _beside(resource, url)):
        found = list(_sections_of(one, limit))
        sections += found
        if not found:
            files.append(_file(len(files) + 1, one, drawn))
    if not sections and not any(one.data for one in files):
        sections = list(_narrative(document, limit))
    title = (letter.title if letter else "") or resource.detail.get("title") or resource.display or "Letter"
    cut = any(section.cut for section in sections)
    return Opened(resource, letter, str(title), tuple(sections), tuple(files), tuple(_notices(document)), cut)


def _notices(document: Json) -> Iterator[str]:
    for status in dict.fromkeys((text_at(document, "status"), text_at(document, "docStatus"))):
        if status in _STATUSES:
            yield _STATUSES[status]


def _beside(resource: Resource, url: str) -> Json | None:
    """What the attachment's address names, among what the same source has told us; never fetched from elsewhere."""
    key = url.removeprefix("urn:uuid:").rsplit("/", 1)[-1]
    if not key:
        return None
    # Senders use short ids again and again: what is another patient's is never this letter's text.
    same = Resource.objects.filter(
        Q(patient=resource.patient_id) | Q(patient=None),
        source_id=resource.source_id,
        type__in=("Binary", "Composition", "Bundle"),
    )
    found = same.filter(source_key__in=(key, url)).first() or (
        same.filter(pk=key).first() if re.fullmatch(r"[0-9a-f-]{36}", key) else None
    )
    return json.loads(bodies.full(found)) if found else None


# What can be read on the page ----------------------------------------------------------------------------------------
def _sections_of(one: Attached, limit: int | None) -> Iterator[Section]:
    """What an attachment says as text; nothing where it is a file, or not what it says it is."""
    if one.document is not None:
        yield from _document(one.document, limit)
    elif one.mismatch or not one.data:
        return
    elif one.type in HTML:
        yield Section(one.title, clean(one.text[:limit], 2 if one.title else 1), cut=_longer(one.text, limit))
    elif one.type in WORDS and b"\x00" not in one.data:
        yield Section(one.title, plain(one.text[:limit]), cut=_longer(one.text, limit))
    elif one.type in FHIR:
        yield from _document(read_document(one.data), limit)


def _document(bundle: Json, limit: int | None) -> Iterator[Section]:
    """The sections of a FHIR document, in their order, nested ones after their parent."""
    said = composition(bundle)
    named = {str(entry.get("fullUrl")): entry.get("resource") or {} for entry in every(bundle.get("entry"))}
    named |= {f"{one.get('resourceType')}/{one.get('id')}": one for one in named.values()}
    yield from _sections(every(said.get("section")), named, limit, 2)


def _sections(sections: list[Json], named: dict[str, Json], limit: int | None, level: int) -> Iterator[Section]:
    for section in sections:
        div = text_at(section, "text.div")
        html = clean(div[:limit], level) if div else _entries(section, named)
        if html or section.get("title"):
            yield Section(text_at(section, "title"), html, level, _longer(div, limit))
        yield from _sections(every(section.get("section")), named, limit, min(level + 1, 5))


def _entries(section: Json, named: dict[str, Json]) -> Markup:
    """What a section without narrative holds, one a line; or why it is empty."""
    called = [_called(one, named) for one in every(section.get("entry"))]
    lines = Markup("").join(Markup("<li>{}</li>").format(one) for one in called if one)
    return Markup("<ul>{}</ul>").format(lines) if lines else Markup("{}").format(words(section.get("emptyReason")))


def _called(reference: Json, named: dict[str, Json]) -> str:
    meant = named.get(text_at(reference, "reference"), {})
    concepts = (meant.get(name) for name in ("code", "medicationCodeableConcept", "vaccineCode", "type"))
    return text_at(reference, "display") or next(filter(None, map(words, concepts)), "") or text_at(meant, "title")


def _narrative(document: Json, limit: int | None) -> Iterator[Section]:
    div = text_at(document, "text.div")
    if div:
        yield Section("", clean(div[:limit]), cut=_longer(div, limit))


def _longer(text: str, limit: int | None) -> bool:
    return limit is not None and len(text) > limit


def _file(number: int, one: Attached, drawn: bool) -> File:
    remark = one.trouble or (f"It {one.mismatch}. It is not opened here." if one.mismatch else "")
    inline = INLINE.get(one.type, "") if drawn and one.data and not one.mismatch else ""
    if inline == "pdf" and pdf.acts(one.data):
        inline, remark = "", "It holds a script, a form that sends, or is protected. It is not opened here."
    told = "application/octet-stream" if one.mismatch else one.type or "application/octet-stream"
    return File(number, one.title or "Attached file", told, one.data, inline, remark)


def versions(actor: Actor, patient: Patient, resource: Resource) -> tuple[list[Resource], list[Resource]]:
    """(letters that replace this one, letters that it replaces), of the same source (FHIR relatesTo)."""
    theirs = reach.resources(actor, patient).filter(kind="letter", source_id=resource.source_id)
    newer = theirs.filter(detail__replaces__contains=[f"{resource.type}/{resource.pk}"]).exclude(pk=resource.pk)
    named: Any = resource.detail.get("replaces") or []
    older = theirs.filter(pk__in=[one.rpartition("/")[2] for one in named if _OURS.fullmatch(one)])
    return list(newer.order_by("-date", "pk")), list(older.order_by("-date", "pk"))


_OURS: Final = re.compile(r"[A-Za-z]+/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
