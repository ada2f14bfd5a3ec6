"""Starting our PostgreSQL, and knowing when it answers."""

import contextlib
import os
import signal
import time
from pathlib import Path

from launcher.guardian import is_alive
from launcher.postgres_cluster import DATABASE, Cluster
from launcher.processes import asked_of_ps

READY_LINE = 7  # of postmaster.pid, counted from 0


def command(cluster: Cluster) -> list[str]:
    """The server's command line; everything else stands in its postgresql.conf."""
    return [str(cluster.bin / "postgres"), "-D", str(cluster.data)]


def is_ready(data: Path) -> bool:
    """Whether the server says of itself that it takes connections (its own postmaster.pid)."""
    lines = _pid_file(data)
    return len(lines) > READY_LINE and lines[READY_LINE].strip() == "ready"


def url(role: str, password: str, port: int) -> str:
    """The address of our database for one role."""
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{DATABASE}"


def clear_the_way(data: Path, seconds: float = 10.0) -> None:
    """Before a start: stop a server that an earlier run left on this data, and drop a pid file that names another's.

    PostgreSQL itself refuses to start when the number in its pid file now belongs to some other process.
    """
    lines = _pid_file(data)
    if not lines:
        return
    pid = int(lines[0])
    if _is_server_on(pid, data):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + seconds
        while is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.05)
    if not _is_server_on(pid, data):
        (data / "postmaster.pid").unlink(missing_ok=True)


def _pid_file(data: Path) -> list[str]:
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    return lines if lines and lines[0].strip().lstrip("-").isdigit() else []


def _is_server_on(pid: int, data: Path) -> bool:
    if not is_alive(pid):
        return False
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        words = asked_of_ps(pid, "command")
    return "postgres" in words and " ".join(str(data).split()) in " ".join(words.split())
