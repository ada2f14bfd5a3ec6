"""manage.py find_duplicates: looks at everybody for two who may be one person; for after a change of the rules."""

from itertools import islice
from typing import Any, Final

from django.core.management.base import BaseCommand

from access.actor import acting, system
from records.ingest.storing import take_turn
from records.models import DuplicateSuggestion
from records.people import duplicates
from ui.numbers import count

_AT_ONCE: Final = 500


class Command(BaseCommand):
    help = "Compares all patients and lists those who may be one person under Records to check. Joins nobody."

    def handle(self, *args: Any, **options: Any) -> None:
        ids = list(duplicates.alone().order_by("pk").values_list("pk", flat=True))
        waiting = iter(ids)
        while batch := list(islice(waiting, _AT_ONCE)):
            with acting(system("duplicates")):
                take_turn()
                duplicates.look(batch)
        found = DuplicateSuggestion.objects.filter(state=DuplicateSuggestion.State.OPEN).count()
        self.stdout.write(f"{count(len(ids), 'patient')} compared, {count(found, 'pair')} to be decided")
