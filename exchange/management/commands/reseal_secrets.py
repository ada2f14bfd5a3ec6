"""Encrypt every secret in the database anew, under the newest key."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from access import audit
from access.actor import system
from exchange import secret_box
from exchange.models.sealed import SealedTextField, Secret


class Command(BaseCommand):
    help = (
        "Encrypts the secrets in the database under the first of GP_SECRET_BOX_KEYS. Afterwards the older keys may be "
        "taken out of that setting."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                done = sum(_reseal(model, field) for model, field in _sealed_columns())
                audit.record(by=system("reseal_secrets"), action="sealed secrets anew", note=f"{done} of them")
        except secret_box.CannotOpen as error:
            raise CommandError(f"Nothing was changed. A secret is {error}.") from None
        self.stdout.write(f"Secrets sealed with the newest key: {done}.")


def _sealed_columns() -> list[tuple[type[models.Model], SealedTextField]]:
    return [
        (model, field)
        for model in apps.get_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, SealedTextField)
    ]


def _reseal(model: type[models.Model], field: SealedTextField) -> int:
    """One column of one table, row by row under lock. Returns how many held a secret."""
    rows = model._base_manager.select_for_update().values_list("pk", field.attname)
    found = [(pk, secret) for pk, secret in rows if secret]
    for pk, secret in found:
        anew = Secret.stored(secret_box.seal_anew(secret.sealed))
        model._base_manager.filter(pk=pk).update(**{field.attname: anew})
    return len(found)
