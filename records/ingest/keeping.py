"""The bytes of a file as they came, kept once."""

import hashlib
import io
import zlib
from pathlib import Path
from typing import IO, Final

from access.models import Organisation
from records.models import Received, ReceivedPiece

_PIECE: Final = 1024 * 1024
_QUICK: Final = 1


def keep(path: Path, source: Organisation) -> tuple[Received, bool]:
    """Keeps a file's bytes in gzipped pieces of a megabyte; (what is kept, whether it was before).

    The file is read twice, piece by piece, so that its size does not matter. Belongs in the caller's transaction.
    """
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            length += len(piece)
    received, new = Received.objects.get_or_create(
        source=source,
        sha256=digest.hexdigest(),
        name=path.name[:200],
        defaults={"via": Received.Via.IMPORT, "length": length},
    )
    if new:
        with path.open("rb") as file:
            _keep_pieces(received, file)
    return received, not new


def keep_bytes(content: bytes, source: Organisation, via: Received.Via, name: str) -> Received:
    """Keeps bytes that came over the network; the same again are kept once. Belongs in the caller's transaction."""
    received, new = Received.objects.get_or_create(
        source=source,
        sha256=hashlib.sha256(content).hexdigest(),
        name=name[:200],
        defaults={"via": via, "length": len(content)},
    )
    if new:
        _keep_pieces(received, io.BytesIO(content))
    return received


def _keep_pieces(received: Received, file: IO[bytes]) -> None:
    for number, piece in enumerate(iter(lambda: file.read(_PIECE), b"")):
        gzipped = zlib.compress(piece, _QUICK, wbits=31)
        ReceivedPiece.objects.create(received=received, number=number, gzipped=gzipped)
