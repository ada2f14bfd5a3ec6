"""What is attached to a document: where its bytes are, what they really are, and what they say in words. Pure.

An attachment (FHIR DocumentReference.content.attachment, Composition) carries its data, or names a Binary, Composition
or Bundle of the same source. Nothing is ever fetched from elsewhere. The type a sender writes is only what they say:
what the bytes are is read from the bytes.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Any, Final

from records.drawing import Json, every, text_at

FHIR: Final = frozenset({"application/fhir+json", "application/json+fhir"})
HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
WORDS: Final = frozenset({"text/plain", "text/markdown", "text/csv"})
#: First bytes -> what it is; each is a type a browser can be told.
_MAGIC: Final = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"{\\rtf", "text/rtf"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0", "application/msword"),
)
_SAME: Final = {"application/rtf": "text/rtf", "image/jpg": "image/jpeg", "application/x-pdf": "application/pdf"}
_IN_ZIP: Final = "application/vnd.openxmlformats-officedocument"
NAMES: Final = {
    "application/pdf": "PDF",
    "image/png": "PNG picture",
    "image/jpeg": "JPEG picture",
    "image/gif": "GIF picture",
    "image/tiff": "TIFF picture",
    "text/rtf": "RTF document",
    "application/zip": "ZIP archive",
    "application/msword": "Word document",
    "text/html": "HTML page",
    "text/plain": "text",
}
_UNSEEN: Final = re.compile(
    r"<(script|style|head|template|noscript)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE
)
_BLOCK_END: Final = re.compile(r"</(?:p|div|li|h[1-6]|tr|td|th|dd|dt)\s*>|<br\s*/?>", re.IGNORECASE)
_TAG: Final = re.compile(r"<[^>]{0,2000}>")
Beside = Callable[[str], Json | None]


@dataclass(frozen=True, slots=True)
class Attached:
    """One attachment as it came. `trouble` says in words why there is nothing to read; "" where there is."""

    title: str
    #: The type its sender wrote, in lower case and without parameters.
    said: str
    data: bytes = field(default=b"", repr=False)
    trouble: str = ""
    #: The FHIR document it is, where it stands beside the letter as resources and not as bytes.
    document: Json | None = field(default=None, repr=False)

    @property
    def type(self) -> str:
        """What it is: by its first bytes where they tell, else what was said."""
        found = next((kind for magic, kind in _MAGIC if self.data.startswith(magic)), "")
        if found == "application/zip" and self.said.startswith(_IN_ZIP):
            return self.said
        return found or _SAME.get(self.said, self.said)

    @property
    def mismatch(self) -> str:
        """ "says PDF, but is not" where what was said and what the bytes are differ; "" where they agree."""
        said, found = _SAME.get(self.said, self.said), self.type
        if not self.data or not said:
            return ""
        known_by_bytes = said in {kind for _, kind in _MAGIC}
        if said == found and not (known_by_bytes and not self._begins_as(said)):
            return ""
        if known_by_bytes and not self._begins_as(said):
            return f"says {NAMES[said]}, but is not"
        return f"says {NAMES.get(said, said)}, but is a {NAMES.get(found, found)}" if found != said else ""

    def _begins_as(self, kind: str) -> bool:
        return any(self.data.startswith(magic) for magic, named in _MAGIC if named == kind)

    @property
    def text(self) -> str:
        """Its data as text, whatever bytes do not belong there replaced."""
        return self.data.decode("utf-8", "replace").lstrip("\ufeff")


def attached(document: Json, beside: Beside) -> Iterator[Attached]:
    """Each attachment of a DocumentReference, or a Composition itself. `beside` gives what an address of it names."""
    if document.get("resourceType") == "Composition":
        yield Attached("", "application/fhir+json", document={"entry": [{"resource": document}]})
    for content in every(document.get("content")):
        for one in every(content.get("attachment")):
            yield _one(one, beside)


def _one(attachment: Json, beside: Beside) -> Attached:
    title, said = text_at(attachment, "title"), _type(text_at(attachment, "contentType"))
    if isinstance(attachment.get("data"), str):
        return _decoded(title, said, attachment["data"])
    url = text_at(attachment, "url")
    if not url:
        return Attached(title, said, trouble="The sender attached nothing to it.")
    held = beside(url)
    if held is None:
        return Attached(title, said, trouble=_elsewhere(url))
    if held.get("resourceType") == "Binary":
        return _decoded(title, _type(text_at(held, "contentType")) or said, held.get("data"))
    whole = held if held.get("resourceType") == "Bundle" else {"entry": [{"resource": held}]}
    return Attached(title, "application/fhir+json", document=whole)


def _elsewhere(url: str) -> str:
    if re.match(r"https?://", url, re.IGNORECASE):
        return f"Held at {url[:300]}. It was not fetched."
    return "The sender names a file that has not come with the letter."


def _type(said: str) -> str:
    return said.split(";")[0].strip().casefold()


def _decoded(title: str, said: str, data: Any) -> Attached:
    try:
        found = base64.b64decode(re.sub(r"\s", "", data if isinstance(data, str) else ""), validate=True)
    except (binascii.Error, ValueError):
        return Attached(title, said, trouble="It arrived damaged and cannot be read.")
    return Attached(title, said, found, trouble="" if found else "It arrived empty: no bytes at all.")


# What it says in words, for the search --------------------------------------------------------------------------------
def words_of(one: Attached) -> str:
    """The words of an attachment: of text, HTML and FHIR documents. Of PDF, pictures and office files none."""
    if one.document is not None or one.type in FHIR:
        whole = one.document if one.document is not None else read_document(one.data)
        return "\n".join(_words_of_sections(composition(whole)))
    if one.type in HTML:
        return words_of_html(one.text)
    return one.text if one.type in WORDS else ""


def read_document(data: bytes) -> Json:
    """A FHIR document's Bundle; {} where the bytes are none."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def composition(bundle: Json) -> Json:
    """The Composition of a document; {} where it has none."""
    if bundle.get("resourceType") == "Composition":
        return bundle
    inside = (every(entry.get("resource")) for entry in every(bundle.get("entry")))
    return next((one[0] for one in inside if one and one[0].get("resourceType") == "Composition"), {})


def _words_of_sections(holder: Json) -> Iterator[str]:
    yield text_at(holder, "title")
    yield words_of_html(text_at(holder, "text.div"))
    for section in every(holder.get("section")):
        yield from _words_of_sections(section)


def words_of_html(html: str) -> str:
    """The words a reader sees of HTML, one block a line. For searching, not for showing: it is not made safe."""
    lines = _BLOCK_END.sub("\n", _UNSEEN.sub(" ", html)).splitlines()
    seen = (" ".join(unescape(_TAG.sub("", line)).split()) for line in lines)
    return "\n".join(line for line in seen if line)
