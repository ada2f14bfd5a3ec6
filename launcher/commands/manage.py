"""`./gp manage [--data DIR] COMMAND …`: manage.py against that directory's services, whether or not they are up."""

import time
from pathlib import Path
from typing import Any

from launcher import packages
from launcher.datadir import DataDir
from launcher.environment import users_own
from launcher.launch import environment_of, launched
from launcher.lone import run_alone
from launcher.paths import DEFAULT_DATA, PROJECT, PYTHON
from launcher.words import CannotGoOn, say

PATIENCE = 120.0  # seconds for a run that is still setting up
NEEDS_MB = 200


def main(arguments: list[str]) -> int:
    """Run a management command; its own exit status."""
    path, command = _parse(arguments)
    if not command:
        command = ["help"]
    user = users_own()
    packages.ensure(development=False, user=user)
    directory = DataDir(path)
    running = _services_up(directory)
    if running is not None:
        ports = {str(name): int(port) for name, port in running["ports"].items()}
        env = environment_of(directory, ports, user, "")
        return run_alone([str(PYTHON), str(PROJECT / "manage.py"), *command], env, Path.cwd())
    return _with_services(directory, command, user)


def _parse(arguments: list[str]) -> tuple[Path, list[str]]:
    """Our own option stands before the command; everything after it is the command's."""
    path, rest = DEFAULT_DATA, list(arguments)
    while rest and rest[0].startswith("--data"):
        name, equals, value = rest.pop(0).partition("=")
        if name != "--data":
            raise CannotGoOn(f"./gp manage has no option {name}: it is ./gp manage [--data DIR] COMMAND …", status=2)
        if not equals:
            if not rest:
                raise CannotGoOn("--data needs a folder: ./gp manage --data DIR COMMAND …", status=2)
            value = rest.pop(0)
        path = Path(value)
    return path, rest


def _services_up(directory: DataDir) -> dict[str, Any] | None:
    """The state of a run that is up here; None if nobody is. One that is still setting up is waited for."""
    deadline = time.monotonic() + PATIENCE
    told = False
    while running := directory.running():
        if running["command"] == "run" and running["phase"] in ("migrated", "ready"):
            return running
        if not told:
            say(f"Waiting for `./gp {running['command']}` (process {running['pid']}) in {directory.path} …")
            told = True
        if time.monotonic() > deadline:
            break
        time.sleep(0.2)
    return None


def _with_services(directory: DataDir, command: list[str], user: dict[str, str]) -> int:
    """Start the services around the command; a new database is migrated first."""
    new = not (directory.path / "postgres").exists()
    with launched(directory, "manage", needs_mb=NEEDS_MB, user=user) as launch:
        launch.start_services()
        manage = [str(PYTHON), str(PROJECT / "manage.py")]
        if new and command[0] not in ("migrate", "help", "makemigrations"):
            say("A new database: migrating it first …")
            if launch.foreground([*manage, "migrate", "--verbosity", "0"], quiet=True):
                raise CannotGoOn("The new database could not be migrated; the reason stands above.")
        return launch.foreground([*manage, *command], cwd=Path.cwd())  # paths given are the user's
