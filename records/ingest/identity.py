"""Which row a resource lands on: the same resource of the same source always on the same one."""

import hashlib
from functools import lru_cache
from typing import Final
from uuid import UUID, uuid5

from records.drawing import Json

_OURS: Final = UUID("6f2a1c1e-7a43-5f0e-9b1d-2f0d6a4c7e90")
_LONGEST_KEY: Final = 255


@lru_cache(maxsize=65536)
def row_id(source: str, type_name: str, key: str) -> UUID:
    """The id of a source's resource: uuid5 of ODS code, type and source key, so that references need no look-up."""
    return uuid5(_OURS, f"{source}|{type_name}|{key}")


def source_key(resource: Json, full_url: str, sha256: str) -> str:
    """The id the source gave it, else its fullUrl, else what it says: the same text is then the same thing."""
    given = resource.get("id")
    for key in (given, full_url):
        if isinstance(key, str) and 0 < len(key) <= _LONGEST_KEY:
            return key
    return f"sha256:{sha256}"


def digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()
