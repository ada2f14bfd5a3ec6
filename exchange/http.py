"""One HTTP client per process, and calls that end in time whatever the other side does."""

import math
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import httpx
from django.conf import settings

from exchange.errors import PartnerFailed, PartnerTimedOut, PartnerUnreachable

MOST_BYTES = 10 * 1024 * 1024
LONGEST_WAIT = 24 * 3600
_clients: dict[int, httpx.Client] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back: status, headers (case-insensitive) and the whole body as text."""

    status: int
    headers: Mapping[str, str]
    text: str


def client() -> httpx.Client:
    """The client of this process. A worker that was forked makes its own: connections cannot be shared."""
    with _lock:
        found = _clients.get(os.getpid())
        if found is None:
            _clients.clear()
            # In the demonstration everything is on loopback, where a proxy named in the environment has no business.
            timeout = httpx.Timeout(settings.PARTNER_TIMEOUT_SECONDS, connect=min(3, settings.PARTNER_TIMEOUT_SECONDS))
            found = httpx.Client(timeout=timeout, trust_env=settings.PRODUCTION)
            _clients[os.getpid()] = found
        return found


def post(url: str, *, content: bytes, headers: Mapping[str, str]) -> Heard:
    """POST and read the answer, within PARTNER_TIMEOUT_SECONDS in all once connected.

    Raises PartnerUnreachable when nothing was sent, PartnerTimedOut when it may have been received, PartnerFailed for
    an answer that is no HTTP or too large.
    """
    return _call("POST", url, headers, content=content, seconds=settings.PARTNER_TIMEOUT_SECONDS, most=MOST_BYTES)


def get(url: str, *, headers: Mapping[str, str], seconds: float | None = None, most: int = MOST_BYTES) -> Heard:
    """GET and read the answer, as `post` does, or within fewer seconds and bytes. Redirects are not followed.

    The URL may name a patient: it stands in no log and no error.
    """
    allowed = settings.PARTNER_TIMEOUT_SECONDS
    return _call("GET", url, headers, content=None, seconds=min(seconds or allowed, allowed), most=most)


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


def _call(
    method: str, url: str, headers: Mapping[str, str], *, content: bytes | None, seconds: float, most: int
) -> Heard:
    deadline = time.monotonic() + seconds
    try:
        with client().stream(method, url, content=content, headers=dict(headers)) as response:
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
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
        raise PartnerUnreachable(type(error).__name__) from None
    except httpx.HTTPError as error:
        # Time-outs and broken connections after something may have been sent.
        raise PartnerTimedOut(type(error).__name__) from None


def post_form(url: str, form: Mapping[str, str]) -> Heard:
    """POST a form, before anything of a message was sent. Raises PartnerUnreachable if no answer comes."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        return post(url, content=urlencode(form).encode(), headers=headers)
    except (PartnerTimedOut, PartnerFailed) as error:
        raise PartnerUnreachable(str(error)) from None


def get_json(url: str) -> object:
    """GET a small JSON document. Raises PartnerUnreachable if it cannot be had."""
    try:
        response = client().get(url, headers={"Accept": "application/json"})
        response.raise_for_status()
        return response.json()
    except (httpx.HTTPError, ValueError) as error:
        raise PartnerUnreachable(type(error).__name__) from None
