"""How the partner behaves: switched by tests and on its page, normal again after a restart."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from sandbox.bars.outcomes import Refused, refuse
from sandbox.behaviour.modes import ENDING, MODES, Mode, Refusal

LONGEST_WAIT: Final = 120.0
LONGEST_AWAY: Final = 86_400.0
MOST_QUEUED: Final = 1000
USUAL_RETRY: Final = 20


@dataclass(frozen=True, slots=True)
class Chosen:
    """A mode and its seconds (how late, how long away, how long to wait; 0 where it has none)."""

    name: str = "normal"
    seconds: float = 0.0

    @property
    def mode(self) -> Mode:
        """What it does where."""
        return MODES[self.name]

    def refusal(self, told: Refusal) -> Refused:
        """What it answers instead of 200; 429 says how long to wait."""
        refused = refuse(told.status, told.code, told.text)
        refused.wait = round(self.seconds or USUAL_RETRY) if told.status == 429 else 0
        return refused


def chosen(name: str, seconds: float = 0.0) -> Chosen:
    """A mode by name. Raises ValueError for one that does not exist, or for seconds out of range."""
    most = LONGEST_AWAY if name in ENDING else LONGEST_WAIT
    if name not in MODES or not 0 <= seconds <= most:
        raise ValueError("unknown mode or seconds out of range")
    return Chosen(name, seconds)


@dataclass(slots=True)
class Behaviour:
    """What is chosen for the next messages, for a service, and for everything else, in this order."""

    #: Whether connections are encrypted, so that a certificate can expire.
    tls: bool = False
    _general: Chosen = field(default_factory=Chosen)
    _until: float = float("inf")
    _queue: deque[Chosen] = field(default_factory=deque)
    _services: dict[str, Chosen] = field(default_factory=dict)
    _changed: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def general(self) -> Chosen:
        """What holds for everything that nothing else was chosen for."""
        if time.monotonic() >= self._until:
            self._general, self._until = Chosen(), float("inf")
        return self._general

    @property
    def mode(self) -> str:
        """Name of the general mode."""
        return self.general.name

    @property
    def queued(self) -> list[Chosen]:
        """What the next messages meet, in this order."""
        return list(self._queue)

    @property
    def services(self) -> dict[str, Chosen]:
        """Service id -> what is chosen for it."""
        return dict(self._services)

    def switch(self, mode: str, seconds: float = 0.0, *, following: int = 0, service: str = "") -> None:
        """Choose a mode: for so many `following` messages (after those queued), for a service, or for everything.

        "normal" for a service takes its choice back; for everything it also forgets what is queued. Raises ValueError.
        """
        made = chosen(mode, seconds)
        if made.mode.expired and (not self.tls or following or service):
            raise ValueError("a certificate expires for everybody, where there is one")
        if not 0 <= following <= MOST_QUEUED - len(self._queue):
            raise ValueError("too many messages")
        with self._lock:
            if following:
                self._queue.extend([made] * following)
            elif service:
                self._services[service] = made
                if mode == "normal":
                    del self._services[service]
            else:
                self._general = made
                self._until = time.monotonic() + seconds if mode in ENDING and seconds else float("inf")
                if mode == "normal":
                    self._queue.clear()
        self._changed.set()
        self._changed = threading.Event()

    def before(self) -> None:
        """Called before anything is looked at. Raises Refused when the door is closed."""
        with self._lock:
            met = self._queue.popleft() if self._queue and self._queue[0].mode.closed else self.general
        if met.mode.closed:
            raise met.refusal(met.mode.closed)

    def take(self, service: str) -> Chosen:
        """Called when a message is fit to be taken, before it is kept: how it is treated. Raises Refused."""
        with self._lock:
            queued = bool(self._queue) and not self._queue[0].mode.closed
            met = self._queue.popleft() if queued else self._services.get(service, self.general)
        told = met.mode.closed or met.mode.unwilling
        if told:
            raise met.refusal(told)
        return met

    def before_answer(self, met: Chosen | None = None) -> None:
        """Called before an answer goes out; a late one waits, until its time or a switch of mode."""
        met = met or self.general
        if met.mode.reply == "late":
            self._changed.wait(timeout=met.seconds)

    @property
    def changed(self) -> threading.Event:
        """Set when anything is chosen."""
        return self._changed
