"""Programs that others wrote, each in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

PROGRAM = Path(sys.executable).with_name("sekmet")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture
def sekmet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The FHIR base of a running sekmet with an empty store."""
    folder, port = tmp_path_factory.mktemp("sekmet"), _free_port()
    plain = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [str(PROGRAM), "serve", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "sekmet.log").open("w") as log:
        running = subprocess.Popen(command, cwd=folder, env=plain, stdout=log, stderr=log)
    base = f"http://127.0.0.1:{port}/fhir"
    end = time.monotonic() + 60
    while time.monotonic() < end and running.poll() is None and not _answers(base):
        time.sleep(0.3)
    assert _answers(base), (folder / "sekmet.log").read_text()[-2000:]
    yield base
    running.terminate()
    running.wait(timeout=20)


def _answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/metadata", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
