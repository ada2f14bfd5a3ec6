"""A pretend partner system for the tests: a real HTTP server in a thread that does what it is told."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc.jwk import ECKey

from exchange.fhir.messages import operation_outcome

MIRRORED = ("X-Request-Id", "X-Correlation-Id")
BUNDLE = {"resourceType": "Bundle", "type": "message", "id": "answer"}


@dataclass
class Say:
    """One answer: status, body, and whether the ids are mirrored. `wait` seconds pass before it."""

    status: int = 200
    body: Any = field(default_factory=lambda: BUNDLE)
    mirror: bool = True
    wait: float = 0
    headers: dict[str, str] = field(default_factory=dict)


def refusal(status: int, code: str, issue: str = "invalid") -> Say:
    return Say(status, operation_outcome(code, issue, "said by the stub"))


@dataclass
class Arrival:
    headers: dict[str, str]
    body: bytes


@dataclass
class Stub:
    """What the pretend partner got, and what it says next (the last of `says` again and again)."""

    url: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-384", {"kid": "stub", "use": "sig"}))
    says: list[Say] = field(default_factory=lambda: [Say()])
    #: What is answered to whoever reads a ServiceRequest, the last again and again, and what was asked.
    reads: list[Say] = field(default_factory=lambda: [Say(404, operation_outcome("REC_NOT_FOUND", "not-found", "x"))])
    asked: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    most_at_once: int = 0
    at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def next(self) -> Say:
        with self.lock:
            return self.says.pop(0) if len(self.says) > 1 else self.says[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: Stub

    def do_GET(self) -> None:
        if "/ServiceRequest" in self.path:
            self.stub.asked.append(self.path)
            self.answer(self.stub.reads.pop(0) if len(self.stub.reads) > 1 else self.stub.reads[0])
            return
        self.answer(Say(200, {"keys": [self.stub.key.as_dict(private=False)]}, mirror=False))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/oauth2/token":
            self.stub.tokens.append(body.decode())
            token = f"token-{len(self.stub.tokens)}"
            self.answer(Say(200, {"access_token": token, "expires_in": 600}, mirror=False))
            return
        with self.stub.lock:
            self.stub.arrivals.append(Arrival(dict(self.headers), body))
            self.stub.at_once += 1
            self.stub.most_at_once = max(self.stub.most_at_once, self.stub.at_once)
        say = self.stub.next()
        time.sleep(say.wait)
        with self.stub.lock:
            self.stub.at_once -= 1
        self.answer(say)

    def answer(self, say: Say) -> None:
        content = say.body if isinstance(say.body, bytes) else json.dumps(say.body).encode()
        self.send_response(say.status)
        for name in MIRRORED if say.mirror else ():
            self.send_header(name, self.headers.get(name, ""))
        for name, value in say.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed or timed out leaves a broken connection; that is what some tests want."""


class Secured(Quiet):
    """The same over TLS. Each connection shakes hands in its own thread; one that fails is dropped, as by nginx."""

    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(5)
        with self.context.wrap_socket(request, server_side=True) as secured:
            super().finish_request(secured, client_address)


@contextmanager
def running(context: ssl.SSLContext | None = None) -> Iterator[Stub]:
    """A stub that listens on a free port of loopback, with TLS when it is given a context for that."""
    stub = Stub()
    handler = type("OneHandler", (Handler,), {"stub": stub})
    server: Quiet = Secured(("127.0.0.1", 0), handler) if context else Quiet(("127.0.0.1", 0), handler)
    if isinstance(server, Secured) and context:
        server.context = context
    stub.url = f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
