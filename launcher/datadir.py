"""A data directory: who uses it now, its secrets, its ports, its logs.

`lock` is held (flock) by the launcher and its guardian, so a process that died holds nothing: no pid file can be stale.
`run.json` says who runs: pid, when it began, port, phase and the children's pids; readable by the owner only.
"""

import fcntl
import json
import os
import secrets
import shutil
import time
from pathlib import Path
from typing import Any

from launcher.processes import is_same_process, started_at
from launcher.words import CannotGoOn

SECRETS = ("owner", "app", "valkey", "secret_key")
KEPT_LOGS = 3
MEGABYTE = 1024 * 1024


class DataDir:
    """The folder that holds everything of one instance: database, broker, secrets, logs."""

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().absolute()
        self.lock_fd = -1

    def create(self, needs_mb: int) -> None:
        """Make the folder, private to us. Raises CannotGoOn without permission or space."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self.path / "logs").mkdir(exist_ok=True)
        except FileExistsError:
            raise CannotGoOn(f"{self.path} is a file, not a folder: give another with --data DIR.") from None
        except PermissionError:
            raise self._no_permission() from None
        if not os.access(self.path, os.W_OK | os.X_OK) or not os.access(self.path / "logs", os.W_OK):
            raise self._no_permission()
        enough_space(self.path, needs_mb)

    def _no_permission(self) -> CannotGoOn:
        return CannotGoOn(f"No permission to write in {self.path}: run as its owner, or give another with --data DIR.")

    def lock(self, *, patience: float = 10.0) -> None:
        """Become the one user of this directory. A run that is being taken down after its death is waited for."""
        try:
            self.lock_fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError:
            raise self._no_permission() from None
        deadline = time.monotonic() + patience
        while not self._try_lock():
            running = self.running()
            if running or time.monotonic() > deadline:
                self.unlock()
                raise CannotGoOn(self._in_use(running or {}))
            time.sleep(0.1)

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self.lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _in_use(self, running: dict[str, Any]) -> str:
        who = f"`./gp {running['command']}` (process {running['pid']})" if running else "another process"
        return f"{self.path} is in use by {who}: stop that first, or give another directory with --data DIR."

    def unlock(self) -> None:
        """Let the directory go."""
        if self.lock_fd >= 0:
            os.close(self.lock_fd)
            self.lock_fd = -1

    def running(self) -> dict[str, Any] | None:
        """What run.json says, if the launcher that wrote it still runs; None otherwise."""
        state = self.left_behind()
        if state and is_same_process(int(state["pid"]), str(state["started"])):
            return state
        return None

    def left_behind(self) -> dict[str, Any]:
        """What run.json says, whether or not its writer still lives; empty when there is none."""
        return _read_json(self.path / "run.json")

    def write_state(self, command: str, phase: str, **more: object) -> None:
        """Say who runs here. Phases: starting, services, ready."""
        state = {"command": command, "pid": os.getpid(), "started": started_at(os.getpid()), "phase": phase, **more}
        _write_json(self.path / "run.json", state)

    def clear_state(self) -> None:
        (self.path / "run.json").unlink(missing_ok=True)

    def secrets(self) -> dict[str, str]:
        """This directory's own passwords and key: random, made once, readable by the owner only."""
        kept = _read_json(self.path / "secrets.json")
        wanted = {name: kept.get(name) or secrets.token_urlsafe(48) for name in SECRETS}
        if wanted != kept:
            _write_json(self.path / "secrets.json", wanted)
        return wanted

    def ports(self) -> dict[str, int]:
        """The ports used last time."""
        return {str(name): int(port) for name, port in _read_json(self.path / "ports.json").items()}

    def keep_ports(self, ports: dict[str, int]) -> None:
        _write_json(self.path / "ports.json", self.ports() | ports)

    def log(self, name: str, *, rotate: bool = True) -> Path:
        """The log of one program; the ones of earlier starts are kept as .1, .2, .3."""
        path = self.path / "logs" / f"{name}.log"
        if rotate and path.exists() and path.stat().st_size:
            for number in range(KEPT_LOGS, 0, -1):
                older = path.with_suffix(f".log.{number - 1}") if number > 1 else path
                if older.exists():
                    older.replace(path.with_suffix(f".log.{number}"))
        path.touch(mode=0o600)
        return path


def enough_space(path: Path, needs_mb: int) -> None:
    """Raise CannotGoOn when less than `needs_mb` megabytes are free where `path` is."""
    free = shutil.disk_usage(path).free // MEGABYTE
    if free < needs_mb:
        raise CannotGoOn(
            f"Only {free} MB are free at {path} and {needs_mb} MB are needed: make room there and try again."
        )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except PermissionError:
        raise CannotGoOn(f"No permission to read {path}: run as its owner, or give another with --data DIR.") from None
    except ValueError:  # cut short by a full disk or a power cut: it is made anew
        return {}
    return content if isinstance(content, dict) else {}


def _write_json(path: Path, content: object) -> None:
    """Write whole or not at all, readable by the owner only."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=1)
    part.replace(path)
