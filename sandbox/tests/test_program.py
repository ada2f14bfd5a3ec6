"""The programs as the launcher starts them: own process, own folder, imports nothing of ours, ends on SIGTERM."""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from sandbox.tests import golden
from sandbox.tests.conftest import HEART_FAILURE
from sandbox.tests.practice import Practice, token_form

ROOT = Path(__file__).resolve().parents[2]
OURS = ("gpportal", "records", "referrals", "exchange", "access", "work", "ui", "socialcare", "django", "fhir")


PARTNERS = (("hospital", "RZZ01"), ("pharmacy", "FZZ01"), ("socialcare", "VZZ01"))


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def begin(
    partner: str, port: int, directory: Path, gpportal: str = "http://127.0.0.1:1", *more: str
) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"sandbox.{partner}", "--port", str(port), "--data", str(directory)]
    command += ["--gpportal", gpportal, *more]
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


@pytest.mark.parametrize(("partner", "ods"), [*PARTNERS, ("pds", "PDS")])
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


def test_behind_a_proxy_it_knows_the_address_that_others_use(tmp_path: Path, practice: Practice) -> None:
    port, outside = free_port(), "http://127.0.0.1:9"
    program = begin("hospital", port, tmp_path, practice.url, "--address", outside)
    try:
        health(port)
        for address, status in ((outside, 200), (f"http://127.0.0.1:{port}", 401)):
            form = token_form(practice.assertion(f"{address}/oauth2/token"))
            answer = httpx.post(f"http://127.0.0.1:{port}/oauth2/token", data=form, trust_env=False)
            assert answer.status_code == status
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
    programs = "sandbox.hospital, sandbox.pharmacy, sandbox.socialcare, sandbox.pds.__main__"
    look = f"import sys, {programs}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    found = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = found.stdout.split()
    assert "httpx" in loaded
    assert [name for name in OURS if name in loaded] == []


def test_a_killed_program_sends_what_it_owes_with_the_same_bytes(tmp_path: Path, practice: Practice) -> None:
    practice.reply = (503, {"resourceType": "OperationOutcome", "issue": []})
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    program = begin("hospital", port, tmp_path, practice.url, "--delay-accept", "0", "--delay-book", "0")
    try:
        health(port)
        form = token_form(practice.assertion(f"{url}/oauth2/token"))
        token = httpx.post(f"{url}/oauth2/token", data=form, trust_env=False).json()["access_token"]
        message = golden.as_bytes(golden.referral(HEART_FAILURE, golden.HOSPITAL_CASE, "1.0.0"))
        headers = golden.sent_with(token, HEART_FAILURE)
        to = f"{url}/FHIR/R4/$process-message"
        assert httpx.post(to, content=message, headers=headers, trust_env=False).status_code == 200
        first = practice.await_messages(1)[0]
        program.kill()
        program.communicate()
        practice.reply = (200, {"resourceType": "Bundle"})
        program = begin("hospital", port, tmp_path, practice.url, "--delay-accept", "0", "--delay-book", "0")
        health(port)
        again = [one for one in practice.await_messages(3) if one.content == first.content]
        assert {one.headers["X-Request-Id"] for one in again} == {first.headers["X-Request-Id"]}
        assert len(again) >= 2
        assert httpx.post(to, content=message, headers=headers, trust_env=False).status_code == 409
    finally:
        program.kill()
        program.communicate()
