"""Large inline data, kept once beside the resources and put back when one is read whole."""

import datetime as dt
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from exchange.fhir import numbers
from records.drawing import Json, every, human_name, text_at
from records.models import Attachment, Patient, PatientLink, Resource, ResourceVersion
from records.people import restricted
from records.screen.claims import Source, source

#: Base64 text longer than this is kept apart.
INLINE_LIMIT: Final = 64 * 1024
_MARK: Final = "attachment:sha256:"  # a colon is not base64, so nothing received can look like this
_MARKED: Final = re.compile(r'"data":"attachment:sha256:([0-9a-f]{64})"')


def _holders(node: Any) -> Iterator[Json]:
    if isinstance(node, list):
        for one in node:
            if isinstance(one, dict | list):
                yield from _holders(one)
        return
    for value in node.values():
        if isinstance(value, dict | list):
            yield from _holders(value)
    if isinstance(node.get("data"), str):
        yield node


def take_out(resource: Json) -> dict[str, str]:
    """Replaces long inline data by a mark, in place; gives SHA-256 → base64 text as received."""
    taken = {}
    for holder in _holders(resource):
        if len(holder["data"]) > INLINE_LIMIT:
            digest = sha256(holder["data"].encode()).hexdigest()
            taken[digest] = holder["data"]
            holder["data"] = _MARK + digest
    return taken


def _marks(resource: Json) -> Iterator[str]:
    """The SHA-256 of each piece of data that was taken out."""
    return (one["data"].removeprefix(_MARK) for one in _holders(resource) if one["data"].startswith(_MARK))


def put_back(resource: Json, kept: Mapping[str, str]) -> Json:
    """The resource with its data put back where it was taken out, as far as `kept` has it. The given one stays."""
    if not any(mark in kept for mark in _marks(resource)):
        return resource
    whole = deepcopy(resource)
    for one in _holders(whole):
        one["data"] = (
            kept.get(one["data"].removeprefix(_MARK), one["data"]) if one["data"].startswith(_MARK) else one["data"]
        )
    return whole


def full(resource: Resource, version: ResourceVersion | None = None) -> str:
    """The body, or that of an earlier version, with its inline data put back, as it may be shown (FHIR JSON text).

    It is what was received but for id, meta and references; of a restricted person without where they are.
    """
    body = version.body if version else resource.body
    wanted = set(_MARKED.findall(body))
    if wanted:
        kept = dict(Attachment.objects.filter(pk__in=wanted).values_list("sha256", "base64"))
        body = _MARKED.sub(lambda mark: f'"data":"{kept[mark[1]]}"', body)
    return restricted.shown(body, resource.patient_id)


def several(resources: Sequence[Resource]) -> dict[UUID, Json]:
    """The same for many at once, parsed: their present bodies as they may be shown."""
    texts = {one.pk: one.body for one in resources}
    wanted = {mark for text in texts.values() for mark in _MARKED.findall(text)}
    kept = dict(Attachment.objects.filter(pk__in=wanted).values_list("sha256", "base64")) if wanted else {}
    hidden = restricted.wheres(one.patient_id for one in resources)
    found = {}
    for one in resources:
        whole = put_back(json.loads(texts[one.pk]), kept)
        where = hidden.get(one.patient_id)
        found[one.pk] = whole if where is None else restricted.redacted(whole, where)
    return found


# Who sources say somebody is -----------------------------------------------------------------------------------------
_NAMED: Final = re.compile(r'"reference":"[A-Za-z]+/([0-9a-f-]{36})"')


@dataclass(frozen=True, slots=True)
class Told:
    """One source's FHIR Patient of one person, as it may be shown, and the names of what it refers to."""

    person: UUID
    source: Source
    at: dt.datetime
    fhir: Json
    names: Mapping[str, str] = field(default_factory=dict)

    def name(self, reference: Any) -> str:
        """The name of what a Reference points to, also to what is contained; "" if it is not known."""
        if not isinstance(reference, dict):
            return ""
        target = str(reference.get("reference", ""))
        inner = next((one for one in every(self.fhir.get("contained")) if f"#{one.get('id')}" == target), {})
        contained = human_name(next(iter(every(inner.get("name"))), None)) or text_at(inner, "name")
        return str(reference.get("display") or contained or self.names.get(target.rpartition("/")[2], ""))


def of_people(people: Iterable[UUID]) -> list[Told]:
    """Every source's FHIR Patient of people, in the order in which they first told us. Three queries.

    Of somebody restricted, or joined to somebody restricted, without where they are.
    """
    links = PatientLink.objects.filter(patient__in=list(people)).order_by("pk")
    columns = ("patient", *(f"source__{name}" for name in ("id", "letters", "name", "kind")), "resource__stored_at")
    rows = list(links.values_list(*columns, "resource__body"))
    hidden = _restricted({row[0] for row in rows})
    names = _names({found for row in rows for found in _NAMED.findall(row[6])})
    told = []
    for person, pk, letters, name, kind, at, body in rows:
        fhir = numbers.loads(body)
        fhir = restricted.redacted(fhir, restricted.NOWHERE) if person in hidden else fhir
        told.append(Told(person, source(pk, letters, name, kind), at, fhir, names))
    return told


def links_of(people: Iterable[UUID]) -> Counter[UUID]:
    """How many Patients of sources each person has."""
    return Counter(PatientLink.objects.filter(patient__in=list(people)).values_list("patient", flat=True))


def _restricted(people: set[UUID]) -> set[UUID]:
    return set(Patient.objects.filter(pk__in=people, restricted=True).values_list("pk", flat=True))


def _names(rows: set[str]) -> dict[str, str]:
    """Names of stored practitioners and organisations by row."""
    named = Resource.objects.filter(pk__in=rows, patient__isnull=True) if rows else Resource.objects.none()
    return {str(pk): display for pk, display in named.values_list("pk", "display")}
