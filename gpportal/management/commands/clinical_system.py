"""`clinical_system ODS NAME --issuer URL --jwks FILE`: let a practice's clinical system open patients here."""

import json
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from access import audit
from access.actor import system
from access.models import Organisation
from exchange.models import ClinicalSystem
from gpportal import demonstration_link

_NEEDED: Final = ("ods", "name", "issuer", "jwks")


class Command(BaseCommand):
    help = (
        "Register a clinical system by its public keys, or change them; --disable refuses its links. "
        "--demo-link prints a link that opens a patient of the demonstration."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ods", nargs="?", help="ODS code of the practice")
        parser.add_argument("name", nargs="?", help="what the practice calls it")
        parser.add_argument("--issuer", help="the iss of its links")
        parser.add_argument("--jwks", type=Path, help="file with its public keys (JWK Set)")
        parser.add_argument("--disable", action="store_true", help="refuse its links from now on")
        parser.add_argument(
            "--demo-link", action="store_true", help="print a link to try, nothing else; only with GP_DEMO"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["demo_link"]:
            self._print_link(options)
            return
        if any(not options[name] for name in _NEEDED):
            raise CommandError("ODS, NAME, --issuer and --jwks are needed, or --demo-link alone.")
        organisation = Organisation.objects.filter(ods_code=options["ods"]).first()
        if organisation is None:
            raise CommandError("There is no organisation with this ODS code.")
        found = self._register(organisation, options)
        self.stdout.write(f"{found.name} {'may open patients' if found.enabled else 'is refused'}")

    @transaction.atomic
    def _register(self, organisation: Organisation, options: dict[str, Any]) -> ClinicalSystem:
        found, _ = ClinicalSystem.objects.update_or_create(
            issuer=options["issuer"],
            defaults={
                "organisation": organisation,
                "name": options["name"],
                "jwks": _public_keys(options["jwks"]),
                "enabled": not options["disable"],
            },
        )
        audit.record(by=system("operator"), action="registered clinical system", of=found, note=found.name)
        return found

    def _print_link(self, options: dict[str, Any]) -> None:
        if not settings.DEMO:
            raise CommandError("--demo-link trusts a clinical system that anybody plays; refused unless GP_DEMO=1")
        if options["disable"] or any(options[name] for name in _NEEDED):
            raise CommandError("--demo-link stands alone.")
        try:
            address = demonstration_link.link()
        except Organisation.DoesNotExist:
            raise CommandError("There is no demonstration practice here yet: start ./gp run once.") from None
        who = demonstration_link.whom()
        self.stdout.write(address)
        self.stderr.write(f"Opens {who.given} {who.family} once, within five minutes, for whoever signs in.")


def _public_keys(file: Path) -> dict[str, Any]:
    try:
        given = KeySet.import_key_set(json.loads(file.read_text()))
        return dict(given.as_dict(private=False))
    except (OSError, ValueError, KeyError, TypeError, JoseError):
        raise CommandError("The file holds no JWK Set.") from None
