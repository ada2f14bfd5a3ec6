"""Files into groups of entries: Bundles, single resources, NDJSON, each of them also gzipped, and folders of them.

NDJSON is read in pieces of some hundred lines, so that the size of a file does not matter; a Bundle is read whole.
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from exchange.fhir import bundles, numbers

LINES_AT_ONCE: Final = 500
_FHIR_FILES: Final = (".json", ".ndjson", ".jsonl")
_LINE_FILES: Final = (".ndjson", ".jsonl")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_DAMAGED: Final = (EOFError, gzip.BadGzipFile, zlib.error)
_PIECE: Final = 1024 * 1024


@dataclass(slots=True)
class Entry:
    """One resource of a file, or why it could not be read."""

    #: As a person counts: the line of NDJSON, the entry of a Bundle, from 1.
    number: int
    resource: Any = None
    full_url: str = ""
    problem: str = ""


@dataclass(slots=True)
class Group:
    """Entries that were read together: a Bundle, some lines, one resource."""

    entries: list[Entry]
    #: Store all or nothing (a transaction Bundle).
    atomic: bool = False


def files(paths: Iterable[Path]) -> list[Path]:
    """Every FHIR file named or within a named folder, in order. Raises FileNotFoundError for what is not there."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.is_file() and _is_fhir_file(p))
        elif path.is_file():
            found.append(path)
        else:
            raise FileNotFoundError(path)
    return found


def _is_fhir_file(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(_FHIR_FILES) and not path.name.startswith(".")


class _Counted:
    """A file that tells how many of its bytes were read, for the progress bar."""

    def __init__(self, file: BinaryIO, tell: Callable[[int], object]) -> None:
        self._file, self._tell = file, tell

    def read(self, size: int = -1) -> bytes:
        piece = self._file.read(size)
        self._tell(len(piece))
        return piece

    read1 = read


def groups(path: Path, tell: Callable[[int], object] = lambda length: None) -> Iterator[Group]:
    """What a file holds, group by group. What cannot be read comes as an entry with a problem; nothing is raised."""
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        counted = _Counted(file, tell)
        stream: Any = gzip.GzipFile(fileobj=counted) if zipped else counted  # type: ignore[call-overload]
        lines = _lines(stream)
        try:
            first = next(lines, b"")
            second = next(lines, None)
            if second is not None and (_by_lines(path) or _is_json(first)):
                yield from _ndjson(_chain(first, second, lines))
            else:
                rest = b"".join([first, second or b"", *lines])
                yield from _whole(rest, by_lines=_by_lines(path))
        except _DAMAGED:
            yield Group([Entry(0, problem="the gzip file is damaged")])


def _lines(stream: Any) -> Iterator[bytes]:
    """Lines with their ends; those before the place where a gzip file is damaged are given."""
    kept: list[bytes] = []
    while piece := stream.read1(_PIECE):
        *whole, rest = piece.split(b"\n")
        for line in whole:
            yield b"".join([*kept, line, b"\n"])
            kept = []
        kept.append(rest)
    if any(kept):
        yield b"".join(kept)


def _chain(first: bytes, second: bytes, lines: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from lines


def _by_lines(path: Path) -> bool:
    return path.name.removesuffix(".gz").endswith(_LINE_FILES)


def _is_json(line: bytes) -> bool:
    try:
        return isinstance(numbers.loads(line), dict)
    except numbers.JsonError:
        return False


def _whole(text: bytes, *, by_lines: bool) -> Iterator[Group]:
    if not text.strip():
        if not by_lines:
            yield Group([Entry(0, problem="the file is empty")])
        return
    yield _group(Entry(1), text)


def _ndjson(lines: Iterator[bytes]) -> Iterator[Group]:
    """Lines some hundred at a time; a line that is a Bundle makes a group of its own."""
    kept: list[Entry] = []
    try:
        for number, line in enumerate(lines, 1):
            group = _group(Entry(number), line) if line.strip() else Group([])
            if group.atomic or len(group.entries) > 1:
                yield from ([Group(kept)] if kept else [])
                yield group
                kept = []
            else:
                kept += group.entries
            if len(kept) >= LINES_AT_ONCE:
                yield Group(kept)
                kept = []
    except _DAMAGED:
        yield Group(kept)
        raise
    if kept:
        yield Group(kept)


def _group(entry: Entry, text: bytes) -> Group:
    try:
        read = numbers.loads(text)
    except numbers.JsonError as wrong:
        entry.problem = str(wrong)
        return Group([entry])
    if not (isinstance(read, dict) and read.get("resourceType") == "Bundle"):
        entry.resource = read
        return Group([entry])
    try:
        found = [Entry(one.number + 1, one.resource, one.full_url) for one in bundles.entries(read)]
    except bundles.BundleError as wrong:
        entry.problem = str(wrong)
        return Group([entry])
    return Group(found, atomic=read["type"] in bundles.ALL_OR_NOTHING)
