"""Every state in plain words: whose turn it is, no ids, no codes, British times."""

import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals import words
from referrals.models import Referral, ReferralEvent
from referrals.words import Facts, clock, happened, standing

State, Kind = Referral.State, ReferralEvent.Kind
NOW = dt.datetime(2026, 11, 23, 9, 20, tzinfo=dt.UTC)
TODAY = NOW.date()


def t(hours: float = 0, minutes: float = 0, days: float = 0) -> dt.datetime:
    """A time before now."""
    return NOW - dt.timedelta(days=days, hours=hours, minutes=minutes)


def facts(state: str, **more: Any) -> Facts:
    given: dict[str, Any] = {
        "service": "Heart failure clinic",
        "organisation": "Northern Infirmary",
        "author": "Dr A Khan",
        "sent_at": t(minutes=6),
        "due_on": dt.date(2026, 12, 7),
    }
    return Facts(state=state, **(given | more))


@pytest.mark.parametrize(
    ("told", "sentence", "turn"),
    [
        (facts(State.DRAFT, sent_at=None), "Draft by Dr A Khan, not sent.", "Dr A Khan to complete and send."),
        (facts(State.SENT), "Sent 09:14, on its way.", "Nothing to do yet."),
        (
            facts(State.SENT, failing_since=t(minutes=6), next_try_at=t(minutes=-11)),
            "Waiting to go out: Northern Infirmary has not answered since 09:14. We try again at 09:31.",
            "Nothing to do yet.",
        ),
        (
            facts(State.SENT, failing_since=t(minutes=6), next_try_at=t(minutes=-0.5)),
            "Waiting to go out: Northern Infirmary has not answered since 09:14. We try again within a minute.",
            "Nothing to do yet.",
        ),
        (
            facts(State.SENT, failing_since=t(hours=17), next_try_at=None),
            "Waiting to go out: Northern Infirmary has not answered since yesterday 16:20. We are trying again now.",
            "Nothing to do yet.",
        ),
        (
            facts(State.SENT, failing_since=t(days=4), next_try_at=t(hours=-20), due_on=dt.date(2026, 11, 20)),
            "Waiting to go out: Northern Infirmary has not answered since 19 Nov. We try again tomorrow 05:20.",
            "Ring Northern Infirmary: this has not reached them.",
        ),
        (
            facts(State.DELIVERED, at={"delivered": t(minutes=5)}),
            "Delivered at 09:15. Northern Infirmary has not answered yet.",
            "Nothing to do yet.",
        ),
        (
            facts(State.DELIVERED, at={"delivered": t(days=13)}, sent_at=t(days=13), due_on=dt.date(2026, 11, 22)),
            "Delivered on 10 Nov. No answer after 13 days.",
            "Ring Northern Infirmary.",
        ),
        (
            facts(State.ACCEPTED, at={"accepted": t(days=1)}),
            "Accepted by Northern Infirmary yesterday 09:20. No date yet.",
            "Nothing to do yet.",
        ),
        (
            facts(State.ACCEPTED, at={"accepted": t(days=20)}, sent_at=t(days=20), due_on=dt.date(2026, 11, 17)),
            "Accepted by Northern Infirmary 3 Nov.",
            "Not booked after 20 days. Ring Northern Infirmary.",
        ),
        (
            facts(State.BOOKED, says={"booked": {"starts": "2026-12-08T10:20:00+00:00", "place": "Clinic 4"}}),
            "Booked: Tue 8 Dec, 10:20, Clinic 4",
            "Nothing to do yet.",
        ),
        (
            facts(State.BOOKED, says={"booked": {"starts": "2027-06-08T09:20:00+00:00"}}),
            "Booked: Tue 8 Jun 2027, 10:20",  # British summer time
            "Nothing to do yet.",
        ),
        (
            facts(State.BOOKED, says={"booked": {"starts": "2026-11-20T10:20:00+00:00", "place": "Clinic 4"}}),
            "Was booked for Fri 20 Nov, 10:20, Clinic 4. No letter yet.",
            "Nothing to do yet.",
        ),
        (
            facts(
                State.BOOKED,
                says={"booked": {"starts": "2026-11-02T10:20:00+00:00", "place": ""}},
                due_on=dt.date(2026, 11, 9),
            ),
            "Was booked for Mon 2 Nov, 10:20. No letter yet.",
            "Ring Northern Infirmary.",
        ),
        (
            facts(State.BOOKED),
            "Booked by Northern Infirmary; no date was given.",
            "Ring Northern Infirmary.",
        ),
        (
            facts(
                State.REJECTED,
                at={"rejected": t(hours=1)},
                by={"rejected": "M Osei, podiatrist"},
                says={"rejected": {"reason": "photographs of both feet are missing"}},
            ),
            "Rejected by M Osei, podiatrist 08:20: photographs of both feet are missing.",
            "Decide what to do next.",
        ),
        (
            facts(State.REJECTED, at={"rejected": t(hours=1)}),
            "Rejected by Northern Infirmary 08:20. No reason was given.",
            "Ask Northern Infirmary why, then decide what to do next.",
        ),
        (
            facts(State.ASKED, at={"asked": t(hours=1)}, says={"asked": {"asks": "Please send recent bloods"}}),
            "Northern Infirmary asked for more 08:20: Please send recent bloods.",
            "Send or tell Northern Infirmary what they ask for; they decide when they have it.",
        ),
        (
            facts(
                State.ASKED,
                at={"asked": t(hours=1)},
                says={"asked": {"asks": "Please send recent bloods"}},
                clinical=False,
            ),
            "Northern Infirmary asked for more 08:20.",
            "Dr A Khan to answer; they decide when they have it.",
        ),
        (
            facts(State.NOT_DELIVERED, at={"refused": t(minutes=3)}),
            "Not delivered. Northern Infirmary's system refused it 09:17.",
            "Ring Northern Infirmary: they do not have it.",
        ),
        pytest.param(
            facts(State.NOT_DELIVERED, at={"uncollected": t(minutes=3)}),
            "Not delivered. Nobody at Northern Infirmary collected this in five days.",
            "Ring them or send it another way.",
            marks=pytest.mark.requirement("MESH-13"),
        ),
        (
            facts(State.SENT, handed_over_at=t(minutes=6), failing_since=None),
            "Handed over to MESH at 09:14: Northern Infirmary has not collected it yet.",
            "Nothing to do yet.",
        ),
        (
            facts(State.NOT_DELIVERED, at={"expired": t(days=2)}),
            "Not delivered. Northern Infirmary could not be reached; we stopped trying 21 Nov.",
            "Ring Northern Infirmary: they do not have it.",
        ),
        (
            facts(State.NOT_DELIVERED, at={"expired": t(days=2), "set-aside": t(minutes=3)}),
            "Not delivered. Set aside at the exchange desk 09:17: Northern Infirmary has not confirmed it.",
            "Send it again from the exchange desk. Before you refer anew, ask Northern Infirmary whether it came.",
        ),
        (
            facts(
                State.ANSWERED,
                at={"letter-filed": t(days=20)},
                says={"letter-filed": {"title": "Heart failure clinic: discharge letter"}},
            ),
            "Letter received 3 Nov: Heart failure clinic: discharge letter.",
            "To be read.",
        ),
        (
            facts(State.ANSWERED, at={"letter-filed": t()}, clinical=False),
            "Letter received 09:20.",
            "Dr A Khan to read it.",
        ),
        (facts(State.ANSWERED, at={"letter-filed": t()}, letter_read=True), "Letter received 09:20.", "Read."),
        (
            facts(State.COMPLETED, at={"completed": t()}, says={"completed": {"outcome": "Blood pressure 138/82"}}),
            "Completed by Northern Infirmary 09:20: Blood pressure 138/82.",
            "Closed.",
        ),
        (
            facts(
                State.COMPLETED,
                at={"completed": t()},
                says={"completed": {"outcome": "Blood pressure 138/82"}},
                clinical=False,
            ),
            "Completed by Northern Infirmary 09:20.",
            "Closed.",
        ),
        (
            facts(State.WITHDRAWN, at={"withdrawn": t(hours=2)}, by={"withdrawn": "Bev Hughes"}),
            "Withdrawn by Bev Hughes 07:20; it was never sent.",
            "Closed.",
        ),
        (
            facts(State.WITHDRAWN, at={"stopped": t(hours=2)}, by={"stopped": "Bev Hughes"}),
            "Withdrawn by Bev Hughes 07:20, before it had left.",
            "Closed.",
        ),
        (
            facts(State.WITHDRAWN, at={"withdrawing": t(hours=3), "taken-back": t(hours=2)}),
            "Withdrawn 07:20: Northern Infirmary has taken it back.",
            "Closed.",
        ),
        (
            facts(State.ACCEPTED, withdrawal="on-its-way", at={"withdrawing": t(minutes=2), "accepted": t()}),
            "Withdrawal is on its way to Northern Infirmary since 09:18.",
            "Until they have it, they may still see the patient.",
        ),
        (
            facts(State.DELIVERED, withdrawal="on-its-way", failing_since=t(minutes=6), next_try_at=t(minutes=-11)),
            "Withdrawal is on its way: Northern Infirmary has not answered since 09:14. We try again at 09:31.",
            "Until they have it, they may still see the patient.",
        ),
        *(
            (
                facts(State.BOOKED, withdrawal="failed", at={"not-withdrawn": t()}, says={"not-withdrawn": said}),
                f"Not withdrawn 09:20. {why}",
                "Ring Northern Infirmary.",
            )
            for said, why in (
                ({"why": "not-active", "status": "completed"}, "They have already seen this patient."),
                ({"why": "not-active", "status": "revoked"}, "They had closed it already."),
                ({"why": "not-active"}, "They are seeing to it already."),
                ({"why": "not-there"}, "Their system does not know this referral."),
                ({"why": "refused"}, "Their system did not accept it."),
                ({"why": "expired"}, "Northern Infirmary could not be reached; we stopped trying."),
                ({"why": "set-aside"}, "It was set aside at the exchange desk."),
            )
        ),
    ],
)
def test_where_it_stands(told: Facts, sentence: str, turn: str) -> None:
    said = standing(told, NOW)
    assert (said.sentence, said.turn) == (sentence, turn)


