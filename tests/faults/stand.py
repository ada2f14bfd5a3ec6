"""The whole stack in processes of its own with a proxy on either side, and what can be done to it from outside."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, TypeVar

import httpx
import psycopg

from launcher import ports, processes
from launcher.datadir import DataDir
from launcher.guardian import is_alive
from launcher.launch import environment_of
from launcher.paths import PYTHON
from launcher.services import addresses
from tests.faults.proxy import Proxy

T = TypeVar("T")
WAITING: Final = (
    "SELECT (SELECT count(*) FROM exchange_outboxmessage WHERE state = 'queued'),"
    " (SELECT count(*) FROM exchange_inboxmessage WHERE state = 'received')"
)
#: So that a run ends in minutes: the same steps as in production, only shorter. The lease exceeds the time-out.
QUICK: Final = {
    "GP_RETRY_SECONDS": "2,3,5",
    "GP_PARTNER_TIMEOUT": "3",
    "GP_DELIVERY_LEASE": "8",
    "GP_PULL_TOMORROW_AT": "-1",
}


@dataclass(slots=True)
class Stack:
    """A running stack and its hospital."""

    data: Path
    url: str
    hospital: str
    user: dict[str, str]

    # Looking ------------------------------------------------------------------------------------------------------
    def pid(self, name: str) -> int | None:
        """The process that runs under this name now; None while it is down."""
        child = DataDir(self.data).left_behind().get("children", {}).get(name)
        return int(child["pid"]) if child and is_alive(int(child["pid"])) else None

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]] | None:
        """What the database says, None while it is down."""
        directory = DataDir(self.data)
        url = addresses({}, directory.secrets(), directory.ports())["DATABASE_URL"]
        try:
            with psycopg.connect(url, connect_timeout=5) as connection:
                return connection.execute(query.encode(), values or None).fetchall()
        except psycopg.OperationalError:
            return None

    def waiting(self) -> tuple[int, int] | None:
        """How many referrals are still to be delivered and letters to be read; None while the database is down."""
        found = self.rows(WAITING)
        return None if found is None else (int(found[0][0]), int(found[0][1]))

    def unheard(self) -> int:
        """How many of our tries were sent and not answered."""
        found = self.rows("SELECT count(*) FROM exchange_deliveryattempt WHERE phase = 'await-reply'")
        return int(found[0][0]) if found else 0

    def is_quiet(self) -> bool:
        """Nothing of ours is on its way any more."""
        return self.waiting() == (0, 0)

    def arrivals(self) -> dict[str, Any]:
        """What the hospital says it received."""
        answer = httpx.get(f"{self.hospital}/sandbox/arrivals", timeout=60, trust_env=False)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def environment(self) -> dict[str, str]:
        """For programs that use the same database and broker."""
        directory = DataDir(self.data)
        return environment_of(directory, directory.ports(), self.user, "")


@dataclass(slots=True)
class Stand(Stack):
    """One with a proxy on either side: we reach the hospital through `out`, the hospital reaches us through `into`."""

    out: Proxy
    into: Proxy

    # Doing --------------------------------------------------------------------------------------------------------
    def behave(self, mode: str) -> None:
        """Switch the hospital's behaviour."""
        where = f"{self.hospital}/sandbox/behaviour"
        httpx.post(where, json={"mode": mode}, timeout=60, trust_env=False).raise_for_status()

    def kill(self, name: str, signum: int = signal.SIGKILL) -> None:
        """Send a signal to what runs under this name, and wait until it is gone; the launcher starts it again."""
        pid = wait_for(lambda: self.pid(name), f"{name} is up again")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signum)
        wait_for(lambda: not is_alive(pid), f"{name} is gone")

    def kill_a_task(self, name: str) -> None:
        """SIGKILL the process in which a worker runs its tasks, as the out-of-memory killer would; not the worker."""
        pid = wait_for(lambda: self.pid(name), f"{name} is up again")
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        for child, parent in (map(int, line.split()) for line in listed.splitlines()):
            if parent == pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)

    def forget_rings(self) -> None:
        """Kill the broker and take away what it wrote down: it comes back without its memory."""
        self.kill("valkey")
        shutil.rmtree(self.data / "valkey" / "appendonlydir", ignore_errors=True)


def wait_for(what: Callable[[], T | None], why: str, seconds: float = 120.0, pause: float = 0.05) -> T:
    """The first true answer. Raises AssertionError with the reason when there is none for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(pause)
    raise AssertionError(f"not within {seconds:.0f} s: {why}")


@contextlib.contextmanager
def standing(folder: Path, *, patients: int, sweep: int, seed: int) -> Iterator[Stand]:
    """Everything started, sweeping every so many seconds, both proxies calm; everything down again at the end."""
    web, hospital, near, far = _free_ports(4)
    into, out = Proxy(web, near, seed), Proxy(hospital, far, seed + 1)
    ours = {"GP_PUBLIC_URL": into.url, "GP_SANDBOX_HOSPITAL_URL": out.url, "GP_SWEEP_SECONDS": str(sweep)}
    for proxy in (into, out):
        proxy.listen()
    try:
        with _running(folder, web, hospital, QUICK | ours, patients) as one:
            yield Stand(one.data, one.url, one.hospital, one.user, out=out, into=into)
    finally:
        for proxy in (into, out):
            proxy.refuse()


@contextlib.contextmanager
def started(folder: Path, *, patients: int) -> Iterator[Stack]:
    """The same without proxies and with the settings of `./gp run`."""
    web, hospital = _free_ports(2)
    ours = {"GP_SANDBOX_HOSPITAL_URL": f"http://127.0.0.1:{hospital}", "GP_PULL_TOMORROW_AT": "-1"}
    with _running(folder, web, hospital, ours, patients) as one:
        yield one


def _free_ports(count: int) -> list[int]:
    free: list[int] = []
    for _ in range(count):
        free.append(ports.pick(set(free)))
    return free


@contextlib.contextmanager
def _running(folder: Path, web: int, hospital: int, ours: dict[str, str], patients: int) -> Iterator[Stack]:
    data = folder / "data"
    directory = DataDir(data)
    directory.create(needs_mb=200)
    directory.keep_ports({"web": web, "hospital": hospital})
    inherited = {n: v for n, v in os.environ.items() if not n.startswith(("GP_", "DATABASE_", "REDIS_"))}
    inherited.pop("DJANGO_SETTINGS_MODULE", None)
    user = inherited | ours
    command = [str(PYTHON), "-m", "tests.faults.launching", "--data", str(data), "--port", str(web)]
    with (folder / "launching.log").open("wb") as log:
        running = processes.start(
            [*command, "--patients", str(patients)],
            env=user,
            ends_with=signal.SIGTERM,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            _await_ready(running, folder / "launching.log")
            yield Stack(data, f"http://127.0.0.1:{web}", f"http://127.0.0.1:{hospital}", user)
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(timeout=60)
    assert running.returncode == 0


def _await_ready(running: "subprocess.Popen[bytes]", log: Path) -> None:
    stdout: IO[bytes] | None = running.stdout
    assert stdout is not None
    with stdout:
        line = stdout.readline()
    assert line == b"ready\n", f"it does not start; it said:\n{log.read_text()[-3000:]}"
