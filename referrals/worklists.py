"""The receptionist's lists: every referral of the practice stands in one, and besides in "next" and "mine"."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db.models import Case, Count, F, FilteredRelation, IntegerField, Q, QuerySet, Value, When

from access.actor import Actor
from referrals import reach, stages
from referrals.models import CLOSED, Referral
from referrals.states import OPEN

State = Referral.State
#: Stages in which it is the practice's turn.
OURS: Final = (stages.SEND, stages.DECIDE, stages.READ)
_TO_READ: Final = reach.RUNNING & Q(clock__stage=stages.READ)


@dataclass(frozen=True, slots=True)
class Worklist:
    """A list on the left of the page: its name in the address, its title, what is in it, what is said when nothing is.

    `states` say all of what is in a list that is one of states. `hot` lists are shown in red when they are not empty.
    `counted` is false where nobody needs the number.
    """

    name: str
    title: str
    holds: Q
    empty: str
    hot: bool = False
    counted: bool = True
    states: tuple[str, ...] = ()


def _standing(name: str, title: str, states: tuple[str, ...], empty: str, *, hot: bool = False) -> Worklist:
    return Worklist(name, title, Q(state__in=states), empty, hot=hot, states=states)


#: Lists that are the same for everybody.
LISTS: Final = (
    _standing("to-complete", "To complete", (State.DRAFT,), "Drafts wait here until they are sent."),
    _standing(
        "asked",
        "More asked for",
        (State.ASKED,),
        "What a service wants to know before it decides stands here.",
        hot=True,
    ),
    _standing("rejected", "Rejected", (State.REJECTED,), "What a service does not take comes back here.", hot=True),
    _standing(
        "not-delivered",
        "Not delivered",
        (State.SENT, State.NOT_DELIVERED),
        "What has not yet arrived stands here, with when we try again.",
        hot=True,
    ),
    _standing(
        "waiting",
        "Waiting for an answer",
        (State.DELIVERED, State.ACCEPTED),
        "What was sent waits here until it has a date.",
    ),
    _standing("booked", "Booked", (State.BOOKED,), "Referrals with a date stand here until the letter comes."),
    Worklist("to-read", "Replies to read", ~Q(state__in=OPEN) & _TO_READ, "Letters that come back stand here."),
    Worklist(
        "closed",
        "Closed",
        Q(state__in=CLOSED) & ~_TO_READ,  # the first is what its index is made for
        "What is done goes here.",
        counted=False,
    ),
)


def next_list(today: dt.date) -> Worklist:
    """What somebody at the practice has to act on now: what came back, is overdue, unread or unsent."""
    empty = "Nothing waits for you. What comes back, is overdue or is not yet sent shows up here by itself."
    late = Q(clock__due_on__lt=today)
    return Worklist("next", "What to do next", reach.RUNNING & (late | Q(clock__stage__in=OURS)), empty)


def all_lists(actor: Actor, today: dt.date) -> list[Worklist]:
    empty = "Nothing here is yours. What you refer, what is given to you and what others leave too long stands here."
    return [next_list(today), Worklist("mine", "Mine", reach.mine(actor), empty), *LISTS]


def counts(referrals: QuerySet[Referral], lists: list[Worklist]) -> dict[str, int]:
    """How many stand in each list that is counted. One query: a pass over open states, and one for each other list.

    Each has an index that holds only what it counts; what was closed over the years is not even looked at.
    """
    counted = [one for one in lists if one.counted]
    found = referrals.order_by()
    standing = found.filter(state__in=OPEN).values_list("state").annotate(number=Count("pk"))
    others = [
        found.filter(one.holds).annotate(called=Value(one.name)).values_list("called").annotate(number=Count("pk"))
        for one in counted
        if not one.states
    ]
    number: dict[str, int] = dict(standing.union(*others, all=True))
    return {one.name: sum(number.get(part, 0) for part in one.states or (one.name,)) for one in counted}


def page(referrals: QuerySet[Referral], one: Worklist, today: dt.date, places: slice) -> list[Referral]:
    """A part of a list. Which they are is asked first: names and texts are then read of these few only."""
    ids = list(ordered(referrals, one, today).select_related(None).values_list("pk", flat=True)[places])
    found = referrals.in_bulk(ids)
    return [found[pk] for pk in ids if pk in found]


def ordered(referrals: QuerySet[Referral], one: Worklist, today: dt.date) -> QuerySet[Referral]:
    """A list in the order of work: by deadline; in "next" and "mine" what cannot wait comes first; closed by age."""
    held = referrals.filter(one.holds)
    if one.name == "closed":
        return held.order_by("-created_at")
    if one.states:  # a clock that does not run says no day (Referral.due_on)
        ticking = FilteredRelation("clock", condition=Q(clock__closed_at__isnull=True))
        held = held.annotate(ticking=ticking)
        return held.order_by(F("ticking__due_on").asc(nulls_last=True), "created_at")
    by_date = (F("clock__due_on").asc(nulls_last=True), "created_at")
    if one.name == "to-read":
        return held.order_by(*by_date)
    urgency = Case(
        When(priority=Referral.Priority.SUSPECTED_CANCER, clock__due_on__lt=today, then=Value(0)),
        When(clock__stage=stages.DECIDE, then=Value(1)),
        When(clock__due_on__lt=today, then=Value(2)),
        When(state=State.ANSWERED, then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
    return held.annotate(urgency=urgency).order_by("urgency", *by_date)
