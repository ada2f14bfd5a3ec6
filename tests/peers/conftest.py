"""Programs that others wrote, each in a process of its own: sekmet, a hospital, and mesh-sandbox."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.db import transaction

from access.actor import system
from access.models import Organisation
from exchange import doorbell, outbox
from exchange.models import Mailbox, OutboxMessage, Partner, PartnerMailbox, Service
from exchange.tests import listening
from tests.peers import mesh
from tests.peers.mesh import THEM, Put, Sandbox, free_port

PROGRAM = Path(sys.executable).with_name("sekmet")


# sekmet ---------------------------------------------------------------------------------------------------------------
@pytest.fixture
def sekmet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The FHIR base of a running sekmet with an empty store."""
    folder, port = tmp_path_factory.mktemp("sekmet"), free_port()
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


# mesh-sandbox ---------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with mesh.running(tmp_path_factory.mktemp("mesh")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.empty()
    return running


@pytest.fixture
def heard(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, dict[str, str]]]]:
    """What happened, as heard by whoever listens; nobody hears the doorbell."""
    settings.MESSAGES = listening.__name__
    monkeypatch.setattr(doorbell, "ring", lambda task, message_id: True)
    listening.forget()
    yield listening.HEARD
    listening.forget()


@pytest.fixture
def mailbox(sandbox: Sandbox, riverside: Organisation) -> Mailbox:
    return mesh.mailbox(riverside, sandbox.url)


@pytest.fixture
def hospital(infirmary: Organisation) -> Partner:
    partner = Partner.objects.create(organisation=infirmary, transport=Partner.Transport.MESH)
    PartnerMailbox.objects.create(partner=partner, mailbox_id=THEM, workflow="GP_REFERRALS")
    return partner


@pytest.fixture
def put(hospital: Partner, mailbox: Mailbox, infirmary: Organisation) -> Put:
    service = Service.objects.create(
        organisation=infirmary, service_id="9000000201", name="Heart failure clinic", use_case="gp-to-hospital"
    )

    def make(**payload: Any) -> OutboxMessage:
        with transaction.atomic():
            return outbox.put(
                to=hospital,
                service=service,
                event="servicerequest-request",
                concerns="referral",
                concerns_id="r1",
                by=system("test"),
                payload={"id": str(uuid4()), "patient": "SECRET"} | payload,
            )

    return make


@pytest.fixture
def bell(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Rings of the doorbell, as (task, id)."""
    rung: list[tuple[str, str]] = []
    monkeypatch.setattr(doorbell, "ring", lambda task, row: rung.append((task, str(row))))
    return rung


@pytest.fixture
def sent(put: Put) -> OutboxMessage:
    """A referral of ours that MESH has for the hospital."""
    message = put()
    assert outbox.deliver(message.pk) == "handed-over"
    return message
