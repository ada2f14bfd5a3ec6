"""The broker is only a doorbell: it says "look at this row". A ring that is lost is found by the sweep."""

from uuid import UUID

import structlog
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


def ring(task: str, message_id: UUID | int) -> bool:
    """Ask a worker to look at a message, or at another row. Never fails and waits two seconds at most: a dead broker is
    only logged.

    Whether the broker took it.

    A ring that no worker hears before two more sweeps is dropped, so that rings do not pile up while workers are down.
    """
    try:
        current_app.send_task(task, args=[str(message_id)], expires=3 * settings.SWEEP_SECONDS, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        log.warning("doorbell lost", task=task, message=str(message_id), error=type(error).__name__)
        return False
    return True
