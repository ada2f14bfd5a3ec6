"""manage.py redraw: draws the columns of stored rows again from what was received."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from access.actor import system
from records.ingest.redrawing import redraw
from records.models import Resource


class Command(BaseCommand):
    requires_system_checks = ()  # a quick start; ./gp check looks at the settings
    help = (
        "Draws the columns of stored resources again from their bodies, in batches. Needed after an upgrade that draws "
        "more or otherwise. Changes no body and no version; running it twice changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--type", action="append", default=[], metavar="TYPE", help="only this FHIR type; repeatable"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        types = options["type"]
        number = (Resource.objects.filter(type__in=types) if types else Resource.objects).count()
        with tqdm(total=number, desc="redraw", unit="row", file=sys.stderr) as bar:
            changed = redraw(by=system("redraw"), types=types, told=bar.update)
        self.stdout.write(f"{changed} of {number} rows drawn otherwise than before")
