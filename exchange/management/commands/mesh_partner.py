"""`mesh_partner ODS [MAILBOX] …`: say which MESH mailbox is a partner's, or ask MESH."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from access.actor import system
from exchange.errors import DeliveryError
from exchange.mesh import actions
from exchange.mesh.mailbox import look_up
from exchange.models import Mailbox


class Command(BaseCommand):
    help = (
        "Say which MESH mailbox is a partner's: what comes from it is theirs. Without a mailbox MESH is asked for it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("ods", help="ODS code of the partner, such as RZZ01")
        parser.add_argument("mailbox", nargs="?", default="", help="as MESH names it, such as X26HC006")
        parser.add_argument("--workflow", default="", help="the workflow id under which we send there")
        parser.add_argument("--send", action="store_true", help="send to this partner by MESH from now on")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["mailbox"]:
            self.stdout.write("\n".join(_asked(options["ods"], options["workflow"])))
            return
        try:
            theirs = actions.name_partners_mailbox(
                ods=options["ods"],
                mailbox_id=options["mailbox"],
                workflow=options["workflow"],
                send=options["send"],
                by=system("mesh_partner"),
            )
        except actions.NotSetUp as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{theirs} is a mailbox of {theirs.partner}.")


def _asked(ods: str, workflow: str) -> list[str]:
    ours = Mailbox.objects.filter(enabled=True).first()
    if ours is None or not workflow:
        raise CommandError("To ask MESH, name the --workflow and set up a mailbox of ours first (mesh_mailbox).")
    try:
        return look_up(ours, ods=ods, workflow=workflow) or ["MESH knows none."]
    except DeliveryError as error:
        raise CommandError(error.sentence) from None
