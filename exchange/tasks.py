"""Background work. A task takes an id; the row's state in the database decides what is to be done."""

from celery import shared_task
from django.conf import settings

from exchange import alerts, beside, health, inbox, outbox, retention
from exchange.mesh import polling, tracking
from exchange.partnering import capability, checking

_ONE_SWEEP = settings.SWEEP_SECONDS


@shared_task(name="exchange.tasks.deliver")
def deliver(message_id: str) -> None:
    """Somebody rang for this message; whose turn it is, the database says."""
    outbox.work_on(beside.take)


@shared_task(name="exchange.tasks.sweep_outbox", expires=_ONE_SWEEP)
def sweep_outbox() -> None:
    outbox.sweep()
    health.note_sweep()


@shared_task(name="exchange.tasks.file")
def file(inbox_id: str) -> None:
    inbox.file(inbox_id)


@shared_task(name="exchange.tasks.sweep_inbox", expires=_ONE_SWEEP)
def sweep_inbox() -> None:
    inbox.sweep()


@shared_task(name="exchange.tasks.alert_of_stuck", expires=60)
def alert_of_stuck() -> None:
    alerts.tell()
    alerts.tell_of_mailboxes()


@shared_task(name="exchange.tasks.remove_old", expires=3600)
def remove_old() -> None:
    retention.remove_old()


@shared_task(name="exchange.tasks.follow_handovers", expires=60)
def follow_handovers() -> None:
    tracking.follow()


@shared_task(name="exchange.tasks.sweep_mailboxes", expires=_ONE_SWEEP)
def sweep_mailboxes() -> None:
    polling.sweep()


@shared_task(name="exchange.tasks.poll_mailbox")
def poll_mailbox(mailbox_id: str) -> None:
    polling.poll(int(mailbox_id))


@shared_task(name="exchange.tasks.test_connection", expires=600)
def test_connection(test_id: str) -> None:
    checking.run(int(test_id))


@shared_task(name="exchange.tasks.read_capability")
def read_capability(partner_id: str) -> None:
    capability.refresh_one(int(partner_id))


@shared_task(name="exchange.tasks.read_capabilities", expires=3600)
def read_capabilities() -> None:
    capability.refresh_all()
