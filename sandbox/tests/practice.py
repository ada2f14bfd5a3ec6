"""A pretend gpportal for the tests: publishes keys, gives tokens, and writes down every message it is sent."""

import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import ECKey

from sandbox.bars.names import Json
from sandbox.tokens import ASSERTION_TYPE


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came: headers, exact bytes, parsed ({} if it is not JSON)."""

    headers: dict[str, str]
    content: bytes
    message: Json


def parsed(content: bytes) -> Json:
    """A message out of its bytes; {} if it is not JSON."""
    try:
        found: Json = json.loads(content)
    except ValueError:
        return {}
    return found


@dataclass(slots=True)
class Practice:
    """The pretend practice; `reply` is (status, body) for messages, `token_form` the last token request."""

    key: ECKey
    reply: tuple[int, Json] = (200, {"resourceType": "Bundle"})
    received: list[Received] = field(default_factory=list)
    token_forms: list[dict[str, str]] = field(default_factory=list)
    keys_read: int = 0
    smart: bool = True
    url: str = ""
    away: bool = False
    _server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Listen on a free port."""
        practice = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                if practice.away:
                    self.close_connection = True
                elif self.path == "/.well-known/jwks.json":
                    practice.keys_read += 1
                    self._say(200, {"keys": [practice.key.as_dict(private=False)]})
                elif self.path == "/fhir/R4/.well-known/smart-configuration" and practice.smart:
                    self._say(200, {"token_endpoint": f"{practice.url}/oauth2/token"})
                else:
                    self._say(404, {})

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if practice.away:
                    self.close_connection = True
                    return
                if self.path == "/oauth2/token":
                    practice.token_forms.append(dict(parse_qsl(content.decode())))
                    self._say(200, {"access_token": "given", "token_type": "Bearer", "expires_in": 300})
                else:
                    practice.received.append(Received(dict(self.headers), content, parsed(content)))
                    self._say(*practice.reply)

            def _say(self, status: int, value: Json) -> None:
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Stop listening, and break off connections that are still open."""
        self.away = True
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def assertion(self, audience: str, *, key: ECKey | None = None, changed: dict[str, object] | None = None) -> str:
        """A signed client assertion for the partner's token endpoint; `changed` alters claims (None leaves one out)."""
        key = key or self.key
        now = int(time.time())
        claims: dict[str, object] = {"iss": "gpportal", "sub": "gpportal", "aud": audience, "jti": str(uuid.uuid4())}
        claims |= {"exp": now + 240, **(changed or {})}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "ES384", "kid": str(key.kid)}, kept, key, ["ES384"])

    def await_messages(self, count: int, seconds: float = 5.0) -> list[Received]:
        """Wait until so many messages were received; fails the test if they do not come."""
        until = time.monotonic() + seconds
        while len(self.received) < count:
            assert time.monotonic() < until, f"{len(self.received)} of {count} messages came"
            time.sleep(0.01)
        return self.received


def token_form(assertion: str, **changed: str) -> dict[str, str]:
    """The form of a token request."""
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "scope": "bars.write"}
    return {**form, "client_assertion": assertion, **changed}
