"""Groups of entries into the store: checked, resolved, given to their people, written.

Queries are per batch, never per resource. A transaction Bundle is one transaction; anything else goes batch by batch.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import DataError, connection
from django.utils import timezone

from access.actor import Actor, acting
from access.models import Organisation
from exchange.fhir import numbers, validate
from exchange.fhir.systems import System
from records import bodies, kinds
from records.demographics import demographics
from records.drawing import Json, at
from records.ingest import letters, persons, rows
from records.ingest.identity import digest, row_id, source_key
from records.ingest.naming import Names
from records.ingest.pending import Pending, give_texts, record, settle_of
from records.ingest.reading import Entry, Group
from records.ingest.references import Pointer, Scope, look_up_conditional, resolve
from records.ingest.report import Rejection, Report
from records.matching import Decision
from records.models import Attachment, Finding, Received

_BATCH: Final = 500
_LOCK: Final = 7301  # advisory lock: one ingest per source at a time
#: Stored first, so that people and names are known when the rest is read.
_FIRST: Final = {
    "Patient": 0,
    "Organization": 1,
    "Practitioner": 1,
    "Location": 1,
    "Medication": 1,
    "HealthcareService": 2,
    "PractitionerRole": 2,
    "RelatedPerson": 2,
}
_REST: Final = 3
_ASKS: Final = re.compile(r'"reference":"[A-Za-z]+\?|"(?:' + "|".join(kinds.SUBJECTS) + r')":\[?{(?!"reference")')


@dataclass(slots=True)
class Intake:
    """What an ingest knows while it runs."""

    source: Organisation
    by: Actor
    practice: Organisation | None = None
    received: Received | None = None
    #: This very file was taken in before.
    again: bool = False
    file: str = ""
    report: Report = field(default_factory=Report)
    names: Names = field(default_factory=Names)
    pending: Pending = field(default_factory=Pending)


@dataclass(slots=True)
class Incoming:
    """One entry on its way in."""

    entry: Entry
    resource: Json
    type: str
    row: UUID
    key: str
    sha256: str
    #: Characters of JSON text.
    length: int
    #: It may refer to something by what it is, not by where: `Patient?identifier=` or a subject's identifier.
    asks: bool
    #: What the store held of it; None for something new.
    before: rows.Known | None = None
    unchanged: bool = False
    pointers: list[Pointer] = field(default_factory=list)
    #: Large data taken out of it: SHA-256 → base64 text.
    kept: dict[str, str] = field(default_factory=dict)
    person: UUID | None = None
    resolved: bool = False


def store(intake: Intake, group: Group) -> list[UUID]:
    """Stores what is valid of a group in transactions of its own; what is not is reported. Gives the rows stored."""
    incoming = _checked(intake, group)
    scope = _scope(intake, incoming)
    if group.atomic:
        return _store_whole(intake, group, incoming, scope)
    for batch in _batches(incoming):
        _store_or_reject(intake, batch, scope)
    return [one.row for one in incoming]


def _store_whole(intake: Intake, group: Group, incoming: list[Incoming], scope: Scope) -> list[UUID]:
    try:
        with acting(intake.by):
            for batch in _batches(incoming):
                _store_batch(intake, batch, scope)
    except DataError:
        rejection = _rejection(intake, Entry(0), "", "the transaction holds a value the store cannot keep")
        intake.report.reject(rejection, entries=len(group.entries))
        return []
    _count(intake, incoming)
    return [one.row for one in incoming]


def store_within(intake: Intake, entries: Sequence[Entry]) -> list[UUID]:
    """Stores entries in the caller's transaction, all of them or none; gives their rows in order.

    Raises ValueError with file, entry and reason when one is not valid.
    """
    refused: list[str] = []
    intake.report.tell = refused.append
    incoming = _checked(intake, Group(list(entries), atomic=True))
    if refused:
        raise ValueError("; ".join(refused))
    scope = _scope(intake, incoming)
    for batch in _batches(incoming):
        _store_batch(intake, batch, scope)
    _count(intake, incoming)
    intake.report.findings += intake.pending.settle()
    intake.pending.close()
    by_entry = {id(one.entry): one.row for one in incoming}
    return [by_entry[id(entry)] for entry in entries]


# Checking -------------------------------------------------------------------------------------------------------------
def _checked(intake: Intake, group: Group) -> list[Incoming]:
    """The valid entries, in the order in which they are stored. The others are reported; in a transaction all are."""
    read = [_incoming(intake, entry) for entry in group.entries]
    incoming = [one for one in read if isinstance(one, Incoming)]
    rejections = [one for one in read if isinstance(one, Rejection)]
    known = rows.known(one.row for one in incoming)
    valid = []
    for one in incoming:
        one.unchanged = _says_nothing_new(intake, one, known.get(one.row))
        issues = [] if one.unchanged else validate.check(one.resource)
        if issues:
            rejections.append(_not_valid(intake, one.entry, issues))
        else:
            valid.append(one)
    if rejections and group.atomic:
        rejections.append(_rejection(intake, Entry(0), "", "a transaction is stored as a whole or not at all"))
        intake.report.reject(*rejections, entries=len(group.entries))
        return []
    intake.report.reject(*rejections, entries=len(group.entries) - len(valid))
    return sorted(valid, key=lambda one: _FIRST.get(one.type, _REST))


def _incoming(intake: Intake, entry: Entry) -> "Incoming | Rejection":
    if entry.problem:
        return _rejection(intake, entry, "", entry.problem)
    if not isinstance(entry.resource, dict):
        return _rejection(intake, entry, "", "is not a FHIR resource")
    type_name = entry.resource.get("resourceType")
    if not validate.known_type(type_name):
        return _rejection(intake, entry, "resourceType", "not a resource type of FHIR R4")
    try:
        text = numbers.dumps(entry.resource)
    except numbers.JsonError as wrong:
        return _rejection(intake, entry, str(type_name), str(wrong))
    if "\\u0000" in text and "\x00" in str(entry.resource):
        return _rejection(intake, entry, str(type_name), "holds a NUL character, which FHIR forbids")
    sha256 = digest(text)
    key = source_key(entry.resource, entry.full_url, sha256)
    row = row_id(intake.source.ods_code, str(type_name), key)
    asks = bool(_ASKS.search(text))
    return Incoming(entry, entry.resource, str(type_name), row, key, sha256, len(text), asks)


def _rejection(intake: Intake, entry: Entry, expression: str, reason: str) -> Rejection:
    return Rejection(intake.file, entry.number, entry.full_url, expression, reason)


def _not_valid(intake: Intake, entry: Entry, issues: list[validate.Issue]) -> Rejection:
    first, *others = issues
    rest = tuple((issue.expression, issue.text) for issue in others)
    return Rejection(intake.file, entry.number, entry.full_url, first.expression, first.text, rest)


def _says_nothing_new(intake: Intake, one: Incoming, known: rows.Known | None) -> bool:
    """Whether the store holds exactly this, or something newer: a file taken in again takes back nothing said since."""
    if known is None:
        return False
    superseded = intake.again and intake.received is not None and (known.received or 0) >= intake.received.pk
    return known.sha256 == one.sha256 or superseded


def _scope(intake: Intake, incoming: Sequence[Incoming]) -> Scope:
    scope = Scope(intake.source.ods_code)
    for one in incoming:
        scope.add(one.resource, one.entry.full_url, one.row)
    look_up_conditional((one.resource for one in incoming if one.asks), scope, intake.source.pk)
    return scope


def _batches(incoming: Sequence[Incoming]) -> Iterator[list[Incoming]]:
    """Some hundred at a time; a second word on the same thing begins a new batch, so that it finds the first stored."""
    batch: dict[UUID, Incoming] = {}
    for one in incoming:
        if one.row in batch or len(batch) >= _BATCH:
            yield list(batch.values())
            batch = {}
        batch[one.row] = one
    if batch:
        yield list(batch.values())


# Writing --------------------------------------------------------------------------------------------------------------
def _store_or_reject(intake: Intake, batch: list[Incoming], scope: Scope) -> None:
    """A batch in one transaction; should the database refuse a value in it, each alone, so that one spoils no other."""
    try:
        with acting(intake.by):
            _store_batch(intake, batch, scope)
    except DataError:
        if len(batch) == 1:
            intake.report.reject(
                _rejection(intake, batch[0].entry, batch[0].type, "holds a value the store cannot keep")
            )
            return
        for one in batch:
            _store_or_reject(intake, [one], scope)
    else:
        _count(intake, batch)


def _count(intake: Intake, incoming: Sequence[Incoming]) -> None:
    for one in incoming:
        if one.before is None:
            intake.report.stored += 1
        elif one.unchanged:
            intake.report.unchanged += 1
        else:
            intake.report.updated += 1


def _store_batch(intake: Intake, batch: list[Incoming], scope: Scope) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_LOCK, intake.source.pk])
    known = rows.known(one.row for one in batch)
    for one in batch:
        one.before = known.get(one.row)
        one.unchanged = _says_nothing_new(intake, one, one.before)
        if not one.resolved:  # a batch that failed is tried again one by one
            one.pointers, one.resolved = resolve(one.resource, scope), True
            one.kept = bodies.take_out(one.resource) if one.length > bodies.INLINE_LIMIT else {}
    intake.names.learn(batch)
    decisions, said = _place_people(intake, batch)
    _give_to_people(intake, batch, scope, decisions)
    changed = [one for one in batch if not one.unchanged]
    now = timezone.now()
    made = [_row(intake, one, now) for one in changed]
    kept = {sha256: base64 for one in changed for sha256, base64 in one.kept.items()}
    Attachment.objects.bulk_create((Attachment(pk=k, base64=v) for k, v in kept.items()), ignore_conflicts=True)
    rows.insert([row for row, one in zip(made, changed, strict=True) if one.before is None])
    again = [one for one in changed if one.before is not None]
    rows.update([row for row, one in zip(made, changed, strict=True) if one.before is not None])
    settle_of(one.row for one in again)
    record(persons.link(said, decisions, intake.source) + _moved(again))
    if intake.practice:
        people = [one.person for one in batch if one.type == "Patient" and one.person]
        persons.register(people, intake.practice)
    letters.file([(one.resource, row) for one, row in zip(changed, made, strict=True)], intake.source)
    give_texts((one.row, p.target) for one in changed for p in one.pointers if p.type == "Binary" and p.target)
    _leave_waiting(intake, batch)


def _place_people(intake: Intake, batch: list[Incoming]) -> tuple[dict[UUID, Decision], list[persons.Said]]:
    said = [
        persons.Said(
            one.row, one.key, demographics(one.resource, intake.names(at(one.resource, "generalPractitioner")))
        )
        for one in batch
        if one.type == "Patient" and not one.unchanged
    ]
    return (persons.place(said, intake.source, intake.practice) if said else {}), said


def _give_to_people(intake: Intake, batch: list[Incoming], scope: Scope, decisions: dict[UUID, Decision]) -> None:
    """Sets whose record each resource belongs to, as far as that Patient is known."""
    patients = {one.row: _patient_row(one, scope) for one in batch}
    people = {row: decision.patient.pk for row, decision in decisions.items()}
    people |= intake.names.people(row for row in patients.values() if row and row not in people)
    intake.names.remember_people(people)
    for one in batch:
        row = patients[one.row]
        one.person = people.get(row) if row else None


def _patient_row(one: Incoming, scope: Scope) -> UUID | None:
    """The row of the FHIR Patient a resource is about."""
    if one.type == "Patient":
        return one.row
    found = kinds.subject(one.resource)
    if found is None:
        return None
    path, reference = found
    for pointer in one.pointers:
        if pointer.path == f"{one.type}.{path}":
            return pointer.target if pointer.type == "Patient" else None
    if "reference" in reference:
        return None
    return scope.patient_by_identifier(reference)


def _row(intake: Intake, one: Incoming, now: dt.datetime) -> rows.Row:
    columns = kinds.draw(one.resource, intake.names.within(one.resource))
    intake.names.remember(one.row, one.type, columns.display)
    version = one.before.version + 1 if one.before else 1
    meta = (one.resource.get("meta") or {}) | {
        "versionId": str(version),
        "lastUpdated": now.isoformat(timespec="milliseconds"),
        "source": f"{System.ODS}|{intake.source.ods_code}",
    }
    body = {"resourceType": one.type, "id": str(one.row), "meta": meta}
    body |= {element: value for element, value in one.resource.items() if element not in body}
    fixed = {
        "id": one.row,
        "source_id": intake.source.pk,
        "type": one.type,
        "source_key": one.key,
        "patient_id": one.person,
        "received_id": intake.received.pk if intake.received else None,
        "version": version,
        "sha256": one.sha256,
        "body": numbers.dumps(body),
    }
    return rows.row(fixed, columns)


def _moved(changed: Sequence[Incoming]) -> list[Finding]:
    """A source that gives a resource to another patient than before: somebody has to look at both."""
    return [
        Finding(
            kind=Finding.Kind.OTHER_PATIENT, resource_id=one.row, patient_id=one.person, about=str(one.before.patient)
        )
        for one in changed
        if one.before and one.before.patient and one.before.patient != one.person
    ]


def _leave_waiting(intake: Intake, batch: Sequence[Incoming]) -> None:
    """References to what is neither in the batch nor remembered are looked at when everything is in."""
    here = {one.row for one in batch}
    for one in batch:
        for pointer in one.pointers:
            if pointer.target is None or not (pointer.target in here or intake.names.knows(pointer.target)):
                intake.pending.wait(one.row, pointer.target, pointer.type, pointer.path)
        if one.person is None and _about_somebody(one):
            intake.pending.wait(one.row, None, "", f"{one.type}.{(kinds.subject(one.resource) or ('', {}))[0]}")


def _about_somebody(one: Incoming) -> bool:
    """Whether a resource names a patient whom no row can be: contained, or by an identifier that nobody bears."""
    found = kinds.subject(one.resource)
    if found is None:
        return False
    written = found[1].get("reference")
    return str(written).startswith("#") if written else "identifier" in found[1]
