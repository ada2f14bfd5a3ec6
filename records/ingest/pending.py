"""References whose target was not there yet: looked at again when everything is in, since it may come later.

They wait in a temporary file, so that their number does not matter. What still leads nowhere becomes a finding; what
belongs to somebody who came later is given to that person.
"""

import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Final
from uuid import UUID

from django.db import connection
from django.utils import timezone

from access.models import Organisation
from records.ingest.persons import links
from records.kinds import SUBJECTS
from records.models import Finding
from records.search.keeping import keep_letters

_AT_ONCE: Final = 5000
_LONGEST_ABOUT: Final = 255
Waiting = tuple[UUID, UUID | None, str, str]  # row, target, type of target, FHIRPath


class Pending:
    """The waiting references of one ingest."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None

    def wait(self, row: UUID, target: UUID | None, type_name: str, path: str) -> None:
        """Remembers that a row refers to a target not known to be there; None when nothing can be named."""
        if self._file is None:
            self._file = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by close()
        self._file.write(f"{row} {target or '-'} {type_name or '-'} {path}\n")

    def settle(self) -> int:
        """Looks at all of them again; gives the number that lead nowhere, each of them a finding now."""
        if self._file is None:
            return 0
        self._file.seek(0)
        dangling = 0
        while lines := list(islice(self._file, _AT_ONCE)):
            dangling += _settle([_read(line) for line in lines])
        return dangling

    def close(self) -> None:
        """Forgets all of them."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _read(line: str) -> Waiting:
    row, target, type_name, path = line.rstrip("\n").split(" ", 3)
    return UUID(row), None if target == "-" else UUID(target), type_name, path


def _settle(waiting: list[Waiting]) -> int:
    there = _existing(target for _, target, _, _ in waiting if target)
    came = [one for one in waiting if one[1] in there]
    _give_to_people(came)
    give_texts((row, target) for row, target, type_name, _ in came if type_name == "Binary" and target)
    lost = [one for one in waiting if one[1] is None or one[1] not in there]
    stored = _existing(row for row, _, _, _ in lost)  # a rejected entry leaves no finding
    found = [
        Finding(kind=Finding.Kind.DANGLING, resource_id=row, about=_about(path, type_name, target))
        for row, target, type_name, path in lost
        if row in stored
    ]
    record(found)
    return len(found)


def _about(path: str, type_name: str, target: UUID | None) -> str:
    return (f"{path} {type_name}/{target}" if target else path)[:_LONGEST_ABOUT]


def _existing(ids: Iterable[UUID]) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM records_resource WHERE id = ANY(%s)", [list(set(ids))])
        return {found for (found,) in cursor.fetchall()}


def _is_subject(path: str) -> bool:
    """Whether a FHIRPath such as Observation.subject says whose record a resource is."""
    steps = path.split(".")
    own = len(steps) == 2 and steps[1].partition("[")[0] in SUBJECTS
    return own or (steps[0] == "Appointment" and steps[-1] == "actor")


def _give_to_people(waiting: list[Waiting]) -> None:
    """Resources stored before their Patient: they belong to that person now."""
    asked = {row: target for row, target, type_name, path in waiting if type_name == "Patient" and _is_subject(path)}
    people = links(target for target in asked.values() if target)
    given = [(row, people[target]) for row, target in asked.items() if target in people]
    if given:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE records_resource SET patient_id = new.patient FROM unnest(%s::uuid[], %s::uuid[]) "
                "AS new (row, patient) WHERE id = new.row AND patient_id IS NULL",
                [[row for row, _ in given], [person for _, person in given]],
            )


def give_texts(pairs: Iterable[tuple[UUID, UUID]]) -> None:
    """A Binary names nobody; it belongs to the person of the row that refers to it: (row, Binary)."""
    known = list(pairs)
    if known:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE records_resource SET patient_id = about.patient_id FROM unnest(%s::uuid[], %s::uuid[]) "
                "AS pair (row, text) JOIN records_resource about ON about.id = pair.row "
                "WHERE records_resource.id = pair.text AND records_resource.type = 'Binary' "
                "AND records_resource.patient_id IS NULL AND about.type = 'DocumentReference'",
                [[row for row, _ in known], [text for _, text in known]],
            )
        keep_letters(row for row, _ in known)


def record(findings: list[Finding]) -> None:
    """Stores findings; one that was settled and is there again is open again, unless a person settled it."""
    unique = {(f.kind, f.resource_id, f.about): f for f in findings}
    if not unique:
        return
    by_a_person = Finding.objects.filter(resource__in=[f.resource_id for f in findings]).exclude(settled_by="")
    for key in by_a_person.values_list("kind", "resource_id", "about"):
        unique.pop(key, None)
    Finding.objects.bulk_create(
        unique.values(),
        update_conflicts=True,
        unique_fields=["kind", "resource", "about"],
        update_fields=["settled_at"],
    )


def settle_earlier(source: Organisation) -> None:
    """Closes this source's findings of earlier ingests whose missing thing has come in the meantime."""
    for findings in _in_pieces(
        Finding.objects.filter(kind=Finding.Kind.DANGLING, settled_at__isnull=True, resource__source=source)
        .values_list("pk", "resource_id", "about")
        .iterator(_AT_ONCE)
    ):
        waiting = [(pk, row, *_target(about)) for pk, row, about in findings]
        there = _existing(target for _, _, target, _, _ in waiting if target)
        came = [(pk, (row, target, kind, path)) for pk, row, target, kind, path in waiting if target in there]
        _give_to_people([one for _, one in came])
        give_texts((row, target) for _, (row, target, kind, _) in came if kind == "Binary" and target)
        _close([pk for pk, _ in came])


def _target(about: str) -> tuple[UUID | None, str, str]:
    path, _, named = about.partition(" ")
    type_name, _, target = named.partition("/")
    try:
        return UUID(target), type_name, path
    except ValueError:
        return None, type_name, path


def _close(findings: list[int]) -> None:
    Finding.objects.filter(pk__in=findings).update(settled_at=timezone.now())


def _in_pieces(rows: Iterable[tuple[int, UUID, str]]) -> Iterator[list[tuple[int, UUID, str]]]:
    rows = iter(rows)
    while piece := list(islice(rows, _AT_ONCE)):
        yield piece


def settle_of(rows: Iterable[UUID]) -> None:
    """Closes the findings of rows that are about to be read anew: what still holds is found again."""
    Finding.objects.filter(kind=Finding.Kind.DANGLING, settled_at__isnull=True, resource__in=list(rows)).update(
        settled_at=timezone.now()
    )
