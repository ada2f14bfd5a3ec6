"""Web servers for benchmarks, as `./gp run` starts them, and people who are signed in at them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import httpx

from launcher.programs import THREADS
from tests.bench._stores import Store, url_of
from tests.journeys.conftest import free_port

PASSWORD: Final = "a-benchmark-of-a-thousand-pages"
GP: Final = "gp@riverside.example"
_PATIENCE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Web:
    """A web server on one store."""

    url: str
    store: Store


class Reader:
    """A GP who is signed in, with a connection that stays open as a browser's does."""

    def __init__(self, web: Web) -> None:
        self.client = httpx.Client(base_url=web.url, timeout=60, trust_env=False)
        self.client.get("/sign-in/")
        form = {"username": GP, "password": PASSWORD, "csrfmiddlewaretoken": self.client.cookies["gpportal_csrf"]}
        if self.client.post("/sign-in/", data=form).status_code != httpx.codes.FOUND:
            raise RuntimeError("the benchmark's reader could not sign in")

    def opens(self, patient: UUID) -> float:
        """Milliseconds until a patient's screen is here."""
        return self.asks(f"/patients/{patient}/")

    def asks(self, path: str) -> float:
        """Milliseconds until an answer is here. Raises RuntimeError if it is not the page."""
        began = time.perf_counter()
        answer = self.client.get(path)
        took = (time.perf_counter() - began) * 1000
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        return took


@contextmanager
def serving(stores: Sequence[Store]) -> Iterator[list[Web]]:
    """A web server on each store, answering; all are stopped at the end."""
    with ExitStack() as stack:
        yield [stack.enter_context(_served(store)) for store in stores]


@contextmanager
def _served(store: Store) -> Iterator[Web]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "gpportal.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    command += ["--worker-class", "gthread", "--workers", "1", "--threads", str(THREADS), "--no-control-socket"]
    command += ["--log-level", "warning"]
    environment = os.environ | {"DATABASE_URL": url_of(store.name), "GP_PUBLIC_URL": url, "GP_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(command, env=environment)
    try:
        _wait(process, url)
        yield Web(url, store)
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait(process: "subprocess.Popen[bytes]", url: str) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=5, trust_env=False).status_code == httpx.codes.OK:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError("the benchmark's web server does not answer")
