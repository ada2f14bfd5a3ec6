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
_OBJECTS: Final = b"/ObjStm"
_BEFORE: Final = 1000
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
    plain = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), data) if b"#" in data else data
    return bool(_ACTING.search(plain))


def _object_streams(data: bytes) -> Iterator[bytes]:
    """What each object stream holds. Raises ValueError or zlib.error for one that cannot be read."""
    left = _MOST
    for found in _STREAM.finditer(data):
        about = _ESCAPED.sub(
            lambda one: bytes([int(one[1], 16)]), data[max(0, found.start() - _BEFORE) : found.start()]
        )
        if _OBJECTS not in about.rpartition(b" obj")[2]:
            continue
        if b"/FlateDecode" not in about:
            raise ValueError("an object stream in another encoding")
        reader = zlib.decompressobj()
        objects = reader.decompress(data[found.end() :], left)
        left -= len(objects)
        if left <= 0 or not reader.eof:
            raise ValueError("an object stream that does not end")
        yield objects
