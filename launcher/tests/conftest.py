"""What the launcher's tests share: a small project beside the real launcher, and the family tree of a process.

The small project (small_project/) stands in a folder with a space in its name and has a tiny application instead of
ours: what is tested here is the launcher with real PostgreSQL, Valkey, gunicorn and Celery.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher.environment import users_own
from launcher.guardian import is_alive
from launcher.paths import DEV_LOCK, LOCK, PROJECT, VENV

Gp = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone's folder with the launcher as it is and a small application; shares this clone's packages."""
    clone = tmp_path_factory.mktemp("a clone")
    shutil.copytree(Path(__file__).with_name("small_project"), clone, dirs_exist_ok=True)
    shutil.copytree(PROJECT / "launcher", clone / "launcher", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    for path in (PROJECT / "gp", LOCK, DEV_LOCK):
        shutil.copy2(path, clone / path.name)
    (clone / ".venv").symlink_to(VENV)
    return clone


@pytest.fixture
def gp(project: Path) -> Iterator[Gp]:
    """Starts `./gp …` as a user would, without anything the surrounding `./gp test` set; ended after the test."""
    started: list[subprocess.Popen[str]] = []

    def start(
        *arguments: str, program: tuple[str, ...] = (sys.executable, str(project / "gp")), **more: str
    ) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*program, *arguments],
            env={**users_own(), **more},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)


def family(pid: int) -> list[int]:
    """A process and all below it (Linux)."""
    below: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        below.setdefault(parent, []).append(int(stat.parent.name))
    found, rest = [], [pid]
    while rest:
        one = rest.pop()
        found.append(one)
        rest += below.get(one, [])
    return found


def wait_for(is_so: Callable[[], bool], seconds: float) -> bool:
    """Whether something became true in time."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def all_gone(pids: list[int], seconds: float) -> bool:
    """Whether none of these processes is left after so many seconds."""
    return wait_for(lambda: not any(is_alive(pid) for pid in pids), seconds)


linux_only = pytest.mark.skipif(
    not os.path.exists("/proc/self/stat"),  # noqa: PTH110
    reason="reads /proc, which only Linux has",
)
