"""The HTTP face of a partner: FHIR endpoint, token endpoint, published keys, its page and its switches."""

import contextlib
import hashlib
import json
import logging
import select
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.bars.headers import mirrored
from sandbox.bars.names import MEDIA_TYPE, Json
from sandbox.bars.outcomes import Issue, operation_outcome
from sandbox.behaviour import LONGEST_WAIT
from sandbox.capability import capability
from sandbox.desk import MOST_BYTES, Body, Desk, measured
from sandbox.page import arrivals, page
from sandbox.partner import Partner
from sandbox.reading import BASE, Reading, Told
from sandbox.records import Records
from sandbox.referred import Referred
from sandbox.tls import Certificates
from sandbox.tokens import NotTrusted

log = logging.getLogger("sandbox.server")

MOST_TO_DRAIN = 64 * 1024 * 1024
MOST_FORM = 64 * 1024
HANDSHAKE_SECONDS = 10
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})


@dataclass(frozen=True, slots=True)
class Site:
    """What a request handler needs."""

    partner: Partner
    desk: Desk
    keys: Json
    #: What others may read of its records; None where it offers nothing to read.
    reading: Reading | None
    referred: Referred


class Server(ThreadingHTTPServer):
    """One thread per connection; all of them end with `server_close`, so that none speaks after its program has."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler] | None = None) -> None:
        self.site: Site
        self.stopping = threading.Event()
        #: What it proves itself with; None: it speaks plain HTTP.
        self.certificates: Certificates | None = None
        self._open: set[Any] = set()
        super().__init__(address, handler or Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection; encrypted if this server speaks TLS, which is agreed in the connection's own thread."""
        if self.certificates is None:
            super().finish_request(request, client_address)
            return
        expired = self.site.desk.behaviour.general.mode.expired
        context = self.certificates.expired if expired else self.certificates.good
        request.settimeout(HANDSHAKE_SECONDS)
        with context.wrap_socket(request, server_side=True) as secure:
            self._open.add(secure)
            try:
                super().finish_request(secure, client_address)
            finally:
                self._open.discard(secure)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin a thread for a connection, and remember the connection."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """A connection has ended."""
        super().shutdown_request(request)
        self._open.discard(request)

    def server_close(self) -> None:
        """Stop listening and hang up on everybody; returns when the threads have noticed."""
        self.stopping.set()
        super().server_close()
        self.hang_up()
        until = time.monotonic() + 2
        while self._open and time.monotonic() < until:
            time.sleep(0.005)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke off is one line without its content."""
        log.warning("a connection ended early")

    def hang_up(self, but: Any = None) -> None:
        """End every connection but one, so that whoever wants more connects anew."""
        for connection in [one for one in list(self._open) if one is not but]:
            with contextlib.suppress(OSError):  # it has just ended by itself
                connection.shutdown(socket.SHUT_RDWR)


