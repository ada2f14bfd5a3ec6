"""manage.py search_words: keeps what can be found of every stored resource anew."""

import sys
from itertools import islice
from typing import Any, Final

from django.core.management.base import BaseCommand
from django.db import transaction
from tqdm import tqdm

from records.models import Resource
from records.search import keeping

_AT_ONCE: Final = 500


class Command(BaseCommand):
    help = (
        "Keeps the words by which each stored resource is found anew, a few hundred in a transaction: after an upgrade "
        "from a version without search, or when the rules have changed. It may be stopped and run again at any time."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        rows = Resource.objects.exclude(kind="administrative").order_by("pk")
        ids = rows.values_list("pk", flat=True).iterator(10_000)
        with tqdm(total=rows.count(), unit="resource", desc="search words", file=sys.stderr) as bar:
            while piece := list(islice(ids, _AT_ONCE)):
                with transaction.atomic():
                    keeping.again(Resource.objects.filter(pk__in=piece))
                bar.update(len(piece))
