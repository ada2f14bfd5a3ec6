"""`partner_token ODS [--scope S]`: a bearer token for trying the API in the demonstration."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from exchange import oauth
from exchange.models import Partner


class Command(BaseCommand):
    help = "Print a bearer token for a partner, good for one hour. Only in the demonstration (GP_DEMO)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ods", help="ODS code of the partner, such as RZZ01")
        parser.add_argument("--scope", default=oauth.WRITE, help=f"one or more of: {' '.join(oauth.SCOPES)}")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("partner_token is for the demonstration only: GP_DEMO is not set.")
        if unknown := set(options["scope"].split()) - set(oauth.SCOPES):
            raise CommandError(f"There is no scope {' '.join(sorted(unknown))}; there is {' and '.join(oauth.SCOPES)}.")
        partner = Partner.objects.select_related("organisation").filter(organisation__ods_code=options["ods"]).first()
        if partner is None:
            raise CommandError("There is no partner with this ODS code.")
        self.stdout.write(oauth.bearer(partner, scope=options["scope"], seconds=3600))