class Handler(BaseHTTPRequestHandler):
    """Routes. Every answer has a length, so connections stay open between messages."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    sys_version = ""
    timeout = 30
    disable_nagle_algorithm = True
    server: Server
    #: The request's body ended before its declared length: the sender broke off.
    cut_short = False

    def do_GET(self) -> None:
        """Everything that can be read."""
        site, path = self.server.site, urlsplit(self.path).path
        if path == "/healthz":
            self._json(200, {"status": "ok", "partner": site.partner.ods})
        elif path == "/.well-known/jwks.json":
            self._json(200, site.keys)
        elif path == "/FHIR/R4/metadata":
            self._json(200, capability(site.partner, site.reading), MEDIA_TYPE)
        elif path == "/sandbox/arrivals":
            self._json(200, arrivals(site.desk))
        elif path == "/":
            records = site.reading.records if site.reading else None
            made = page(site.desk, records)
            self._send(200, made.encode(), "text/html; charset=utf-8")
        elif site.referred.knows(self.path):
            self._tell(site.referred.answer(self.path, _plain(self.headers)))
        elif site.reading and path.startswith(f"{BASE}/"):
            self._tell(site.reading.answer(self.path, _plain(self.headers)))
        else:
            self._no_such(404)

    def do_POST(self) -> None:
        """Messages, token requests and switches."""
        path = urlsplit(self.path).path.replace("%24", "$")
        if path == "/FHIR/R4/$process-message":
            self._message()
        elif path == "/oauth2/token":
            self._token()
        elif path in ("/sandbox/behaviour", "/sandbox/answer", "/sandbox/result", "/sandbox/records"):
            self._switch(path)
        elif path == "/sandbox/request":
            self._ask()
        else:
            self._read()
            self._no_such(404)

    def do_PUT(self) -> None:
        """Nothing here can be overwritten."""
        self._read()
        self._no_such(405)

    do_PATCH = do_DELETE = do_PUT  # noqa: N815 (names that http.server looks up)

    def _tell(self, told: Told) -> None:
        log.info("read status=%d", told.status)
        self._send(told.status, told.text.encode(), MEDIA_TYPE, told.headers)

    def _message(self) -> None:
        body = self._read()
        if body is None and self.cut_short:
            return  # its sender is gone: nothing arrived, and nobody is there to be answered
        if body is None:
            self._json(411, operation_outcome(411, [Issue("required", "Content-Length is missing.")]), MEDIA_TYPE)
            return
        reply = self.server.site.desk.process(_plain(self.headers), body)
        if reply.spoilt == "never":
            self._await_departure()
            return
        content = b"" if reply.spoilt == "empty" else json.dumps(reply.resource, ensure_ascii=False).encode()
        wait = {"Retry-After": str(reply.wait)} if reply.wait else {}
        self._send(reply.status, content, MEDIA_TYPE, wait, mirror=reply.spoilt != "unmirrored")

    def _await_departure(self) -> None:
        """Say nothing until the sender has hung up, somebody chooses another behaviour, or we stop."""
        self.close_connection = True
        behaviour = self.server.site.desk.behaviour
        changed, until = behaviour.changed, time.monotonic() + LONGEST_WAIT
        while time.monotonic() < until and not changed.is_set() and not self.server.stopping.is_set():
            if select.select([self.connection], [], [], 0.1)[0]:
                return  # a sender that waits for its answer has nothing to say but goodbye

    def _token(self) -> None:
        body = self._read(MOST_FORM)
        form = dict(parse_qsl((body.content or b"").decode("utf-8", "replace") if body else ""))
        try:
            granted = self.server.site.desk.issuer.token(form)
        except NotTrusted as fault:
            log.info("token refused: %s", fault)
            self._json(401, {"error": "invalid_client", "error_description": str(fault)})
            return
        log.info("token given")
        self._json(200, granted)

    def _switch(self, path: str) -> None:
        body = self._read(MOST_BYTES if path == "/sandbox/records" else MOST_FORM)
        if not self._from_here() or body is None or body.content is None:
            self._json(403, {"error": "only from this machine"})
            return
        wants_json = str(self.headers.get("Content-Type", "")).startswith("application/json")
        try:
            if path == "/sandbox/records":
                self._records().load(body.content.decode().splitlines())
            else:
                self._act(path, json.loads(body.content) if wants_json else dict(parse_qsl(body.content.decode())))
        except (ValueError, KeyError, TypeError, AttributeError):
            self._json(400, {"error": "unknown mode, referral, kind or patient"})
            return
        if wants_json:
            self._json(200, {"ok": True})
        else:
            self._back()

    def _ask(self) -> None:
        """Ask something of the practice; JSON hears at once what it answered, a form comes back to the page."""
        body, asking = self._read(MOST_FORM), self.server.site.desk.asking
        if not self._from_here() or body is None or body.content is None or asking is None:
            self._json(403, {"error": "only from this machine, and where something can be asked"})
            return
        wants_json = str(self.headers.get("Content-Type", "")).startswith("application/json")
        try:
            told = asking.act(json.loads(body.content) if wants_json else dict(parse_qsl(body.content.decode())))
        except (ValueError, KeyError, TypeError, AttributeError):
            self._json(400, {"error": "unknown kind, service, request or act, or a person who is not known here"})
            return
        log.info("asked request=%s status=%s", told["request"], told["status"])
        if wants_json:
            self._json(200, told)
        else:
            self._back()

    def _back(self) -> None:
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _act(self, path: str, fields: dict[str, Any]) -> None:
        desk = self.server.site.desk
        if path == "/sandbox/behaviour":
            self._choose(fields)
            return
        if path == "/sandbox/result":
            now = datetime.now(UTC).isoformat(timespec="seconds")
            self._records().add_result(str(fields["nhs_number"]), str(fields["value"]), now)
            return
        referral, kind = str(fields["referral"]), str(fields["kind"])
        done = desk.store.hasten(referral, kind) or (kind == "rejected" and desk.answer_otherwise(referral, "reject"))
        if not done:
            raise ValueError("nothing to send")
        desk.answering.poke()

    def _choose(self, fields: dict[str, Any]) -> None:
        """Choose a behaviour for everything, the `next` messages, a `service` or a `referral` that is here."""
        desk, mode = self.server.site.desk, str(fields["mode"])
        service = str(fields.get("service") or "")
        if service and service not in desk.partner.services:
            raise ValueError("no such service")
        if fields.get("referral"):
            if not desk.answer_otherwise(str(fields["referral"]), mode):
                raise ValueError("nothing to answer any more")
            return
        following = int(fields.get("next") or 0)
        desk.behaviour.switch(mode, float(fields.get("seconds") or 0), following=following, service=service)
        if self.server.certificates:
            self.server.hang_up(but=self.connection)  # what was agreed with the certificate before is over
        log.info("behaviour %s", mode)

    def _records(self) -> Records:
        reading = self.server.site.reading
        if reading is None:
            raise ValueError("no records here")
        return reading.records

    def _from_here(self) -> bool:
        host = str(self.headers.get("Host", ""))
        origin = self.headers.get("Origin")
        return host.rpartition(":")[0] in LOOPBACK and (not origin or urlsplit(origin).netloc == host)

    def _read(self, most: int = MOST_BYTES) -> Body | None:
        """The request's body; one that is too large is read to its end but not kept, so that we can still answer."""
        declared = self.headers.get("Content-Length", "")
        if not declared.isdigit():
            self.close_connection = True
            return None
        size = int(declared)
        if size <= most:
            content = self.rfile.read(size)
            self.cut_short = len(content) < size
            self.close_connection |= self.cut_short
            return None if self.cut_short else measured(content)
        digest, left = hashlib.sha256(), min(size, MOST_TO_DRAIN)
        self.close_connection = size > MOST_TO_DRAIN
        while left > 0 and (piece := self.rfile.read(min(left, 65536))):
            digest.update(piece)
            left -= len(piece)
        return Body(None, size, digest.hexdigest())

    def _no_such(self, status: int) -> None:
        said = "There is nothing at this address." if status == 404 else "This cannot be done here."
        code = "not-found" if status == 404 else "not-supported"
        self._json(status, operation_outcome(status, [Issue(code, said)]), MEDIA_TYPE)

    def _json(self, status: int, value: Json, kind: str = "application/json") -> None:
        self._send(status, json.dumps(value, ensure_ascii=False).encode(), kind)

    def _send(
        self, status: int, content: bytes, kind: str, headers: Mapping[str, str] | None = None, *, mirror: bool = True
    ) -> None:
        self.send_response(status)
        for name, value in mirrored(_plain(self.headers)).items() if mirror else ():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A request that is not even HTTP: an OperationOutcome too, without echoing anything of it."""
        self.close_connection = True
        if not hasattr(self, "headers"):
            self.headers = Message()
        self.command = getattr(self, "command", None) or "GET"
        said = HTTPStatus(code).phrase
        self._json(code, operation_outcome(code, [Issue("invalid", said)]), MEDIA_TYPE)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: each route writes its own line with ids only."""

    def log_message(self, format: str, *args: Any) -> None:
        """Standard lines would quote the request; say only that something was wrong."""
        log.warning("request not understood or timed out")


def _plain(headers: Any) -> dict[str, str]:
    """Header names as BaRS spells them, whatever case they came in."""
    known = {name.lower(): name for name in _KNOWN}
    return {known.get(name.lower(), name): value for name, value in headers.items()}


_KNOWN = (
    *(
        "Authorization",
        "Content-Type",
        "Accept",
        "If-None-Match",
        "X-Request-Id",
        "X-Correlation-Id",
        "NHSD-Target-Identifier",
    ),
    *("NHSD-End-User-Organisation", "NHSD-Requesting-Software", "NHSD-Requesting-Practitioner"),
)
