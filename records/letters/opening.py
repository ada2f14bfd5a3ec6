"""A letter opened: what it says, made safe to show, and the files that come with it.

Letters are FHIR DocumentReferences. What they point to may stand in the resource itself, in a Binary beside it, or be a
FHIR document (Composition with sections). Whatever others wrote is cleaned before it is shown: words, headings, lists
and tables stay; scripts, styles, forms, images and links do not.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import nh3
from django.db.models import Q
from markupsafe import Markup, escape

from access.actor import Actor
from records import bodies, reach
from records.letters.correspondence import as_shown
from records.models import Letter, Patient, Resource
from records.people import restricted

_TAGS: Final = {
    *("p", "br", "div", "span", "b", "strong", "i", "em", "u", "sub", "sup", "hr", "pre", "blockquote"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "dl", "dt", "dd"),
    *("table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption"),
}
_WITH_CONTENT: Final = {"script", "style", "title", "head", "template", "noscript", "iframe", "object", "svg", "math"}
_FHIR: Final = ("application/fhir+json", "application/json+fhir")
_TEXT: Final = ("text/plain", "text/rtf")


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    html: Markup


@dataclass(frozen=True, slots=True)
class File:
    """Something that comes with a letter and is handed out as it is."""

    number: int
    title: str
    type: str
    data: bytes = field(repr=False)

    @property
    def kilobytes(self) -> int:
        return max(1, len(self.data) // 1024)


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter as the page shows it. `letter` is None for one that came with an import."""

    resource: Resource
    letter: Letter | None
    title: str
    sections: tuple[Section, ...]
    files: tuple[File, ...]


def clean(html: str, below: int = 1) -> Markup:
    """HTML of others without anything that acts or fetches; its headings follow one of level `below` without a gap."""
    kept = nh3.clean(
        html,
        tags=_TAGS,
        attributes={"*": set(), "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        clean_content_tags=_WITH_CONTENT,
        strip_comments=True,
    )
    return Markup(_in_order(kept, below))  # noqa: S704 nh3 has just cleaned it


def _in_order(html: str, below: int) -> str:
    """Headings moved below the page's own, none more than one level deeper than the one before."""
    before = below

    def lower(mark: re.Match[str]) -> str:
        nonlocal before
        if mark[1] == "":
            before = min(int(mark[2]) + below, before + 1, 6)
        return f"<{mark[1]}h{before}>"

    return re.sub(r"<(/?)h([1-6])>", lower, html)


def plain(text: str) -> Markup:
    """Text of others with its line breaks."""
    return Markup("<br>").join(escape(line) for line in text.splitlines())


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


def opened(resource: Resource, letter: Letter | None) -> Opened:
    """What the letter says, from wherever its document stands."""
    document = json.loads(bodies.full(resource))
    sections: list[Section] = []
    files: list[File] = []
    for title, kind, data in _contents(resource, document):
        _add(sections, files, title, kind, data)
    if not sections and not files:
        sections = list(_narrative(document))
    title = (letter.title if letter else "") or resource.detail.get("title") or resource.display or "Letter"
    return Opened(resource, letter, str(title), tuple(sections), tuple(files))


def _contents(resource: Resource, document: dict[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    """(title, content type, bytes) of each attachment, or of the resource itself where it is a Composition."""
    if document.get("resourceType") == "Composition":
        yield "", _FHIR[0], json.dumps({"entry": [{"resource": document}]}).encode()
    for content in document.get("content") or []:
        attachment = content.get("attachment") or {}
        kind = str(attachment.get("contentType", "")).split(";")[0].strip().casefold()
        title = str(attachment.get("title", ""))
        if "data" in attachment:
            yield title, kind, _decoded(attachment["data"])
        elif beside := _beside(resource, str(attachment.get("url", ""))):
            held = json.loads(bodies.full(beside))
            if held.get("resourceType") == "Binary":
                yield title, str(held.get("contentType", kind)).split(";")[0], _decoded(held.get("data", ""))
            else:
                whole = held if held.get("resourceType") == "Bundle" else {"entry": [{"resource": held}]}
                yield title, _FHIR[0], json.dumps(whole).encode()


def _beside(resource: Resource, url: str) -> Resource | None:
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
    return same.filter(source_key__in=(key, url)).first() or (
        same.filter(pk=key).first() if re.fullmatch(r"[0-9a-f-]{36}", key) else None
    )


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(re.sub(r"\s", "", text), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _add(sections: list[Section], files: list[File], title: str, kind: str, data: bytes) -> None:
    if not data:
        return
    if kind in ("text/html", "application/xhtml+xml"):
        sections.append(Section("", clean(data.decode("utf-8", "replace"))))
    elif kind in _TEXT[:1]:
        sections.append(Section("", plain(data.decode("utf-8", "replace"))))
    elif kind in _FHIR and (found := list(_document(data))):
        sections.extend(found)
    else:
        files.append(File(len(files) + 1, title or "Attached file", kind or "application/octet-stream", data))


def _document(data: bytes) -> Iterator[Section]:
    """The sections of a FHIR document, in their order, nested ones after their parent."""
    try:
        entries = json.loads(data).get("entry") or []
    except (ValueError, AttributeError):
        return
    resources = [entry.get("resource") or {} for entry in entries if isinstance(entry, dict)]
    for resource in resources:
        if resource.get("resourceType") == "Composition":
            yield from _sections(resource.get("section") or [])


def _sections(sections: list[dict[str, Any]]) -> Iterator[Section]:
    for section in sections:
        div = (section.get("text") or {}).get("div", "")
        if div or section.get("title"):
            yield Section(str(section.get("title", "")), clean(div, 2))
        yield from _sections(section.get("section") or [])


def _narrative(document: dict[str, Any]) -> Iterator[Section]:
    div = (document.get("text") or {}).get("div")
    if div:
        yield Section("", clean(div))
