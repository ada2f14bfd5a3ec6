"""What is done to the stack while messages travel: each harm is one function, chosen by a seeded chance."""

import random
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from tests.faults.proxy import Harm
from tests.faults.stand import Stand, wait_for

WORKERS: Final = ("worker", "worker-2")
#: How long (seconds) answers are held back: beyond the time-outs of both sides.
HELD_BACK: Final = (0.0, 7.0)
#: Share of answers that are cut, until at least so many of our messages were sent and their answers not heard.
CUTS: Final = 0.5
UNHEARD: Final = 2


@dataclass(slots=True)
class Storm:
    """Harms one after another; those that last end by themselves after so many seconds (least, most)."""

    stand: Stand
    chance: random.Random
    lasts: tuple[float, float]
    #: Held back so long at any time, so that there is something in flight whenever harm is done.
    delay: tuple[float, float] = (0.0, 0.0)
    #: Harms done, in order.
    done: list[str] = field(default_factory=list)

    def each_once(self, *, and_crash_the_database: bool) -> Iterator[str]:
        """Every kind of harm once, in the order of chance; gives the name before it is done."""
        kinds = list(HARMS)
        if not and_crash_the_database:
            kinds.remove("the database crashes")
        self.chance.shuffle(kinds)
        return iter(kinds)

    def at_random(self) -> Iterator[str]:
        """Harms without end; the database crashes no second time, since that was to happen once."""
        kinds = [kind for kind in HARMS if kind != "the database crashes"]
        while True:
            yield self.chance.choice(kinds)

    def strike(self, kind: str) -> None:
        """Do one harm, and end it if it lasts."""
        self.done.append(kind)
        HARMS[kind](self)

    def pause(self) -> None:
        """Let a harm last."""
        time.sleep(self.chance.uniform(*self.lasts))

    def weather(self, harm: Harm | None = None) -> None:
        """Do this harm to all answers, without one only what is done at any time."""
        for proxy in (self.stand.out, self.stand.into):
            proxy.calm()  # also lets go what is still held back
            proxy.hurt(harm or Harm(delay=self.delay))

    def calm(self) -> None:
        """All harm is over; the launcher still brings back what died."""
        self.stand.into.calm()
        self.stand.out.calm()
        self.stand.behave("normal")


def _kill_a_worker(storm: Storm) -> None:
    storm.stand.kill(storm.chance.choice(WORKERS))


def _kill_a_task(storm: Storm) -> None:
    storm.stand.kill_a_task(storm.chance.choice(WORKERS))


def _kill_all_workers(storm: Storm) -> None:
    for name in WORKERS:
        storm.stand.kill(name)


def _partner_says_503(storm: Storm) -> None:
    storm.stand.behave("down")
    storm.pause()
    storm.stand.behave("normal")


def _partner_refuses(storm: Storm) -> None:
    storm.stand.out.refuse()
    storm.pause()
    storm.stand.out.listen()


def _we_refuse(storm: Storm) -> None:
    storm.stand.into.refuse()
    storm.pause()
    storm.stand.into.listen()


def _cut_answers(storm: Storm) -> None:
    before = storm.stand.unheard()
    storm.weather(Harm(delay=storm.delay, cuts=CUTS))
    storm.pause()
    enough = before + UNHEARD
    wait_for(lambda: storm.stand.unheard() >= enough or storm.stand.is_quiet(), "answers of the partner are cut")
    storm.weather()


def _hold_answers_back(storm: Storm) -> None:
    storm.weather(Harm(delay=HELD_BACK))
    storm.pause()
    storm.weather()


HARMS: Final[dict[str, Callable[[Storm], None]]] = {
    "a worker is killed": _kill_a_worker,
    "a task is killed": _kill_a_task,
    "all workers are killed": _kill_all_workers,
    "the web server is killed": lambda storm: storm.stand.kill("web"),
    "beat is killed": lambda storm: storm.stand.kill("beat"),
    "the broker loses its memory": lambda storm: storm.stand.forget_rings(),
    "the database restarts": lambda storm: storm.stand.kill("postgres", signal.SIGINT),
    "the database crashes": lambda storm: storm.stand.kill("postgres"),
    "the partner answers 503": _partner_says_503,
    "the partner refuses connections": _partner_refuses,
    "we refuse connections": _we_refuse,
    "answers are cut": _cut_answers,
    "answers are held back": _hold_answers_back,
}
