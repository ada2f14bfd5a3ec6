"""Taking FHIR R4 into the record store: read, check, resolve, match, store, report."""

from collections.abc import Callable, Iterable
from pathlib import Path

from access import audit
from access.actor import Actor, acting
from access.models import Organisation
from records.ingest.keeping import keep
from records.ingest.pending import settle_earlier
from records.ingest.reading import Group, files, groups
from records.ingest.report import Report
from records.ingest.storing import Intake, store

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
        for path in paths:
            intake.file = path.name
            with acting(by):
                intake.received, intake.again = keep(path, source)
                audit.record(by=by, action="took in a file", of=intake.received, note=f"from {source.ods_code}")
            for group in groups(path, read):
                store(intake, group)
        with acting(by):
            intake.report.findings += intake.pending.settle()
            settle_earlier(source)
    finally:
        intake.pending.close()
    return intake.report
