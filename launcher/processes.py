"""Starting processes so that none is left behind, and telling one process from a later one with its number."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from launcher.guardian import is_alive, strike
from launcher.paths import PROJECT

WRAPPER = Path(__file__).with_name("die_with_parent.py")
Stream = IO[bytes] | int | None


@dataclass(frozen=True)
class RunAs:
    """How a program that refuses root is run: a prefix such as `unshare …`, or another user's numbers."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def popen_arguments(self) -> dict[str, object]:
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


OURSELVES = RunAs()


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    ends_with: int = signal.SIGKILL,
    run_as: RunAs = OURSELVES,
    own_group: bool = True,
    stdin: Stream = subprocess.DEVNULL,
    stdout: Stream = None,
    stderr: Stream = None,
    cwd: Path = PROJECT,
) -> subprocess.Popen[bytes]:
    """Start a program that gets `ends_with` when the launcher dies. Call from the main thread only."""
    wrapped = [sys.executable, "-I", "-S", str(WRAPPER), str(int(ends_with)), str(os.getpid()), *command]
    if run_as.uid is not None:  # another user may not be allowed to read our Python; the guardian still watches
        wrapped = list(command)
    return subprocess.Popen(  # type: ignore[call-overload,no-any-return]  # the user arguments come as a dict
        [*run_as.prefix, *wrapped],
        env=dict(env),
        cwd=cwd,
        start_new_session=own_group,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        **run_as.popen_arguments(),
    )


def asked_of_ps(pid: int, column: str) -> str:
    """What `ps` says of a process, for systems without /proc.

    In full width, or BSD's cuts at the terminal's; without the user's language and time zone, in which the same
    beginning would read differently tomorrow.
    """
    plain = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    command = ["ps", "-ww", "-o", f"{column}=", "-p", str(pid)]
    return " ".join(subprocess.run(command, capture_output=True, text=True, check=False, env=plain).stdout.split())


def started_at(pid: int) -> str:
    """When a process began, empty if there is none. With the pid it names one process for ever."""
    if not is_alive(pid):
        return ""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[19]}"
    except OSError:
        return asked_of_ps(pid, "lstart")


def is_same_process(pid: int, started: str) -> bool:
    """Whether the process that had this number then still has it now."""
    return bool(started) and started_at(pid) == started


def end(process: subprocess.Popen[bytes], signum: int, seconds: float, *, group: bool = True) -> None:
    """End one process: `signum`, then SIGKILL to its whole group after `seconds`."""
    if process.poll() is None:
        strike((process.pid, 0, False), signum)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            strike((process.pid, 0, False), signal.SIGKILL)
    if group:
        strike((process.pid, 0, True), signal.SIGKILL)
    process.wait()
