"""A partner that does not answer rests: then one message at a time asks whether it is back (circuit breaker).

Without it every message of a dead partner would be tried on its own and hold a worker for as long as a time-out takes.
The state stands in the partner's row, so that all workers on all machines keep it: `unanswered` tries in a row, and
`rest_until`, before which nothing is due. From then until something is answered one call may be under way at a time.
"""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from exchange import patience
from exchange.errors import DeliveryError
from exchange.models import Partner

#: A partner that delivered so lately may be given all it takes at once; any other is first tried with one message.
PROVEN: Final = timedelta(minutes=1)
#: What of a partner is read here, its certificates left where they are.
FIELDS: Final = ("enabled", "sends", "max_in_flight", "last_delivered_at", "failing_since", "unanswered", "rest_until")
_MOST_COUNTED: Final = 1000


def awake(prefix: str = "") -> Q:
    """Partners that something may be sent to now; `prefix` leads to the partner, such as `to__`."""
    past = Q(**{f"{prefix}rest_until__lte": timezone.now()})
    on = Q(**{f"{prefix}enabled": True, f"{prefix}sends": True})
    return on & (Q(**{f"{prefix}rest_until": None}) | past)


def takes_at_once(partner: Partner) -> int:
    """How many calls to it may be under way now."""
    now = timezone.now()
    if not (partner.enabled and partner.sends) or (partner.rest_until is not None and partner.rest_until > now):
        return 0
    proven = partner.last_delivered_at is not None and partner.last_delivered_at > now - PROVEN
    doubtful = partner.rest_until is not None or partner.unanswered > 0
    return partner.max_in_flight if proven and not doubtful else 1


def note_failure(partner_id: int, error: DeliveryError, started_at: datetime) -> None:
    """A try that began at `started_at` failed on their side. In the caller's transaction.

    What began before a rest says nothing new about it. A pause they asked for holds for everything that is for them.
    """
    partner = Partner.objects.select_for_update(no_key=True).get(pk=partner_id)
    partner.failing_since = partner.failing_since or started_at
    is_news = partner.rest_until is None or started_at >= partner.rest_until
    if not error.unanswered:
        partner.unanswered = 0
        partner.rest_until = None if is_news else partner.rest_until
    elif is_news:
        partner.unanswered = min(partner.unanswered + 1, _MOST_COUNTED)
        rests = partner.unanswered - settings.REST_AFTER_TRIES + 1
        partner.rest_until = patience.next_probe(rests, partner=partner) if rests > 0 else None
    if error.wait:
        asked = timezone.now() + timedelta(seconds=min(error.wait, patience.LONGEST_ASKED))
        partner.rest_until = max(partner.rest_until or asked, asked)
    partner.save(update_fields=["failing_since", "unanswered", "rest_until"])


def note_answer(partner_id: int, started_at: datetime) -> bool:
    """A try was answered; whether they had failed or rested until now. In the caller's transaction.

    An answer to what began before they asked for a pause does not end that pause.
    """
    quiet = Q(failing_since__isnull=False) | Q(rest_until__isnull=False) | Q(unanswered__gt=0)
    partner = Partner.objects.select_for_update(no_key=True).filter(quiet, pk=partner_id).first()
    if partner is None:
        return False
    asked = partner.unanswered < settings.REST_AFTER_TRIES and partner.rest_until is not None
    if not (asked and partner.rest_until and started_at < partner.rest_until):
        partner.rest_until = None
    partner.failing_since, partner.unanswered = None, 0
    partner.save(update_fields=["failing_since", "unanswered", "rest_until"])
    return True


def end(partner_id: int) -> None:
    """Let one message be tried at once, because a person asks for it; the rest ends when it is answered."""
    now = timezone.now()
    Partner.objects.filter(pk=partner_id, rest_until__gt=now).update(rest_until=now)
