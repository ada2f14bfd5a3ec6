"""/metrics for Prometheus: what waits, for how long, and what a person has to settle. Read from the rows at each visit,
so that every web process says the same."""

import secrets
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from exchange import health
from exchange.models import InboxMessage, Mailbox, OutboxMessage, Partner

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", ""})
_PART: Final = {health.OK: 1, health.DEGRADED: 0}


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures and nothing else: no name of a person, no id. For this machine, or with the token (METRICS_TOKEN)."""
    if not _may(request):
        raise PermissionDenied
    registry = CollectorRegistry()
    registry.register(Exchange())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may(request: HttpRequest) -> bool:
    """A proxy on this machine is not its caller: what was forwarded needs the token."""
    sent = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN:
        return secrets.compare_digest(sent.encode(), settings.METRICS_TOKEN.encode())
    forwarded = any(name == "Forwarded" or name.startswith(("X-Forwarded-", "X-Real-")) for name in request.headers)
    return request.META.get("REMOTE_ADDR", "") in _LOOPBACK and not forwarded


class Exchange(Collector):
    """Gauges of the exchange, by partner (ODS code) where there are several."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = timezone.now()
        waiting = _gauge("gpportal_outbox_waiting", "Messages waiting to go out")
        oldest = _gauge("gpportal_outbox_oldest_seconds", "How long the oldest message has waited to go out")
        failing = _gauge("gpportal_partner_failing_seconds", "For how long a partner has not answered; 0 while it does")
        queued = OutboxMessage.objects.filter(state=OutboxMessage.State.QUEUED).order_by().values("to")
        rows = queued.annotate(count=Count("pk"), since=Min("queued_at"))
        queues = {row["to"]: (row["count"], row["since"]) for row in rows}
        for partner in Partner.objects.select_related("organisation").order_by("organisation__ods_code"):
            count, since = queues.get(partner.pk, (0, now))
            ods = [partner.organisation.ods_code]
            waiting.add_metric(ods, count)
            oldest.add_metric(ods, (now - since).total_seconds())
            failing.add_metric(ods, (now - (partner.failing_since or now)).total_seconds())
        yield from (waiting, oldest, failing)
        yield from _mesh(now)
        yield from _to_settle()
        yield from _health()


def _gauge(name: str, says: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, says, labels=["partner"])


def _mesh(now: datetime) -> Iterator[GaugeMetricFamily]:
    """What MESH has for others, and for how long one of our mailboxes could not be looked into."""
    there = OutboxMessage.objects.filter(state=OutboxMessage.State.HANDED_OVER)
    seen = there.aggregate(count=Count("pk"), since=Min("handed_over_at"))
    yield GaugeMetricFamily("gpportal_mesh_not_collected", "Messages at MESH, not collected yet", value=seen["count"])
    oldest = (now - (seen["since"] or now)).total_seconds()
    yield GaugeMetricFamily("gpportal_mesh_oldest_seconds", "How long the oldest of them has lain there", value=oldest)
    says = "For how long a mailbox of ours could not be looked into; 0 while it can"
    failing = GaugeMetricFamily("gpportal_mesh_failing_seconds", says, labels=["mailbox"])
    for mailbox in Mailbox.objects.filter(enabled=True):
        failing.add_metric([mailbox.mailbox_id], (now - (mailbox.failing_since or now)).total_seconds())
    yield failing


def _to_settle() -> Iterator[GaugeMetricFamily]:
    stopped = (OutboxMessage.State.REFUSED, OutboxMessage.State.EXPIRED, OutboxMessage.State.UNCOLLECTED)
    not_delivered = OutboxMessage.objects.filter(state__in=stopped).count()
    to_look_at = InboxMessage.objects.filter(state=InboxMessage.State.NEEDS_REVIEW).count()
    unread = InboxMessage.objects.filter(state=InboxMessage.State.RECEIVED).count()
    yield GaugeMetricFamily("gpportal_outbox_not_delivered", "Messages refused or given up", value=not_delivered)
    yield GaugeMetricFamily("gpportal_inbox_to_look_at", "Messages that wait for a person", value=to_look_at)
    yield GaugeMetricFamily("gpportal_inbox_waiting", "Messages that came in and are not read yet", value=unread)


def _health() -> Iterator[GaugeMetricFamily]:
    found = health.state()
    parts = GaugeMetricFamily("gpportal_ok", "1 while a part works, 0 while it is degraded", labels=["part"])
    for part in ("database", "broker", "workers", "outbox", "inbox", "partners", "mesh"):
        parts.add_metric([part], _PART[found[part]])
    yield parts
