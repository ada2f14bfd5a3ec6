"""FHIRPath for initial and calculated answers, within limits: whoever writes a form cannot hold up a server.

The engine is all Python, so a profile function can end it in time wherever it is. What Python cannot interrupt
(regular expressions, powers of whole numbers) is refused beforehand, with every function that is not on the list.
"""

import re
import sys
import time
from functools import lru_cache
from types import FrameType
from typing import Any, Final

MOST_CHARACTERS: Final = 500
MOST_RESULTS: Final = 100
SECONDS: Final = 0.25

#: What an expression may call.
FUNCTIONS: Final = frozenset(
    {"abs", "all", "allTrue", "anyTrue", "as", "avg", "ceiling", "combine", "contains", "count", "distinct", "empty"}
    | {"endsWith", "exclude", "exists", "extension", "first", "floor", "hasValue", "iif", "indexOf", "intersect", "is"}
    | {"isDistinct", "last", "length", "lower", "max", "min", "not", "now", "ofType", "round", "select", "single"}
    | {"skip", "startsWith", "substring", "sum", "tail", "take", "toBoolean", "toDecimal", "toInteger", "toString"}
    | {"today", "trim", "truncate", "union", "upper", "where"}
)
_CALLED: Final = re.compile(r"([A-Za-z_]\w*)\s*\(")
_QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
#: Operators that are written before a bracket like a call.
_WORDS: Final = frozenset({"and", "or", "xor", "implies", "in", "div", "mod", "contains", "is", "as"})


class _TooLong(BaseException):
    """Not an Exception: the engine's own handlers must not swallow it."""


def why_not(expression: str) -> str:
    """Why an expression cannot be used, in words; empty if it can."""
    if len(expression) > MOST_CHARACTERS:
        return f"is longer than {MOST_CHARACTERS} characters"
    called = set(_CALLED.findall(_QUOTED.sub("''", expression))) - _WORDS
    if called - FUNCTIONS:
        return f"uses {', '.join(sorted(called - FUNCTIONS))}, which is not supported"
    if "`" in expression or "/*" in expression or "//" in expression:
        return "has a comment or a quoted name, which is not supported"
    return "" if _within(lambda: _parsed(expression)) else "cannot be read as FHIRPath"


def evaluate(expression: str, resource: Any, variables: dict[str, Any] | None = None) -> list[Any]:
    """What an expression gives, at most a hundred values; nothing if it fails, is refused or takes too long.

    Never raises. `variables` are named with % in the expression: {"patient": {…}} is %patient.
    """
    if why_not(expression):
        return []
    named = {"resource": resource, **(variables or {})}
    given = _within(lambda: _engine().apply_parsed_path(resource, _parsed(expression), named))
    return given[:MOST_RESULTS] if isinstance(given, list) else []


def _engine() -> Any:
    import fhirpathpy  # on first need: its parser takes half a second to load

    return fhirpathpy


@lru_cache(maxsize=500)
def _parsed(expression: str) -> Any:
    return _engine().parse(expression)


def _within(act: Any) -> Any:
    """What `act` gives, or None if it fails or is not done in time."""
    _engine()
    ends = time.monotonic() + SECONDS
    before = sys.getprofile()

    def look(_frame: FrameType, _event: str, _arg: Any) -> None:
        if time.monotonic() > ends:
            raise _TooLong

    sys.setprofile(look)
    try:
        return act()
    except (_TooLong, Exception):  # noqa: BLE001 - the engine raises anything; a form without this answer is still a form
        return None
    finally:
        sys.setprofile(before)
