"""One run: referrals out and letters in while everything fails in turn, and the reckoning of both."""

import hashlib
import json
import random
import signal
import subprocess
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from launcher import processes
from launcher.paths import PYTHON
from tests.faults import people
from tests.faults.account import Account, Sent, settle
from tests.faults.sending import Posted, Sender, Whom, letter
from tests.faults.stand import Stand, standing, wait_for
from tests.faults.storm import Storm

TAKEN: Final = frozenset({200, 409})
OUTBOX: Final = (
    "SELECT o.concerns_id, o.request_id::text, o.correlation_id::text, o.sha256, o.state, r.state,"
    " (SELECT count(*) FROM referrals_referralevent e WHERE e.outbox_id = o.id AND e.kind = 'delivered')"
    " FROM exchange_outboxmessage o JOIN referrals_referral r ON r.id::text = o.concerns_id"
)
INBOX: Final = (
    "SELECT i.request_id::text, i.correlation_id::text, i.sha256, i.state,"
    " (SELECT count(*) FROM records_letter l WHERE l.message_id = i.id::text) FROM exchange_inboxmessage i"
)
IN_FLIGHT: Final = (
    "SELECT 1 FROM exchange_deliveryattempt WHERE ended_at IS NULL AND started_at > now() - interval '2 seconds'"
)
PEOPLE: Final = (
    "SELECT nhs_number, family, given, birth_date::text FROM records_patient"
    " WHERE nhs_number <> '' AND birth_date < now() - interval '19 years'"
    " AND NOT deceased AND NOT restricted AND nhs_number_status <> 'failing' AND nhs_number IN"
    " (SELECT nhs_number FROM records_patient GROUP BY 1 HAVING count(*) = 1) ORDER BY nhs_number"
)


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is. Times in seconds."""

    #: Messages each way, and how many of them are made so that only a person can settle them.
    messages: int
    undeliverable: int
    patients: int
    #: How often forgotten work is looked for. What is due is rung for again each time: with thousands, less often.
    sweep: int
    #: How long answers are held back at any time, and how long a harm lasts that ends by itself (least, most).
    delay: tuple[float, float]
    lasts: tuple[float, float]
    #: Until everything has to be settled once it is calm. Generous: nothing is asserted about time.
    patience: float
    #: The database crashes once as well, and harms go on for as long as messages travel.
    long: bool


SHORT: Final = Size(
    messages=60, undeliverable=6, patients=12, sweep=2, delay=(0.1, 0.5), lasts=(0.5, 2.0), patience=300, long=False
)
LONG: Final = Size(
    messages=2000, undeliverable=40, patients=60, sweep=5, delay=(0.0, 0.1), lasts=(2.0, 12.0), patience=1800, long=True
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to."""

    out: Account
    into: Account
    #: What the hospital counts: raw arrivals, messages, accepted, changed between repeats.
    counts: dict[str, int]
    #: Harms done, and answers that were cut.
    harms: tuple[str, ...]
    cut: int
    seconds: float


def burn(folder: Path, size: Size, *, seed: int, say: Callable[[str], None]) -> Result:
    """Run once. Raises AssertionError when something does not even start."""
    chance = random.Random(seed)
    say(f"seed {seed}: {size.messages} referrals out and {size.messages} letters in; made undeliverable beforehand:")
    say(f"{size.undeliverable} referrals, {size.undeliverable} letters")
    with standing(folder, patients=size.patients, sweep=size.sweep, seed=seed) as stand:
        known = [Whom(*row) for row in wait_for(lambda: stand.rows(PEOPLE), "the patients are there")]
        referrals, posts = _referrals(size, chance, known), _letters(size, chance, known)
        began = time.monotonic()
        with _writing(stand) as write:
            sender = Sender(stand.into.url, stand.data / "sandbox" / "hospital", seed)
            sender.start()
            storm = Storm(stand, chance, size.lasts, size.delay)
            storm.weather()
            _rage(stand, storm, size, _Feed(referrals, posts, write, sender))
            storm.calm()
            _settled(stand, sender, size, write)
            sender.stop()
        seconds = time.monotonic() - began
        harms, cut = tuple(storm.done), stand.out.cut + stand.into.cut
        there = stand.arrivals()
        return Result(_sent(stand, referrals, there), _received(stand, posts), there["counts"], harms, cut, seconds)


# What is sent -----------------------------------------------------------------------------------------------------
def _referrals(size: Size, chance: random.Random, known: list[Whom]) -> list[dict[str, Any]]:
    """What the GP is told to write; a chosen few to a service that is closed, or to a hospital that is gone."""
    bad = dict(zip(chance.sample(range(size.messages), size.undeliverable), _ways(), strict=False))
    return [
        {
            "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            "service": bad.get(number) or chance.choice(people.OPEN),
            "undeliverable": number in bad,
            "late": bad.get(number) == people.GONE,
            "nhs_number": chance.choice(known).nhs_number,
            "reason": f"Breathless on stairs, referral {number}",
        }
        for number in range(size.messages)
    ]


def _ways() -> Iterator[str]:
    while True:
        yield from (people.CLOSED, people.GONE)


def _letters(size: Size, chance: random.Random, known: list[Whom]) -> list[Posted]:
    """The hospital's letters; a chosen few about somebody whom the practice does not know."""
    bad = set(chance.sample(range(size.messages), size.undeliverable))
    return [letter(None if number in bad else chance.choice(known), number) for number in range(size.messages)]


