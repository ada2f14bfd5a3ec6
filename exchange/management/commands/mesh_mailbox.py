"""`mesh_mailbox ID …`: set up a mailbox of ours at MESH, or change it."""

import os
import sys
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from access.actor import system
from exchange.errors import DeliveryError
from exchange.mesh import actions
from exchange.mesh.mailbox import try_out
from exchange.models import Mailbox


class Command(BaseCommand):
    help = (
        "Set up a mailbox of ours at MESH, or change it: what is not given stays. The password and the environment's "
        "shared key are read from GP_MESH_PASSWORD and GP_MESH_SHARED_KEY, or asked for; they are kept encrypted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("mailbox", help="as MESH names it, such as X26HC005")
        parser.add_argument("--ods", default="", help="ODS code of the organisation here whose mailbox it is")
        parser.add_argument("--url", default="", help="of MESH, without /messageexchange")
        parser.add_argument("--workflow", action="append", default=[], help="a workflow id expected there; repeat it")
        parser.add_argument("--certificate", type=Path, help="our certificate towards MESH (PEM)")
        parser.add_argument("--key", type=Path, help="its key (PEM)")
        parser.add_argument("--ca", type=Path, help="the authority that signs for MESH (PEM)")
        parser.add_argument("--disable", action="store_true", help="fetch nothing and hand nothing over")
        parser.add_argument("--check", action="store_true", help="shake hands with MESH afterwards")

    def handle(self, *args: Any, **options: Any) -> None:
        known = Mailbox.objects.filter(mailbox_id=options["mailbox"].upper()).exists()
        files = {"client_certificate": "certificate", "client_key": "key", "ca": "ca"}
        values = {name: _text(options[option]) for name, option in files.items()}
        values |= {"url": options["url"].rstrip("/"), "workflows": options["workflow"]}
        values |= {"password": _secret("GP_MESH_PASSWORD", "Password of the mailbox: ", ask=not known)}
        values |= {"shared_key": _secret("GP_MESH_SHARED_KEY", "Shared key of the environment: ", ask=not known)}
        try:
            mailbox = actions.set_up_mailbox(
                mailbox_id=options["mailbox"],
                ods=options["ods"],
                settings=actions.Settings(values),
                enabled=not options["disable"],
                by=system("mesh_mailbox"),
            )
            if options["check"]:
                try_out(mailbox)
        except (actions.NotSetUp, OSError) as error:
            raise CommandError(str(error)) from None
        except DeliveryError as error:
            raise CommandError(f"Set up, but MESH does not let us in: {error.sentence}") from None
        self.stdout.write(f"Mailbox {mailbox} is {'in use' if mailbox.enabled else 'switched off'}.")


def _text(path: Path | None) -> str:
    return path.read_text() if path else ""


def _secret(name: str, question: str, *, ask: bool) -> str:
    """From the environment; from whoever sits there where it is needed and somebody does. Never an argument."""
    found = os.environ.get(name, "")
    return getpass(question) if not found and ask and sys.stdin.isatty() else found
