"""JSON in which every number stays as it was written: 142.50 is 142.50, 1.0e2 is 1.0e2.

FHIR: the precision of a decimal has meaning and must be kept. Python's floats would lose it; so would orjson alone.
"""

import json
import re
from decimal import Decimal
from typing import Any, Final

import orjson

_EXACT_DIGITS: Final = 15


#: A null character as JSON writes it, the backslash not being escaped itself.
_NULL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


class JsonError(ValueError):
    """The text is not JSON; says where (line, column), never what stands there."""


class Number(Decimal):
    """A number that remembers how it was written. A Decimal in every other respect."""

    __slots__ = ("written",)
    written: str

    def __new__(cls, written: str) -> "Number":
        made = super().__new__(cls, written)
        made.written = written
        return made

    def __reduce__(self) -> tuple[type["Number"], tuple[str]]:
        return Number, (self.written,)


def _whole(written: str) -> int | Number:
    """Most whole numbers are ints; -0 and those longer than a 64-bit integer keep their text."""
    return Number(written) if len(written) > _EXACT_DIGITS or written == "-0" else int(written)


def _constant(written: str) -> Any:
    raise JsonError("holds NaN or Infinity, which JSON does not have")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise JsonError("names an element twice in one object")
    return made


def loads(text: str | bytes, *, strict: bool = False) -> Any:
    """The JSON value, numbers as `int` or `Number`. Raises JsonError, also for bytes that are not UTF-8.

    `strict` refuses also what readers of JSON take differently: a name twice in an object, a byte order mark.
    """
    hook = _once if strict else None
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8" if strict else "utf-8-sig")
        return json.loads(text, parse_float=Number, parse_int=_whole, parse_constant=_constant, object_pairs_hook=hook)
    except json.JSONDecodeError as wrong:
        raise JsonError(f"is not JSON (line {wrong.lineno}, column {wrong.colno})") from None
    except UnicodeDecodeError:
        raise JsonError("is not UTF-8 text") from None
    except RecursionError:
        raise JsonError("is nested too deeply") from None


def _written(value: Any) -> orjson.Fragment:
    if isinstance(value, Number):
        return orjson.Fragment(value.written)
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(str(value))
    raise TypeError(type(value).__name__)


def dumps(value: Any) -> str:
    """Compact JSON text with numbers as written and characters unescaped. Raises JsonError if JSON cannot say it."""
    try:
        return orjson.dumps(value, default=_written).decode()
    except orjson.JSONEncodeError:
        raise JsonError("holds a character that is half of a pair, or is nested too deeply") from None


def holds_null(text: str) -> bool:
    """Whether JSON text holds a null character, which FHIR forbids in every string and PostgreSQL cannot keep."""
    return _NULL.search(text) is not None
