"""The desk as its page shows it: partners, lists, and the life of one message."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from access.actor import Actor
from access.memberships import colleagues
from access.permissions import Permission
from exchange import claims, patience
from exchange.desk import actions, lists, mailboxes, reach, words
from exchange.desk.lists import DeskList
from exchange.desk.said import Said
from exchange.happenings import Described, describe
from exchange.models import InboxMessage, OutboxMessage, Partner, Refusal

PER_PAGE: Final = 50
#: How many are sent or read again by one click.
MOST_AT_ONCE: Final = 500
ON_FIRST_PAGE: Final = 10
_NOTHING: Final = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Row:
    """One message in a list. `about` is whom it concerns, as far as this reader may know."""

    id: UUID | int
    direction: str
    called: str
    partner: str
    at: datetime
    said: Said
    about: Described | None
    owner: str = ""
    #: It was filed to somebody, or sent about somebody, whether or not this reader may know whom.
    of_somebody: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for: a list ("" for the first page), messages of one partner, which page."""

    name: str = ""
    partner: str = ""
    page: int = 1
    #: Several are being chosen: the page stands still meanwhile.
    picking: bool = False


def desk(actor: Actor, asked: Asked) -> dict[str, Any]:
    """Everything the desk shows. `seen` changes exactly when what is shown does."""
    now = timezone.now()
    chosen = lists.named(asked.name)
    counted = lists.counts(actor)
    partners = list(reach.partners(actor))
    shown = _first_page(actor, now) if chosen is None else _rows(actor, chosen, asked, now)
    more = chosen is not None and len(shown) > PER_PAGE
    context = {
        "lists": [(one, counted.get(one.name, 0)) for one in lists.LISTS],
        "chosen": chosen,
        "partners": _partners(actor, partners, now) if chosen is None else [],
        "mailboxes": mailboxes.told(actor, now) if chosen is None else [],
        "all_partners": partners,
        "asked": asked,
        "rows": shown[:PER_PAGE],
        "more": more,
        "to_do": sum(counted[one.name] for one in lists.LISTS if one.hot),
        **_picking(actor, chosen, asked),
        "may_switch": actor.may(Permission.MANAGE_PARTNERS),
        "may_handle": actor.may(Permission.HANDLE_MESSAGES),
    }
    return context | {"seen": _seen(context)}


def _picking(actor: Actor, chosen: DeskList | None, asked: Asked) -> dict[str, Any]:
    """Whether several can be chosen from this list, are being chosen, and how many it holds in all."""
    may = chosen is not None and bool(chosen.several) and actor.may(Permission.HANDLE_MESSAGES)
    if chosen is None or not may or not asked.picking:
        return {"may_pick": may, "picking": False}
    in_all = held(actor, chosen, asked.partner).count()
    return {"may_pick": True, "picking": True, "in_all": in_all, "most": MOST_AT_ONCE}


def held(actor: Actor, one: DeskList, partner: str) -> QuerySet[OutboxMessage] | QuerySet[InboxMessage]:
    """The messages of a list that this reader may see, of one partner or (""), in the list's order."""
    return _sent_of(actor, one, partner) if one.direction == "out" else _received_of(actor, one, partner)


def _sent_of(actor: Actor, one: DeskList, partner: str) -> QuerySet[OutboxMessage]:
    to = Q(to__organisation__ods_code=partner) if partner else Q()
    return reach.sent(actor).filter(one.holds, to).order_by(*one.order)


def _received_of(actor: Actor, one: DeskList, partner: str) -> QuerySet[InboxMessage]:
    by = Q(sender__organisation__ods_code=partner) if partner else Q()
    return reach.received(actor).filter(one.holds, by).order_by(*one.order)


def _seen(context: dict[str, Any]) -> str:
    rows = [(row.id, row.said, row.owner) for row in context["rows"]]
    posts = [(mailbox.pk, said) for mailbox, said in context["mailboxes"]]
    facts = (rows, posts, [(p.pk, *told) for p, *told in context["partners"]], [count for _, count in context["lists"]])
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _partners(actor: Actor, partners: list[Partner], now: datetime) -> list[tuple[Partner, Said, str]]:
    """Each partner with how it is with it: what somebody has to act on first, then what is slow. Last, where the
    sentence does not say so itself, when something last came through each way."""
    queues = reach.queues(actor)
    told = []
    for one in partners:
        said, last = words.of_partner(one, queues.get(one.pk, reach.Queue()), now), words.last(one, now)
        told.append((one, said, "" if said.sentence == last else last))
    return sorted(told, key=lambda one: ("bad", "soon", "", "ok").index(one[1].tone))


def _first_page(actor: Actor, now: datetime) -> list[Row]:
    """What somebody here has to act on, the oldest first."""
    hot = [one for one in lists.LISTS if one.hot]
    found = [row for one in hot for row in _rows(actor, one, Asked(one.name), now, ON_FIRST_PAGE)]
    return sorted(found, key=lambda row: row.at)[:ON_FIRST_PAGE]


def _rows(actor: Actor, one: DeskList, asked: Asked, now: datetime, limit: int = PER_PAGE) -> list[Row]:
    """A page of a list, and one row more if there is more."""
    start = (asked.page - 1) * limit
    end = start + limit + 1
    if one.direction == "refused":
        found = reach.refusals(actor).filter(Q(sender=asked.partner) if asked.partner else Q())
        names = {who.organisation.ods_code: who.organisation.name for who in reach.partners(actor)}
        return [_turned_away(row, names) for row in found.order_by(*one.order)[start:end]]
    if one.direction == "out":
        return rows_sent(actor, list(_with_under_way(_sent_of(actor, one, asked.partner))[start:end]), now)
    return rows_received(actor, list(_received_of(actor, one, asked.partner)[start:end]), now)


