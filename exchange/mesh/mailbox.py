"""One conversation with MESH as one of our mailboxes: what can be asked there, and what its refusals mean.

Every call has an authorisation of its own. mesh-client signs once for a request and its repeats alike, and MESH takes
an authorisation once only: so its own retries and redirects are off here, and repeats are ours to plan.
"""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NoReturn
from urllib.parse import quote

import requests
from django.conf import settings
from mesh_client import MeshClient, Message
from requests import exceptions
from urllib3.exceptions import HTTPError

from exchange.errors import (
    MailboxRefused,
    PartnerFailed,
    PartnerRefused,
    PartnerTimedOut,
    PartnerUnreachable,
    UnknownMailbox,
    WorkflowRefused,
)
from exchange.models import Mailbox

MOST_LISTED: Final = 500
_PIECE: Final = 64 * 1024
_GZIP: Final = b"\x1f\x8b"
#: MESH's code for why a message is not taken -> what that means here.
_REFUSALS: Final[Mapping[str, type[PartnerRefused]]] = {
    "12": UnknownMailbox,
    "16": WorkflowRefused,
    "17": WorkflowRefused,
}


class Gone(Exception):
    """MESH no longer has the message: expired, or collected by somebody else with our mailbox."""


class LeftThere(Exception):
    """A message that we cannot take, so that it stays at MESH. `reason` is a sentence for the person who looks."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as MESH hands it out: whole, unpacked, and its Mex- headers by their names in small letters."""

    mesh_message_id: str
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_report(self) -> bool:
        """Whether it is MESH's own word about a message of ours."""
        return self.headers.get("messagetype", "").upper() == "REPORT"


class Talk(MeshClient):
    """mesh-client without repeats, and the one address it does not know. Close it, or use `opened`."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._files = TemporaryDirectory(prefix="gp-mesh-")  # the libraries read certificates from files only
        certificate = self._file("certificate.pem", mailbox.client_certificate)
        key = self._file("key.pem", mailbox.client_key.reveal())
        ca = self._file("ca.pem", mailbox.ca)
        super().__init__(
            mailbox.url,
            mailbox.mailbox_id,
            mailbox.password.reveal(),
            shared_key=mailbox.shared_key.reveal().encode(),
            cert=(certificate, key) if certificate and key else None,
            verify=ca or None,
            max_retries=0,
            application_name="gpportal",
        )
        seconds = settings.PARTNER_TIMEOUT_SECONDS
        self._timeout = (min(3, seconds), seconds)  # type: ignore[assignment]  # handed on to requests as it is
        # A redirect would repeat the authorisation. On loopback a proxy of the environment has no business.
        self._session.max_redirects = 0
        self._session.trust_env = settings.PRODUCTION
        if ca:  # requests would trust everybody it knows besides
            self._session.verify = ca

    def _file(self, name: str, text: str) -> str:
        """A file that only we can read, as long as this conversation lasts; "" for nothing."""
        if not text:
            return ""
        path = Path(self._files.name) / name
        path.write_text(text)
        return str(path)

    def close(self) -> None:
        super().close()  # type: ignore[no-untyped-call]
        self._files.cleanup()

    def by_local_id(self, local_id: str) -> requests.Response:
        """GET outbox/tracking/{local_id}, deprecated and without successor: it alone finds what was taken unheard."""
        return self._session.get(f"{self.mailbox_url}/outbox/tracking/{quote(local_id)}", timeout=self._timeout)


@contextmanager
def opened(mailbox: Mailbox) -> Iterator[Talk]:
    """A conversation as this mailbox; what goes wrong in it is raised as `answers` does."""
    talk = Talk(mailbox)
    try:
        with answers():
            yield talk
    finally:
        talk.close()


@contextmanager
def answers() -> Iterator[None]:
    """Raise what goes wrong with a call as a DeliveryError, or Gone; LeftThere passes."""
    try:
        yield
    except exceptions.HTTPError as error:
        judge(error.response)
    except exceptions.TooManyRedirects:
        raise PartnerFailed("redirected") from None
    except (exceptions.SSLError, exceptions.ConnectTimeout, exceptions.InvalidURL, exceptions.MissingSchema) as error:
        raise PartnerUnreachable(type(error).__name__) from None
    except exceptions.ConnectionError as error:
        never_sent = "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
        raise (PartnerUnreachable if never_sent else PartnerTimedOut)(type(error).__name__) from None
    except (exceptions.RequestException, HTTPError) as error:  # the latter while a body is read
        raise PartnerTimedOut(type(error).__name__) from None


def judge(response: requests.Response | None) -> NoReturn:
    """Raise what an answer that is no success means."""
    if response is None:
        raise PartnerFailed("no answer")
    status, code = response.status_code, mesh_code(response)
    if status == 403:
        raise MailboxRefused("403", status=status)
    if status in (404, 410):
        raise Gone(str(status))
    if status >= 500 or status in (408, 425, 429) or status < 400:
        raise PartnerFailed(str(status), status=status)
    raise _REFUSALS.get(code, PartnerRefused)(code or str(status), status=status, answer=response.text[:2000])


def mesh_code(response: requests.Response) -> str:
    """MESH's own error code in an answer, such as "12"; "" if there is none."""
    try:
        body: Any = response.json()
    except ValueError:
        return ""
    if not isinstance(body, dict):
        return ""
    details = body.get("detail")
    first = details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else body
    return str(first.get("code") or first.get("errorCode") or "")


def try_out(mailbox: Mailbox) -> None:
    """Shake hands with MESH. Raises a DeliveryError."""
    with opened(mailbox) as talk:
        talk.handshake()


def look_up(mailbox: Mailbox, *, ods: str, workflow: str) -> list[str]:
    """Mailboxes in which an organisation takes a workflow, as MESH knows them. Raises a DeliveryError."""
    with opened(mailbox) as talk:
        found = talk.lookup_endpoint(ods, workflow).get("results", [])
    return [one["mailbox_id"] for one in found]


def fetch(talk: Talk, mesh_message_id: str, most: int) -> Arrived:
    """A message with all its chunks, unpacked; nothing is acknowledged. Holds at most `most` bytes and a piece.

    Raises Gone, or LeftThere when it is larger or its packing is broken.
    """
    message = talk.retrieve_message(mesh_message_id)
    try:
        headers = dict(message.mex_headers())
        arrived = Arrived(mesh_message_id, headers, b"")
        return arrived if arrived.is_report else Arrived(mesh_message_id, headers, _whole(message, most))
    finally:
        message.close()


def _whole(message: Message, most: int) -> bytes:
    """All bytes of a message; what its sender packed before sending is unpacked too."""
    try:
        content = _at_most(message.read, most)
    except zlib.error:
        raise LeftThere("A message waits in our MESH mailbox whose packing is broken. Ask its sender.") from None
    if not content.startswith(_GZIP):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as packed:
            return _at_most(packed.read, most)
    except (OSError, EOFError, zlib.error):
        return content  # kept as it came


def _at_most(read: Callable[[int], bytes], most: int) -> bytes:
    """Everything that can be read, piece by piece. Raises LeftThere beyond `most` bytes."""
    pieces, size = [], 0
    while piece := read(_PIECE):
        size += len(piece)
        if size > most:
            limit = f"{most // (1024 * 1024)} MB"
            raise LeftThere(f"A message of more than {limit} waits in our MESH mailbox. Collect it by other means.")
        pieces.append(piece)
    return b"".join(pieces)
