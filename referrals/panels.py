"""Referrals on other pages: on a patient's screen, and as what to do next on the receptionist's home."""

from typing import Any, Final

from django.db.models import Count, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from access.actor import Actor
from access.permissions import Permission
from records.models import Patient
from referrals import reach, rows, worklists
from referrals.received import reach as received

NEXT_ON_HOME: Final = 10


def referrals(actor: Actor, patient: Patient) -> dict[str, Any]:
    """A patient's referrals: those that somebody has to act on or is waiting for first, then the closed ones."""
    shown = rows.newest_first(rows.rows(actor, list(reach.of_patient(actor, patient))))
    closed = [row for row in shown if row.closed]
    return {
        "patient": patient,
        "rows": [row for row in shown if not row.closed],
        "closed": closed,
        "may_write": actor.may(Permission.WRITE_REFERRAL) and not patient.deceased,
        "may_read_letters": actor.may(Permission.READ_LETTERS),
        "seen": rows.seen(shown),
        "moving": any(row.moving for row in shown),
        "pace": min((row.pace for row in shown if row.moving), default=rows.SLOW),
    }


def next_steps(actor: Actor) -> dict[str, Any]:
    """What to do next: the one thing, then the list, with the counts of every list."""
    return worklist(actor, "next", 1, at_most=NEXT_ON_HOME)


def worklist(actor: Actor, name: str, page: int, *, at_most: int) -> dict[str, Any]:
    """One list of the practice's referrals, a page at a time; an unknown name is the first list."""
    today = timezone.localdate()
    lists = worklists.all_lists(actor, today)
    chosen = next((one for one in lists if one.name == name), lists[0])
    listed = reach.listed(actor)
    counts = worklists.counts(listed, lists)
    asked_of_us = received.unanswered(actor).count()
    first = (page - 1) * at_most
    shown = rows.rows(actor, worklists.page(listed, chosen, today, slice(first, first + at_most + 1)))
    return {
        "lists": [(one, counts.get(one.name, 0)) for one in lists],
        "chosen": chosen,
        "rows": shown[:at_most],
        "first": shown[0] if chosen.name == "next" and page == 1 and shown else None,
        "page": page,
        "more": len(shown) > at_most,
        "may_write": actor.may(Permission.WRITE_REFERRAL),
        "may_handle": actor.may(Permission.HANDLE_WORK),
        "asked_of_us": asked_of_us,
        "to_do": counts["next"] + asked_of_us,
        "seen": rows.seen(shown, counts, chosen.name, page, asked_of_us),
        "today": today,
    }


def to_do(actor: Actor) -> int:
    """How many referrals, and requests of others, somebody here has to act on now. One query."""
    if not actor.may(Permission.READ_REFERRALS):
        return 0
    first = worklists.next_list(timezone.localdate())
    asked = received.unanswered(actor).order_by().values("organisation").annotate(number=Count("pk")).values("number")
    number = Count("pk") + Coalesce(Subquery(asked), 0)
    return int(reach.listed(actor).filter(first.holds).order_by().aggregate(number=number)["number"])
