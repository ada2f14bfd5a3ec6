"""A practice that sends referrals at a given pace, in the environment of a stack that is measured.

`python -m tests.bench._referring write N [SERVICE …]`: N referrals by turns to these services, written and sealed as
the GP's *Send* does and held back; prints their messages' ids. `… send RATE` reads such ids and lets them go, so many
a second, 0 for all at once: from then on each is as if it had been sealed then. Sealing is not what is measured.
"""

import itertools
import json
import sys
import time
import uuid
from datetime import timedelta
from typing import Any

import django


def write(count: int, services: list[str]) -> None:
    """Write, send, hold back."""
    from django.db import connection, transaction

    from exchange import outbox
    from referrals import actions
    from tests.faults.fire import PEOPLE
    from tests.faults.writing import _draft, _gp

    outbox._announce = lambda message: None
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE)
        adults = [number for number, _, _, born in cursor.fetchall() if "1950" < born < "2006"]
    people = itertools.cycle(adults)
    ids = []
    for _, service in zip(range(count), itertools.cycle(services), strict=False):
        wanted = {"id": str(uuid.uuid4()), "service": service, "nhs_number": next(people), "reason": "Breathless"}
        with transaction.atomic():
            referral = _draft(wanted)
            message = actions.send(referral=referral, version=referral.version, by=_gp())
            _hold(message)
        ids.append(str(message.pk))
    sys.stdout.write(json.dumps(ids))


def _hold(message: Any) -> None:
    message.due_at = message.created_at + timedelta(days=4)
    message.save(update_fields=["due_at"])


def send(rate: float, ids: list[str]) -> None:
    """Let them go."""
    if not rate:
        _all_at_once(ids)
        return
    began = time.monotonic()
    for number, message_id in enumerate(ids):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        _let_go(message_id)


def _all_at_once(ids: list[str]) -> None:
    from django.utils import timezone

    from exchange import outbox
    from exchange.models import OutboxMessage

    now = timezone.now()
    OutboxMessage.objects.filter(pk__in=ids).update(due_at=now, queued_at=now)
    outbox.sweep()


def _let_go(message_id: str) -> None:
    from django.db import transaction
    from django.utils import timezone

    from exchange import outbox
    from exchange.models import OutboxMessage

    with transaction.atomic():
        message = OutboxMessage.objects.select_related("to").defer("payload").get(pk=message_id)
        message.due_at = message.queued_at = timezone.now()
        message.save(update_fields=["due_at", "queued_at"])
        transaction.on_commit(lambda: outbox._announce(message))


if __name__ == "__main__":
    django.setup()
    if sys.argv[1] == "write":
        write(int(sys.argv[2]), sys.argv[3:])
    else:
        send(float(sys.argv[2]), json.load(sys.stdin))