def _with_under_way(found: QuerySet[OutboxMessage]) -> QuerySet[OutboxMessage]:
    trying = Exists(claims.under_way(OuterRef("pk"))) & Q(due_at__gt=timezone.now())
    return found.annotate(trying=trying)


def rows_sent(actor: Actor, found: list[OutboxMessage], now: datetime) -> list[Row]:
    """Messages of ours as rows. One query for whom they concern."""
    about = describe(actor, [(one.concerns, one.concerns_id) for one in found])
    return [
        Row(
            one.pk,
            "out",
            words.called(one.event, takes_back=one.cancels_id is not None),
            one.to.organisation.name,
            one.queued_at
            if one.state == OutboxMessage.State.QUEUED
            else (one.settled_at or one.handed_over_at or one.queued_at),
            words.of_sent(one, now, trying=getattr(one, "trying", False)),
            about.get((one.concerns, one.concerns_id)),
            one.assigned_to.name if one.assigned_to else "",
        )
        for one in found
    ]


def concern(message: InboxMessage) -> tuple[str, str]:
    """What a received message is about: what the message of ours was that it answers, else itself by its event."""
    if message.answers is not None:
        return message.answers.concerns, message.answers.concerns_id
    return message.event, str(message.pk)


def _is_of_somebody(message: InboxMessage) -> bool:
    return message.answers_id is not None or message.state == InboxMessage.State.FILED


def rows_received(actor: Actor, found: list[InboxMessage], now: datetime) -> list[Row]:
    about = describe(actor, [concern(one) for one in found])
    return [
        Row(
            one.pk,
            "in",
            words.called(one.event),
            words.sender_of(one),
            one.received_at,
            words.of_received(one, now),
            about.get(concern(one)),
            one.assigned_to.name if one.assigned_to else "",
            _is_of_somebody(one),
        )
        for one in found
    ]


def _turned_away(row: Refusal, names: dict[str, str]) -> Row:
    said = Said("It broke a rule of the exchange; its sender was told which.", "Theirs to mend.")
    return Row(row.pk, "refused", "Message", names.get(row.sender, row.sender), row.at, said, None)


# One message ----------------------------------------------------------------------------------------------------------
def whom(actor: Actor, message: OutboxMessage | InboxMessage) -> Described | None:
    """Whom one message concerns; None for nobody yet, or nobody whom this reader may know."""
    asked = concern(message) if isinstance(message, InboxMessage) else (message.concerns, message.concerns_id)
    return describe(actor, [asked]).get(asked)


def may_read_sealed(actor: Actor, message: OutboxMessage | InboxMessage, about: Described | None) -> bool:
    """Whether this reader may have the message itself: it is about somebody within their reach, or not filed yet."""
    if message.sha256 == _NOTHING:
        return False
    unfiled = isinstance(message, InboxMessage) and not _is_of_somebody(message)
    return actor.may(Permission.READ_SEALED) and (about is not None or unfiled)


def life(actor: Actor, message: OutboxMessage | InboxMessage) -> dict[str, Any]:
    """The life of one message: where it stands, what happened, what this reader may do."""
    may = actor.may(Permission.HANDLE_MESSAGES)
    about = whom(actor, message)
    return (_sent(actor, message) if isinstance(message, OutboxMessage) else _received(message)) | {
        "message": message,
        "called": words.called(message.event, takes_back=getattr(message, "cancels_id", None) is not None),
        "about": about,
        "of_somebody": isinstance(message, OutboxMessage) or _is_of_somebody(message),
        "notes": list(message.notes.all()),
        "may_handle": may,
        "may_read_sealed": may_read_sealed(actor, message, about),
        "colleagues": list(colleagues(actor.organisation_id, Permission.HANDLE_MESSAGES)) if may else [],
    }


def _sent(actor: Actor, message: OutboxMessage) -> dict[str, Any]:
    now = timezone.now()
    tries = list(message.tries.order_by("number"))
    trying = bool(message.due_at and message.due_at > now and tries and tries[-1].ended_at is None)
    said = words.of_sent(message, now, trying=trying)
    answers = list(message.answered_by.select_related("sender__organisation").defer("payload", "reply"))
    return {
        "direction": "out",
        "partner": message.to.organisation,
        "partner_name": message.to.organisation.name,
        "said": said,
        "tries": list(words.tries(tries, by_mesh=message.to.transport == Partner.Transport.MESH)),
        "handovers": list(message.handovers.all()),
        "answers": rows_received(actor, answers, now),
        "give_up_at": patience.give_up_at(message),
        "may_send_again": message.state in actions.STOPPED or message.state == OutboxMessage.State.QUEUED,
        "may_set_aside": message.state in actions.OPEN,
        "seen": _seen_of(message, (said, tries and tries[-1].outcome, len(tries), len(answers))),
        "settled": message.state == OutboxMessage.State.DELIVERED,
    }


def _received(message: InboxMessage) -> dict[str, Any]:
    said = words.of_received(message, timezone.now())
    return {
        "direction": "in",
        "partner": message.sender.organisation if message.sender_id else None,
        "arrival": message.arrival if message.channel == InboxMessage.Channel.MESH else None,
        "partner_name": words.sender_of(message),
        "said": said,
        "may_deal": message.state == InboxMessage.State.NEEDS_REVIEW,
        "seen": _seen_of(message, said),
        "settled": message.state in (InboxMessage.State.FILED, InboxMessage.State.DEALT_WITH),
    }


def _seen_of(message: OutboxMessage | InboxMessage, shown: object) -> str:
    """Changes with what is shown, also with what colleagues write down or whom they give it to."""
    return hashlib.sha256(repr((shown, message.notes.count(), message.assigned_to_id)).encode()).hexdigest()[:16]
