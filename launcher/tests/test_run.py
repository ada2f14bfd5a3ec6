"""`./gp run` with a small application: the ready line, deaths and restarts, the end."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from launcher import ports
from launcher.paths import PYTHON
from launcher.tests.conftest import Gp, all_gone, family, linux_only, wait_for

SEND = "from gpportal.celery import slow; slow.delay(float({}))"


class Instance:
    """A running `./gp run`."""

    def __init__(self, gp: Gp, data: Path, port: int) -> None:
        self.data, self.port = data, port
        began = time.monotonic()
        self.process = gp("run", "--data", str(data), "--port", str(port))
        assert self.process.stdout
        self.first_line = self.process.stdout.readline().strip()
        self.seconds = time.monotonic() - began

    def state(self) -> dict[str, Any]:
        return dict(json.loads((self.data / "run.json").read_text()))

    def pid(self, name: str) -> int:
        return int(self.state()["children"].get(name, {"pid": 0})["pid"])

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=3) as answer:
                return bool(answer.read() == b"gp_app")
        except (urllib.error.URLError, OSError):
            return False

    def tasks(self) -> list[str]:
        path = self.data / "tasks.txt"
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def instance(gp: Gp, tmp_path: Path) -> Instance:
    """A fresh instance that is ready."""
    running = Instance(gp, tmp_path / "its data", ports.pick(set()))
    if not running.first_line:
        pytest.fail(str(running.process.communicate(timeout=10)))
    return running


def stop(running: Instance, signum: int) -> tuple[str, str, float]:
    """Send a signal; what was still said on both outputs, and how long it took."""
    began = time.monotonic()
    running.process.send_signal(signum)
    out, err = running.process.communicate(timeout=20)
    return out, err, time.monotonic() - began


def test_one_line_then_a_quick_end_and_a_quick_second_start(gp: Gp, instance: Instance) -> None:
    assert instance.first_line == f"ready http://127.0.0.1:{instance.port}"
    assert instance.answers()
    first = instance.state()
    out, err, seconds = stop(instance, signal.SIGINT)
    assert (instance.process.returncode, out) == (0, ""), err
    assert seconds < 10
    assert all_gone([child["pid"] for child in first["children"].values()], 0.5)
    assert not (instance.data / "run.json").exists()
    again = Instance(gp, instance.data, instance.port)
    assert again.first_line == instance.first_line
    assert again.seconds < 10
    assert again.state()["ports"] == first["ports"], "partners' addresses are stored: they must not change"
    calls = (instance.data / "calls.txt").read_text().splitlines()
    assert calls == ["migrate --verbosity 0", "seed_demo --if-empty", "seed_demo --today"] * 2


def test_manage_uses_the_services_of_a_run(gp: Gp, instance: Instance) -> None:
    before = instance.state()["children"]
    assert len(before) == 9
    code = (
        "import os, psycopg; print(psycopg.connect(os.environ['DATABASE_URL']).info.port, os.environ['GP_PUBLIC_URL'])"
    )
    process = gp("manage", "--data", str(instance.data), "shell", "-c", code)
    out, err = process.communicate(timeout=30)
    assert out.split() == [str(instance.state()["ports"]["postgres"]), f"http://127.0.0.1:{instance.port}"], err
    assert instance.state()["children"] == before, "the run goes on untouched"


def test_a_partner_sees_no_secret_of_ours(instance: Instance) -> None:
    port = instance.state()["ports"]["hospital"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        assert answer.read() == b""


@linux_only
def test_whatever_is_killed_comes_back(instance: Instance) -> None:
    names = ("web", "worker", "beat", "hospital", "valkey", "postgres")
    for name in names:
        killed = instance.pid(name)
        below = [pid for pid in family(killed) if pid != killed]
        os.kill(killed, signal.SIGKILL)
        assert wait_for(lambda name=name, killed=killed: instance.pid(name) not in (0, killed), 10), name  # type: ignore[misc]
        assert wait_for(instance.answers, 15), name
        assert all_gone(below, 5), f"what {name} had started goes with it"
    _, err, _ = stop(instance, signal.SIGTERM)
    assert err.count("ended (signal 9) and is started again in 0.5 s") == len(names)


def test_a_program_that_cannot_start_is_named_with_its_last_words(gp: Gp, tmp_path: Path, project: Path) -> None:
    process = gp("run", "--data", str(tmp_path / "data"), "--port", str(ports.pick(set())), GP_BREAK="beat and all")
    out, err = process.communicate(timeout=40)
    assert (process.returncode, out) == (1, "")
    assert re.search(r"gp: (The Celery worker|Celery beat|The web server) stopped while starting\. The end of ", err), (
        err
    )
    assert "RuntimeError: told to break" in err


@linux_only
def test_a_task_is_done_although_worker_and_broker_are_killed(instance: Instance, project: Path) -> None:
    url = dict(os.environ) | _environment_of(instance.pid("worker"))
    subprocess.run([str(PYTHON), "-c", SEND.format("1.5")], cwd=project, env=url, check=True)
    assert wait_for(lambda: len(instance.tasks()) == 1, 15)
    time.sleep(1.1)  # the broker writes its file every second
    killed = instance.pid("valkey")
    os.kill(killed, signal.SIGKILL)
    assert wait_for(lambda: instance.pid("valkey") not in (0, killed), 10)
    subprocess.run([str(PYTHON), "-c", SEND.format("0")], cwd=project, env=url, check=True)
    assert wait_for(lambda: instance.tasks().count("ended") >= 2, 30)


@linux_only
def test_kill_nine_leaves_nothing(instance: Instance) -> None:
    everyone = family(instance.process.pid)
    assert len(everyone) > 12, "PostgreSQL's and Celery's own children are among them"
    instance.process.send_signal(signal.SIGKILL)
    instance.process.wait(5)
    assert all_gone(everyone, 5)


@linux_only
def test_kill_nine_of_launcher_and_guardian_leaves_nothing(instance: Instance) -> None:
    everyone = family(instance.process.pid)
    os.kill(instance.state()["guardian"], signal.SIGKILL)
    instance.process.send_signal(signal.SIGKILL)
    instance.process.wait(5)
    assert all_gone([pid for pid in everyone if pid != instance.state()["guardian"]], 5)


def _environment_of(pid: int) -> dict[str, str]:
    entries = Path(f"/proc/{pid}/environ").read_text().split("\0")
    return dict(entry.split("=", 1) for entry in entries if "=" in entry)
