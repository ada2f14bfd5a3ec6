"""The HTTP face of the sandbox PDS: FHIR endpoint, token endpoint, its page and its switches."""

import html
import logging
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox import server
from sandbox.bars.names import MEDIA_TYPE
from sandbox.pds.desk import MODES, Desk
from sandbox.pds.outcomes import Refused
from sandbox.server import MOST_FORM
from sandbox.tokens import NotTrusted

log = logging.getLogger("sandbox.pds")

BASE: Final = "/personal-demographics/FHIR/R4/"
ACTS: Final = {
    "restrict": "Restrict",
    "unrestrict": "Lift restriction",
    "dies": "Report death",
    "double": "Add a double",
    "invalidate": "Invalidate",
}


@dataclass(slots=True)
class Site:
    desk: Desk


class Server(server.Server):
    """One thread per connection; threads die with the program."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)
        self.pds: Site


class Handler(server.Handler):
    """Routes. What a request asks for is never logged: NHS numbers stand in the path."""

    server: Server
    #: Headers of the answer under way.
    more: dict[str, str] = {}  # noqa: RUF012 replaced, never changed

    def do_GET(self) -> None:  # noqa: N802 (a name that http.server looks up)
        """Patients, searches, and what the page shows."""
        desk, parts = self.server.pds.desk, urlsplit(self.path)
        if parts.path.startswith(BASE):
            path = [unquote(one) for one in parts.path.removeprefix(BASE).split("/")]
            sent = {name.lower(): value for name, value in self.headers.items()}
            answer = desk.answer(path, parse_qsl(parts.query, keep_blank_values=True), sent)
            self.more = dict(answer.headers)
            self._json(answer.status, answer.body, MEDIA_TYPE)
        elif parts.path == "/healthz":
            self._json(200, {"status": "ok", "partner": "PDS"})
        elif parts.path == "/sandbox/requests":
            self._json(200, {"mode": desk.mode, "requests": [asdict(one) for one in desk.seen]})
        elif parts.path == "/":
            self._send(200, page(desk).encode(), "text/html; charset=utf-8")
        else:
            self._no_such(404)

    def do_POST(self) -> None:  # noqa: N802
        """Token requests and switches."""
        path = urlsplit(self.path).path
        if path == "/oauth2/token":
            self._token()
        elif path in ("/sandbox/behaviour", "/sandbox/people"):
            self._switch(path)
        else:
            self._read()
            self._no_such(404)

    def _token(self) -> None:
        body = self._read(MOST_FORM)
        form = dict(parse_qsl((body.content or b"").decode("utf-8", "replace") if body else ""))
        try:
            granted = self.server.pds.desk.issuer.token(form)
        except NotTrusted as fault:
            log.info("token refused: %s", fault)
            self._json(401, {"error": "invalid_client", "error_description": str(fault)})
            return
        # The NHS's own endpoint gives seconds as text.
        kept = {"access_token": granted["access_token"], "token_type": "Bearer"}
        self._json(200, {**kept, "expires_in": str(granted["expires_in"])})

    def _act(self, path: str, fields: dict[str, Any]) -> None:
        desk = self.server.pds.desk
        if path == "/sandbox/behaviour":
            desk.switch(str(fields["mode"]), float(fields.get("seconds") or 0))
            log.info("behaviour %s", desk.mode)
        else:
            number = "".join(str(fields.get("nhs_number", "")).split())
            desk.register.change(number, str(fields["act"]))
            if fields["act"] == "reset":
                desk.forget()

    def _no_such(self, status: int) -> None:
        refused = Refused("UNSUPPORTED_SERVICE" if status == 404 else "UNSUPPORTED_METHOD")
        self._json(status, refused.outcome(), MEDIA_TYPE)

    def end_headers(self) -> None:
        """X-Request-ID and X-Correlation-ID are mirrored by `_send`; an ETag or Retry-After goes with the answer."""
        for name, value in self.more.items():
            self.send_header(name, value)
        self.more = {}
        super().end_headers()


def page(desk: Desk) -> str:
    """Its plain page: switches and the last requests, without anybody's name or number."""
    modes = "".join(
        _form("/sandbox/behaviour", {"mode": mode, "seconds": "15" if mode == "slow" else "0"}, mode.capitalize())
        for mode in MODES
    )
    acts = "".join(f'<button name="act" value="{act}">{words}</button> ' for act, words in ACTS.items())
    seen = "".join(
        f"<tr><td>{html.escape(one.kind)}</td><td><code>{html.escape(one.request_id)}</code></td>"
        f"<td>{one.status}</td></tr>"
        for one in reversed(desk.seen[-30:])
    )
    return (
        '<!doctype html><html lang="en-GB"><head><meta charset="utf-8"><title>PDS (sandbox)</title>'
        '<meta name="viewport" content="width=device-width"></head><body><h1>PDS (sandbox)</h1>'
        "<p>A pretend Personal Demographics Service for demonstrations and tests.</p>"
        f"<h2>Behaviour</h2><p>At present it {html.escape(MODES[desk.mode])}.</p>{modes}"
        '<h2>Change a record</h2><form method="post" action="/sandbox/people"><label>NHS number '
        f'<input name="nhs_number" inputmode="numeric" required></label> {acts}</form>'
        "<h2>Last requests</h2><table><thead><tr><th>What</th><th>Request id</th><th>Answer</th></tr></thead>"
        f"<tbody>{seen}</tbody></table></body></html>"
    )


def _form(action: str, fields: dict[str, str], words: str) -> str:
    hidden = "".join(f'<input type="hidden" name="{k}" value="{html.escape(v)}">' for k, v in fields.items())
    return f'<form method="post" action="{action}">{hidden}<button>{html.escape(words)}</button></form>'
