"""Columns of stored rows drawn again from their bodies, after records.kinds has learned to draw more or otherwise.

What was received and its version stay as they are, and `stored_at` does: nothing becomes new to a reader by it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from access import audit
from access.actor import Actor, acting
from exchange.fhir import numbers
from records import kinds
from records.ingest import rows
from records.ingest.naming import NAMED, Names
from records.ingest.restricting import may_be_shown
from records.ingest.storing import take_turn
from records.models import Resource
from records.people import restricted
from records.search import keeping

_BATCH: Final = 500
_REFERENCE: Final = re.compile(r'"reference":"([A-Za-z]+)/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"')
_DRAWN: Final = tuple(kinds.Columns.__dataclass_fields__)
_READ: Final = ("id", "patient_id", "body", *_DRAWN)


def redraw(*, by: Actor, types: Iterable[str] = (), told: Callable[[int], object] = lambda number: None) -> int:
    """Draws every stored row again (or those of some FHIR types), a batch a transaction; gives how many changed.

    A second run changes nothing. `told` hears after each batch how many rows it held.
    """
    wanted = Resource.objects.filter(type__in=types) if types else Resource.objects.all()
    changed, after = 0, UUID(int=0)
    while True:
        with acting(by):
            take_turn()
            found = list(wanted.filter(pk__gt=after).order_by("pk").values(*_READ)[:_BATCH])
            if not found:
                audit.record(by=by, action="drew columns again", note=f"{changed} rows changed")
                return changed
            made = list(_different(found))
            rows.redraw(made)
            keeping.again(Resource.objects.filter(pk__in=[one["id"] for one in made]))
        changed, after = changed + len(made), found[-1]["id"]
        told(len(found))


def _different(found: Iterable[dict[str, Any]]) -> Iterator[rows.Row]:
    """The rows whose columns come out otherwise than they are stored; of restricted people without where they are."""
    found = list(found)
    hidden = restricted.wheres({row["patient_id"] for row in found})
    names = Names()
    names.know({UUID(pk) for row in found for kind, pk in _REFERENCE.findall(row["body"]) if kind in NAMED})
    for row in found:
        columns = may_be_shown(numbers.loads(row["body"]), names, hidden.get(row["patient_id"]))
        if any(getattr(columns, name) != row[name] for name in _DRAWN):
            yield rows.row({"id": row["id"]}, columns)
