"""References of what comes in, made to point at rows of the store.

`Type/id` is resolved by computing, not by asking: the row's id follows from source, type and id. What cannot be
computed is looked for in the Bundle (`urn:uuid:`, absolute URLs, `Type?identifier=`) and then in the store. Contained
ones (`#x`) and foreign URLs stay as they are.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs
from uuid import UUID

from exchange.fhir.validate import known_type
from records import kinds
from records.drawing import Json, every, text_at
from records.ingest.identity import row_id
from records.models import Resource

_RELATIVE: Final = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_CONDITIONAL: Final = re.compile(r"([A-Z][A-Za-z]+)\?(.+)")

Target = tuple[str, UUID]


@dataclass(slots=True)
class Pointer:
    """A reference of a resource to a row: `target` is None when no row can be named."""

    #: FHIRPath below the resource: Observation.subject.
    path: str
    target: UUID | None
    type: str = ""


@dataclass(slots=True)
class Scope:
    """What references of one group may mean: the source, and what stands in the same Bundle."""

    source: str
    #: The source's own FHIR base: an absolute address below it names its own resource. "" if it is not known.
    base: str = ""
    by_full_url: dict[str, Target] = field(default_factory=dict)
    by_identifier: dict[str, set[Target]] = field(default_factory=lambda: defaultdict(set))

    def add(self, resource: Json, full_url: str, target: UUID) -> None:
        """Makes a resource of the Bundle known before references are resolved."""
        found = (str(resource["resourceType"]), target)
        if full_url:
            self.by_full_url[full_url] = found
        for one in every(resource.get("identifier")):
            self.by_identifier[_asked(found[0], text_at(one, "system"), text_at(one, "value"))].add(found)

    def patient_by_identifier(self, reference: Json) -> UUID | None:
        """The row of the FHIR Patient that a Reference with an identifier only means, if exactly one bears it."""
        several = self.by_identifier.get(_identified_patient(reference), set())
        return next(iter(several))[1] if len(several) == 1 else None


def _identified_patient(reference: Json) -> str:
    """The question that a Reference with an identifier alone asks; "" if it has none."""
    system, value = text_at(reference, "identifier.system"), text_at(reference, "identifier.value")
    return _asked("Patient", system, value) if value and reference.get("type", "Patient") == "Patient" else ""


def _asked(type_name: str, system: str, value: str) -> str:
    return f"{type_name}?identifier={system}|{value}"


def _holders(node: Any, path: str) -> Iterator[tuple[Json, str, str]]:
    """Every object that refers to something, with the element that does (reference or url) and its FHIRPath."""
    if isinstance(node, list):
        for number, one in enumerate(node):
            if isinstance(one, dict | list):
                yield from _holders(one, f"{path}[{number}]")
        return
    if node.get("resourceType") == "Bundle":
        return  # a Bundle kept as one thing refers within itself
    for element, value in node.items():
        if isinstance(value, dict | list):
            yield from _holders(value, f"{path}.{element}")
        elif element in ("reference", "url") and isinstance(value, str):
            yield node, element, path


def resolve(resource: Json, scope: Scope) -> list[Pointer]:
    """Rewrites a resource's references in place and tells where they point. `scope` must know conditional ones."""
    pointers = []
    for holder, element, path in _holders(resource, str(resource["resourceType"])):
        written = holder[element]
        found = _target(written, scope)
        if element == "url" and (found is None or not _is_document(written, scope)):
            continue
        if found is not None:
            holder[element] = f"{found[0]}/{found[1]}"
            pointers.append(Pointer(path, found[1], found[0]))
        elif _should_resolve(written):
            pointers.append(Pointer(path, None))
    return pointers


def _is_document(written: str, scope: Scope) -> bool:
    """Attachment.url that names a Binary or something of the Bundle; other urls only look like references."""
    own = written.removeprefix(f"{scope.base}/") if scope.base else written
    return written in scope.by_full_url or own.startswith("Binary/")


def _should_resolve(written: str) -> bool:
    return not written.startswith(("#", "http:", "https:"))


def _target(written: str, scope: Scope) -> Target | None:
    found = scope.by_full_url.get(written)
    if found is not None:
        return found
    own = written.removeprefix(f"{scope.base}/") if scope.base else written
    relative = _RELATIVE.fullmatch(own)
    if relative is not None and known_type(relative[1]):
        return relative[1], row_id(scope.source, relative[1], relative[2])
    if _CONDITIONAL.fullmatch(written):
        several = scope.by_identifier.get(_canonical(written), set())
        return next(iter(several)) if len(several) == 1 else None
    return None


def _canonical(written: str) -> str:
    """`Practitioner?identifier=system|value`, whatever else and however escaped it was; "" for other conditions."""
    type_name, _, query = written.partition("?")
    identifier = parse_qs(query).get("identifier", [""])[0]
    system, _, value = identifier.rpartition("|")
    return _asked(type_name, system, value) if value else ""


def look_up_conditional(resources: Iterable[Json], scope: Scope, source_id: int) -> None:
    """Finds what conditional references mean that the Bundle does not say, in the store: this source first, then all.

    One query for all; it makes no choice where several answer.
    """
    asked: set[str] = set()
    for resource in resources:
        for holder, element, _ in _holders(resource, ""):
            if element == "reference" and "?" in holder[element]:
                asked.add(_canonical(holder[element]))
        about = kinds.subject(resource)
        if about and "reference" not in about[1]:
            asked.add(_identified_patient(about[1]))
    asked = {question for question in asked if question and question not in scope.by_identifier}
    if asked:
        tokens = ["identifier=" + question.partition("?identifier=")[2] for question in asked]
        _answer(asked, tokens, scope, source_id)


def _answer(asked: set[str], tokens: list[str], scope: Scope, source_id: int) -> None:
    own: dict[str, set[Target]] = defaultdict(set)
    others: dict[str, set[Target]] = defaultdict(set)
    rows = Resource.objects.filter(tokens__overlap=tokens).values_list("type", "id", "tokens", "source_id")
    for type_name, found_id, found_tokens, found_source in rows:
        for token in found_tokens:
            question = f"{type_name}?{token}"
            if question in asked:
                (own if found_source == source_id else others)[question].add((type_name, found_id))
    for question in asked:
        # A person is only ever taken from the same source; matching decides who is who between sources.
        elsewhere = set() if question.startswith("Patient?") else others[question]
        scope.by_identifier[question] = own[question] or elsewhere
