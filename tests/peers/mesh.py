"""NHS England's own MESH, mesh-sandbox, in a process of its own; and what its administrator can do there."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from mesh_client import MeshClient

from access.models import Organisation
from exchange.models import Mailbox, OutboxMessage

PASSWORD, SHARED_KEY = "password", "Banana"
Put = Callable[..., OutboxMessage]
US, THEM, SOMEBODY = "X26ABC1", "X26ABC2", "X26ABC3"


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox with empty mailboxes."""

    port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, mailbox: str) -> MeshClient:
        """Another organisation's client."""
        found = MeshClient(self.url, mailbox, PASSWORD, shared_key=SHARED_KEY.encode(), max_retries=0, timeout=10)
        found._session.trust_env = False
        return found

    def send(self, data: bytes, *, sender: str = THEM, to: str = US, workflow: str = "GP_LETTERS", **more: Any) -> str:
        """Send as another organisation; the message's id at MESH."""
        with self.client(sender) as client:
            sent: str = client.send_message(to, data, workflow_id=workflow, **more)
        return sent

    def collect(self, mailbox: str = THEM) -> list[bytes]:
        """Collect and acknowledge everything that lies in a mailbox."""
        found = []
        with self.client(mailbox) as client:
            for message_id in client.list_messages():
                message = client.retrieve_message(message_id)
                found.append(message.read())
                message.acknowledge()
                message.close()
        return found

    def waiting(self, mailbox: str = US) -> list[str]:
        """Ids of what is not acknowledged."""
        with self.client(mailbox) as client:
            found: list[str] = client.list_messages()
            return found

    def report(self, *, code: str = "14", to: str = US, **more: Any) -> str:
        """Have MESH tell a sender that something of theirs did not arrive; the report's id."""
        status = "undeliverable" if code == "14" else "error"
        what = {"mailbox_id": to, "code": code, "description": "said by MESH", "workflow_id": "GP_REFERRALS"}
        found: str = self._admin("POST", "report", what | {"status": status} | more)["message_id"]
        return found

    def expire(self, message_id: str) -> None:
        """What MESH does with a message that nobody collects."""
        url = f"{self.url}/messageexchange/admin/message/{message_id}/event"
        what = {"status": "undeliverable", "code": "14", "event": "SEND", "description": "Undelivered message"}
        httpx.post(url, json=what, trust_env=False, timeout=10).raise_for_status()

    def empty(self) -> None:
        """Throw away every message there is; it would read again what lies in its files."""
        for one in (self.folder / "store").iterdir():
            shutil.rmtree(one)
        httpx.delete(f"{self.url}/messageexchange/admin/reset", trust_env=False, timeout=10).raise_for_status()

    def told(self, message_id: str) -> Any:
        """What MESH was told of a message besides its bytes."""
        answer = httpx.get(f"{self.url}/admin/message/{message_id}", trust_env=False, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def _admin(self, method: str, path: str, body: dict[str, Any]) -> Any:
        url = f"{self.url}/messageexchange/admin/{path}"
        answer = httpx.request(method, url, json=body, trust_env=False, timeout=10)
        answer.raise_for_status()
        return answer.json()


def mailbox(organisation: Organisation, url: str, mailbox_id: str = US) -> Mailbox:
    """Ours at the sandbox."""
    secrets = {"password": PASSWORD, "shared_key": SHARED_KEY}
    return Mailbox.objects.create(
        organisation=organisation, mailbox_id=mailbox_id, url=url, workflows=["GP_LETTERS", "GP_REFERRALS"], **secrets
    )


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(folder: Path, port: int = 0) -> Iterator[Sandbox]:
    """A sandbox that checks passwords and keeps what it is sent in files."""
    sandbox = Sandbox(port or free_port(), folder)
    (folder / "store").mkdir(exist_ok=True)
    plain = {"PATH": os.environ["PATH"], "HOME": str(folder), "AUTH_MODE": "full", "SHARED_KEY": SHARED_KEY}
    plain |= {"STORE_MODE": "file", "MAILBOXES_DATA_DIR": str(folder / "store")}
    command = [sys.executable, "-m", "uvicorn", "mesh_sandbox.api:app", "--host", "127.0.0.1"]
    with (folder / "mesh.log").open("a") as log:
        process = subprocess.Popen(
            [*command, "--port", str(sandbox.port)], cwd=folder, env=plain, stdout=log, stderr=log
        )
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end and process.poll() is None and not _answers(sandbox.url):
            time.sleep(0.1)
        assert _answers(sandbox.url), (folder / "mesh.log").read_text()[-2000:]
        yield sandbox
    finally:
        process.terminate()
        process.wait(timeout=20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
