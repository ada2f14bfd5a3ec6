"""A small FHIR R4 server for the tests: conditional create and update, transactions, versions. It counts arrivals."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

from exchange.tests import stub

Json = dict[str, Any]


class Refused(Exception):
    """A status with which a request ends; nothing was stored."""

    def __init__(self, status: int) -> None:
        super().__init__(str(status))
        self.status = status


@dataclass
class FhirServer:
    """What is stored, by type and id; `cut` drops that many next answers after storing, `says` answers instead."""

    url: str = ""
    stored: dict[str, dict[str, Json]] = field(default_factory=dict)
    arrivals: list[tuple[str, str, bytes]] = field(default_factory=list)
    tokens: int = 0
    cut: int = 0
    says: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def all(self, kind: str) -> list[Json]:
        return list(self.stored.get(kind, {}).values())

    def count(self) -> dict[str, int]:
        return {kind: len(held) for kind, held in sorted(self.stored.items())}

    def matching(self, kind: str, query: str) -> list[Json]:
        asked = parse_qs(query, strict_parsing=True)["identifier"][0]
        system, value = (re.sub(r"\\(.)", r"\1", one) for one in re.split(r"(?<!\\)\|", asked))
        found = []
        for one in self.all(kind):
            held = one.get("identifier", [])
            named = held if isinstance(held, list) else [held]
            if any((i.get("system"), i.get("value")) == (system, value) for i in named):
                found.append(one)
        if len(found) > 1:
            raise Refused(412)
        return found

    def create(self, kind: str, resource: Json, condition: str) -> tuple[int, Json]:
        if condition and (found := self.matching(kind, condition)):
            return 200, found[0]
        return 201, self.put(kind, str(uuid4()), resource)

    def update(self, kind: str, resource_id: str, resource: Json, if_match: str) -> tuple[int, Json]:
        held = self.stored.get(kind, {}).get(resource_id)
        if if_match and (held is None or if_match != f'W/"{held["meta"]["versionId"]}"'):
            raise Refused(412)
        return (200 if held else 201), self.put(kind, resource_id, resource)

    def conditional_update(self, kind: str, query: str, resource: Json) -> tuple[int, Json]:
        found = self.matching(kind, query)
        return (200 if found else 201), self.put(kind, found[0]["id"] if found else str(uuid4()), resource)

    def put(self, kind: str, resource_id: str, resource: Json) -> Json:
        held = self.stored.setdefault(kind, {}).get(resource_id)
        version = str(int(held["meta"]["versionId"]) + 1) if held else "1"
        made = resource | {"id": resource_id, "meta": resource.get("meta", {}) | {"versionId": version}}
        self.stored[kind][resource_id] = made
        return made

    def transaction(self, bundle: Json) -> Json:
        """All or nothing; references to fullUrls lead to what was made of them or found for them."""
        before = json.loads(json.dumps(self.stored))
        named: dict[str, str] = {}
        entries = []
        try:
            for one in bundle.get("entry", []):
                status, made = self.entry(one)
                named[one["fullUrl"]] = f"{made['resourceType']}/{made['id']}"
                entries.append({"response": {"status": f"{status} Done"}})
        except Refused:
            self.stored = before
            raise
        text = json.dumps(self.stored)
        for full_url, reference in named.items():
            text = text.replace(f'"reference": "{full_url}"', f'"reference": "{reference}"')
        self.stored = json.loads(text)
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": entries}

    def entry(self, one: Json) -> tuple[int, Json]:
        request, resource = one["request"], one["resource"]
        kind, _, query = request["url"].partition("?")
        if request["method"] == "POST":
            return self.create(kind, resource, request.get("ifNoneExist", ""))
        if query:
            return self.conditional_update(kind, query, resource)
        kind, _, resource_id = kind.partition("/")
        return self.update(kind, resource_id, resource, "")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_: FhirServer

    def do_GET(self) -> None:
        kind, _, resource_id = self.path.removeprefix("/fhir/").partition("/")
        found = self.server_.stored.get(kind, {}).get(resource_id)
        self.say(200 if found else 404, found or {})

    def do_POST(self) -> None:
        self.receive("POST")

    def do_PUT(self) -> None:
        self.receive("PUT")

    def receive(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/oauth2/token":
            self.server_.tokens += 1
            return self.say(200, {"access_token": f"token-{self.server_.tokens}", "expires_in": 600})
        with self.server_.lock:
            self.server_.arrivals.append((method, self.path, body))
            if self.server_.says and (status := self.server_.says.pop(0)):
                return self.say(status, {"resourceType": "OperationOutcome"})
            try:
                status, answer = self.handle_(method, json.loads(body))
            except Refused as refused:
                return self.say(refused.status, {"resourceType": "OperationOutcome"})
            if self.server_.cut:
                self.server_.cut -= 1
                self.close_connection = True
                return None
        return self.say(status, answer)

    def handle_(self, method: str, resource: Json) -> tuple[int, Json]:
        kind, _, resource_id = self.path.removeprefix("/fhir").strip("/").partition("/")
        if not kind:
            return 200, self.server_.transaction(resource)
        if method == "POST":
            return self.server_.create(kind, resource, self.headers.get("If-None-Exist", ""))
        return self.server_.update(kind, resource_id, resource, self.headers.get("If-Match", ""))

    def say(self, status: int, body: Json) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@contextmanager
def running() -> Iterator[FhirServer]:
    """Such a server on a free port of loopback; its FHIR base is `url`/fhir."""
    held = FhirServer()
    server = stub.Quiet(("127.0.0.1", 0), type("OneHandler", (Handler,), {"server_": held}))
    held.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
