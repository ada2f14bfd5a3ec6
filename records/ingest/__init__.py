"""Taking FHIR R4 into the record store: read, check, resolve, match, store, report."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from access import audit
from access.actor import Actor, acting
from access.models import Organisation
from records.ingest.intake import Intake
from records.ingest.keeping import keep
from records.ingest.pending import settle_earlier
from records.ingest.reading import Group, files, groups
from records.ingest.report import Report
from records.ingest.storing import store

__all__ = ["Group", "Report", "files", "ingest"]


def ingest(
    paths: Iterable[Path],
    *,
    source: Organisation,
    by: Actor,
    practice: Organisation | None = None,
    report: Report | None = None,
    read: Callable[[int], object] = lambda length: None,
) -> Report:
    """Takes files (see `files`) into the store as said by `source`; with `practice`, its patients are registered there.

    What is not valid is rejected with its reason and nothing else stops: `report` counts. `read` is told the bytes
    read, for a progress bar. Running it again with the same files changes nothing.
    """
    intake = Intake(source, by, practice, report=report or Report())
    try:
        with _rarely_collected():
            for path in paths:
                _take(intake, path, read)
        with acting(by):
            intake.report.findings += intake.pending.settle()
            settle_earlier(source)
    finally:
        intake.pending.close()
    return intake.report


def _take(intake: Intake, path: Path, read: Callable[[int], object]) -> None:
    intake.file = path.name
    with acting(intake.by):
        intake.received, intake.again = keep(path, intake.source)
        note = f"from {intake.source.ods_code}"
        audit.record(by=intake.by, action="took in a file", of=intake.received, note=note)
    for group in groups(path, read):
        store(intake, group)


@contextmanager
def _rarely_collected() -> Iterator[None]:
    """Parsed JSON has no cycles: looking for some after every few hundred objects costs a tenth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
