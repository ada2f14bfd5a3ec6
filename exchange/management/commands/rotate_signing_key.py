"""Make a new key that signs our assertions at partners."""

import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from access import audit
from access.actor import system
from exchange import keys
from exchange.models import Partner
from ui.dates import when


class Command(BaseCommand):
    help = (
        "Makes a new signing key and publishes it beside the old one. It signs after GP_SIGNING_KEY_OVERLAP_HOURS, and "
        "as long afterwards the old one is published no more; nothing else has to be done."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--algorithm", choices=[str(one) for one in Partner.Algorithm], default=keys.ALGORITHM)

    def handle(self, *args: Any, **options: Any) -> None:
        algorithm: str = options["algorithm"]
        try:
            kid, begins = keys.rotate(algorithm)
        except keys.TooEarly:
            raise CommandError(
                "Nothing was changed: the newest key does not sign yet. Try again when it does."
            ) from None
        with transaction.atomic():
            audit.record(by=system("rotate_signing_key"), action="made new signing key", note=f"{algorithm} {kid}")
        begins_at = dt.datetime.fromtimestamp(begins, dt.UTC)
        self.stdout.write(f"The new key is published now and signs from {when(begins_at)} on.")
