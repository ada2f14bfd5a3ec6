"""Starts one partner: command line, store, keys, sender thread and HTTP server; stops them on SIGTERM."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import httpx

from sandbox.answers import Answering
from sandbox.asked import Asked
from sandbox.asking import Asking
from sandbox.behaviour import Behaviour
from sandbox.desk import Desk
from sandbox.partner import Partner
from sandbox.reading import Reading
from sandbox.records import Records
from sandbox.referred import Referred
from sandbox.server import Server, Site
from sandbox.store import Store
from sandbox.tls import certificates
from sandbox.tokens import Issuer, Purse, own_key, public_keys

CLIENT = "gpportal"


class Running:
    """A partner that is up: listens at once, serves after `serve`."""

    def __init__(
        self, partner: Partner, *, port: int, directory: Path, gpportal: str, address: str = "", tls: bool = False
    ) -> None:
        os.umask(0o077)
        self._server = Server(("127.0.0.1", port))
        self._server.certificates = certificates(directory, partner.name) if tls else None
        #: Where others reach it: another address than its own port's when something stands in between.
        self.url = address.rstrip("/") or f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_address[1]}"
        self.store = Store(directory)
        key = own_key(directory)
        https = gpportal.startswith(
            "https:"
        )  # authorities are only loaded where they are needed: they cost time and memory
        self._http = httpx.Client(timeout=httpx.Timeout(15, connect=3), trust_env=False, verify=https)
        gpportal = gpportal.rstrip("/")
        issuer = Issuer(
            store=self.store,
            client_id=CLIENT,
            keys_url=f"{gpportal}/.well-known/jwks.json",
            audience=f"{self.url}/oauth2/token",
            http=self._http,
        )
        purse = Purse(key=key, client_id=partner.ods, gpportal=gpportal, http=self._http)
        self._answering = Answering(partner, self.store, purse, gpportal, self._http)
        self.behaviour = behaviour = Behaviour(tls=tls)
        self.records = Records(directory) if partner.lets_read else None
        self._asked = Asked(directory) if partner.asks[1] else None
        asking = Asking(partner, self._asked, purse, gpportal, self._http, self.records) if self._asked else None
        desk = Desk(partner, self.store, issuer, self._answering, behaviour, asking)
        reading = Reading(self.records, issuer, behaviour, self.url) if self.records else None
        beside = reading is not None
        referred = Referred(partner, self.store, issuer, behaviour, self.url, beside_records=beside)
        self._server.site = Site(partner, desk, public_keys(key), reading, referred)

    def serve(self, notice_stop_within: float = 0.5) -> None:
        """Send what is due and answer requests until `stop`, which is noticed within so many seconds."""
        self._answering.start()
        self._server.serve_forever(notice_stop_within)

    def stop(self) -> None:
        """Stop serving and sending, then close the store. To be called from another thread than `serve`."""
        self._server.shutdown()
        self.behaviour.switch("normal")  # whoever waits for a late answer gets it now
        self._server.server_close()
        self._answering.stop()
        self._http.close()
        self.store.close()
        for more in (self.records, self._asked):
            if more:
                more.close()


def main(partner: Partner, arguments: Sequence[str] | None = None) -> int:
    """Run `partner` with the command line's port, data folder, gpportal address and delays."""
    wanted = _parser(partner).parse_args(arguments)
    delays = {step.kind: getattr(wanted, f"delay_{step.flag}") for step in partner.steps}
    partner = replace(partner, steps=tuple(replace(step, seconds=delays[step.kind]) for step in partner.steps))
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        running = Running(
            partner,
            port=wanted.port,
            directory=wanted.data,
            gpportal=wanted.gpportal,
            address=wanted.address,
            tls=wanted.tls,
        )
    except OSError as error:
        sys.stderr.write(f"{partner.name} cannot start: {error.strerror or type(error).__name__}\n")
        return 1
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=running.serve, name="http", daemon=True).start()
    logging.getLogger("sandbox").info("%s at %s", partner.ods, running.url)
    ended.wait()
    running.stop()
    return 0


def _parser(partner: Partner) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=f"{partner.name}: a pretend organisation for demonstrations and tests")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder for its own store and key")
    parser.add_argument("--gpportal", required=True, help="address of gpportal, e.g. http://127.0.0.1:8000")
    parser.add_argument("--address", default="", help="address others use when a proxy stands in front of the port")
    parser.add_argument("--tls", action="store_true", help="speak TLS, trusted by DATA/tls/ca.pem")
    for step in partner.steps:
        said = f"seconds until {step.kind} is sent, after what comes before it (default {step.seconds:g})"
        parser.add_argument(f"--delay-{step.flag}", type=float, default=step.seconds, metavar="S", help=said)
    return parser
