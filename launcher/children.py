"""The programs that belong to one launch: started, watched, restarted with growing pauses, and taken down together."""

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from launcher.guardian import strike
from launcher.processes import OURSELVES, RunAs, end, start, started_at
from launcher.watch import Bell, Guardian, reap_orphans
from launcher.words import CannotGoOn, last_lines, say

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
HEALTHY_SECONDS = 60.0


@dataclass
class Child:
    """One program: how it is started and stopped, and how it has fared."""

    name: str
    words: str
    command: Sequence[str]
    log: Path
    ends_with: int = signal.SIGTERM  # asks it to stop in order
    on_our_death: int = signal.SIGKILL  # what it gets if the launcher is killed
    grace: float = 5.0  # seconds to stop in order
    run_as: RunAs = OURSELVES
    env: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] | None = None  # what has to be done before each start
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    failures: int = 0
    again_at: float | None = None

    def pause(self) -> float:
        """Seconds until the next try: they double with each failure in a row."""
        return float(min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** max(0, self.failures - 1)))


class Children:
    """All programs of one launch. `changed` is told whenever a pid changes."""

    def __init__(self, guardian: Guardian, bell: Bell) -> None:
        self.guardian, self.bell = guardian, bell
        self.all: dict[str, Child] = {}
        self.changed: Callable[[], None] = lambda: None

    def pids(self) -> dict[str, dict[str, object]]:
        """Each running child's pid and when it began, for run.json."""
        running = {name: child.process.pid for name, child in self.all.items() if child.process}
        return {name: {"pid": pid, "started": started_at(pid)} for name, pid in running.items()}

    def start(self, child: Child) -> None:
        """Start a program and keep it running from now on."""
        self.all[child.name] = child
        if child.before:
            child.before()
        with child.log.open("ab") as log:
            child.process = start(
                child.command,
                env=child.env,
                ends_with=child.on_our_death,
                run_as=child.run_as,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        child.since, child.again_at = time.monotonic(), None
        self.guardian.watch(child.process.pid, child.on_our_death, group=True)
        self.changed()

    def look(self) -> None:
        """Reap what died, restart what is due."""
        self.guardian.ensure()
        for child in list(self.all.values()):
            if child.process and child.process.poll() is not None:
                self._died(child)
            if child.again_at is not None and time.monotonic() >= child.again_at:
                self.start(child)
        ours = {child.process.pid for child in self.all.values() if child.process}
        reap_orphans(ours | {self.guardian.process.pid})

    def _died(self, child: Child) -> None:
        """Note a death, take down what it left of its group, and plan the next start."""
        process = child.process
        if process is None:
            return
        strike((process.pid, 0, True), signal.SIGKILL)
        self.guardian.forget(process.pid)
        child.process = None
        child.failures = 1 if time.monotonic() - child.since > HEALTHY_SECONDS else child.failures + 1
        child.again_at = time.monotonic() + child.pause()
        how = f"signal {-process.returncode}" if process.returncode < 0 else f"status {process.returncode}"
        say(f"{child.words} ended ({how}) and is started again in {child.pause():g} s; see {child.log}")
        self.changed()

    def next_look(self, at_most: float = 5.0) -> float:
        """The monotonic time by which look() should be called again."""
        times = [child.again_at for child in self.all.values() if child.again_at is not None]
        return min([time.monotonic() + at_most, *times])

    def wait_until(self, is_so: Callable[[], bool], child: Child, seconds: float) -> None:
        """Wait until a child answers. Raises CannotGoOn if that takes too long, or if any child dies meanwhile."""
        deadline = time.monotonic() + seconds
        while not is_so():
            self.all_live()
            if time.monotonic() > deadline:
                raise _did_not_start(child, f"did not answer within {seconds:g} s")
            self.bell.wait(time.monotonic() + 0.05)

    def all_live(self) -> None:
        """Raise CannotGoOn with the end of its log if a child has died: while starting none is tried again."""
        for child in self.all.values():
            if child.process is None or child.process.poll() is not None:
                raise _did_not_start(child, "stopped while starting")

    def wait_for(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for a process that is not kept running, reaping orphans meanwhile; its exit status."""
        while process.poll() is None:
            ours = {child.process.pid for child in self.all.values() if child.process}
            reap_orphans(ours | {self.guardian.process.pid, process.pid})
            self.bell.wait(time.monotonic() + 2.0)
        return process.returncode

    def stop(self, names: Sequence[str]) -> None:
        """Stop programs together: each asked in order, and by force when its grace is over."""
        stopping = [self.all.pop(name) for name in names if name in self.all]
        running = [(child, child.process) for child in stopping if child.process]
        for child, process in running:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(child.ends_with)
        began = time.monotonic()
        for child, process in running:
            left = max(0.0, child.grace - (time.monotonic() - began))
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(left)
            end(process, signal.SIGKILL, 1.0)
            self.guardian.forget(process.pid)

    def stop_all(self, last: Sequence[str] = ("postgres", "valkey")) -> None:
        """Stop everything, the services that others need last."""
        self.stop([name for name in self.all if name not in last])
        self.stop([name for name in last if name in self.all])


def _did_not_start(child: Child, what: str) -> CannotGoOn:
    return CannotGoOn(f"{child.words} {what}. The end of {child.log}:\n{last_lines(child.log)}")
