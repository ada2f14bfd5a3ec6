"""manage.py ingest PATH… --source ODS: takes FHIR R4 files into the record store."""

import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from access.actor import system
from access.models import Organisation
from records.ingest import Report, files, ingest


class Command(BaseCommand):
    requires_system_checks = ()  # a quick start; ./gp check looks at the settings
    help = (
        "Takes FHIR R4 Bundles, single resources or NDJSON (files, folders, .gz) into the record store as said by one "
        "source. Exit status 1 if anything was rejected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--source", required=True, metavar="ODS", help="who says it; created if unknown")
        parser.add_argument("--practice", metavar="ODS", help="register its patients with this practice")
        parser.add_argument("--rejects", type=Path, metavar="FILE", help="write each rejection there, as NDJSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = files(options["paths"])
        except FileNotFoundError as missing:
            raise CommandError(f"There is no file or folder {missing}") from None
        source = _organisation(options["source"])
        practice = _organisation(options["practice"]) if options["practice"] else None
        total = sum(path.stat().st_size for path in found)
        with ExitStack() as stack:
            bar = stack.enter_context(tqdm(total=total, unit="B", unit_scale=True, desc="ingest", file=sys.stderr))
            rejects = options["rejects"]
            report = Report(
                rejects=stack.enter_context(rejects.open("w", encoding="utf-8")) if rejects else None,
                tell=lambda line: bar.write(line, file=sys.stderr),
            )
            ingest(found, source=source, by=system("ingest"), practice=practice, report=report, read=bar.update)
        if report.findings:
            self.stderr.write(f"{report.findings} references lead nowhere; they are listed as findings")
        self.stdout.write(str(report))
        if report.rejected:
            raise SystemExit(1)


def _organisation(ods_code: str) -> Organisation:
    """The organisation with an ODS code; one unknown so far is called by its code."""
    code = ods_code.strip().upper()
    if not (code.isalnum() and len(code) <= 12):
        raise CommandError(f"{ods_code} is not an ODS code")
    return Organisation.objects.get_or_create(
        ods_code=code, defaults={"name": code, "letters": code[:2], "kind": Organisation.Kind.OTHER}
    )[0]
