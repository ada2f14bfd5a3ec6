"""Files into groups of entries: Bundles, single resources, NDJSON, each of them also gzipped, and folders of them.

NDJSON is read in pieces of some hundred lines, so that the size of a file does not matter; a Bundle is read whole.
"""

import gzip
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

from exchange.fhir import bundles, numbers

LINES_AT_ONCE: Final = 500
_FHIR_FILES: Final = (".json", ".ndjson", ".jsonl")
_LINE_FILES: Final = (".ndjson", ".jsonl")
_GZIP_MAGIC: Final = b"\x1f\x8b"
_DAMAGED: Final = (EOFError, gzip.BadGzipFile, zlib.error)


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


def groups(path: Path, tell: Callable[[int], object] = lambda length: None) -> Iterator[Group]:
    """What a file holds, group by group. What cannot be read comes as an entry with a problem; nothing is raised.

    `tell` is told how many bytes of the file were read since it was last told, for a progress bar.
    """
    told = 0
    with path.open("rb") as file:
        zipped = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        try:
            for group in _groups(gzip.GzipFile(fileobj=file) if zipped else file, by_lines=_by_lines(path)):
                tell(file.tell() - told)
                told = file.tell()
                yield group
        except _DAMAGED:
            yield Group([Entry(0, problem="the gzip file is damaged")])
        tell(path.stat().st_size - told)


def _groups(stream: IO[bytes] | gzip.GzipFile, *, by_lines: bool) -> Iterator[Group]:
    """NDJSON by its name, or because its first line is one resource and not its last; anything else is one text."""
    first = stream.readline()
    second = stream.readline() if by_lines or _is_json(first) else b""
    if second:
        yield from _ndjson(chain([first, second], stream))
    else:
        yield from _whole(first + stream.read(), by_lines=by_lines)


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


def _ndjson(lines: Iterable[bytes]) -> Iterator[Group]:
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
