"""The published PDS contract (read where it lies, never copied), and a check against its schemas."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3] / "shared" / "data"
CONTRACT = ROOT / "openapi" / "pds"
PUBLISHED = ROOT / "pds"
present = pytest.mark.skipif(not CONTRACT.is_dir(), reason="no ../shared/data")
_TYPES: dict[str, Any] = {
    "string": str,
    "object": dict,
    "array": list,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


@cache
def _file(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def faults(value: Any, path: Path, schema: Any = None, where: str = "") -> list[str]:
    """Where a value breaks a schema of the contract: type, required, enum, pattern, and what is not foreseen."""
    schema = _file(path) if schema is None else schema
    if "$ref" in schema:
        name, _, pointer = schema["$ref"].partition("#")
        target = (path.parent / name).resolve() if name else path
        found = _file(target)
        for step in filter(None, pointer.split("/")):
            found = found[step]
        return faults(value, target, found, where)
    kinds = schema.get("oneOf") or schema.get("anyOf")
    if kinds:
        tried = [faults(value, path, one, where) for one in kinds]
        return min(tried, key=len)
    return [*_own(value, schema, where), *_inner(value, path, schema, where)]


def _own(value: Any, schema: Any, where: str) -> list[str]:
    kind = _TYPES.get(schema.get("type", ""), object)
    if not isinstance(value, kind):
        return [f"{where}: is no {schema['type']}"]
    found = [f"{where}.{name}: missing" for name in schema.get("required", []) if name not in value]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{where}: {value!r} is not among {schema['enum']}")
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        found.append(f"{where}: {value!r} is not {schema['pattern']}")
    return found


def _inner(value: Any, path: Path, schema: Any, where: str) -> list[str]:
    found: list[str] = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        if schema.get("additionalProperties") is False:
            found += [f"{where}.{name}: not foreseen" for name in value if name not in known]
        for name, one in value.items():
            found += faults(one, path, known[name], f"{where}.{name}") if name in known else []
    if isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            found += faults(one, path, schema["items"], f"{where}[{number}]")
    return found
