"""What can be found of each resource, kept beside it when it is stored and drawn again on demand.

Found are the words a reader meets: what it is called, value, notes, narrative, and the text of letters. Not found are
people's addresses and telephone numbers: Patient and the other resources about who and what are not searched at all,
of a RelatedPerson only the name; of restricted people nothing of where they are (records.people.restricted).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection

from records import bodies
from records.drawing import Json, every, text_at
from records.letters.attached import Attached, attached, words_of, words_of_html
from records.models import Resource
from records.people import restricted
from records.search.words import SEARCHED, vector

_DOCUMENTS: Final = frozenset({"DocumentReference", "Composition"})
_NOT_FOUND: Final = frozenset({"administrative"})
#: Of a person beside the patient: no address, no telephone number.
_OF_A_CONTACT: Final = ("display", "name", "relationship")
#: Parts of `detail` that are codes, addresses or repeat something else.
_NOT_WORDS: Final = frozenset(
    {"attachments", "class_code", "code", "intent", "note", "replaces", "results", "type", "url", "verification"}
)
#: References, and dates as FHIR writes them: a reader meets them in other words.
_NO_WORDS: Final = re.compile(r"[A-Za-z]+/[0-9a-f-]{36}|urn:uuid:.*|\d{4}(?:-\d\d){1,2}(?:T.*)?")
_HELD: Final = re.compile(r"(?:Binary|Bundle|Composition)/[0-9a-f-]{36}")
_AT_ONCE: Final = 500

Row = Mapping[str, Any]
Texts = Mapping[UUID, str]


def text_of(row: Row, resource: Json, letter: str = "") -> str:
    """What people read of a resource: its columns in words, its notes and narrative, and the letter's own text."""
    if row["kind"] in _NOT_FOUND:
        return ""
    detail = orjson.loads(row["detail"]) if isinstance(row["detail"], str) else row["detail"]
    if row["kind"] == "contact":
        return "\n".join(str(part) for name in _OF_A_CONTACT if (part := row.get(name) or detail.get(name)))
    parts = [str(row["display"]), f"{row['value']} {row['unit']}".strip(), *_strings(detail)]
    parts += [text_at(one, "text") for one in every(resource.get("note"))]
    parts += [words_of_html(div) for div in _narratives(resource)]
    return "\n".join(dict.fromkeys(part for part in [*parts, letter] if part))


def _strings(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        if not _NO_WORDS.fullmatch(node):
            yield node
    elif isinstance(node, list):
        for one in node:
            yield from _strings(one)
    elif isinstance(node, dict):
        for name, value in node.items():
            if name not in _NOT_WORDS:
                yield from _strings(value)


def _narratives(holder: Json) -> Iterator[str]:
    if "text" in holder:
        yield text_at(holder, "text.div")
    for section in every(holder.get("section")):
        yield text_at(section, "title")
        yield from _narratives(section)


# While it is stored ---------------------------------------------------------------------------------------------------
def keep(stored: Sequence[tuple[Row, Json]], kept: Mapping[str, str], again: Iterable[UUID]) -> None:
    """Keeps the words of newly stored rows, in the caller's transaction. `kept` is large data taken out of them,
    `again` the rows that were there before. What stands in a Binary beside a letter follows by `keep_letters`.
    """
    found = [(row["id"], text_of(row, resource, _letter(resource, kept))) for row, resource in stored]
    write(found, again)


def _letter(resource: Json, kept: Mapping[str, str]) -> str:
    if resource["resourceType"] != "DocumentReference":
        return ""  # a Composition's sections are its narratives
    return _words(attached(bodies.put_back(resource, kept), lambda url: None))


def _words(several: Iterable[Attached]) -> str:
    return "\n".join(filter(None, (words_of(one)[: SEARCHED + 1] for one in several)))


def write(found: Iterable[tuple[UUID, str]], again: Iterable[UUID]) -> None:
    """Writes what can be found of rows; `again` those that may have something kept already."""
    before = list(again)
    with connection.cursor() as cursor:
        if before:
            cursor.execute("DELETE FROM records_searchtext WHERE resource_id = ANY(%s)", [before])
        with cursor.copy("COPY records_searchtext (resource_id, text, words, cut) FROM STDIN") as copy:
            for row, text in found:
                if text:
                    searched = text[:SEARCHED].replace("\x00", "")  # of what only says that it is text
                    copy.write_row((row, searched, vector(searched), len(text) > SEARCHED))


# Drawn again ----------------------------------------------------------------------------------------------------------
def keep_letters(documents: Iterable[UUID]) -> None:
    """Keeps the words of documents anew, those of the Binaries beside them included."""
    wanted = list(set(documents))
    for start in range(0, len(wanted), _AT_ONCE):
        again(Resource.objects.filter(pk__in=wanted[start : start + _AT_ONCE], type__in=_DOCUMENTS))


def again(rows: Iterable[Resource]) -> None:
    """Keeps the words of rows anew from what is stored: a few hundred at a time, in a transaction of the caller."""
    resources = list(rows)
    documents = bodies.several(resources)
    texts = _beside(resources, documents)
    hidden = restricted.wheres({one.patient_id for one in resources})
    found = []
    for one in resources:
        document = documents[one.pk]
        letter = _words(attached(document, texts.get)) if one.type == "DocumentReference" else ""
        text = text_of(vars(one), document, letter)
        found.append((one.pk, hidden[one.patient_id].mask(text) if one.patient_id in hidden else text))
    write(found, [one.pk for one in resources])


def _beside(resources: Sequence[Resource], documents: Mapping[UUID, Json]) -> dict[str, Json]:
    """What the documents' attachments name, by the address they write: a Binary of their own patient and source."""
    asked: dict[str, Resource] = {}
    for one in resources:
        if one.type == "DocumentReference":
            for content in every(documents[one.pk].get("content")):
                url = text_at(content, "attachment.url")
                if _HELD.fullmatch(url):
                    asked[url] = one
    named = Resource.objects.filter(pk__in=[url.rpartition("/")[2] for url in asked]) if asked else ()
    by_address = {f"{one.type}/{one.pk}": one for one in named}
    theirs = {
        url: text
        for url, one in asked.items()
        if (text := by_address.get(url))
        and text.source_id == one.source_id
        and text.patient_id in (None, one.patient_id)
    }
    held = bodies.several(list(theirs.values()))
    return {url: held[one.pk] for url, one in theirs.items()}
