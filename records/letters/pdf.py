"""Whether a PDF may be shown within our page: only one in which nothing can act. Pure.

The browser's viewer runs a PDF's scripts outside our pages, but lets them open dialogs over them, and it draws nothing
in a sandboxed frame. So a PDF that names a script, a form that sends or a program is a download only. What acts stands
in a dictionary by name: in the file itself or in an object stream. Where an object stream cannot be read, or the file
is encrypted, it counts as acting.
"""

import re
import zlib
from collections.abc import Iterator
from typing import Final

_ACTING: Final = re.compile(rb"/(?:JavaScript|JS|XFA|Launch|SubmitForm|ImportData|RichMedia|Encrypt)(?![A-Za-z])")
_ESCAPED: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb"stream\r?\n")
#: What says that a stream holds objects: its type, or where its first one stands. Readers look at one or the other.
_HOLDS: Final = re.compile(rb"/(?:ObjStm|First)(?![A-Za-z])")
_MOST: Final = 32 * 1024 * 1024


def acts(data: bytes) -> bool:
    """Whether anything in a PDF could act, or could not be looked at."""
    if _named(data):
        return True
    try:
        return any(_named(objects) for objects in _object_streams(data))
    except (zlib.error, ValueError):
        return True


def _named(data: bytes) -> bool:
    """Whether a name that acts occurs, also where its letters are written as `#4A`."""
    return bool(_ACTING.search(_unescaped(data)))


def _unescaped(data: bytes) -> bytes:
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), data) if b"#" in data else data


def _object_streams(data: bytes) -> Iterator[bytes]:
    """What each object stream holds. Raises ValueError or zlib.error for one that cannot be read."""
    left, announced = _MOST, _unescaped(data).count(b"/ObjStm")
    for found in _STREAM.finditer(data):
        about = _unescaped(data[max(0, data.rfind(b"endobj", 0, found.start())) : found.start()])
        if not _HOLDS.search(about):
            continue
        if b"/FlateDecode" not in about:
            raise ValueError("an object stream in another encoding")
        reader = zlib.decompressobj()
        objects = reader.decompress(memoryview(data)[found.end() :], left)
        left -= len(objects)
        if left <= 0 or not reader.eof:
            raise ValueError("an object stream that does not end")
        announced -= about.count(b"/ObjStm")
        yield objects
    if announced:
        raise ValueError("an object stream that was not found")
