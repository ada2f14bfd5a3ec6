"""manage.py pull: ask partners about a patient, or about everybody with an appointment tomorrow."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access.actor import system
from exchange.models import Partner
from records.models import Patient, SourceCheck
from records.pulling import actions, schedule

BY = system("operator")


class Command(BaseCommand):
    help = (
        "Asks every partner that lets us read what it holds about a patient, now; or plans it for tomorrow's patients."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("patient", nargs="?", type=UUID, help="the id in the address of the patient's page")
        which.add_argument("--tomorrow", action="store_true", help="everybody with an appointment tomorrow, in a while")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["tomorrow"]:
            self.stdout.write(f"{schedule.wish_tomorrow()} questions planned; workers ask them")
            return
        patient = Patient.objects.filter(pk=options["patient"], merged_into__isnull=True).first()
        if patient is None:
            raise CommandError("There is no patient with this id.")
        if not schedule.may_be_asked(patient):
            raise CommandError("Not asked about: the NHS number is not verified, or the record is restricted.")
        for partner in Partner.objects.filter(pulls=True, enabled=True).select_related("organisation"):
            check, _ = SourceCheck.objects.get_or_create(patient=patient, source=partner.organisation)
            SourceCheck.objects.filter(pk=check.pk, asking=False).update(due_at=timezone.now())
            ended = actions.ask(check_id=check.pk, by=BY)
            check.refresh_from_db()
            why = f" ({check.trouble})" if check.trouble else ""
            self.stdout.write(
                f"{partner.organisation}: {ended}{why}, {check.pages} pages, {check.changed} new or changed"
            )
