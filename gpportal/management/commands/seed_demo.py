"""manage.py seed_demo: the demonstration practice, its neighbours, their staff, and today's appointments."""

import shutil
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.actor import system
from access.models import Organisation
from gpportal import demonstration, demonstration_people
from gpportal.demonstration import dumps
from records.actions import relate
from records.ingest import Report, ingest
from records.models import Patient, PatientLink, Relationship
from referrals import demonstration as demonstration_referrals

PRACTICE, SOCIAL_CARE, HOSPITAL = "Y90001", "VZZ01", "RZZ01"
BY = system("demonstration")


class Command(BaseCommand):
    help = (
        "Fills an empty database with the demonstration: people, organisations, records, partners. Only with GP_DEMO."
    )
    requires_system_checks = ()  # a quick start; ./gp check looks at the settings

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there is data already")
        parser.add_argument(
            "--today", action="store_true", help="only today's appointments and the partners' addresses"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("seed_demo writes invented patients and is refused unless GP_DEMO=1")
        if options["today"]:
            return self._today()
        if options["if_empty"] and Organisation.objects.exists():
            return None
        logins = demonstration_people.seed(by=BY)
        self.stdout.write(f"{len(logins)} logins, {Organisation.objects.count()} organisations")
        self._records()
        self._caseload()
        self._today()
        self.stdout.write(f"{demonstration_referrals.seed()} referrals written")
        return None

    def _records(self) -> None:
        """What practice, hospital and social care say, through the same ingest as any file."""
        with tempfile.TemporaryDirectory() as directory:
            demonstration.write(Path(directory), timezone.localdate())
            for ods_code in demonstration.SOURCES:
                source = Organisation.objects.get(ods_code=ods_code)
                report = ingest(
                    [Path(directory) / f"{ods_code}.ndjson"],
                    source=source,
                    by=BY,
                    practice=source if ods_code == PRACTICE else None,
                    report=Report(tell=self.stderr.write),
                )
                self.stdout.write(f"{source.name}: {report}")
                if report.rejected:
                    raise CommandError("the demonstration's own records must all be valid")

    def _hospital(self) -> None:
        """Hands the sandbox hospital its own records, which it reads when it first starts, so that it can be asked."""
        file = settings.DATA_DIR / "sandbox" / "hospital" / "records.ndjson"
        if settings.SANDBOX_HOSPITAL_URL and not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory() as directory:
                demonstration.write(Path(directory), timezone.localdate())
                shutil.copyfile(Path(directory) / f"{HOSPITAL}.ndjson", file)

    def _caseload(self) -> None:
        """Social care reaches those it knows."""
        organisation = Organisation.objects.get(ods_code=SOCIAL_CARE)
        known = PatientLink.objects.filter(source=organisation).values("patient")
        for patient in Patient.objects.filter(pk__in=known):
            relate(
                patient=patient,
                organisation=organisation,
                kind=Relationship.Kind.CASELOAD,
                why="on the caseload of adult social care",
                by=BY,
            )

    def _today(self) -> None:
        """Appointments of the current day, and where the partners answer today."""
        practice = Organisation.objects.filter(ods_code=PRACTICE).first()
        if practice is None:
            return
        demonstration_people.partners()
        self._hospital()
        day = timezone.localdate()
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / f"appointments-{day.isoformat()}.ndjson"
            lines = [dumps(appointment) for appointment in demonstration.appointments(day)]
            file.write_text("\n".join(lines) + "\n", encoding="utf-8")
            report = ingest([file], source=practice, by=BY, report=Report(tell=self.stderr.write))
        self.stdout.write(f"appointments of {day:%d %B %Y}: {report}")
