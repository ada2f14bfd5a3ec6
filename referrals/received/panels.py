"""The practice's received requests on its pages: the lists, and one request with all that it says."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from access.actor import Actor
from access.permissions import Permission
from exchange.inbox import waiting_for_a_person
from exchange.models import InboxMessage
from records.dates import moment
from records.drawing import Json
from records.people.restricted import wording_of
from referrals import words as referral_words
from referrals.received import reach, states, words
from referrals.received.models import ReceivedEvent, ReceivedRequest
from ui import dates

State, Kind = ReceivedRequest.State, ReceivedRequest.Kind
EVENTS: Final = ("servicerequest-request", "booking-request")
WAITING_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class RequestList:
    """A list on the left of the page. `hot` lists are shown in red when they are not empty."""

    name: str
    title: str
    holds: Q
    empty: str
    hot: bool = False


LISTS: Final = (
    RequestList(
        "to-answer",
        "To answer",
        Q(state=State.RECEIVED),
        "Nothing waits for an answer. What others ask of the practice appears here by itself.",
        hot=True,
    ),
    RequestList(
        "accepted", "To complete", Q(state=State.ACCEPTED), "What was accepted stands here until it is completed."
    ),
    RequestList(
        "closed",
        "Closed",
        ~Q(state__in=states.OPEN),
        "What was completed, rejected or cancelled by its sender goes here.",
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One request on a screen."""

    request: ReceivedRequest
    title: str
    standing: referral_words.Standing
    clock: referral_words.Clock | None
    priority: str
    content: Json


def requests(actor: Actor, name: str, page: int, *, at_most: int) -> dict[str, Any]:
    """One list, a page at a time, what is wanted first before the rest; an unknown name is the first list."""
    chosen = next((one for one in LISTS if one.name == name), LISTS[0])
    within = reach.requests(actor)
    counts = within.order_by().aggregate(**{one.name: Count("pk", filter=one.holds) for one in LISTS})
    first = (page - 1) * at_most
    shown = rows(actor, list(_ordered(within.filter(chosen.holds), chosen)[first : first + at_most]))
    return {
        "lists": [(one, counts[one.name]) for one in LISTS],
        "chosen": chosen,
        "rows": shown,
        "page": page,
        "more": counts[chosen.name] > first + at_most,
        "waiting": _waiting(actor) if chosen is LISTS[0] and page == 1 else [],
    }


def _ordered(found: QuerySet[ReceivedRequest], one: RequestList) -> QuerySet[ReceivedRequest]:
    if one.name == "closed":
        return found.order_by("-received_at", "pk")
    return found.order_by(F("wanted_by").asc(nulls_last=True), "received_at", "pk")


def _waiting(actor: Actor) -> list[InboxMessage]:
    """Requests that nobody knows whose they are, for whoever may handle messages."""
    if not actor.may(Permission.HANDLE_MESSAGES):
        return []
    return list(waiting_for_a_person(actor.organisation).filter(event__in=EVENTS)[:WAITING_SHOWN])


def rows(actor: Actor, found: Sequence[ReceivedRequest], now: dt.datetime | None = None) -> list[Row]:
    """Screen rows of requests that are within reach, in the order given. One query, however many."""
    now = now or timezone.now()
    histories = reach.events(found)
    return [_row(actor, request, histories[request.pk], now) for request in found]


def _row(actor: Actor, request: ReceivedRequest, events: list[ReceivedEvent], now: dt.datetime) -> Row:
    clinical, today = actor.may(Permission.READ_RECORD), timezone.localdate(now)
    counts = states.what_counts(events)
    content: Json = counts.says.get("content", {}) if counts else {}
    open_ = request.state in states.OPEN and request.wanted_by is not None
    due = timezone.localdate(request.wanted_by) if open_ else None
    return Row(
        request=request,
        title=words.title(request, content, today, clinical=clinical),
        standing=words.standing(request, events, now, clinical=clinical),
        clock=referral_words.clock(due, today, warn_days=1),
        priority=words.priority(content),
        content=content,
    )


# One request ----------------------------------------------------------------------------------------------------------
#: What of a message is about care, and so for clinicians alone; the rest is for whoever handles the request.
CLINICAL: Final = frozenset(
    {"title", "reasons", "story", "triage", "tasks", "instruction", "note", "why_changed", "safeguarding", "flags"}
    | {"allergies", "medicines", "findings", "answers", "places", "consent"}
)


def one_request(actor: Actor, request: ReceivedRequest) -> dict[str, Any]:
    """All that a request says to this reader, where it stands, what happened, and what may be done now."""
    now, clinical = timezone.now(), actor.may(Permission.READ_RECORD)
    events = reach.events([request])[request.pk]
    row = _row(actor, request, events, now)
    versions = [event for event in events if event.kind in states.IN_FULL]
    return {
        "row": row,
        "asked": request,
        "patient": request.patient.merged_into or request.patient,
        "said": shown(row.content, request, clinical=clinical),
        "wanted_by": _when(row.content.get("wanted_by")),
        "starts": _when((row.content.get("appointment") or {}).get("start")),
        "clinical": clinical,
        "acts": [(act, words.ACTS[Kind(request.kind), act]) for act in states.allowed(request)],
        "may_answer": may_answer(actor, request),
        "versions": len(versions),
        "history": [(event.at, words.happened(request, event, clinical=clinical)) for event in reversed(events)],
    }


def may_answer(actor: Actor, request: ReceivedRequest) -> bool:
    """Whether this person may answer it: a clinician, or of an appointment anybody at the practice."""
    if request.kind == Kind.BOOKING:
        return actor.may(Permission.ANSWER_BOOKINGS)
    return actor.may(Permission.ANSWER_REQUESTS)


def shown(content: Json, request: ReceivedRequest, *, clinical: bool) -> Json:
    """What is said, as far as it is this reader's; of a restricted person nothing that says where they are."""
    kept = {key: value for key, value in content.items() if clinical or key not in CLINICAL}
    patient = request.patient.merged_into or request.patient
    if patient.restricted:
        kept.pop("contacts", None)
        kept = wording_of(patient).mask_all(kept)
    return kept


def _when(written: Any) -> str:
    """A time as it is said: "Fri 27 Nov, 17:00"."""
    at = moment(str(written or ""))
    if at is None:
        return ""
    return f"{timezone.localtime(at):%a} {dates.date_short(timezone.localdate(at))}, {dates.clock(at)}"
