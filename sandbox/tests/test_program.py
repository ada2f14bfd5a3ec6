"""The programs as the launcher starts them: own process, own folder, imports nothing of ours, ends on SIGTERM."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("gpportal", "records", "referrals", "exchange", "access", "work", "ui", "socialcare", "django", "fhir")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def begin(partner: str, port: int, directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"sandbox.{partner}", "--port", str(port), "--data", str(directory)]
    command += ["--gpportal", "http://127.0.0.1:1", "--delay-accept", "1"]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def health(port: int) -> dict[str, str]:
    until = time.monotonic() + 10
    while True:
        try:
            found: dict[str, str] = httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).json()
            return found
        except httpx.ConnectError:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize(("partner", "ods"), [("hospital", "RZZ01"), ("pharmacy", "FZZ01")])
def test_it_starts_answers_and_ends(tmp_path: Path, partner: str, ods: str) -> None:
    port = free_port()
    program = begin(partner, port, tmp_path / "its own" / "folder")
    try:
        assert health(port)["partner"] == ods
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=5) == 0
    finally:
        program.kill()
        program.communicate()


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        program = begin("hospital", taken.getsockname()[1], tmp_path)
        _, said = program.communicate(timeout=10)
    assert program.returncode == 1
    assert said == "Northern Infirmary cannot start: Address already in use\n"


def test_it_imports_nothing_of_ours() -> None:
    look = "import sys, sandbox.hospital, sandbox.pharmacy; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    found = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = found.stdout.split()
    assert "httpx" in loaded
    assert [name for name in OURS if name in loaded] == []
