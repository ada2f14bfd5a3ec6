"""The desk's lists: every message stands in exactly one of its direction."""

from dataclasses import dataclass
from typing import Final, Literal

from django.db.models import Count, Q

from access.actor import Actor
from exchange.desk import reach
from exchange.models import InboxMessage, OutboxMessage

Out, In = OutboxMessage.State, InboxMessage.State


@dataclass(frozen=True, slots=True)
class DeskList:
    """A list on the left of the desk. `hot` lists are shown in red when they are not empty."""

    name: str
    title: str
    direction: Literal["out", "in", "refused"]
    holds: Q
    #: Newest first or, where somebody has to act, oldest first.
    order: tuple[str, ...]
    empty: str
    hot: bool = False
    counted: bool = True
    #: What can be done with several of them at once, as its button says; "" for nothing.
    several: str = ""


LISTS: Final = (
    DeskList(
        "not-delivered",
        "Not delivered",
        "out",
        Q(state__in=(Out.REFUSED, Out.EXPIRED, Out.UNCOLLECTED)),
        ("settled_at", "pk"),
        "What could not be delivered stands here until somebody sends it again or sets it aside.",
        hot=True,
        several="Send again",
    ),
    DeskList(
        "to-look-at",
        "To look at",
        "in",
        Q(state=In.NEEDS_REVIEW),
        ("received_at", "pk"),
        "What came in and cannot be filed without a person stands here.",
        hot=True,
        several="Read again",
    ),
    DeskList(
        "waiting",
        "Waiting to go",
        "out",
        Q(state=Out.QUEUED),
        ("queued_at", "pk"),
        "Nothing waits: everything that was sent has arrived.",
        several="Try now",
    ),
    DeskList(
        "with-mesh",
        "Not collected yet",
        "out",
        Q(state=Out.HANDED_OVER),
        ("handed_over_at", "pk"),
        "What MESH has for others stands here until they collect it.",
    ),
    DeskList(
        "delivered",
        "Delivered",
        "out",
        Q(state=Out.DELIVERED),
        ("-settled_at", "pk"),
        "What arrived stands here.",
        counted=False,
    ),
    DeskList(
        "came-in",
        "Came in",
        "in",
        Q(state__in=(In.RECEIVED, In.FILED, In.DEALT_WITH)),
        ("-received_at", "pk"),
        "What hospitals and others send stands here.",
        counted=False,
    ),
    DeskList(
        "turned-away",
        "Turned away",
        "refused",
        Q(),
        ("-at", "pk"),
        "What broke a rule of the exchange and was sent back stands here.",
        counted=False,
    ),
    DeskList(
        "set-aside",
        "Set aside",
        "out",
        Q(state=Out.SET_ASIDE),
        ("-settled_at", "pk"),
        "What somebody decided not to send stands here.",
        counted=False,
        several="Send again",
    ),
)


def named(name: str) -> DeskList | None:
    return next((one for one in LISTS if one.name == name), None)


def counts(actor: Actor) -> dict[str, int]:
    """How many stand in each list that is counted. Two queries."""
    out = [one for one in LISTS if one.counted and one.direction == "out"]
    came = [one for one in LISTS if one.counted and one.direction == "in"]
    return reach.sent(actor).order_by().aggregate(
        **{one.name: Count("pk", filter=one.holds) for one in out}
    ) | reach.received(actor).order_by().aggregate(**{one.name: Count("pk", filter=one.holds) for one in came})


def to_act_on(actor: Actor) -> int:
    """How many messages somebody here has to act on. One query."""
    roots = {"out": reach.sent, "in": reach.received}
    stuck = [roots[one.direction](actor).order_by().filter(one.holds).values("pk") for one in LISTS if one.hot]
    return stuck[0].union(*stuck[1:], all=True).count()
