"""A pretend FHIR server to read from: answers by path, counts what it was asked, and misbehaves when told to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from exchange.tests.stub import Quiet

Json = dict[str, Any]


@dataclass
class Reply:
    """One answer: status, FHIR resource and headers. `wait` is called before it goes out."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    wait: Callable[[], object] = lambda: None


@dataclass
class Server:
    """Path with query -> what is answered there, longest match first; anything else is 404."""

    url: str = ""
    replies: dict[str, Reply | Callable[[str], Reply]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return f"{self.url}/FHIR/R4"

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def reply(self, path: str) -> Reply:
        for start in sorted(self.replies, key=len, reverse=True):
            if path.startswith(start):
                found = self.replies[start]
                return found(path) if callable(found) else found
        return Reply(404, {"resourceType": "OperationOutcome", "issue": []})


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_here: Server

    def do_GET(self) -> None:
        path = self.path.removeprefix("/FHIR/R4")
        self.server_here.asked.append((path, dict(self.headers)))
        reply = self.server_here.reply(path)
        reply.wait()
        self._say(reply)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._say(Reply(200, {"access_token": "a-token", "expires_in": 600}))

    def _say(self, reply: Reply) -> None:
        content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        content = b"" if reply.status == 304 else content
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def bundle(*resources: Json, following: str = "", total: int | None = None) -> Json:
    """FHIR searchset Bundle, with a link to the following page where there is one."""
    made: Json = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}
    if following:
        made["link"] = [{"relation": "next", "url": following}]
    return made | ({} if total is None else {"total": total})


def statement(*types: str, everything: bool = True) -> Json:
    """FHIR CapabilityStatement that offers those types by patient."""
    patient: Json = {"type": "Patient", "operation": [{"name": "everything"}] if everything else []}
    others = [{"type": one, "searchParam": [{"name": "patient"}]} for one in types]
    return {"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "resource": [patient, *others]}]}


@contextmanager
def serving() -> Iterator[Server]:
    """A server that listens on a free port of loopback."""
    here = Server()
    server = Quiet(("127.0.0.1", 0), type("OneHandler", (Handler,), {"server_here": here}))
    here.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