@pytest.mark.parametrize("state", State.values)
@given(overdue=st.booleans(), trying=st.booleans(), known=st.booleans())
def test_every_state_says_something_plain(state: str, overdue: bool, trying: bool, known: bool) -> None:
    told = facts(
        state,
        due_on=dt.date(2026, 11, 1) if overdue else dt.date(2026, 12, 1),
        failing_since=t(hours=3) if trying else None,
        next_try_at=t(minutes=-5) if trying else None,
        at={kind: t(days=1) for kind in Kind.values} if known else {},
    )
    said = standing(told, NOW)
    everything = f"{said.sentence} {said.turn}"
    assert said.sentence
    assert said.turn
    assert not re.search(r"[0-9a-f]{8}-|None|REC_|_|\{|  | \.|\.\.|http|T\d\d:", everything)
    assert said.sentence[0].isupper()


@pytest.mark.parametrize("kind", Kind.values)
@pytest.mark.parametrize("clinical", [True, False])
def test_every_event_has_its_line(kind: str, clinical: bool) -> None:
    says = {"starts": "2026-12-08T10:20:00+00:00", "place": "Clinic 4", "reason": "no space", "outcome": "158/92"}
    line = happened(kind, says, by="Dr A Khan", organisation="Northern Infirmary", today=TODAY, clinical=clinical)
    assert line[0].isupper()
    assert not re.search(r"None|\{|2026-", line)
    assert ("158/92" in line) == (kind == "completed" and clinical)


@pytest.mark.parametrize(
    ("due", "shown", "colour"),
    [
        (dt.date(2026, 11, 22), "1 day over", "red"),
        (dt.date(2026, 11, 20), "3 days over", "red"),
        (TODAY, "today", "amber"),
        (dt.date(2026, 11, 24), "1 day left", "amber"),
        (dt.date(2026, 11, 25), "2 days left", "amber"),
        (dt.date(2026, 11, 26), "26 Nov", ""),
        (dt.date(2027, 1, 2), "2 Jan 2027", ""),
    ],
)
def test_the_clock_is_a_date_first(due: dt.date, shown: str, colour: str) -> None:
    assert clock(due, TODAY) == words.Clock(shown, colour)


def test_no_deadline_no_clock() -> None:
    assert clock(None, TODAY) is None
