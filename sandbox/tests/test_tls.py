"""TLS: trusted by the authority in its folder and by nothing else; its certificate can expire and be renewed."""

import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sandbox import hospital
from sandbox.behaviour.modes import MODES
from sandbox.running import Running
from sandbox.tests.practice import Practice, token_form
from sandbox.tests.test_program import begin, free_port


@pytest.fixture
def secure(practice: Practice, tmp_path: Path) -> Iterator[Running]:
    up = Running(hospital.PARTNER, port=0, directory=tmp_path, gpportal=practice.url, tls=True)
    thread = threading.Thread(target=up.serve, args=(0.01,), daemon=True)
    thread.start()
    yield up
    up.stop()
    thread.join(timeout=5)


def trusting(ca: Path) -> httpx.Client:
    return httpx.Client(verify=ssl.create_default_context(cafile=ca), trust_env=False, timeout=5)


def switch(up: Running, client: httpx.Client, **behaviour: object) -> int:
    return client.post(f"{up.url}/sandbox/behaviour", json=behaviour).status_code


def test_it_is_trusted_by_its_own_authority_alone(secure: Running, tmp_path: Path, practice: Practice) -> None:
    assert secure.url.startswith("https://127.0.0.1:")
    with trusting(tmp_path / "tls" / "ca.pem") as client:
        assert client.get(f"{secure.url}/healthz").json()["partner"] == "RZZ01"
        form = token_form(practice.assertion(f"{secure.url}/oauth2/token"))
        assert client.post(f"{secure.url}/oauth2/token", data=form).status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"{secure.url}/healthz", trust_env=False)
    assert [file.stat().st_mode & 0o077 for file in (tmp_path / "tls").glob("*key*")] == [0]


def test_its_certificate_expires_and_is_renewed(secure: Running, tmp_path: Path) -> None:
    with trusting(tmp_path / "tls" / "ca.pem") as client, httpx.Client(verify=False, trust_env=False) as careless:  # noqa: S501
        assert client.get(f"{secure.url}/healthz").status_code == 200
        assert switch(secure, careless, mode="certificate-expired") == 200
        with pytest.raises(httpx.HTTPError):
            client.get(f"{secure.url}/healthz")
        with pytest.raises(httpx.ConnectError, match="certificate has expired"):
            client.get(f"{secure.url}/healthz")
        assert MODES["certificate-expired"].said in careless.get(secure.url).text
        assert switch(secure, careless, mode="normal") == 200
        assert client.get(f"{secure.url}/healthz").status_code == 200


def test_it_expires_for_a_time_and_for_everybody(secure: Running, tmp_path: Path) -> None:
    with httpx.Client(verify=False, trust_env=False) as careless:  # noqa: S501
        assert switch(secure, careless, mode="certificate-expired", next=1) == 400
        assert switch(secure, careless, mode="certificate-expired", seconds=0.3) == 200
    time.sleep(0.35)
    with trusting(tmp_path / "tls" / "ca.pem") as client:
        assert client.get(f"{secure.url}/healthz").status_code == 200


def test_a_sender_that_speaks_no_tls_ends_only_its_own_connection(secure: Running, tmp_path: Path) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(secure.url.replace("https", "http"), trust_env=False)
    with trusting(tmp_path / "tls" / "ca.pem") as client:
        assert client.get(f"{secure.url}/healthz").status_code == 200


def test_the_program_takes_the_option_and_keeps_its_authority(tmp_path: Path) -> None:
    authorities = []
    for _ in range(2):
        port = free_port()
        program = begin("hospital", port, tmp_path, "http://127.0.0.1:1", "--tls")
        try:
            until = time.monotonic() + 10
            while True:
                try:
                    with trusting(tmp_path / "tls" / "ca.pem") as client:
                        assert client.get(f"https://127.0.0.1:{port}/healthz").status_code == 200
                    break
                except (httpx.ConnectError, FileNotFoundError):
                    assert time.monotonic() < until
                    time.sleep(0.05)
        finally:
            program.kill()
            program.communicate()
        authorities.append((tmp_path / "tls" / "ca.pem").read_bytes())
    assert authorities[0] == authorities[1]
