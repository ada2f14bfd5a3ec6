"""The launcher's side of the guardian, and its own duty to reap (Linux: orphans of our children come back to us)."""

import contextlib
import ctypes
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

from launcher.guardian import TAG, strike, tagged
from launcher.words import Interrupted

PROGRAM = Path(__file__).with_name("guardian.py")
PR_SET_CHILD_SUBREAPER = 36


class Guardian:
    """A process that takes our children down if we cannot. It is started anew should someone kill it."""

    def __init__(self, lock_fd: int = -1) -> None:
        self.tag = secrets.token_hex(8)
        self.lock_fds = (lock_fd,) if lock_fd >= 0 else ()
        self.lines: dict[int, str] = {}
        self._start()

    def _start(self) -> None:
        env = {name: value for name, value in os.environ.items() if name != TAG}
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM), self.tag],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env=env,
            cwd="/",
            start_new_session=True,
            pass_fds=self.lock_fds,
        )
        for line in self.lines.values():
            self._write(line)

    def _write(self, line: str) -> None:
        pipe = self.process.stdin
        with contextlib.suppress(BrokenPipeError):  # it died: ensure() starts another, which is told everything
            if pipe:
                pipe.write(line.encode())
                pipe.flush()

    def watch(self, pid: int, ends_with: int, *, group: bool) -> None:
        """Have a child taken down if we die: `ends_with` first, SIGKILL after."""
        self.lines[pid] = f"+ {pid} {int(ends_with)} {'group' if group else 'one'}\n"
        self._write(self.lines[pid])

    def forget(self, pid: int) -> None:
        """The child is gone and its number may be given to another process."""
        if self.lines.pop(pid, None):
            self._write(f"- {pid}\n")

    def ensure(self) -> None:
        """Start a new guardian if ours was killed."""
        if self.process.poll() is not None:
            self._start()

    def close(self) -> None:
        """Everything is down: sweep what carries our tag, let the guardian go and wait until it has."""
        for pid in tagged(self.tag):
            strike((pid, 0, False), signal.SIGKILL)
        if self.process.stdin:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)


def adopt_orphans() -> None:
    """Linux: processes whose parent died become ours, so that we can reap them and nobody escapes."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap_orphans(ours: set[int]) -> None:
    """Remove dead children that no Popen of ours stands for.

    Only Linux hands us any (adopt_orphans); on macOS they go to launchd, and Python before 3.13 has no waitid there.
    """
    while sys.platform == "linux":
        try:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if dead is None or dead.si_pid in ours:
            return
        with contextlib.suppress(ChildProcessError):
            os.waitpid(dead.si_pid, os.WNOHANG)


class Bell:
    """Sleeps until a signal (a child died, we shall stop) or until the time is over."""

    def __init__(self) -> None:
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, False)
        os.set_blocking(self.write_end, False)
        signal.set_wakeup_fd(self.write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)

    def wait(self, until: float) -> None:
        """Sleep until the monotonic time `until`, or less."""
        select.select([self.read_end], [], [], max(0.0, until - time.monotonic()))
        with contextlib.suppress(BlockingIOError):
            while os.read(self.read_end, 512):
                pass


def stop_on_signals() -> None:
    """The first SIGINT, SIGTERM or SIGHUP raises Interrupted in the main thread; later ones are not heard.

    SIGHUP stays ignored where it was (nohup); SIGINT not, since shells ignore it for programs put in the background.
    """
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signum != signal.SIGHUP or signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, _interrupt)


def quiet_signals() -> None:
    """From here on we are leaving: being asked to does not change anything."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _nothing)


def _nothing(signum: int, frame: FrameType | None) -> None:
    """A handler is needed for the wake-up; ignoring SIGCHLD would make the system throw exit codes away."""


def _interrupt(signum: int, frame: FrameType | None) -> None:
    quiet_signals()
    raise Interrupted(signum)