class _Writing:
    """The GP's program, which is given one referral after another."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def tell(self, referral: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(referral).encode() + b"\n")
        self.process.stdin.flush()

    def no_more(self) -> None:
        if self.process.stdin is not None:
            self.process.stdin.close()

    def done(self) -> bool:
        """Whether everything told is sent."""
        return self.process.poll() is not None


@contextmanager
def _writing(stand: Stand) -> Iterator[_Writing]:
    """The GP's program, running; killed at the end if it is not done."""
    with (stand.data / "logs" / "writing.log").open("wb") as log:
        process = processes.start(
            [str(PYTHON), "-m", "tests.faults.writing"],
            env=stand.environment(),
            ends_with=signal.SIGKILL,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield _Writing(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@dataclass(slots=True)
class _Feed:
    """Hands out what is to be sent, both ways alike."""

    referrals: list[dict[str, Any]]
    posts: list[Posted]
    write: _Writing
    sender: Sender
    given: int = 0

    def give(self, share: float) -> None:
        """Send on until so much of all is given out."""
        until = round(share * len(self.referrals))
        for number in range(self.given, until):
            self.write.tell(self.referrals[number])
            self.sender.post(self.posts[number])
        self.given = max(self.given, until)


# While it burns ---------------------------------------------------------------------------------------------------
def _rage(stand: Stand, storm: Storm, size: Size, feed: _Feed) -> None:
    """Every kind of harm once, each on fresh messages; in the long form all wait first, and harm goes on to the end."""
    kinds = list(storm.each_once(and_crash_the_database=size.long))
    if size.long:
        stand.out.refuse()
        feed.give(1)
        wait_for(lambda: (stand.waiting() or (0, 0))[0] >= size.messages * 0.9, "the referrals are in flight", 900)
        stand.out.listen()
    for place, kind in enumerate(kinds, start=1):
        feed.give(place / len(kinds))
        if not size.long:
            wait_for(lambda: _is_in_flight(stand, feed), "a referral is on its way")
        time.sleep(storm.chance.uniform(0.0, size.delay[1]))
        storm.strike(kind)
    feed.give(1)
    if size.long:
        for kind in storm.at_random():
            if _nearly_settled(stand, feed.sender, size):
                return
            storm.strike(kind)
            time.sleep(storm.chance.uniform(1.0, 8.0))


def _is_in_flight(stand: Stand, feed: _Feed) -> bool:
    """Whether a referral is being delivered now; also true when all that were given out are settled already."""
    if stand.rows(IN_FLIGHT):
        return True
    sent = stand.rows("SELECT count(*) FROM exchange_outboxmessage")
    return sent is not None and int(sent[0][0]) >= feed.given and stand.is_quiet()


def _nearly_settled(stand: Stand, sender: Sender, size: Size) -> bool:
    waiting = stand.waiting()
    return waiting is not None and waiting[0] < size.messages * 0.02 and sender.settled > size.messages * 0.98


def _settled(stand: Stand, sender: Sender, size: Size, write: _Writing) -> None:
    """Wait until nothing travels any more. What does at the end of our patience is found missing by the reckoning."""
    write.no_more()
    end = time.monotonic() + size.patience
    while time.monotonic() < end:
        quiet = write.done() and sender.settled == size.messages
        if quiet and stand.is_quiet():
            return
        time.sleep(0.5)


# The reckoning ----------------------------------------------------------------------------------------------------
def _sent(stand: Stand, referrals: list[dict[str, Any]], there: dict[str, Any]) -> Account:
    """Referrals: what we believe of each beside what the hospital counts."""
    taken = Counter(one["request_id"] for one in there["referrals"])
    arrived: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for one in there["arrivals"]:
        arrived[one["request_id"]].append((one["request_id"], one["correlation_id"], one["sha256"]))
    ours: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in wait_for(lambda: stand.rows(OUTBOX), "the database answers"):
        ours[row[0]].append(row)
    messages = [_referral(one, ours[one["id"]], taken, arrived) for one in referrals]
    named = {row[1] for rows in ours.values() for row in rows}
    strange = [Sent(f"{unknown} (unknown to us)", False, taken=2) for unknown in set(arrived) - named]
    return settle(messages + strange)


def _referral(
    wanted: dict[str, Any],
    rows: list[tuple[Any, ...]],
    taken: Counter[str],
    arrived: dict[str, list[tuple[str, ...]]],
) -> Sent:
    one = Sent(wanted["id"], wanted["undeliverable"], copies=len(rows))
    for _, request_id, correlation_id, sha256, state, referral, told in rows:
        one.id = f"referral {wanted['id']}, message {request_id} ({state}, referral {referral})"
        one.taken += taken[request_id]
        one.listed |= state in ("refused", "expired") and referral == "not-delivered"
        one.confirmed |= state == "delivered" and referral == "delivered" and told == 1
        one.forms |= {(request_id, correlation_id, sha256), *arrived[request_id]}
        one.arrivals += len(arrived[request_id])
    return one


def _received(stand: Stand, posts: list[Posted]) -> Account:
    """Letters: what their sender heard of each beside what we filed or laid before a person."""
    stored: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in wait_for(lambda: stand.rows(INBOX), "the database answers"):
        stored[row[0]].append(row)
    messages = []
    for post in posts:
        one = Sent(f"letter {post.request_id} (answered {post.ended})", post.undeliverable, arrivals=post.tries)
        one.confirmed = post.ended in TAKEN
        one.forms.add((post.request_id, post.correlation_id, hashlib.sha256(post.content).hexdigest()))
        for request_id, correlation_id, sha256, state, filed in stored[post.request_id]:
            one.copies += 1
            one.taken += filed
            one.listed |= state == "needs-review"
            one.forms.add((request_id, correlation_id, sha256))
        messages.append(one)
    return settle(messages)
