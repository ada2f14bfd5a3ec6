"""The sandbox PDS as a program of its own, and the keys it asks us for."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parents[2]
API_KEY = "gpportal-demonstration"


@dataclass
class Pds:
    """A PDS that runs: its address, and its switches."""

    url: str
    client: httpx.Client

    def behave(self, mode: str, seconds: float = 0) -> None:
        self._post("behaviour", mode=mode, seconds=seconds)

    def change(self, nhs_number: str, act: str) -> None:
        self._post("people", nhs_number=nhs_number, act=act)

    def _post(self, what: str, **fields: object) -> None:
        assert self.client.post(f"{self.url}/sandbox/{what}", json=fields).status_code == 200

    @property
    def seen(self) -> list[dict[str, Any]]:
        """The requests it was sent, oldest first, without NHS numbers."""
        found: list[dict[str, Any]] = self.client.get(f"{self.url}/sandbox/requests").json()["requests"]
        return found


@contextmanager
def running(directory: Path, published: dict[str, Any]) -> Iterator[Pds]:
    """Starts the program on a free port; `published` is our JWK Set."""
    with _publishing(published) as gpportal:
        command = [sys.executable, "-m", "sandbox.pds", "--port", "0", "--data", str(directory)]
        command += ["--gpportal", gpportal]
        program = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert program.stderr is not None
        try:
            url = program.stderr.readline().rsplit(" ", 1)[-1].strip()
            threading.Thread(target=program.stderr.read, daemon=True).start()
            with httpx.Client(timeout=30, trust_env=False) as client:
                _wait(client, url)
                yield Pds(url, client)
        finally:
            program.terminate()
            program.wait(timeout=10)
            program.stderr.close()


def _wait(client: httpx.Client, url: str) -> None:
    until = time.monotonic() + 10
    while client.get(f"{url}/healthz").status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.05)


@contextmanager
def _publishing(published: dict[str, Any]) -> Iterator[str]:
    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(published).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(timeout=5)
