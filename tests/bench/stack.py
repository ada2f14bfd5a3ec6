"""The whole stack: how soon `./gp run` is ready, first and again, and what it weighs when idle (Linux)."""

import signal
import tempfile
import time
from pathlib import Path

from tests.journeys.conftest import free_port, start
from tests.journeys.test_launch import processes_of

#: CONTRACT: a fresh clone in 120 s (packages included; here they are installed), a second start in 10 s, 900 MB idle.
FIRST_SECONDS, SECOND_SECONDS, IDLE_MB = 120, 10, 900
SETTLE_SECONDS = 20


def weight(pids: list[int]) -> float:
    """Proportional set size of the processes together, in MB."""
    kilobytes = 0
    for pid in pids:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        kilobytes += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return kilobytes / 1024


def main() -> int:
    """Prints each figure with its bound; 1 if any is beyond it."""
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder) / "data", free_port()
        took = []
        for again in (False, True):
            began = time.monotonic()
            launcher, _ = start(data, port)
            took.append(time.monotonic() - began)
            if again:
                time.sleep(SETTLE_SECONDS)
                idle = weight(processes_of(data))
            launcher.send_signal(signal.SIGTERM)
            launcher.wait(timeout=20)
    print(f"ready on an empty data directory in {took[0]:.1f} s (at most {FIRST_SECONDS}), packages installed before")
    print(f"ready again in {took[1]:.1f} s (at most {SECOND_SECONDS}), {took[0] / took[1]:.1f} times as fast")
    print(f"idle {idle:.0f} MB PSS with the sandboxes (at most {IDLE_MB})")
    return int(took[0] > FIRST_SECONDS or took[1] > SECOND_SECONDS or idle > IDLE_MB)
