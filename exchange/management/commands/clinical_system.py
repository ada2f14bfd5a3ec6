"""`clinical_system ODS NAME --issuer URL --jwks FILE`: let a practice's clinical system open patients here."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from access import audit
from access.actor import system
from access.models import Organisation
from exchange.models import ClinicalSystem


class Command(BaseCommand):
    help = "Register a clinical system by its public keys, or change them; --disable refuses its links."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ods", help="ODS code of the practice")
        parser.add_argument("name", help="what the practice calls it")
        parser.add_argument("--issuer", required=True, help="the iss of its links")
        parser.add_argument("--jwks", type=Path, required=True, help="file with its public keys (JWK Set)")
        parser.add_argument("--disable", action="store_true", help="refuse its links from now on")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = Organisation.objects.filter(ods_code=options["ods"]).first()
        if organisation is None:
            raise CommandError("There is no organisation with this ODS code.")
        try:
            given = KeySet.import_key_set(json.loads(options["jwks"].read_text()))
            public = given.as_dict(private=False)
        except (OSError, ValueError, KeyError, TypeError, JoseError):
            raise CommandError("The file holds no JWK Set.") from None
        with transaction.atomic():
            found, _ = ClinicalSystem.objects.update_or_create(
                issuer=options["issuer"],
                defaults={
                    "organisation": organisation,
                    "name": options["name"],
                    "jwks": public,
                    "enabled": not options["disable"],
                },
            )
            audit.record(by=system("operator"), action="registered clinical system", of=found, note=found.name)
        self.stdout.write(f"{found.name} {'may open patients' if found.enabled else 'is refused'}")
