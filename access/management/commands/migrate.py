"""Django's migrate, run as the owning role, followed by the grants of the app's role."""

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate

from access import roles


class Command(migrate.Command):
    help = "Migrates as the owning database role and then grants the app's role what it needs."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        roles.grant()
