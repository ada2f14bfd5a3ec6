"""What must be kept and never read by others, encrypted with keys that are no part of the database.

Fernet (AES-128-CBC with HMAC-SHA256) under settings.SECRET_BOX_KEYS, newest first: the first one seals, each opens, so
that keys change with overlap. Without that setting (the demonstration only) one key is made once in the data directory.
"""

import os
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotOpen(Exception):
    """Sealed with a key that is not among ours, or damaged. Carries nothing of what was sealed."""


def seal(text: str) -> str:
    """Text as ASCII that only the holder of the keys can read. Twice the same text gives different results."""
    return _box().encrypt(text.encode()).decode()


def open_sealed(sealed: str) -> str:
    """What was sealed. Raises CannotOpen."""
    try:
        return _box().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise CannotOpen("sealed with a key that is not among GP_SECRET_BOX_KEYS") from None


def seal_anew(sealed: str) -> str:
    """The same under the newest key. Raises CannotOpen."""
    try:
        return _box().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise CannotOpen("sealed with a key that is not among GP_SECRET_BOX_KEYS") from None


def _box() -> MultiFernet:
    keys = tuple(settings.SECRET_BOX_KEYS) or (_made_once(settings.SECRET_BOX_KEY_FILE),)
    return MultiFernet([Fernet(key) for key in keys])


@lru_cache(maxsize=4)
def _made_once(path: Path) -> str:
    """The key in a file of mode 600; of several processes that start together, one makes it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(Fernet.generate_key())
        with suppress(FileExistsError):  # another process was first: its key is the one
            os.link(partial, path)
        partial.unlink()
    return path.read_text().strip()
