"""The guardian: a small process that outlives the launcher by a few seconds and takes down what is left.

    python -I guardian.py TAG < pipe

The launcher holds the pipe's other end and writes `+ PID SIGNAL group|one` for each child and `- PID` when it is gone.
When the pipe closes, for whatever reason (SIGKILL too), every child still listed gets its signal, then SIGKILL. On
Linux a last sweep finds by the environment variable GP_LAUNCH_ID whatever left its group. It inherits the data
directory's lock, so that nobody starts there before it is done. Imports nothing of ours: it runs in isolated mode.
"""

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

TAG = "GP_LAUNCH_ID"
POLITE_SECONDS = 3.0
Child = tuple[int, int, bool]  # pid, signal that ends it in order, whether it leads a group


def tagged(tag: str) -> list[int]:
    """Processes whose environment carries this launch's tag, except ourselves (Linux; elsewhere none are found)."""
    needle = b"\0" + f"{TAG}={tag}".encode() + b"\0"
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = b"\0" + (folder / "environ").read_bytes() + b"\0"
        except OSError:  # gone meanwhile, or another user's
            continue
        if needle in environment and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs. A zombie, which only its parent can remove, does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return not Path("/proc/self").exists()


def strike(child: Child, signum: int) -> None:
    """Send a signal to a child's group, or to it alone."""
    pid, _, group = child
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if group:
            os.killpg(pid, signum)
        else:
            os.kill(pid, signum)


def read_children(lines: list[str]) -> list[Child]:
    """The children still listed after all lines were read in order."""
    children: dict[int, Child] = {}
    for line in lines:
        match line.split():
            case ["+", pid, signum, kind]:
                children[int(pid)] = (int(pid), int(signum), kind == "group")
            case ["-", pid]:
                children.pop(int(pid), None)
    return list(children.values())


def take_down(children: list[Child], tag: str) -> None:
    """End every child: in order first, by force after POLITE_SECONDS, then whatever else carries the tag."""
    for child in children:
        strike(child, child[1])
    deadline = time.monotonic() + POLITE_SECONDS
    while time.monotonic() < deadline and any(is_alive(pid) for pid, _, _ in children):
        time.sleep(0.05)
    for child in children:
        strike(child, signal.SIGKILL)
    for _ in range(3):
        left = tagged(tag)
        for pid in left:
            strike((pid, 0, False), signal.SIGKILL)
        if not left:
            return
        time.sleep(0.05)


def main(tag: str) -> None:
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, signal.SIG_IGN)
    take_down(read_children(sys.stdin.readlines()), tag)


if __name__ == "__main__":
    main(sys.argv[1])
