"""`take_in_services PATH…`: services that others publish, from FHIR Bundles, into the directory."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from access.actor import system
from exchange.directory import actions
from exchange.directory.reading import NotUsable, Offered, offered
from exchange.fhir import numbers
from exchange.fhir.bundles import BundleError


class Command(BaseCommand):
    help = "Take services into the directory from FHIR Bundles of HealthcareService, Location and Organization."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, help="JSON files")

    def handle(self, *args: Any, **options: Any) -> None:
        found: list[Offered] = []
        for path in options["paths"]:
            for one in _of(path):
                if isinstance(one, NotUsable):
                    self.stderr.write(f"{path.name}: {one}.")
                else:
                    found.append(one)
        taken = actions.take_in(offers=found, by=system("directory import"))
        self.stdout.write(
            f"new {taken.new} changed {taken.changed} unchanged {taken.unchanged}; kept as set by hand {taken.kept}"
        )


def _of(path: Path) -> list[Offered | NotUsable]:
    try:
        read = numbers.loads(path.read_bytes())
        if not isinstance(read, dict):
            raise CommandError(f"{path.name} holds no FHIR resource. Nothing was taken in.")
        return list(offered(read))
    except OSError as error:
        raise CommandError(f"{path.name} cannot be read: {error.strerror}. Nothing was taken in.") from None
    except (numbers.JsonError, BundleError) as error:
        raise CommandError(f"{path.name} {error}. Nothing was taken in.") from None
