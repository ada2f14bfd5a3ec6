"""What `./gp run` starts, by the launcher's own parts, with two workers and one partner: a program of its own.

`python -m tests.faults.launching --data DIR --port P --patients N`

Started anew like there: whatever dies comes back after a pause that grows. The database is durable and the people are
the demonstration's first N. It prints a ready line and runs until SIGTERM.
"""

import argparse
import sys
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import Final

from launcher import programs
from launcher.children import Child
from launcher.datadir import DataDir
from launcher.environment import users_own
from launcher.launch import Launch, launched
from launcher.paths import PROJECT, PYTHON
from launcher.watch import stop_on_signals
from launcher.words import CannotGoOn, Interrupted

NEEDS_MB: Final = 500
WEB_SECONDS: Final = 120.0
NEVER_SECONDS: Final = "1000000"  # the partner's own later answers are none of the messages that are counted


def main(arguments: list[str] | None = None) -> int:
    """Start everything, say so, keep it running."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--patients", type=int, required=True)
    options = parser.parse_args(arguments)
    stop_on_signals()
    with launched(DataDir(options.data), "faults", needs_mb=NEEDS_MB, user=users_own()) as launch:
        launch.start_services(options.port)
        _call(launch, str(PROJECT / "manage.py"), "migrate", "--verbosity", "0")
        _call(launch, "-m", "tests.faults.people", str(options.patients))
        for child in _programs(launch, options.port):
            launch.children.start(child)
        launch.children.wait_until(lambda: _answers(options.port), launch.children.all["web"], WEB_SECONDS)
        launch.tell("ready")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        try:
            while True:
                launch.children.look()
                launch.children.bell.wait(launch.children.next_look())
        except Interrupted:
            return 0


def _call(launch: Launch, *command: str) -> None:
    if launch.foreground([str(PYTHON), *command], quiet=True):
        raise CannotGoOn(f"{' '.join(command)} failed; the reason stands above.")


def _programs(launch: Launch, port: int) -> list[Child]:
    """Web, beat, two workers of one task each, and the hospital, which is reached through the proxy."""
    named = {child.name: child for child in programs.all_of(launch, port, workers=1)}
    worker, hospital = named["worker"], named["hospital"]
    second = replace(
        worker,
        name="worker-2",
        words="The second Celery worker",
        command=[*worker.command, "--hostname", "second@%h"],
        log=launch.directory.log("worker-2"),
    )
    quiet = [word for step in ("accept", "book", "letter") for word in (f"--delay-{step}", NEVER_SECONDS)]
    address = ["--address", launch.env["GP_SANDBOX_HOSPITAL_URL"]]
    outside = replace(hospital, command=[*hospital.command, *quiet, *address])
    return [named["web"], worker, second, named["beat"], outside]


def _answers(port: int) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
