"""How the partner behaves: switched by tests and on its page, normal again after a restart."""

import threading
import time
from dataclasses import dataclass, field
from typing import Final

from sandbox.bars.outcomes import refuse

MODES: Final = {
    "normal": "takes messages",
    "down": "answers 503 to every message",
    "refuse": "refuses every message with 422",
    "slow": "takes messages, but answers late",
    "busy": "takes messages, but answers whoever reads with 429 and asks them to wait",
    "other-patient": "takes messages, but mixes another patient into what is read",
    "breaks-off": "takes messages, but fails half-way through the pages of what is read",
    "no-everything": "takes messages, and lets others read, but not everything at once",
    "warns": "takes messages, and warns whoever reads that something is missing",
}
LONGEST_WAIT: Final = 120.0


@dataclass(slots=True)
class Behaviour:
    """The present mode; `seconds` is how late `slow` answers."""

    mode: str = "normal"
    seconds: float = 0.0
    _changed: threading.Event = field(default_factory=threading.Event)

    def switch(self, mode: str, seconds: float = 0.0) -> None:
        """Change the mode. Raises ValueError for one that does not exist."""
        if mode not in MODES or not 0 <= seconds <= LONGEST_WAIT:
            raise ValueError("unknown mode or seconds out of range")
        self.mode, self.seconds = mode, seconds
        self._changed.set()
        self._changed = threading.Event()

    def before(self) -> None:
        """Called before anything is looked at."""
        if self.mode == "down":
            raise refuse(503, "transient", "The service is unavailable. Please try again later.")

    def after_checks(self) -> None:
        """Called when a message is fit to be taken, before it is kept."""
        if self.mode == "refuse":
            raise refuse(422, "business-rule", "The service refuses every message at present.")

    def before_answer(self) -> None:
        """Called after a message was kept, before the answer goes out; a switch of mode ends the wait."""
        if self.mode == "slow":
            started = time.monotonic()
            self._changed.wait(timeout=self.seconds - (time.monotonic() - started))
