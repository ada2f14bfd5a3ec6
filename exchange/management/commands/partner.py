"""Add, change, list and test partners from the command line."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.forms.models import model_to_dict

from access.actor import system
from exchange.models import Partner
from exchange.partnering import actions, checking
from exchange.partnering.forms import PartnerForm
from exchange.partnering.sentences import FAILED, PHASES

BY = system("partner command")
_FILES = ("ca", "client_certificate", "client_key", "jwks")


class Command(BaseCommand):
    help = "partner list | add ODS … | change ODS … | test ODS. Certificates, keys and JWK Sets are given as files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=["list", "add", "change", "test"])
        parser.add_argument("ods_code", nargs="?", default="")
        for name in PartnerForm.base_fields:
            if name != "ods_code":
                kind = "file" if name in _FILES else "value"
                parser.add_argument(f"--{name.replace('_', '-')}", metavar=kind.upper())

    def handle(self, *args: Any, **options: Any) -> None:
        if options["act"] == "list":
            for one in Partner.objects.select_related("organisation").order_by("organisation__name"):
                self.stdout.write(f"{one.organisation.ods_code}  {one}  {one.get_transport_display()}")
            return
        found = (
            Partner.objects.select_related("organisation").filter(organisation__ods_code=options["ods_code"]).first()
        )
        if options["act"] == "add":
            self._save(None, options)
        elif found is None:
            raise CommandError("There is no partner with this ODS code.")
        elif options["act"] == "change":
            self._save(found, options)
        else:
            self._test(found)

    def _save(self, partner: Partner | None, options: dict[str, Any]) -> None:
        if partner is not None and options["name"]:
            raise CommandError("The name of a partner stays.")
        form = PartnerForm(_given(partner, options), partner=partner)
        if not form.is_valid():
            said = [f"{form.fields[name].label}: {errors[0]}" for name, errors in form.errors.items()]
            raise CommandError("Nothing was changed. " + "; ".join(said))
        saved = actions.save(partner=partner, fields=form.cleaned_data, by=BY)
        self.stdout.write(f"{saved.organisation.name} is saved.")

    def _test(self, partner: Partner) -> None:
        for step in checking.steps(partner):
            self.stdout.write(
                f"{PHASES[step.phase]}: {step.ended}, {step.milliseconds} ms. {step.sentence} {step.turn}"
            )
            if step.ended == FAILED:
                raise CommandError("The test ended there.")


def _given(partner: Partner | None, options: dict[str, Any]) -> dict[str, Any]:
    """What the form is given: what stands there, and over it what the command names."""
    fields = [name for name in PartnerForm.base_fields if name not in ("ods_code", "name", "client_key")]
    usual = {name: field.initial for name, field in PartnerForm.base_fields.items() if field.initial is not None}
    given: dict[str, Any] = {"transport": Partner.Transport.BARS} | usual
    if partner is not None:
        given = model_to_dict(partner, fields)
        given["jwks"] = json.dumps(given["jwks"]) if given["jwks"] else ""
    said = {name: options[name] for name in PartnerForm.base_fields if options.get(name)}
    for name in _FILES:
        if name in said:
            said[name] = Path(said[name]).read_text()
    return given | said
