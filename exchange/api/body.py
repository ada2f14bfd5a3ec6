"""Reading a request's body with a limit, so that nobody can fill our memory."""

from typing import Final, Protocol

from django.conf import settings
from django.http import HttpRequest

from exchange.errors import PayloadInvalid, Rec
from exchange.fhir.messages import MEDIA_TYPE

_PIECE: Final = 64 * 1024
#: Of a body that is too large so much is read and thrown away, so that the sender hears our answer.
_MOST_DRAINED: Final = 32 * 1024 * 1024


class Readable(Protocol):
    """A request, or the server's stream behind it."""

    def read(self, size: int, /) -> bytes: ...


def read(request: HttpRequest) -> bytes:
    """The body, at most MESSAGE_LIMIT_BYTES. Raises PayloadInvalid with 413 or, for another media type, 415."""
    stream = _stream(request)
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if declared.isdigit() and int(declared) > settings.MESSAGE_LIMIT_BYTES:
        raise _too_large(stream)
    if request.content_type not in (MEDIA_TYPE, "application/json"):
        _drain(stream)
        raise PayloadInvalid(
            Rec.BAD_REQUEST, "not-supported", f"Content-Type must be {MEDIA_TYPE}.", "http.Content-Type", status=415
        )
    pieces, size = [], 0
    while piece := stream.read(_PIECE):
        size += len(piece)
        if size > settings.MESSAGE_LIMIT_BYTES:
            raise _too_large(stream)
        pieces.append(piece)
    return b"".join(pieces)


def _stream(request: HttpRequest) -> Readable:
    """Django reads nothing of a body sent in chunks, since it has no length; a server that marks its end lets us."""
    if "CONTENT_LENGTH" not in request.META and request.META.get("wsgi.input_terminated"):
        chunked: Readable = request.META["wsgi.input"]
        return chunked
    return request


def _too_large(stream: Readable) -> PayloadInvalid:
    _drain(stream)
    most = settings.MESSAGE_LIMIT_BYTES // (1024 * 1024)
    return PayloadInvalid(Rec.BAD_REQUEST, "too-long", f"The message is larger than {most} MB.", "Bundle", status=413)


def _drain(stream: Readable) -> None:
    left = _MOST_DRAINED
    while left > 0 and (piece := stream.read(min(_PIECE, left))):
        left -= len(piece)
