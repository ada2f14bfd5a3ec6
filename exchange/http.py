"""One HTTP client per process and TLS identity, and calls that end in time whatever the other side does."""

import json
import math
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import httpx
from django.conf import settings

from exchange import tls
from exchange.errors import PartnerFailed, PartnerTimedOut, PartnerUnreachable
from exchange.tls import Identity

MOST_BYTES = 10 * 1024 * 1024
LONGEST_WAIT = 24 * 3600
MOST_CLIENTS = 32
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: status, headers (case-insensitive) and the whole body as text."""

    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(slots=True)
class _Held:
    """A client with its connections, and how many calls use it now; closed once it is neither wanted nor used."""

    identity: Identity
    client: httpx.Client
    process: int
    users: int = 0
    wanted: bool = True


#: By the identity's owner, the least used first.
_clients: OrderedDict[int, _Held] = OrderedDict()


@contextmanager
def _client(identity: Identity) -> Iterator[httpx.Client]:
    """The client of this process for an identity, while it is used. An owner whose identity changed gets a new one.

    A worker that was forked makes its own: connections cannot be shared.
    """
    with _lock:
        held = _clients.get(identity.owner)
        if held is None or held.process != os.getpid() or held.identity != identity:
            _retire(held)
            held = _clients[identity.owner] = _Held(identity, _made(identity), os.getpid())
        _clients.move_to_end(identity.owner)
        while len(_clients) > MOST_CLIENTS:
            _retire(_clients.popitem(last=False)[1])
        held.users += 1
    try:
        yield held.client
    finally:
        with _lock:
            held.users -= 1
            if not held.wanted and not held.users:
                held.client.close()


def _retire(held: _Held | None) -> None:
    if held is not None and held.process == os.getpid():
        held.wanted = False
        if not held.users:
            held.client.close()


def _made(identity: Identity) -> httpx.Client:
    # In the demonstration everything is on loopback, where a proxy named in the environment has no business.
    timeout = httpx.Timeout(settings.PARTNER_TIMEOUT_SECONDS, connect=min(3, settings.PARTNER_TIMEOUT_SECONDS))
    verify = tls.context(identity) if identity != tls.PLAIN else True
    return httpx.Client(timeout=timeout, trust_env=settings.PRODUCTION, verify=verify)


def close_all() -> None:
    """Close every client of this process that is idle, and forget the others."""
    with _lock:
        while _clients:
            _retire(_clients.popitem()[1])


def post(url: str, *, content: bytes, headers: Mapping[str, str], identity: Identity = tls.PLAIN) -> Heard:
    """POST and read the answer, within PARTNER_TIMEOUT_SECONDS in all once connected.

    Raises PartnerUnreachable (or a TlsFailed) when nothing was sent, PartnerTimedOut when it may have been received,
    PartnerFailed for an answer that is no HTTP or too large.
    """
    return send("POST", url, content=content, headers=headers, identity=identity)


def send(method: str, url: str, *, content: bytes, headers: Mapping[str, str], identity: Identity = tls.PLAIN) -> Heard:
    """The same with another method."""
    asked = _Asked(method, url, headers, content, settings.PARTNER_TIMEOUT_SECONDS, MOST_BYTES)
    return _call(asked, identity)


def get(
    url: str,
    *,
    headers: Mapping[str, str],
    seconds: float | None = None,
    most: int = MOST_BYTES,
    identity: Identity = tls.PLAIN,
) -> Heard:
    """GET and read the answer, as `post` does, or within fewer seconds and bytes. Redirects are not followed.

    The URL may name a patient: it stands in no log and no error.
    """
    allowed = settings.PARTNER_TIMEOUT_SECONDS
    return _call(_Asked("GET", url, headers, None, min(seconds or allowed, allowed), most), identity)


def wait_asked(heard: Heard) -> int:
    """Seconds the other side asks us to wait (Retry-After, in seconds or as a date); 0 if it does not."""
    asked = heard.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(int(asked[:9]), LONGEST_WAIT)
    try:
        until = parsedate_to_datetime(asked)
    except ValueError:
        return 0
    seconds = (until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() - time.time()
    return max(0, min(math.ceil(seconds), LONGEST_WAIT))


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call: what is sent, and the seconds and bytes that its answer may take."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    seconds: float
    most: int


def _call(asked: _Asked, identity: Identity) -> Heard:
    deadline = time.monotonic() + asked.seconds
    try:
        with (
            _client(identity) as client,
            client.stream(asked.method, asked.url, content=asked.content, headers=dict(asked.headers)) as response,
        ):
            return _read(response, deadline, asked.most)
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise tls.fault(error, connecting=True) or PartnerUnreachable(type(error).__name__) from None
    except httpx.HTTPError as error:
        # Time-outs and broken connections after something may have been sent.
        raise tls.fault(error, connecting=False) or PartnerTimedOut(type(error).__name__) from None


def _read(response: httpx.Response, deadline: float, most: int) -> Heard:
    pieces, size = [], 0
    for piece in response.iter_bytes():
        size += len(piece)
        if size > most:
            raise PartnerFailed("answer too large", status=response.status_code)
        if time.monotonic() > deadline:
            raise PartnerTimedOut("answer too slow")
        pieces.append(piece)
    text = b"".join(pieces).decode("utf-8", "replace")
    return Heard(response.status_code, response.headers, text)


def post_form(url: str, form: Mapping[str, str], identity: Identity = tls.PLAIN) -> Heard:
    """POST a form, before anything of a message was sent. Raises PartnerUnreachable if no answer comes."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        return post(url, content=urlencode(form).encode(), headers=headers, identity=identity)
    except (PartnerTimedOut, PartnerFailed) as error:
        raise PartnerUnreachable(str(error)) from None


def get_json(url: str, identity: Identity = tls.PLAIN) -> object:
    """GET a small JSON document. Raises PartnerUnreachable if it cannot be had."""
    try:
        heard = get(url, headers={"Accept": "application/json"}, identity=identity)
        if not 200 <= heard.status < 300:
            raise PartnerUnreachable(str(heard.status), status=heard.status)
        found: object = json.loads(heard.text)
    except (PartnerTimedOut, PartnerFailed, ValueError, RecursionError) as error:
        raise PartnerUnreachable(type(error).__name__) from None
    return found
