"""The receptionist's lists: every referral of the practice stands in exactly one, and what needs us first in "next"."""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, UUIDField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast

from records.models import LetterRead
from referrals.models import Referral, ReferralEvent

State = Referral.State
_WAITING: Final = (State.SENT, State.DELIVERED, State.ACCEPTED)


@dataclass(frozen=True, slots=True)
class Worklist:
    """A list on the left of the page: its name in the address, its title, what is in it, what is said when nothing is.

    `hot` lists are shown in red when they are not empty.
    """

    name: str
    title: str
    holds: Q
    empty: str
    hot: bool = False


#: Lists other than "next". `to_read` is annotated: a letter came back that nobody has opened.
LISTS: Final = (
    Worklist("to-complete", "To complete", Q(state=State.DRAFT), "Drafts wait here until they are sent."),
    Worklist(
        "rejected", "Rejected", Q(state=State.REJECTED), "What a service does not take comes back here.", hot=True
    ),
    Worklist("asked", "More asked for", Q(state=State.ASKED), "What a service wants to know stands here.", hot=True),
    Worklist(
        "not-delivered",
        "Not delivered",
        Q(state__in=(State.SENT, State.NOT_DELIVERED)),
        "What has not yet arrived stands here, with when we try again.",
        hot=True,
    ),
    Worklist(
        "waiting",
        "Waiting for an answer",
        Q(state__in=(State.DELIVERED, State.ACCEPTED)),
        "What was sent waits here until it has a date.",
    ),
    Worklist("booked", "Booked", Q(state=State.BOOKED), "Referrals with a date stand here until the letter comes."),
    Worklist("to-read", "Replies to read", Q(state=State.ANSWERED, to_read=True), "Letters that come back stand here."),
    Worklist(
        "closed",
        "Closed",
        Q(state__in=(State.COMPLETED, State.WITHDRAWN)) | Q(state=State.ANSWERED, to_read=False),
        "What is done goes here.",
    ),
)


def next_list(today: dt.date) -> Worklist:
    """What somebody at the practice has to act on now: returned, not delivered, overdue, unread, unsent."""
    overdue = Q(state__in=(*_WAITING, State.BOOKED), due_on__lt=today)
    ours = Q(state__in=(State.REJECTED, State.ASKED, State.NOT_DELIVERED, State.DRAFT)) | Q(
        state=State.ANSWERED, to_read=True
    )
    ours |= Q(withdrawal=Referral.Withdrawal.FAILED)
    empty = "Nothing waits for you. What comes back, is overdue or is not yet sent shows up here by itself."
    return Worklist("next", "What to do next", overdue | ours, empty)


def all_lists(today: dt.date) -> list[Worklist]:
    return [next_list(today), *LISTS]


def with_unread(referrals: QuerySet[Referral]) -> QuerySet[Referral]:
    """The same, knowing of each whether a letter that came back has not been opened by anybody (`to_read`)."""
    letter_id = Cast(KeyTextTransform("letter", "says"), UUIDField())
    opened = LetterRead.objects.filter(letter_id=OuterRef("letter_id"))
    filed = ReferralEvent.objects.filter(referral=OuterRef("pk"), kind=ReferralEvent.Kind.LETTER_FILED)
    return referrals.annotate(to_read=Exists(filed.annotate(letter_id=letter_id).exclude(Exists(opened))))


def counts(referrals: QuerySet[Referral], lists: list[Worklist]) -> dict[str, int]:
    """How many stand in each list. One query."""
    return with_unread(referrals).aggregate(**{one.name: Count("pk", filter=one.holds) for one in lists})


def ordered(referrals: QuerySet[Referral], one: Worklist, today: dt.date) -> QuerySet[Referral]:
    """A list in the order of work: suspected cancer and what is overdue first, then by date; closed by age."""
    held = with_unread(referrals).filter(one.holds)
    if one.name == "closed":
        return held.order_by("-created_at")
    urgency = Case(
        When(priority=Referral.Priority.SUSPECTED_CANCER, due_on__lt=today, then=Value(0)),
        When(state__in=(State.NOT_DELIVERED, State.REJECTED, State.ASKED), then=Value(1)),
        When(withdrawal=Referral.Withdrawal.FAILED, then=Value(1)),
        When(due_on__lt=today, then=Value(2)),
        When(state=State.ANSWERED, then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
    return held.annotate(urgency=urgency).order_by("urgency", F("due_on").asc(nulls_last=True), "created_at")
