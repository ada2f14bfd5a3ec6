"""Groups of entries into the store: checked, resolved, given to their people, written.

Queries are per batch, never per resource. A transaction Bundle is one transaction; anything else goes batch by batch.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from django.db import DataError, connection
from django.utils import timezone

from access.actor import acting
from exchange.fhir import numbers
from exchange.fhir.systems import System
from records import bodies, kinds
from records.drawing import at
from records.ingest import letters, persons, restricting, rows, subjects
from records.ingest.checking import checked, rejection, says_nothing_new
from records.ingest.intake import Incoming, Intake
from records.ingest.meaning import says_more
from records.ingest.pending import give_texts, record, settle_of
from records.ingest.reading import Entry, Group
from records.ingest.references import Scope, look_up_conditional, resolve
from records.models import Attachment, Finding
from records.people import comparing, duplicates
from records.people.demographics import demographics
from records.people.matching import Decision
from records.search import keeping

__all__ = ["Intake", "store", "store_within", "take_turn"]

_BATCH: Final = 500
TURN: Final = 7301  # advisory lock: one writer at a time


def store(intake: Intake, group: Group) -> list[UUID]:
    """Stores what is valid of a group in transactions of its own; what is not is reported. Gives the rows stored."""
    incoming = checked(intake, group)
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
        intake.names.forget()
        why = "the transaction holds a value the store cannot keep"
        intake.report.reject(rejection(intake, Entry(0), "", why), entries=len(group.entries))
        return []
    _count(intake, incoming)
    return [one.row for one in incoming]


def store_within(intake: Intake, entries: Sequence[Entry]) -> list[UUID]:
    """Stores entries in the caller's transaction, all of them or none; gives their rows in order.

    Raises ValueError with file, entry and reason when one is not valid.
    """
    refused: list[str] = []
    intake.report.tell = refused.append
    incoming = checked(intake, Group(list(entries), atomic=True))
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


def _scope(intake: Intake, incoming: Sequence[Incoming]) -> Scope:
    scope = Scope(intake.source.ods_code, intake.base)
    for one in incoming:
        scope.add(one.resource, one.entry.full_url, one.row)
    scope.by_full_url.update(intake.known)
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
        intake.names.forget()
        if len(batch) == 1:
            intake.report.reject(
                rejection(intake, batch[0].entry, batch[0].type, "holds a value the store cannot keep")
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


def take_turn() -> None:
    """Wait until nobody else writes to the store, and keep the turn to the end of the transaction.

    Who a patient is, and whether they are restricted, is decided from what all sources have said: two that write at
    once would each decide without the other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURN])


def _store_batch(intake: Intake, batch: list[Incoming], scope: Scope) -> None:
    take_turn()
    known = rows.known(one.row for one in batch)
    for one in batch:
        one.before = known.get(one.row)
        one.unchanged = says_nothing_new(intake, one, one.before)
        if not one.resolved:  # a batch that failed is tried again one by one
            one.pointers, one.resolved = resolve(one.resource, scope), True
            one.kept = bodies.take_out(one.resource) if one.length > bodies.INLINE_LIMIT else {}
    intake.names.learn(batch)
    decisions, said = _place_people(intake, batch)
    subjects.give_to_people(intake, batch, scope, decisions)
    changed = [one for one in batch if not one.unchanged]
    made = _write(intake, changed)
    again = [one for one in changed if one.before is not None]
    _keep_words(changed, made, again)
    settle_of(one.row for one in again)
    record(persons.link(said, decisions, intake.source) + _moved(again))
    if intake.practice:
        people = [one.person for one in batch if one.type == "Patient" and one.person]
        persons.register(people, intake.practice)
    spoken_of = {decision.patient.pk for decision in decisions.values()}
    comparing.settle(spoken_of)
    duplicates.look(spoken_of)
    about = {d.patient.pk for d in decisions.values() if d.patient.restricted or d.was_restricted}
    restricting.settle(about, {one.row: one.person for one in changed})
    letters.file([(one.resource, row) for one, row in zip(changed, made, strict=True)], intake.source)
    give_texts((one.row, p.target) for one in changed for p in one.pointers if p.type == "Binary" and p.target)
    subjects.leave_waiting(intake, batch)


def _write(intake: Intake, changed: Sequence[Incoming]) -> list[rows.Row]:
    """New rows, new versions of old ones, and the large data taken out of them; gives the rows in order."""
    now = timezone.now()
    made = [_row(intake, one, now) for one in changed]
    kept = {sha256: base64 for one in changed for sha256, base64 in one.kept.items()}
    Attachment.objects.bulk_create((Attachment(pk=k, base64=v) for k, v in kept.items()), ignore_conflicts=True)
    rows.insert([row for row, one in zip(made, changed, strict=True) if one.before is None])
    again = [(row, one) for row, one in zip(made, changed, strict=True) if one.before is not None]
    rows.update([row for row, _ in again], _news(again) if again else set())
    return made


def _news(again: Sequence[tuple[rows.Row, Incoming]]) -> set[UUID]:
    """Those among the new versions that say something else to a clinician, or say it of somebody else."""
    before = {row: numbers.loads(body) for row, body in rows.bodies(one.row for _, one in again).items()}
    return {
        one.row
        for row, one in again
        if one.before and (one.before.patient != one.person or says_more(before[one.row], numbers.loads(row["body"])))
    }


def _keep_words(changed: Sequence[Incoming], made: Sequence[rows.Row], again: Sequence[Incoming]) -> None:
    kept = {sha256: base64 for one in changed for sha256, base64 in one.kept.items()}
    stored = [(row, one.resource) for row, one in zip(made, changed, strict=True)]
    keeping.keep(stored, kept, [one.row for one in again])


def _place_people(intake: Intake, batch: list[Incoming]) -> tuple[dict[UUID, Decision], list[persons.Said]]:
    said = [
        persons.Said(
            one.row, one.key, demographics(one.resource, intake.names(at(one.resource, "generalPractitioner")))
        )
        for one in batch
        if one.type == "Patient" and not one.unchanged
    ]
    return (persons.place(said, intake.source, intake.practice, intake.whose) if said else {}), said


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
