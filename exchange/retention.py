"""What is not kept for ever: the content of messages that were settled long ago, and what proves identity only once.

Rows, ids, hashes, tries and notes stay; who asks years later still learns what was exchanged with whom and when. Never
touched is what waits for somebody or something, and what a room above still needs the bytes of: a letter's are kept by
its message and by nothing else.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from access import audit
from access.actor import system
from exchange import happenings
from exchange.models import InboxMessage, OutboxMessage, UsedAssertion, UsedContext

log = structlog.get_logger(__name__)
BY: Final = system("retention")
AT_ONCE: Final = 500
_SENT: Final = Q(state__in=(OutboxMessage.State.DELIVERED, OutboxMessage.State.SET_ASIDE))
_CAME: Final = Q(state__in=(InboxMessage.State.FILED, InboxMessage.State.DEALT_WITH))


def remove_old() -> dict[str, int]:
    """Remove what is past its time, a few hundred rows at a time so that nobody waits. Returns how many of each."""
    now = timezone.now()
    done = {
        "assertions": _delete(UsedAssertion.objects.filter(expires_at__lt=now)),
        "contexts": _delete(UsedContext.objects.filter(expires_at__lt=now)),
    }
    if settings.KEEP_MESSAGES_DAYS:
        before = now - timedelta(days=settings.KEEP_MESSAGES_DAYS)
        sent, came = OutboxMessage.objects.filter(_SENT), InboxMessage.objects.filter(_CAME)
        done["sent"] = _empty(sent, before, "sent", {"payload": "", "answer": ""})
        done["received"] = _empty(came, before, "received", {"payload": "", "reply": ""})
    log.info("old content removed", **done)
    return done


def _empty(found: QuerySet[Any], before: datetime, kind: str, nothing: dict[str, str]) -> int:
    removed = 0
    for ids in _batches(found.filter(settled_at__lt=before, content_removed_at=None)):
        wanted = set(ids) - happenings.still_needed(kind, ids)
        with transaction.atomic():
            rows = found.filter(pk__in=wanted, content_removed_at=None)
            free = list(rows.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True))
            count = found.model.objects.filter(pk__in=free).update(content_removed_at=timezone.now(), **nothing)
            if count:
                audit.record(by=BY, action="removed content of old messages", note=f"{count} {kind}")
        removed += count
    return removed


def _batches(found: QuerySet[Any]) -> Iterator[list[UUID]]:
    """Primary keys in the order in which they were settled; each batch goes on where the one before it ended."""
    rest = found.order_by("settled_at", "pk")
    while rows := list(rest.values_list("settled_at", "pk")[:AT_ONCE]):
        yield [pk for _, pk in rows]
        at, last = rows[-1]
        rest = found.filter(Q(settled_at__gt=at) | Q(settled_at=at, pk__gt=last)).order_by("settled_at", "pk")


def _delete(found: QuerySet[Any]) -> int:
    removed = 0
    while ids := list(found.order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        removed += found.model.objects.filter(pk__in=ids).delete()[0]
    return removed
