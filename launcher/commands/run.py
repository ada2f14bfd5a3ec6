"""`./gp run`: everything, from a fresh clone to the ready line, until it is told to stop."""

import argparse
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from launcher import packages, ports, programs
from launcher.datadir import DataDir
from launcher.environment import brings_services, is_demo, users_own
from launcher.launch import Launch, launched
from launcher.paths import DEFAULT_DATA, PROJECT, PYTHON
from launcher.words import CannotGoOn, Interrupted, Steps, say

FIRST_START_MB, LATER_START_MB = 1024, 200
WEB_SECONDS = 60.0
PARTNERS = " and the sandbox partners"


def main(arguments: list[str]) -> int:
    """Start everything, print the ready line, keep it running. 0 when it was asked to stop after that."""
    options = _parse(arguments)
    user = users_own()
    brings_services(user)
    directory = DataDir(options.data)
    needs = LATER_START_MB if (directory.path / "postgres").exists() else FIRST_START_MB
    with launched(directory, "run", needs_mb=needs, user=user) as launch:
        _port_is_free(options.port)
        steps = Steps(6 if is_demo(user) else 5)
        _set_up(launch, steps, options.port)
        _start_programs(launch, steps, options.port, options.workers)
        try:
            print(f"ready http://127.0.0.1:{options.port}", flush=True)
            _keep_running(launch)
        except Interrupted:
            say("Stopping …")
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./gp run", description="Start everything; Ctrl-C stops it.")
    parser.add_argument("--port", type=int, default=8000, help="of the web pages (8000)")
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, metavar="DIR", help="where all data is kept (var/)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="background tasks at a time (2)")
    options = parser.parse_args(arguments)
    if not 1 <= options.port <= 65535:
        parser.error("--port is a number from 1 to 65535")
    if options.workers < 1:
        parser.error("--workers is 1 or more")
    return options


def _port_is_free(port: int) -> None:
    if (trouble := ports.trouble_with(port)) is not None:
        raise CannotGoOn(f"{trouble}: choose another with ./gp run --port {ports.pick({port})}")


def _set_up(launch: Launch, steps: Steps, port: int) -> None:
    """Packages, services, tables, and the demonstration practice if the database has no organisation."""
    steps.next("Checking Python packages")
    packages.ensure(development=False, user=launch.user)
    steps.next("Starting PostgreSQL and Valkey")
    launch.start_services(port)
    steps.next("Bringing the database up to date")
    _manage(launch, "migrate", "--verbosity", "0")
    launch.tell("migrated")
    if is_demo(launch.user):
        steps.next("Seeing to the demonstration practice")
        _manage(launch, "seed_demo", "--if-empty")  # decides itself whether there is anything to do
        _manage(launch, "seed_demo", "--today")  # today's appointments, the partners' addresses


def _manage(launch: Launch, *command: str) -> None:
    if launch.foreground([str(PYTHON), str(PROJECT / "manage.py"), *command], quiet=True):
        raise CannotGoOn(f"`manage.py {command[0]}` failed; the reason stands above.")


def _start_programs(launch: Launch, steps: Steps, port: int, workers: int) -> None:
    steps.next(f"Starting web, workers{PARTNERS}" if is_demo(launch.user) else "Starting web and workers")
    for child in programs.all_of(launch, port, workers):
        launch.children.start(child)
    steps.next("Waiting for the first answer")
    web = launch.children.all["web"]
    public = launch.env["GP_PUBLIC_URL"]
    launch.children.wait_until(lambda: _answers(port, public), web, WEB_SECONDS)
    launch.children.all_live()
    launch.tell("ready")
    _say_where(launch)


def _answers(port: int, public: str) -> bool:
    """Whether /readyz says yes, asked as a proxy in front of us asks. No proxy of the user's may stand in between."""
    address = urllib.parse.urlsplit(public)
    headers = {"Host": address.netloc, "X-Forwarded-Proto": address.scheme}
    question = urllib.request.Request(f"http://127.0.0.1:{port}/readyz", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(question, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        time.sleep(0.1)
        return False


def _say_where(launch: Launch) -> None:
    logins = launch.directory.path / "demo-logins.txt"
    if logins.exists():
        say(f"      demonstration logins: {logins}")
    sandboxes = {"hospital": "hospital", "pharmacy": "pharmacy", "socialcare": "social care", "pds": "PDS"}
    for name, words in sandboxes.items():
        if name in launch.children.all:
            say(f"      sandbox {words}: http://127.0.0.1:{launch.ports[name]}/")
    say(f"      logs: {launch.directory.path / 'logs'}; Ctrl-C stops everything")


def _keep_running(launch: Launch) -> None:
    while True:
        launch.children.look()
        launch.children.bell.wait(launch.children.next_look())
