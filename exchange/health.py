"""Is work being done? Proven by traffic: what came through lately, not what says that it runs."""

import time
from typing import Any

from django.conf import settings
from django.db.models import F, Min, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from exchange import alerts, claims
from exchange.models import InboxMessage, OutboxMessage, Partner

_SWEPT = "gpportal:swept"
OK, DEGRADED = "ok", "degraded"
#: A queue is late when its oldest message has been due for so long that several sweeps must have missed it.
LATE_SECONDS = 60


def note_sweep() -> None:
    """Called by the sweep, so that its coming through beat, broker and worker can be seen. Raises RedisError."""
    with _broker() as broker:
        broker.set(_SWEPT, str(time.time()), ex=24 * 3600)


def state() -> dict[str, Any]:
    """Each of database, broker, workers, outbox, inbox, partners and MESH as "ok" or "degraded", and figures: counts
    and ages in seconds.

    A partner that does not answer is named by its ODS code; what is for it waits, which is as it should be. Raises
    DatabaseError when the database is unusable.
    """
    queued = OutboxMessage.objects.filter(state=OutboxMessage.State.QUEUED)
    received = InboxMessage.objects.filter(state=InboxMessage.State.RECEIVED)
    outbox = _queue(queued, claims.due().annotate(since=Greatest("due_at", "to__rest_until")))
    inbox = _queue(received, received.filter(due_at__lte=timezone.now()).annotate(since=F("due_at")))
    failing = Partner.objects.filter(enabled=True, failing_since__isnull=False)
    stuck = alerts.stuck()
    silent = sorted(alerts.silent_mailboxes().values_list("mailbox_id", flat=True))
    broker, sweep_age = _sweep()
    lively = sweep_age is not None and sweep_age <= max(30, 3 * settings.SWEEP_SECONDS)
    parts = {
        "database": OK,
        "broker": broker,
        "workers": OK if lively else DEGRADED,
        "outbox": DEGRADED if outbox["overdue_seconds"] > LATE_SECONDS else OK,
        "inbox": DEGRADED if inbox["overdue_seconds"] > LATE_SECONDS else OK,
        "partners": DEGRADED if stuck else OK,
        "mesh": DEGRADED if silent else OK,
    }
    figures = {
        "outbox": outbox,
        "inbox": inbox,
        "needs_review": InboxMessage.objects.filter(state=InboxMessage.State.NEEDS_REVIEW).count(),
        "last_sweep_seconds_ago": sweep_age,
        "partners_not_answering": sorted(failing.values_list("organisation__ods_code", flat=True)),
        "mesh_not_collected": OutboxMessage.objects.filter(state=OutboxMessage.State.HANDED_OVER).count(),
        "mesh_mailboxes_silent": silent,
        "partners_stuck": sorted(one.organisation.ods_code for one in stuck),
    }
    return {"status": DEGRADED if DEGRADED in parts.values() else OK, **parts, "figures": figures}


def _broker() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)


def _sweep() -> tuple[str, int | None]:
    """Whether the broker answers, and how long ago a sweep went from beat through it to a worker."""
    try:
        with _broker() as broker:
            swept = broker.get(_SWEPT)
    except RedisError:
        return DEGRADED, None
    return OK, int(time.time() - float(swept)) if isinstance(swept, bytes) else None


def _queue(waiting: QuerySet[Any], due: QuerySet[Any]) -> dict[str, int]:
    """How many wait, and for how long the one that is due longest has been due: `since`, when it could have been tried
    (what waits for its turn is not due)."""
    oldest = due.order_by().aggregate(oldest=Min("since"))["oldest"]
    overdue = int((timezone.now() - oldest).total_seconds()) if oldest else 0
    return {"waiting": waiting.count(), "overdue_seconds": overdue}
