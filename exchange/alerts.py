"""What is stuck for long: partners for whom something waits longer than EXCHANGE_FAIL_MINUTES. Told by e-mail, once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.conf import settings
from django.core.mail import send_mail
from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet
from django.utils import timezone

from exchange.models import Mailbox, OutboxMessage, Partner
from ui.dates import when

log = structlog.get_logger(__name__)
TURN: Final = 7302  # advisory lock: one worker tells at a time


def stuck(now: datetime | None = None) -> QuerySet[Partner]:
    """Partners that we send to (neither they nor sending is switched off) and for whom a message waits too long."""
    before = (now or timezone.now()) - timedelta(minutes=settings.EXCHANGE_FAIL_MINUTES)
    late = OutboxMessage.objects.filter(to=OuterRef("pk"), state=OutboxMessage.State.QUEUED, queued_at__lt=before)
    return Partner.objects.filter(Exists(late), enabled=True, sends=True).select_related("organisation")


def tell() -> int:
    """Tell whoever runs the exchange of what came to be stuck, and forget of what no longer is. Returns how many.

    One worker tells at a time, and notes it once the e-mail went: one that could not be sent, or whose worker died, is
    sent at the next run.
    """
    now = timezone.now()
    found = stuck(now)
    Partner.objects.exclude(alerted_at=None).exclude(pk__in=found.values("pk")).update(alerted_at=None)
    if not settings.EXCHANGE_ALERT_TO:
        return 0
    told = 0
    with _alone() as mine:
        for partner in found.filter(alerted_at=None) if mine else ():
            if _send(partner, now):
                told += Partner.objects.filter(pk=partner.pk).update(alerted_at=now)
    return told


@contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else tells just now. The database lets go of this by itself when whoever holds it dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [TURN])
        mine = bool(cursor.fetchone()[0])
        try:
            yield mine
        finally:
            if mine:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [TURN])


def _send(partner: Partner, now: datetime) -> bool:
    name = partner.organisation.name
    waiting = OutboxMessage.objects.filter(to=partner, state=OutboxMessage.State.QUEUED)
    seen = waiting.aggregate(
        count=Count("pk"), oldest=Min("queued_at"), ours=Count("pk", filter=Q(trouble="our-fault"))
    )
    if seen["oldest"] is None:  # all of it went meanwhile
        return False
    subject = f"What is for {name} waits since {when(seen['oldest'], now)}"
    if partner.failing_since is not None:
        subject = f"{name} has not answered since {when(partner.failing_since, now)}"
    lines = [
        f"{subject}. Waiting: {seen['count']}, the oldest since {when(seen['oldest'], now)}.",
        "We keep trying. The exchange desk says what waits and what to do.",
        f"{settings.PUBLIC_URL.rstrip('/')}/exchange/",
    ]
    if seen["ours"]:
        lines.insert(1, f"{seen['ours']} of them fail by a fault in our own system: see its log.")
    if not _mailed(subject, lines):
        return False
    log.info("alert sent", partner=partner.organisation.ods_code, waiting=seen["count"])
    return True


def _mailed(subject: str, lines: list[str]) -> bool:
    """Whether the e-mail went out; if not it is tried again at the next run."""
    try:
        send_mail(subject, "\n\n".join(lines), None, settings.EXCHANGE_ALERT_TO)
    except OSError as error:  # smtplib's errors are OSErrors
        log.warning("alert not sent", error=type(error).__name__)
        return False
    return True


# Mailboxes at MESH ----------------------------------------------------------------------------------------------------
def silent_mailboxes(now: datetime | None = None) -> QuerySet[Mailbox]:
    """Mailboxes that could not be looked into for too long: what lies there goes back to its senders after days."""
    before = (now or timezone.now()) - timedelta(minutes=settings.EXCHANGE_FAIL_MINUTES)
    return Mailbox.objects.filter(enabled=True, failing_since__lt=before)


def tell_of_mailboxes() -> int:
    """Tell whoever runs the exchange, once, of each mailbox that cannot be looked into. Returns how many."""
    if not settings.EXCHANGE_ALERT_TO:
        return 0
    now, told = timezone.now(), 0
    with _alone() as mine:
        for mailbox in silent_mailboxes(now).filter(alerted_at=None) if mine else ():
            if _tell_of(mailbox, now):
                told += Mailbox.objects.filter(pk=mailbox.pk).update(alerted_at=now)
    return told


def _tell_of(mailbox: Mailbox, now: datetime) -> bool:
    subject = f"MESH mailbox {mailbox.mailbox_id} could not be looked into since {when(mailbox.failing_since, now)}"
    lines = [f"{subject}. We keep trying. The exchange desk says why.", f"{settings.PUBLIC_URL.rstrip('/')}/exchange/"]
    return _mailed(subject, lines)
