"""The whole product as a stranger starts it: `./gp run` in a process of its own, and a real browser."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.practice import Practice

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-journey-of-a-thousand-miles"
READY_SECONDS = 240


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def plain_environment() -> dict[str, str]:
    """What a user's shell has; nothing of the tests' own services, or `./gp run` would use those."""
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("GP_", "DATABASE_", "REDIS_"))}
    keep.pop("DJANGO_SETTINGS_MODULE", None)
    return keep | {"GP_DEMO_PASSWORD": PASSWORD}


@dataclass
class Stack:
    """A running product: its address, its data directory, its processes."""

    url: str
    data: Path
    launcher: subprocess.Popen[str]

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return state

    def pid(self, name: str) -> int:
        return int(self.state["children"][name]["pid"])

    def kill(self, name: str) -> None:
        """SIGKILL, as a crash or the out-of-memory killer would; the launcher starts it again."""
        os.kill(self.pid(name), signal.SIGKILL)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of the operator's, while the product runs."""
        command = [str(ROOT / "gp"), "manage", "--data", str(self.data), *arguments]
        return subprocess.run(command, env=plain_environment(), capture_output=True, text=True, check=False, cwd=ROOT)

    def sandbox(self, name: str) -> str:
        return f"http://127.0.0.1:{self.state['ports'][name]}"

    def arrivals(self, name: str = "hospital") -> list[dict[str, Any]]:
        """Every raw arrival at a sandbox partner: ids, hash of the bytes, what it was answered."""
        answer = httpx.get(f"{self.sandbox(name)}/sandbox/arrivals", timeout=10, trust_env=False)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["arrivals"]
        return found

    def behave(self, name: str, **behaviour: Any) -> None:
        httpx.post(
            f"{self.sandbox(name)}/sandbox/behaviour", json=behaviour, timeout=10, trust_env=False
        ).raise_for_status()


def wait_for(what: Callable[[], Any], seconds: float, why: str) -> Any:
    """The first true answer of `what` within so many seconds; AssertionError with the reason otherwise."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := what():
            return answer
        time.sleep(0.25)
    raise AssertionError(f"not within {seconds:.0f} s: {why}")


def start(data: Path, port: int) -> tuple[subprocess.Popen[str], str]:
    """Start `./gp run` and wait for its ready line. Returns the launcher and that line."""
    with (data.parent / f"{data.name}.log").open("w") as log:
        launcher = subprocess.Popen(
            [str(ROOT / "gp"), "run", "--port", str(port), "--data", str(data)],
            env=plain_environment(),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=ROOT,
        )
    assert launcher.stdout is not None
    end = time.monotonic() + READY_SECONDS
    line = ""
    while time.monotonic() < end and launcher.poll() is None and not line:
        if select.select([launcher.stdout], [], [], 0.5)[0]:
            line = launcher.stdout.readline()
    launcher.stdout.close()  # the ready line is all that is ever printed there
    if not line.endswith("\n"):
        launcher.kill()
        raise AssertionError(f"no ready line; it said:\n{(data.parent / f'{data.name}.log').read_text()[-3000:]}")
    return launcher, line.strip()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    data = tmp_path_factory.mktemp("journey") / "data"
    port = free_port()
    launcher, line = start(data, port)
    assert line == f"ready http://127.0.0.1:{port}"
    yield Stack(f"http://127.0.0.1:{port}", data, launcher)
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(timeout=20) == 0


@pytest.fixture
def sign_in(stack: Stack, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Signs somebody of the demonstration in and gives their page, which fails the test on any script error."""
    contexts, errors = [], []

    def in_browser(email: str, *, width: int = 1280, javascript: bool = True) -> Page:
        context = chromium.new_context(
            base_url=stack.url,
            viewport={"width": width, "height": 900},
            java_script_enabled=javascript,
            locale="en-GB",
            timezone_id="Europe/London",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console", lambda m: errors.append(m.text) if m.type == "error" and "status of 4" not in m.text else None
        )
        page.goto("/sign-in/")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/sign-in/" not in url)
        return page

    yield in_browser
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def practice(stack: Stack) -> Iterator[Practice]:
    """The practice's GP and Jane Smith's record; partners behave again afterwards."""
    with httpx.Client(base_url=stack.url, timeout=20, trust_env=False) as client:
        client.headers["Referer"] = f"{stack.url}/"
        one = Practice(client, "")
        one.sign_in("gp@riverside.example", PASSWORD)
        found = client.get("/patients/", params={"q": "9991234578"}).text
        jane = re.search(r"/patients/([0-9a-f-]{36})/", found)
        assert jane
        yield Practice(client, jane[1])
    for name in ("hospital", "pharmacy"):
        stack.behave(name, mode="normal")
