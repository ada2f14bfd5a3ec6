"""Starts the sandbox PDS: command line, key checks, HTTP server; stops on SIGTERM."""

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import httpx

from sandbox.pds.desk import Desk
from sandbox.pds.people import register
from sandbox.pds.server import Server, Site
from sandbox.store import Store
from sandbox.tokens import Issuer

#: The API key of the one application that is registered here (iss and sub of its signed JWT).
API_KEY = "gpportal-demonstration"


class Running:
    """A PDS that is up: listens at once, serves after `serve`."""

    def __init__(self, *, port: int, directory: Path, gpportal: str, keys_url: str = "") -> None:
        os.umask(0o077)
        self._server = Server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._store = Store(directory)
        self._http = httpx.Client(
            timeout=httpx.Timeout(10, connect=3), trust_env=False, verify=gpportal.startswith("https:")
        )
        issuer = Issuer(
            store=self._store,
            client_id=API_KEY,
            keys_url=keys_url or f"{gpportal.rstrip('/')}/.well-known/jwks.json",
            audience=f"{self.url}/oauth2/token",
            http=self._http,
            algorithms=("RS512",),
        )
        self.desk = Desk(register(), issuer)
        self._server.pds = Site(self.desk)

    def serve(self, notice_stop_within: float = 0.5) -> None:
        """Answer requests until `stop`."""
        self._server.serve_forever(notice_stop_within)

    def stop(self) -> None:
        """Stop serving. To be called from another thread than `serve`."""
        self._server.shutdown()
        self._server.server_close()
        self._http.close()
        self._store.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it with the command line's port, data folder and gpportal address."""
    parser = argparse.ArgumentParser(prog="sandbox.pds", description="A pretend Personal Demographics Service")
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder for its tokens")
    parser.add_argument("--gpportal", required=True, help="address of gpportal, whose published keys it trusts")
    wanted = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        running = Running(port=wanted.port, directory=wanted.data, gpportal=wanted.gpportal)
    except OSError as error:
        sys.stderr.write(f"PDS cannot start: {error.strerror or type(error).__name__}\n")
        return 1
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    threading.Thread(target=running.serve, name="http", daemon=True).start()
    logging.getLogger("sandbox").info("PDS at %s", running.url)
    ended.wait()
    running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
