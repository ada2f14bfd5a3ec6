"""The desk's sentences: what a receptionist reads about partners, messages and tries."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.models import Organisation
from exchange.desk import words
from exchange.desk.reach import Queue
from exchange.models import DeliveryAttempt, OutboxMessage, Partner

NOW = dt.datetime(2026, 11, 24, 9, 20, tzinfo=dt.UTC)


def ago(minutes: float) -> dt.datetime:
    return NOW - dt.timedelta(minutes=minutes)


def partner(**known: Any) -> Partner:
    return Partner(organisation=Organisation(name="Northern Infirmary"), **known)


@pytest.mark.parametrize(
    ("known", "queue", "sentence", "turn", "tone"),
    [
        ({}, Queue(), "Nothing has been exchanged with them yet.", "Nothing to do.", ""),
        ({"last_delivered_at": ago(3)}, Queue(), "Last delivered 3 min ago.", "Nothing to do.", "ok"),
        (
            {"last_delivered_at": ago(3), "last_received_at": ago(80)},
            Queue(),
            "Last delivered 3 min ago, last heard from 08:00.",
            "Nothing to do.",
            "ok",
        ),
        ({}, Queue(1, ago(2), NOW), "1 message on the way, the oldest for 2 minutes.", "Nothing to do yet.", ""),
        ({}, Queue(3, ago(11), NOW), "3 messages on the way, the oldest for 11 minutes.", "Nothing to do yet.", "soon"),
        (
            {"failing_since": ago(6)},
            Queue(12, ago(6), NOW + dt.timedelta(minutes=11)),
            "Northern Infirmary has not answered since 09:14. 12 messages wait; we try again at 09:31.",
            "Nothing to do yet.",
            "soon",
        ),
        (
            {"failing_since": ago(6)},
            Queue(12, ago(6), NOW + dt.timedelta(minutes=11), "servicerequest-request"),
            "Northern Infirmary has not answered since 09:14. 12 referrals wait; we try again at 09:31.",
            "Nothing to do yet.",
            "soon",
        ),
        (
            {"failing_since": ago(6), "transport": "mesh"},
            Queue(1, ago(6), NOW + dt.timedelta(minutes=11), "servicerequest-request"),
            "MESH has not answered since 09:14. 1 referral waits; we try again at 09:31.",
            "Nothing to do yet.",
            "soon",
        ),
        (
            {},
            Queue(1, ago(2), NOW, "servicerequest-response"),
            "1 answer to a referral on the way, the oldest for 2 minutes.",
            "Nothing to do yet.",
            "",
        ),
        (
            {"failing_since": ago(90)},
            Queue(1, ago(90), NOW + dt.timedelta(seconds=30)),
            "Northern Infirmary has not answered since 07:50. 1 message waits; we try again within a minute.",
            "Ring Northern Infirmary if something cannot wait.",
            "bad",
        ),
        (
            {"failing_since": ago(6)},
            Queue(),
            "Northern Infirmary has not answered since 09:14. Nothing waits for them.",
            "Nothing to do yet.",
            "soon",
        ),
        (
            {"enabled": False, "failing_since": ago(6)},
            Queue(2, ago(6), None),
            "Switched off: nothing is sent to Northern Infirmary. 2 messages wait.",
            "Switch it on when they are ready.",
            "soon",
        ),
    ],
)
def test_how_it_is_with_a_partner(known: dict[str, Any], queue: Queue, sentence: str, turn: str, tone: str) -> None:
    said = words.of_partner(partner(**known), queue, NOW)
    assert (said.sentence, said.turn, said.tone) == (sentence, turn, tone)


@pytest.mark.parametrize(
    ("known", "sentence", "ours"),
    [
        ({"state": "delivered", "settled_at": ago(4)}, "Delivered 4 min ago.", False),
        ({"state": "refused", "settled_at": ago(4)}, "Not accepted by Northern Infirmary's system 4 min ago.", True),
        ({"state": "expired", "settled_at": ago(4)}, "Not delivered after 3 tries; we stopped 4 min ago.", True),
        ({"state": "set-aside", "settled_at": ago(4)}, "Set aside 4 min ago: it is not sent.", False),
        ({"state": "handed-over", "handed_over_at": ago(6)}, "With MESH since 09:14, not collected yet.", False),
        ({"state": "uncollected"}, "Nobody at Northern Infirmary collected this in five days.", True),
        (
            {"to": partner(transport="mesh"), "state": "refused", "trouble": "unknown-mailbox", "settled_at": ago(4)},
            "MESH knows no mailbox of theirs by the name we have.",
            True,
        ),
        (
            {"to": partner(transport="mesh"), "trouble": "mailbox-refused", "due_at": NOW},
            "MESH did not accept our password.",
            True,
        ),
        (
            {"to": partner(transport="mesh"), "trouble": "unreachable", "due_at": NOW},
            "MESH cannot be reached. We",
            False,
        ),
        ({}, "Waits since 09:18 for its turn.", False),
        (
            {"trouble": "timed-out", "due_at": NOW + dt.timedelta(minutes=11)},
            "Their system did not answer in time. We try again at 09:31.",
            False,
        ),
        (
            {"trouble": "our-fault", "due_at": NOW},
            "Our system has a fault and could not send the message. We are",
            False,
        ),
    ],
)
def test_where_a_message_of_ours_stands(known: dict[str, Any], sentence: str, ours: bool) -> None:
    usual: dict[str, Any] = {"to": partner(), "due_at": NOW, "queued_at": ago(2), "attempts": 3}
    said = words.of_sent(OutboxMessage(**(usual | known)), NOW)
    assert said.sentence.startswith(sentence)
    assert said.ours is ours


def one_try(**known: Any) -> DeliveryAttempt:
    usual: dict[str, Any] = {"number": 1, "started_at": ago(1), "ended_at": NOW}
    return DeliveryAttempt(**(usual | known))


@pytest.mark.parametrize(
    ("known", "outcome", "side"),
    [
        ({"outcome": "delivered", "phase": "reply"}, "Delivered.", ""),
        ({"outcome": "duplicate", "phase": "reply"}, "They had it already: an earlier try had arrived.", ""),
        ({"outcome": "unreachable", "phase": "connect"}, "Their system cannot be reached.", "theirs"),
        ({"outcome": "timed-out", "phase": "await-reply"}, "Their system did not answer in time.", "theirs"),
        ({"outcome": "our-fault", "phase": "ours"}, "Our system has a fault and could not send the message.", "ours"),
        ({"outcome": "lost"}, "Our worker stopped in the middle; the next try made sure.", "ours"),
        ({"ended_at": None}, "Under way.", ""),
    ],
)
def test_a_try_says_how_it_ended_and_on_whose_side(known: dict[str, Any], outcome: str, side: str) -> None:
    (told,) = words.tries([one_try(**known)])
    assert (told.outcome, told.side) == (outcome, side)


@given(st.integers(0, 10**7))
def test_how_long_never_says_more_than_it_was(minutes: int) -> None:
    count, unit = words.how_long(ago(minutes), NOW).split()
    size = {"minute": 1, "hour": 60, "day": 1440}[unit.removesuffix("s")]
    assert int(count) * size <= max(1, minutes) < (int(count) + 1) * size
    assert unit.endswith("s") is (count != "1")
